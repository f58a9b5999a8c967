"""What the loads of a rule find in a packet; None where the kernel breaks off the rule instead.

source  net/netfilter/nft_meta.c, nft_ct.c, nft_payload.c, nft_fib.c (Linux 6.18)
"""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final

from edgediag.compat import assert_never
from edgediag.host.attributes import native
from edgediag.host.netfilter.expression import (
    CtLoad,
    FibLoad,
    ImmediateLoad,
    Load,
    MetaLoad,
    PayloadLoad,
)
from edgediag.host.netfilter.fields import CT, META, fib_field
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.needs import NeedAddressType
from edgediag.host.walk.octets import (
    Octets,
    Unsure,
    big_number,
    cut,
    known,
    native_number,
    stretch,
    unknown,
)
from edgediag.host.walk.parcel import (
    NO_INTERFACE,
    CtState,
    Interface,
    Parcel,
    network_header,
    transport_header,
)

# enum nf_inet_protos, by the version of IP.
_NFPROTO: Final = {4: 2, 6: 10}
_LINK, _NETWORK, _TRANSPORT = 0, 1, 2
_SADDR, _DADDR = 1, 2
_ADDRESS_TYPE: Final = 3
_PACKET_TYPE: Final = 19
# include/uapi/linux/if_packet.h.
_PACKET_HOST, _PACKET_BROADCAST = 0, 1
# RTN_UNICAST and RTN_LOCAL.
_OF_ONE_HOST: Final = frozenset({1, 2})
_LIMITED_BROADCAST: Final = known(b"\xff" * 4)
_SNAT, _DNAT = 0x10, 0x20
# Addresses of conntrack that packets of one version have.
_CT_VERSIONS: Final = {19: 4, 20: 4, 21: 6, 22: 6}
# Expected, answered and assured: of a first packet none of them holds.
_NOT_OF_NEW: Final = 0x01 | 0x02 | 0x04
_CONFIRMED: Final = 0x08


def load(expression: Load, parcel: Parcel, inquiry: Inquiry) -> Octets | None:
    """The octets that a register gets."""
    match expression:
        case PayloadLoad():
            return payload(expression, parcel)
        case MetaLoad(key=key) if key == _PACKET_TYPE:
            return packet_type(parcel, inquiry)
        case MetaLoad():
            return _meta(expression.key, parcel)
        case CtLoad():
            return _ct(expression, parcel)
        case FibLoad():
            return _fib(expression, parcel, inquiry)
        case ImmediateLoad():
            return known(expression.value)
        case _:
            assert_never(expression)


def address_type(octets: Octets, inquiry: Inquiry) -> Octets:
    """What an address is to this host, as a number in the kernel's order."""
    if not octets.is_known:
        return unknown(4, octets.reason)
    answer = inquiry.look_up(NeedAddressType(address=ip_address(octets.value)))
    return native_number(answer) if isinstance(answer, int) else unknown(4, "the address's type")


def packet_type(parcel: Parcel, inquiry: Inquiry) -> Octets:
    """To whom the frame was sent (PACKET_*), as far as the address of IP tells it.

    source  RFC 1812 §5.3.5: a router forwards what is for the broadcast address of a network in a
            frame for one host, and never what is for 255.255.255.255
    """
    if parcel.frame_is_to is not None:
        return parcel.frame_is_to
    if not parcel.incoming.index:
        return native_number(_PACKET_HOST, 1)
    if parcel.destination == _LIMITED_BROADCAST:
        return native_number(_PACKET_BROADCAST, 1)
    type_ = address_type(parcel.destination, inquiry)
    is_one = type_.is_known and native(type_.value) in _OF_ONE_HOST
    return native_number(_PACKET_HOST, 1) if is_one else unknown(1, "meta pkttype")


def payload(load: PayloadLoad, parcel: Parcel) -> Octets | None:
    """The octets of a header, None where the packet has no such header."""
    asked = range(load.offset, load.offset + load.length)
    for base, offset, length in parcel.blurred:
        if base == load.base and offset < asked.stop and offset + length > asked.start:
            return unknown(load.length, "a header that a rule rewrites")
    if load.base == _LINK:
        return cut(parcel.frame, load.offset, load.length)
    if parcel.arp is not None:
        return cut(parcel.arp, load.offset, load.length) if load.base == _NETWORK else None
    if load.base == _NETWORK:
        return stretch(network_header(parcel), load.offset, load.length)
    if load.base == _TRANSPORT:
        return stretch(transport_header(parcel), load.offset, load.length)
    return unknown(load.length, "an inner header")


def _meta(key: int, parcel: Parcel) -> Octets | None:
    made = _META.get(key)
    if made is not None:
        return made(parcel)
    field = META.get(key)
    return unknown(16 if field is None else field.octets, field.text if field else f"meta {key}")


def _name(interface: Interface) -> Octets:
    return known(interface.name.encode()[:15].ljust(16, b"\0"))


def _bridge(device: Interface, parcel: Parcel) -> Octets | None:
    """The name of the bridge that a port belongs to, "" where there is none (since Linux 5.3).

    source  net/bridge/netfilter/nft_meta_bridge.c (nft_meta_bridge_get_eval)
    """
    return _name(parcel.bridge if device.index else NO_INTERFACE)


def _owner(number: int | None, parcel: Parcel, word: str) -> Octets | None:
    if number is not None:
        return native_number(number)
    # A packet that came in has a socket only where one is found before the hooks.
    has_none = parcel.uid is None and parcel.is_opening and not parcel.is_reply
    return None if has_none else unknown(4, word)


_META: Final[Mapping[int, Callable[[Parcel], Octets | None]]] = {
    1: lambda parcel: big_number(parcel.ethertype),
    3: lambda parcel: parcel.mark,
    4: lambda parcel: native_number(parcel.incoming.index),
    5: lambda parcel: native_number(parcel.outgoing.index),
    6: lambda parcel: _name(parcel.incoming),
    7: lambda parcel: _name(parcel.outgoing),
    10: lambda parcel: _owner(parcel.uid, parcel, "meta skuid"),
    11: lambda parcel: _owner(parcel.gid, parcel, "meta skgid"),
    15: lambda parcel: native_number(_NFPROTO[parcel.version], 1),
    16: lambda parcel: native_number(parcel.number, 1) if parcel.arp is None else None,
    17: lambda parcel: _bridge(parcel.incoming, parcel),
    18: lambda parcel: _bridge(parcel.outgoing, parcel),
    # VLAN and protocol of a port: a bridge that keeps VLANs apart is not decided, another has none.
    28: lambda parcel: None,
    29: lambda parcel: None,
}


def _ct(load: CtLoad, parcel: Parcel) -> Octets | None:
    if parcel.arp is not None:
        return None
    if load.key == 0:
        return native_number(parcel.ct_state.value)
    if not parcel.has_connection:
        return None
    if parcel.version != _CT_VERSIONS.get(load.key, parcel.version):
        return None
    field = CT.get(load.key)
    words = f"ct {field.text if field else load.key}"
    made = _CT.get(load.key)
    # The tuple of the answers is not known before connection tracking has confirmed it.
    is_new, is_answer = parcel.state is CtState.NEW, parcel.is_in_reply_direction
    is_told = is_new or is_answer and load.key in _CT_OF_REPLIES
    if made is None or not is_told or load.direction == 1:
        return unknown(16 if field is None else field.octets, words)
    return made(parcel)


def _status(parcel: Parcel) -> Octets:
    others = _CONFIRMED if parcel.is_confirmed else 0
    return translation_bits(parcel, _NOT_OF_NEW | _CONFIRMED, (_SNAT, _DNAT), others)


def translation_bits(
    parcel: Parcel, known_bits: int, flags: tuple[int, int], others: int
) -> Octets:
    """A number of which the given bits are known, and those of the two translations if they are.

    flags   of source and destination translation
    others  the value of the other bits that are known
    """
    value = others
    for flag, truth in zip(flags, (parcel.is_snat, parcel.is_dnat)):
        known_bits |= 0 if isinstance(truth, Unsure) else flag
        value |= flag if truth is True else 0
    number, mask = native_number(value).value, native_number(known_bits).value
    return Octets(value=number, known=mask, reason="ct status")


def _port(number: int) -> Octets:
    return big_number(number) if number else unknown(2, "a port that is not given")


def _first_source(parcel: Parcel) -> Octets:
    # Of a packet that comes in one may stand for a network of senders.
    is_one = parcel.source.is_known or parcel.has_snat
    return known(parcel.original.source.packed) if is_one else parcel.source


_CT: Final[Mapping[int, Callable[[Parcel], Octets]]] = {
    1: lambda parcel: native_number(parcel.is_in_reply_direction, 1),
    2: _status,
    3: lambda parcel: parcel.ct_mark,
    7: lambda parcel: native_number(_NFPROTO[parcel.version], 1),
    10: lambda parcel: native_number(parcel.number, 1),
    11: lambda parcel: _port(parcel.original.source_port),
    12: lambda parcel: _port(parcel.original.destination_port),
    19: _first_source,
    20: lambda parcel: known(parcel.original.destination.packed),
    21: _first_source,
    22: lambda parcel: known(parcel.original.destination.packed),
}


# Direction, mark, protocols and the tuple of the first packet; not what has become of the rest.
_CT_OF_REPLIES: Final = frozenset({1, 3, 7, 10, 11, 12, 19, 20, 21, 22})


def _fib(load: FibLoad, parcel: Parcel, inquiry: Inquiry) -> Octets:
    if load.result == _ADDRESS_TYPE and load.flags in (_SADDR, _DADDR):
        address = parcel.source if load.flags == _SADDR else parcel.destination
        return address_type(address, inquiry)
    return unknown(16, fib_field(load.result, load.flags).text)
