"""The command lines of a node's agents: which of their arguments are facts.

Only flags of this table are looked at; what else a command line holds, tokens included, is not.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from edgediag.discovery.images import POD_INFRA_IMAGE, canonical_image, region_of_image
from edgediag.discovery.urls import outer_host_port

CACHE_PATH = "cache-path"
"""A name that only the search for the hub's cache uses."""

MAX_WORDS = 1024

_HUBS = ("yurthub", "edge-hub", "cloud-hub")
_RAVENS = ("raven-agent-ds", "raven-agent", "raven")
_TUNNEL_AGENTS = ("yurttunnel-agent", "yurt-tunnel-agent", "edge-tunnel-agent")
_PLUTO = "pluto"
# A pod fills $(NODE_NAME) in, and a unit that is not read completely leaves $NODE behind.
_OPEN = re.compile(r"[$%]")

_Values = Callable[[str], tuple[str, ...]]


def _one(text: str) -> tuple[str, ...]:
    return (text,)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _servers(text: str) -> tuple[str, ...]:
    places = (outer_host_port(part) for part in _parts(text))
    return tuple(place for place in places if place is not None)


def _region(text: str) -> tuple[str, ...]:
    region = region_of_image(text)
    return () if region is None else (region,)


def _image(text: str) -> tuple[str, ...]:
    image = canonical_image(text)
    return () if image is None else (image,)


def _flags(programs: Sequence[str], *rows: tuple[str, str, _Values]) -> Mapping[
    tuple[str, str], tuple[tuple[str, _Values], ...]
]:
    """By program and flag, the facts that a value is read as, and how."""
    flags = dict.fromkeys(flag for flag, _, _ in rows)
    return {
        (program, flag): tuple((name, read) for own, name, read in rows if own == flag)
        for program in programs
        for flag in flags
    }


_NODE_NAME = ("--node-name", "node-name", _one)
_HOSTNAME = ("--hostname-override", "node-name", _one)
_FLAGS: Mapping[tuple[str, str], tuple[tuple[str, _Values], ...]] = {
    **_flags(
        _HUBS,
        ("--server-addr", "api-server", _servers),
        ("--disk-cache-path", CACHE_PATH, _one),
        _NODE_NAME,
    ),
    **_flags(_RAVENS, ("--vpn-driver", "vpn-driver", _one), _NODE_NAME),
    **_flags(_TUNNEL_AGENTS, ("--tunnelserver-addr", "tunnel-server", _servers), _NODE_NAME),
    **_flags(
        ("kubelet",),
        _HOSTNAME,
        ("--pod-infra-container-image", "region", _region),
        ("--pod-infra-container-image", POD_INFRA_IMAGE, _image),
    ),
    **_flags(("kube-proxy",), _HOSTNAME, ("--cluster-cidr", "cluster-cidr", _parts)),
}

AGENTS: frozenset[str] = frozenset({program for program, _ in _FLAGS} | {_PLUTO, "flanneld"})
"""The programs whose command lines are looked at, by the last part of their path."""


def facts_of_arguments(words: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Name, value and flag of each fact that a command line states, in its order.

    words   the program first; a flag's value follows it after "=" or as the next word
    source  openyurt cmd/yurthub/app/options/options.go (--server-addr, --node-name,
            --disk-cache-path); raven cmd/agent/app/options/options.go (--vpn-driver);
            kubelet(1), kube-proxy(1); openyurt pkg/yurttunnel (--tunnelserver-addr)
    """
    program = words[0].rpartition("/")[2] if words else ""
    if program == _PLUTO:
        # Raven starts libreswan's daemon itself: raven pkg/networkengine/vpndriver/libreswan.
        yield "vpn-driver", "libreswan", program
    if program in _HUBS:
        yield "hub", program, program
    for flag, value in _flag_values(words[1:MAX_WORDS]):
        if _OPEN.search(value):
            continue
        for name, read in _FLAGS.get((program, flag), ()):
            for text in read(value):
                yield name, text, flag


def _flag_values(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for index, word in enumerate(words):
        # Go's flag package takes one dash as well as two.
        flag, separator, value = f"--{word.lstrip('-')}".partition("=")
        if not word.startswith("-"):
            continue
        if separator:
            yield flag, value
        elif index + 1 < len(words) and not words[index + 1].startswith("-"):
            yield flag, words[index + 1]
