"""A chain of nf_tables as the kernel dumped it; its rules are decoded when they are asked for."""

from collections.abc import Iterable

from edgediag.host.attributes import attributes, text
from edgediag.host.netfilter.chains import Chain, ChainName
from edgediag.host.netfilter.ip_header import Ends
from edgediag.host.netfilter.rule import (
    NFGENMSG_OCTETS,
    FilterRule,
    decode_filter_rule,
    family_of,
)
from edgediag.host.netfilter.rule_front import Fronts


class NftChain:
    """The rules of a chain in their order, each as it was dumped."""

    def __init__(self, name: ChainName, dumped: Iterable[bytes]) -> None:
        """Keep the rules of this chain.

        dumped  every NFT_MSG_NEWRULE: a kernel that does not know the filter dumps all there are
        """
        self._family = name.family
        self._rules: list[tuple[bytes, bytes]] = []
        wanted = (name.family, name.table, name.chain)
        for payload in dumped:
            found = attributes(payload[NFGENMSG_OCTETS:])
            of = (family_of(payload), text(found.get(1)), text(found.get(2)))
            if of == wanted and 3 in found:
                self._rules.append((payload, found.get(4, b"")))

    def met_by(self, ends: Ends | None) -> Chain:
        """The rules that packets with these ends may match, each decoded; None for every rule."""
        fronts = None if ends is None else Fronts(self._family, ends)
        met: dict[int, FilterRule] = {}
        for number, (payload, expressions) in enumerate(self._rules, start=1):
            if fronts is not None and fronts.miss(expressions):
                continue
            rule = decode_filter_rule(payload)
            assert rule is not None, "it has table, chain and handle"
            met[number] = rule
        return Chain(rules=tuple(met.values()), numbers=tuple(met))
