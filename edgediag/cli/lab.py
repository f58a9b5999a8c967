"""`edgediag lab`: the network in a box."""

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgediag.cli import ExitStatus

if TYPE_CHECKING:
    from edgediag.lab.network import Lab
    from edgediag.lab.scenario import Scenario

# Everything of the lab is imported inside the commands, so that `--help` stays quick.

PREFIX = click.option(
    "--prefix",
    default="edgediag",
    show_default=True,
    help="Names the namespaces; give another to have several labs side by side.",
)

STATUS_OF_VERIFYING = {
    "shown": ExitStatus.PASSED,
    "skipped": ExitStatus.UNDETERMINED,
    "worthless": ExitStatus.FAULT_FOUND,
    "not-shown": ExitStatus.FAULT_FOUND,
    "failed": ExitStatus.CANNOT_RUN,
}


@click.group("lab")
def command() -> None:
    """The network in a box: build it, break it, look at it. Needs root."""


@command.command("list")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def list_scenarios(is_json: bool) -> None:
    """Print the scenarios that come with edgediag."""
    from edgediag.lab import scenario

    stories = [scenario.load(name) for name in scenario.names()]
    if is_json:
        keys = ("name", "family", "claim", "why")
        click.echo(json.dumps([{key: getattr(story, key) for key in keys} for story in stories]))
        return
    for story in stories:
        click.echo(f"{story.family:12} {story.name:36} {story.claim}")


@command.command("up")
@PREFIX
def up(prefix: str) -> None:
    """Build a fresh lab; what stood under the prefix before is taken down."""
    started_s = time.monotonic()
    lab = _lab(prefix)
    lab.up()
    took_s = time.monotonic() - started_s
    click.echo(f"lab {prefix} is up after {took_s:.2f} s: edgediag lab shell, edgediag lab inject")


@command.command("inject")
@click.argument("name", metavar="SCENARIO")
@PREFIX
def inject(name: str, prefix: str) -> None:
    """Break the lab; SCENARIO is a name of `lab list` or a file that ends in .toml."""
    from edgediag.lab import scenario

    story = scenario.load(name)
    _lab(prefix).inject(story)
    click.echo(f"injected: {story.claim}")


@command.command("clear")
@PREFIX
def clear(prefix: str) -> None:
    """Mend the lab, and prove that all is as it was; else rebuild it."""
    left = _lab(prefix).clear()
    for line in left:
        click.echo(f"was left: {line}", err=True)
    click.echo(f"lab {prefix} is {'rebuilt' if left else 'as it was'}")


@command.command("shell", context_settings={"ignore_unknown_options": True})
@PREFIX
@click.option("--node", default="edge", show_default=True, help="The node to be on.")
@click.argument("words", nargs=-1, metavar="[-- COMMAND…]")
def shell(prefix: str, node: str, words: tuple[str, ...]) -> None:
    """Run a shell, or COMMAND, on the edge node."""
    lab = _lab(prefix)
    line = lab.command(node, words or (os.environ.get("SHELL", "/bin/sh"),))
    os.execv(line[0], line)


@command.command("down")
@PREFIX
def down(prefix: str) -> None:
    """Take the lab down, also what a crash left of it."""
    _lab(prefix).down()
    click.echo(f"lab {prefix} is gone")


@command.command("run")
@click.argument("names", nargs=-1, metavar="[SCENARIO…]")
@click.option("--all", "is_all", is_flag=True, help="Run every scenario.")
@click.option("--family", default="", help="Run one family: healthy, local, on-path, remote, ….")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="At once.")
@click.option("--output", type=click.Path(path_type=Path), help="Where the evidence is kept.")
@click.option("--prefix", default="edgediagrun", show_default=True, help="As for `lab up`.")
def run(
    names: tuple[str, ...],
    is_all: bool,
    family: str,
    is_json: bool,
    jobs: int,
    output: Path | None,
    prefix: str,
) -> ExitStatus:
    """Diagnose broken labs of its own, and print truth beside verdict and the score."""
    from edgediag.lab import summary
    from edgediag.lab.run import Result, run_all

    stories = _chosen(names, is_all, family)
    folder = output or Path("captures") / time.strftime("%Y%m%dT%H%M%SZ-lab", time.gmtime())

    def tell(result: Result) -> None:
        click.echo(summary.describe(result), err=is_json)

    prefixes = [f"{prefix}{number}" for number in range(1, jobs + 1)]
    results = run_all(stories, prefixes, folder.absolute(), tell=tell)
    if is_json:
        click.echo(json.dumps(summary.to_json(results), indent=1))
    else:
        for line in summary.tally_by_family(results):
            click.echo(line)
        click.echo(f"{summary.tally(results)}; evidence in {folder}")
    is_good = all(summary.outcome(result) in ("right", "skipped") for result in results)
    return ExitStatus.PASSED if is_good else ExitStatus.FAULT_FOUND


@command.command("verify")
@click.argument("names", nargs=-1, metavar="[SCENARIO…]")
@click.option("--all", "is_all", is_flag=True, help="Verify every scenario.")
@click.option("--family", default="", help="Verify one family, as for `lab run`.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="At once.")
@click.option("--prefix", default="edgediagverify", show_default=True, help="As for `lab up`.")
def verify(
    names: tuple[str, ...], is_all: bool, family: str, is_json: bool, jobs: int, prefix: str
) -> ExitStatus:
    """Prove with plain tools that each fault presents as its truth says, in labs of its own."""
    from edgediag.lab import verify_summary
    from edgediag.lab.pool import over_labs
    from edgediag.lab.verify import Verification, verify_scenario

    def tell(verification: Verification) -> None:
        click.echo(verify_summary.describe(verification), err=is_json)

    stories = _chosen(names, is_all, family)
    prefixes = [f"{prefix}{number}" for number in range(1, jobs + 1)]
    verifications = over_labs(verify_scenario, stories, prefixes, tell=tell)
    if is_json:
        click.echo(json.dumps(verify_summary.to_json(verifications), indent=1))
    else:
        click.echo(verify_summary.tally(verifications))
    return STATUS_OF_VERIFYING[verify_summary.worst(verifications)]


def _lab(prefix: str) -> "Lab":
    from edgediag.lab.network import Lab
    from edgediag.lab.state import check_prefix

    return Lab(prefix=check_prefix(prefix))


def _chosen(names: tuple[str, ...], is_all: bool, family: str) -> "tuple[Scenario, ...]":
    """The scenarios asked for, each once."""
    from edgediag.lab import scenario

    if family and family not in scenario.FAMILIES:
        known = ", ".join(scenario.FAMILIES)
        raise click.UsageError(f"unknown family {family!r}; known: {known}")
    if not (names or is_all or family):
        raise click.UsageError("name a scenario, or give --all or --family")
    every = [scenario.load(name) for name in scenario.names()] if is_all or family else []
    wanted = [story for story in every if is_all or story.family == family]
    stories = {story.name: story for story in (*wanted, *map(scenario.load, names))}
    return tuple(stories.values())
