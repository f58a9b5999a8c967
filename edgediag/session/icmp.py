"""What an ICMP error says, the same for every kind of probe."""

from edgediag.model.packet import IcmpError, Packet
from edgediag.model.reply import IcmpKind, IcmpReply

# (type, code) of ICMPv4: RFC 792; RFC 1122 §3.2.2.1 (codes 6 to 12); RFC 1812 §5.2.7.1 (13 to 15).
_TIME_EXCEEDED = 11

# Advice about packets that were carried on: Source Quench (deprecated by RFC 6633), Redirect.
_ADVICE = (4, 5)
_UNREACHABLE = 3
_UNREACHABLE_KINDS: dict[int, IcmpKind] = {
    0: IcmpKind.NET_UNREACHABLE,
    1: IcmpKind.HOST_UNREACHABLE,
    2: IcmpKind.PROTOCOL_UNREACHABLE,
    3: IcmpKind.PORT_UNREACHABLE,
    4: IcmpKind.FRAGMENTATION_NEEDED,
    6: IcmpKind.NET_UNREACHABLE,
    7: IcmpKind.HOST_UNREACHABLE,
    9: IcmpKind.ADMIN_PROHIBITED,
    10: IcmpKind.ADMIN_PROHIBITED,
    13: IcmpKind.ADMIN_PROHIBITED,
}


def icmp_kind(type_: int, code: int) -> IcmpKind:
    """The kind of an ICMPv4 error."""
    if type_ == _TIME_EXCEEDED and code == 0:
        return IcmpKind.TIME_EXCEEDED
    if type_ == _UNREACHABLE:
        return _UNREACHABLE_KINDS.get(code, IcmpKind.OTHER)
    return IcmpKind.OTHER


def icmp_reply(packet: Packet, error: IcmpError) -> IcmpReply | None:
    """The reply that an ICMP error makes, None where it quotes nothing or reports no loss."""
    if error.quote is None or error.type_ in _ADVICE:
        return None
    return IcmpReply(
        kind=icmp_kind(error.type_, error.code),
        type_=error.type_,
        code=error.code,
        sender=packet.flow.source,
        hop_limit=packet.hop_limit,
        quoted_hop_limit=error.quote.hop_limit,
        labels=error.labels,
    )
