"""A match or target with its options, by the table of all the tables."""

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edgediag.host.attributes import text
from edgediag.host.netfilter.statement import XtMatch, XtTarget
from edgediag.host.netfilter.xt import (
    arp,
    connection,
    content,
    headers,
    history,
    marks,
    nat,
    notices,
    places,
    policy,
    ports,
    rates,
    sctp,
    senders,
    sets,
    treatment,
)
from edgediag.host.netfilter.xt.option import Blob, Decode, Decoders, option, quoted

NO_NAMES: Final[Mapping[int, str]] = MappingProxyType({})

# So many octets of a struct that is not read are shown, and so many characters of one that is.
_SHOWN_OCTETS: Final = 16
_MOST: Final = 2000


def match_words(match: XtMatch, family: str, set_names: Mapping[int, str] = NO_NAMES) -> str:
    """A match with its options, or with the octets of its struct where that is not read.

    set_names  of the kernel's ipsets; one that is not named shows by its index
    """
    blob = _blob(match, family, set_names)
    is_alias = match.name == "conntrack" and connection.is_state(blob)
    name = "state" if is_alias else match.name
    return _words("-m", name, MATCHES.get(_key(match)), blob)


def target_words(target: XtTarget, family: str, set_names: Mapping[int, str] = NO_NAMES) -> str:
    """A target with its options, or with the octets of its struct where that is not read."""
    blob = _blob(target, family, set_names)
    is_alias = target.name == "CT" and treatment.is_notrack(blob)
    name = "NOTRACK" if is_alias else target.name
    own = arp.TARGETS.get(_key(target)) if family == "arp" else None
    return _words("-j", name, own or TARGETS.get(_key(target)), blob)


def _blob(part: XtMatch | XtTarget, family: str, set_names: Mapping[int, str]) -> Blob:
    return Blob(
        octets=part.info, revision=part.revision, family=family, set_names=set_names
    )


def _key(part: XtMatch | XtTarget) -> tuple[str, int]:
    return part.name, part.revision


def _words(sign: str, name: str, decode: Decode | None, blob: Blob) -> str:
    try:
        options = decode(blob) if decode else None
    except struct.error:
        options = None
    if options is None:
        shown, is_cut = blob.octets[:_SHOWN_OCTETS], len(blob.octets) > _SHOWN_OCTETS
        return f"{sign} {name} [{shown.hex()}{'...' * is_cut}]"
    return f"{sign} {name} {options}".rstrip()[:_MOST]


def _comment(blob: Blob) -> str:
    return option("--comment", quoted(text(blob.octets)))


_COMMENTS: Final[Decoders] = {("comment", 0): _comment}

MATCHES: Final[Decoders] = {
    key: decode
    for table in (
        _COMMENTS,
        connection.MATCHES,
        content.MATCHES,
        headers.MATCHES,
        history.MATCHES,
        marks.MATCHES,
        places.MATCHES,
        policy.MATCHES,
        ports.MATCHES,
        rates.MATCHES,
        sctp.MATCHES,
        senders.MATCHES,
        sets.MATCHES,
    )
    for key, decode in table.items()
}

TARGETS: Final[Decoders] = {
    key: decode
    for table in (marks.TARGETS, nat.TARGETS, notices.TARGETS, sets.TARGETS, treatment.TARGETS)
    for key, decode in table.items()
}
