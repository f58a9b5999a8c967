"""The options that state facts of the cluster, the same for every command that needs them."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

import click

from edgediag.discovery.config import parse_config
from edgediag.discovery.given import EXPECTED, Given, override
from edgediag.discovery.source_file import SourceFile, read_source
from edgediag.errors import UsageError
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import Fact
from edgediag.model.statement import Gap
from edgediag.net.files import NodeFiles

# Where click keeps what was given until the command's function is called.
_META: Final = "edgediag.facts"

P = ParamSpec("P")
R = TypeVar("R")


def facts_options(function: Callable[Concatenate[Given, P], R]) -> Callable[P, R]:
    """A click command's function that is given what was stated as its first argument."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(_gathered(click.get_current_context()), *args, **kwargs)

    for option in reversed(_OPTIONS):
        option(command)
    return command


def _gathered(context: click.Context) -> Given:
    given = context.meta[_META]
    stated = tuple(_stated(given))
    path = given["config"]
    facts = override(stated, _config(path) if path else ())
    saved = tuple(_saved(fact) for fact in facts if fact.name in _SAVED)
    return Given(stated=facts, root=given["root"], saved=saved, is_asking=not given["no_api"])


def _saved(fact: Fact) -> SourceFile:
    file = read_source(NodeFiles(root="/"), str(Path(fact.value).absolute()))
    if isinstance(file, Gap):
        why = "there is no such file" if file.is_missing else file.reason
        raise UsageError(f"{fact.source}: {fact.value!a} is not {EXPECTED[fact.name]}: {why}")
    return replace(file, path=fact.value)


def _stated(given: Mapping[str, object]) -> Iterator[Fact]:
    """The facts in the order of EXPECTED; what was not given states nothing."""
    for name in EXPECTED:
        value = given[name.replace("-", "_")]
        texts = value if isinstance(value, tuple) else (value,)
        for text in texts:
            if text is not None:
                yield Fact(name=name, value=_text(text), source=f"--{name}")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _config(path: str) -> tuple[Fact, ...]:
    text = NodeFiles(root="/").read_text(str(Path(path).absolute()))
    if isinstance(text, NotChecked):
        raise UsageError(f"--config {path}: {text.reason}; give a readable TOML file")
    return parse_config(text, path)


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep an option's value for `_gathered`, so that no command has to name it."""
    context.meta.setdefault(_META, {})[parameter.name] = value


_SAVED: Final = frozenset(("services", "gateways"))

_option = functools.partial(click.option, expose_value=False, callback=_remember)
_yes_no = click.Choice(("yes", "no"))

_OPTIONS: Final = (
    _option("--region", metavar="ID", help="Region ID of the cluster, such as cn-hangzhou."),
    _option("--k8s-version", metavar="VERSION", help="Kubernetes version of the cluster."),
    _option(
        "--phase",
        type=click.Choice(("install", "run", "all")),
        help="What must work: the installation, the running node, or both (default: run).",
    ),
    _option(
        "--api-server",
        metavar="HOST[:PORT]",
        multiple=True,
        help="The cluster's API server (default port: 6443).",
    ),
    _option(
        "--raven-gateway",
        metavar="HOST",
        multiple=True,
        help="Raven's cloud gateway, for proxy and tunnel alike.",
    ),
    _option("--raven-proxy", metavar="HOST", multiple=True, help="The same, for the proxy only."),
    _option("--raven-tunnel", metavar="HOST", multiple=True, help="The same, for the tunnel only."),
    _option(
        "--tunnel-server",
        metavar="HOST",
        multiple=True,
        help="The tunnel server of a cluster before 1.26.",
    ),
    _option("--peer", metavar="IP", multiple=True, help="Another node of this site."),
    _option(
        "--self-hosted-ntp/--no-self-hosted-ntp",
        default=None,
        help="The node was registered with selfHostNtpServer: true, or it was not.",
    ),
    _option("--proxy-mode", type=_yes_no, help="Whether Raven's proxy mode is on."),
    _option("--tunnel-mode", type=_yes_no, help="Whether Raven's tunnel mode is on."),
    _option(
        "--role",
        type=click.Choice(("gateway", "member", "solo", "single-node")),
        help="What this node is to Raven, in its pool.",
    ),
    _option(
        "--services",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        help="Saved output of kubectl get svc -n kube-system -o json.",
    ),
    _option(
        "--gateways",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        help="Saved output of kubectl get gateways.raven.openyurt.io -o json.",
    ),
    _option(
        "--ca",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        help="PEM file of authorities that this node trusts besides those it knows.",
    ),
    _option(
        "--config",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        help="TOML file with any of these, named as the options; an option wins.",
    ),
    _option(
        "--no-api",
        is_flag=True,
        help="Do not read objects of the cluster from its API server.",
    ),
    _option(
        "--root",
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False),
        default="/",
        help="Read the node's files below DIR instead of /.",
    ),
)
