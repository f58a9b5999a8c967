"""Whether a packet fares in the copy as it does on this host, in the terms of this host."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from edgediag.host.clone.handles import Handles, Place
from edgediag.host.clone.nft import Kind
from edgediag.model.answer import NotChecked
from edgediag.model.explained import Disposition
from edgediag.model.rehearsal import Decider, Walked

_MOST_TOLD: Final = 8
_WORDS: Final[Mapping[Disposition, str]] = {
    Disposition.PASSES: "passes",
    Disposition.DROPPED: "is dropped",
    Disposition.REJECTED: "is rejected",
    Disposition.UNDETERMINED: "is undetermined",
}


def in_own_handles(walked: Walked, handles: Handles) -> Walked:
    """What a walk in the copy says, with the handles of this host."""
    deciders = tuple(_in_own_handle(each, handles) for each in walked.deciders)
    return replace(walked, deciders=deciders)


def unfaithful(there: Walked, here: Walked, missing: Sequence[str]) -> NotChecked | None:
    """How the packet fares otherwise, None where it fares the same.

    there    in the copy, in the handles of this host
    missing  what the copy lacks, in words
    """
    if _orderless(there) == _orderless(here):
        return None
    lacks = f"; it lacks {', '.join(missing)}" if missing else ""
    ends = f"the packet {_told(there, here)} in the copy, here it {_told(here, there)}"
    return NotChecked(reason=f"{ends}{lacks}")


def _in_own_handle(decider: Decider, handles: Handles) -> Decider:
    place = Place(
        kind=Kind.RULE, family=decider.family, table=decider.table, chain=decider.chain
    )
    # A handle that this host does not have is that of a rule which the fix has made.
    return replace(decider, handle=handles.own.get(place, {}).get(decider.handle or 0))


def _orderless(found: Walked) -> tuple[object, ...]:
    """What has to be the same in both; the kernel lists the tables of x_tables newest first."""
    return found.disposition, frozenset(found.deciders), frozenset(found.hangs_on)


def _told(found: Walked, other: Walked) -> str:
    """The end of a packet, by what the other does not say."""
    deciders = [each for each in found.deciders if each not in other.deciders]
    steps = [f"{each.hook} {each.chain} {each.text}" for each in deciders]
    hangs = [each for each in found.hangs_on if each not in other.hangs_on]
    by = "; ".join((*steps, *hangs)[:_MOST_TOLD])
    word = _WORDS[found.disposition]
    return f"{word} by {by}" if by else word
