"""Whether a key is in a set of nf_tables, and what a map makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgediag.host.netfilter.chains import Element, SetContents
from edgediag.host.netfilter.statement import Verdict
from edgediag.host.walk.octets import (
    Octets,
    Truth,
    Unsure,
    both,
    cut,
    equals,
    known,
    lies_between,
    unknown,
)

_SLOT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look-up gives.

    is_member  whether the key is in the set
    data       what a map makes of it; None for a set, or where it is in no case a member
    verdicts   what a verdict map may make of it, each once
    """

    is_member: Truth
    data: Octets | None
    verdicts: tuple[Verdict, ...]


def find(registers: Octets, contents: SetContents) -> Found:
    """Look the octets from a register on up in a set.

    registers  from the key's first register to the last one
    """
    possible = list(_possible(registers, contents))
    if not possible:
        return Found(is_member=False, data=None, verdicts=())
    elements = [element for element, _ in possible]
    doubt = next((truth for _, truth in possible if isinstance(truth, Unsure)), None)
    is_member: Truth = True if doubt is None or possible[-1][1] is True else doubt
    if any(element.condition for element in elements):
        is_member = Unsure(reason=next(e.condition for e in elements if e.condition))
    data = {element.data for element in elements}
    verdicts = (element.verdict for element in elements if element.verdict is not None)
    return Found(
        is_member=is_member,
        data=known(data.pop()) if len(data) == 1 else unknown(16, doubt.reason if doubt else ""),
        verdicts=tuple(dict.fromkeys(verdicts)),
    )


def _possible(registers: Octets, contents: SetContents) -> Iterator[tuple[Element, Truth]]:
    """The elements that the key may be, up to the first that it is; the catch-all comes last."""
    for element in sorted(contents.elements, key=lambda each: not each.first):
        truth = _is_in(registers, element, contents.fields)
        if truth is not False:
            yield element, truth
        if truth is True:
            return


def _is_in(registers: Octets, element: Element, fields: tuple[int, ...]) -> Truth:
    if not element.first:
        return True
    key = cut(registers, 0, len(element.first))
    if element.first == element.last:
        return equals(key, element.first)
    if not fields:
        return lies_between(key, element.first, element.last)
    truths: list[Truth] = []
    start = 0
    # Of a concatenation each part has a range of its own, and begins at a register of its own.
    for length in fields:
        part, stop = cut(key, start, length), start + length
        truths.append(lies_between(part, element.first[start:stop], element.last[start:stop]))
        start += -(-length // _SLOT) * _SLOT
    return both(*truths)
