"""What an ICMP error says, the same for every kind of probe."""

from collections.abc import Mapping

from edgediag.model.packet import IcmpError, Packet
from edgediag.model.reply import IcmpKind, IcmpReply

# By (type, code). Of ICMPv4: RFC 792; RFC 1122 §3.2.2.1 (codes 6 to 12); RFC 1812 §5.2.7.1 (13 to
# 15). Code 0 of "time exceeded" is the hop limit, code 1 reassembly.
_KINDS_4: Mapping[tuple[int, int], IcmpKind] = {
    (3, 0): IcmpKind.NET_UNREACHABLE,
    (3, 1): IcmpKind.HOST_UNREACHABLE,
    (3, 2): IcmpKind.PROTOCOL_UNREACHABLE,
    (3, 3): IcmpKind.PORT_UNREACHABLE,
    (3, 4): IcmpKind.FRAGMENTATION_NEEDED,
    (3, 6): IcmpKind.NET_UNREACHABLE,
    (3, 7): IcmpKind.HOST_UNREACHABLE,
    (3, 9): IcmpKind.ADMIN_PROHIBITED,
    (3, 10): IcmpKind.ADMIN_PROHIBITED,
    (3, 13): IcmpKind.ADMIN_PROHIBITED,
    (11, 0): IcmpKind.TIME_EXCEEDED,
}

# Of ICMPv6: RFC 4443 §3.1 to §3.4. Codes 5 (an ingress or egress policy refuses the source) and 6
# (a reject route) are more informative subsets of code 1, "administratively prohibited", says §3.1.
# Linux answers so for a route of type prohibit, and for unreachable ones with code 0
# (net/ipv6/route.c, ip6_pkt_prohibit and ip6_pkt_discard).
_KINDS_6: Mapping[tuple[int, int], IcmpKind] = {
    (1, 0): IcmpKind.NET_UNREACHABLE,
    (1, 1): IcmpKind.ADMIN_PROHIBITED,
    (1, 3): IcmpKind.HOST_UNREACHABLE,
    (1, 4): IcmpKind.PORT_UNREACHABLE,
    (1, 5): IcmpKind.ADMIN_PROHIBITED,
    (1, 6): IcmpKind.ADMIN_PROHIBITED,
    (2, 0): IcmpKind.FRAGMENTATION_NEEDED,
    (3, 0): IcmpKind.TIME_EXCEEDED,
    (4, 1): IcmpKind.PROTOCOL_UNREACHABLE,
}
_KINDS: Mapping[int, Mapping[tuple[int, int], IcmpKind]] = {4: _KINDS_4, 6: _KINDS_6}

# Advice of ICMPv4 about packets that were carried on: Source Quench (deprecated by RFC 6633),
# Redirect. Those of ICMPv6 are no errors (RFC 4861 §4.5).
_ADVICE = (4, 5)


def icmp_kind(version: int, type_: int, code: int) -> IcmpKind:
    """The kind of an ICMP error in one of the IP versions."""
    # The code of "packet too big" is to be ignored (RFC 4443 §3.2).
    is_too_big = (version, type_) == (6, 2)
    return _KINDS[version].get((type_, 0 if is_too_big else code), IcmpKind.OTHER)


def icmp_reply(packet: Packet, error: IcmpError) -> IcmpReply | None:
    """The reply that an ICMP error makes, None where it quotes nothing or reports no loss."""
    version = packet.flow.source.version
    is_advice = version == 4 and error.type_ in _ADVICE
    if error.quote is None or is_advice:
        return None
    return IcmpReply(
        kind=icmp_kind(version, error.type_, error.code),
        type_=error.type_,
        code=error.code,
        sender=packet.flow.source,
        hop_limit=packet.hop_limit,
        quoted_hop_limit=error.quote.hop_limit,
        labels=error.labels,
    )
