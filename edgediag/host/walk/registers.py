"""The registers while a rule is evaluated: slots of four octets."""

from edgediag.host.attributes import NATIVE
from edgediag.host.netfilter.expression import Byteorder, Change
from edgediag.host.walk.octets import Octets, cut, joined, known, masked, unknown

_SLOT = 4
_SLOTS = 16
_NOT_LOADED = unknown(_SLOT, "a register that nothing was loaded into")


class Registers:
    """What each register holds; one that nothing was loaded into is not known."""

    def __init__(self) -> None:
        self._slots: dict[int, Octets] = {}
        self._other = _NOT_LOADED

    def load(self, slot: int, octets: Octets) -> None:
        """Fill registers from a slot on; the kernel fills the last one up with zeros."""
        padding = known(bytes(-len(octets.value) % _SLOT))
        whole = joined((octets, padding))
        for place in range(0, len(whole.value), _SLOT):
            self._slots[slot + place // _SLOT] = cut(whole, place, _SLOT)

    def forget(self, reason: str) -> None:
        """Something that is not read may have filled any of them."""
        self._slots, self._other = {}, unknown(_SLOT, reason)

    def get(self, slot: int, length: int) -> Octets:
        """The octets from a slot on."""
        slots = range(slot, slot + -(-length // _SLOT))
        return cut(joined([self._slots.get(each, self._other) for each in slots]), 0, length)

    def rest(self, slot: int) -> Octets:
        """Everything from a slot on: what a set's key is taken from."""
        return self.get(slot, _SLOT * max(0, _SLOTS - slot))

    def change(self, change: Change) -> None:
        """Work on a register as `bitwise` and `byteorder` do."""
        if isinstance(change, Byteorder):
            self.load(change.slot, self._turned(change))
            return
        source = self.get(change.source, len(change.mask) or _SLOT)
        if change.mask and not change.shift:
            self.load(change.slot, masked(source, change.mask, change.xor))
        else:
            self.load(change.slot, unknown(4 * _SLOT, "a shift of bits"))

    def _turned(self, change: Byteorder) -> Octets:
        octets = self.get(change.source, change.octets or _SLOT)
        if change.unit not in (2, 4, 8):
            return unknown(len(octets.value), "a byte order")
        parts = range(0, len(octets.value), change.unit)
        return joined([_swapped(cut(octets, start, change.unit)) for start in parts])


def _swapped(octets: Octets) -> Octets:
    if NATIVE == "big":
        return octets
    return Octets(value=octets.value[::-1], known=octets.known[::-1], reason=octets.reason)
