"""The chains of one table of iptables-legacy by name, as somebody asks for one after the other."""

from edgediag.host.netfilter.chains import Chain
from edgediag.host.netfilter.ip_header import Ends, misses
from edgediag.host.netfilter.legacy import (
    LegacyChain,
    LegacyEntries,
    Place,
    is_whole,
    offsets,
    own_chain,
    own_name,
)
from edgediag.host.netfilter.legacy_index import index
from edgediag.host.netfilter.legacy_rule import jumps_to, rule_at


class LegacyChains:
    """Of the user's own chains those that a rule leads to which was read before cost no search."""

    def __init__(self, entries: LegacyEntries) -> None:
        self._entries = entries
        self._begins: dict[str, int] = {}

    def chain(self, name: str, ends: Ends | None) -> Chain | None:
        """The rules that packets with these ends may match; None where the chain is not whole.

        ends  None for every rule
        """
        found = self._found(name)
        if found is None:
            return None
        asked = [
            Place(chain=name, number=number, offset=offset)
            for number, offset in enumerate(offsets(self._entries, found), start=1)
            if ends is None
            or not misses(self._entries.family, self._entries.octets, offset, ends)
        ]
        if not all(self._is_learnt(place.offset) for place in asked):
            return None
        return Chain(
            rules=tuple(rule_at(self._entries, place) for place in asked),
            numbers=tuple(place.number for place in asked),
        )

    def _found(self, name: str) -> LegacyChain | None:
        built_in = self._entries.built_in.get(name)
        if built_in is not None:
            return built_in if is_whole(self._entries, built_in) else None
        begin = self._begins.get(name)
        if begin is not None:
            return own_chain(self._entries, begin)
        table = index(self._entries)
        return None if table is None else table.chains.get(name)

    def _is_learnt(self, offset: int) -> bool:
        """Note where the rule leads to; False where another chain has the same name."""
        begin = jumps_to(self._entries, offset)
        name = None if begin is None else own_name(self._entries, begin)
        if begin is None or name is None:
            return True
        return name not in self._entries.built_in and self._begins.setdefault(name, begin) == begin
