"""Policies and security associations of IPsec, decoded without their keys (NETLINK_XFRM).

The structures are laid out for 64-bit machines, where they are the same on every architecture.

source  include/uapi/linux/xfrm.h; net/xfrm/xfrm_user.c
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from edgediag.model.flow import Address
from edgediag.model.xfrm import XfrmCount, XfrmPolicy, XfrmSelector, XfrmState, XfrmTemplate

# What the kernel expects in front of the attributes of a dump: struct xfrm_usersa_id, and struct
# xfrm_userpolicy_id. Zeros ask for all.
STATES_REQUEST: Final = bytes(24)
POLICIES_REQUEST: Final = bytes(64)

# struct xfrm_selector: daddr, saddr, then from offset 32 ports with masks, family, lengths, ...
_PORTS: Final = struct.Struct(">HHHH")
_SELECTOR: Final = struct.Struct("=HBBB3xi")
_SELECTOR_SIZE: Final = 56
# struct xfrm_user_tmpl: id (daddr, spi, proto), family, saddr, reqid, mode, ...
_TEMPLATE: Final = struct.Struct("=16s4xB3xH2x16sIB15x")
# struct xfrm_userpolicy_info and struct xfrm_usersa_info, behind the selector.
_POLICY: Final = struct.Struct("=96xIIBB6x")
_STATE: Final = struct.Struct("=16s4sB3x16s64xQ24x12x4xIHB12x")
_ENCAPSULATION: Final = struct.Struct("=H")
_ATTRIBUTE: Final = struct.Struct("=HH")
_XFRMA_ENCAP, _XFRMA_TMPL, _XFRMA_MARK, _XFRMA_IF_ID = 4, 5, 21, 31

_ESP_IN_UDP: Final = 2
_SIZES: Final = {2: 4, 10: 16}
_DIRECTIONS: Final = {0: "in", 1: "out", 2: "fwd"}
_ACTIONS: Final = {0: "allow", 1: "block"}
_PROTOCOLS: Final = {50: "esp", 51: "ah", 108: "comp"}
_MODES: Final = {0: "transport", 1: "tunnel", 2: "ro", 3: "in_trigger", 4: "beet"}


def decode_policy(payload: bytes) -> XfrmPolicy | None:
    """The policy of an XFRM_MSG_NEWPOLICY, or None where it is a socket's own or too short."""
    start = _SELECTOR_SIZE + _POLICY.size
    if len(payload) < start:
        return None
    priority, index, direction, action = _POLICY.unpack_from(payload, _SELECTOR_SIZE)
    found = dict(_wanted(payload, start, {_XFRMA_TMPL, _XFRMA_MARK, _XFRMA_IF_ID}))
    selector = _selector(payload, is_marked=bool({_XFRMA_MARK, _XFRMA_IF_ID} & found.keys()))
    if selector is None or direction not in _DIRECTIONS:
        return None
    return XfrmPolicy(
        direction=_DIRECTIONS[direction],
        action=_ACTIONS.get(action, f"action {action}"),
        priority=priority,
        index=index,
        selector=selector,
        templates=tuple(_templates(found.get(_XFRMA_TMPL, b""))),
    )


def decode_state(payload: bytes) -> XfrmState | None:
    """The association of an XFRM_MSG_NEWSA, or None where it is too short; no key is looked at."""
    start = _SELECTOR_SIZE + _STATE.size
    if len(payload) < start:
        return None
    to, spi, protocol, source, octets, request, family, mode = _STATE.unpack_from(
        payload, _SELECTOR_SIZE
    )
    if family not in _SIZES:
        return None
    encapsulation = dict(_wanted(payload, start, {_XFRMA_ENCAP})).get(_XFRMA_ENCAP, b"")
    type_, ports = _encapsulation(encapsulation)
    return XfrmState(
        source=_address(source, family),
        destination=_address(to, family),
        spi=int.from_bytes(spi, "big"),
        protocol=_PROTOCOLS.get(protocol, str(protocol)),
        mode=_MODES.get(mode, str(mode)),
        request=request,
        is_in_udp=type_ == _ESP_IN_UDP,
        ports=ports,
        octets=octets,
    )


def grown_states(
    before: Iterable[XfrmState], after: Iterable[XfrmState]
) -> tuple[XfrmState, ...]:
    """The later reading, with what each association carried since the earlier."""
    old = {(item.source, item.destination, item.spi): item.octets for item in before}
    return tuple(
        replace(item, octets_meanwhile=item.octets - known)
        if (known := old.get((item.source, item.destination, item.spi))) is not None
        else item
        for item in after
    )


def decode_counts(text: str) -> tuple[XfrmCount, ...]:
    """The counters that are not zero, in their order (net/xfrm/xfrm_proc.c).

    text  of /proc/net/xfrm_stat
    """
    found: list[XfrmCount] = []
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        number = value.strip()
        if number.isascii() and number.isdecimal() and int(number):
            found.append(XfrmCount(name=name.partition("\t")[0], count=int(number)))
    return tuple(found)


def grown_counts(
    before: Iterable[XfrmCount], after: Iterable[XfrmCount]
) -> tuple[XfrmCount, ...]:
    """The later reading, with how far each counter rose since the earlier."""
    old = {item.name: item.count for item in before}
    return tuple(
        replace(item, meanwhile=max(0, item.count - old.get(item.name, 0))) for item in after
    )


def _selector(payload: bytes, *, is_marked: bool) -> XfrmSelector | None:
    to_port, to_mask, from_port, from_mask = _PORTS.unpack_from(payload, 32)
    family, to_bits, from_bits, protocol, device = _SELECTOR.unpack_from(payload, 40)
    # A policy for everything may leave the family open; then its addresses are zeros as well.
    family = family or 2
    if family not in _SIZES or max(to_bits, from_bits) > 8 * _SIZES[family]:
        return None
    return XfrmSelector(
        source=(_address(payload[16:32], family), from_bits),
        destination=(_address(payload[:16], family), to_bits),
        source_port=(from_port, from_mask),
        destination_port=(to_port, to_mask),
        ip_protocol=protocol,
        is_narrower=bool(device) or is_marked,
    )


def _templates(octets: bytes) -> Iterator[XfrmTemplate]:
    for start in range(0, len(octets) - _TEMPLATE.size + 1, _TEMPLATE.size):
        to, protocol, family, source, request, mode = _TEMPLATE.unpack_from(octets, start)
        if family in _SIZES:
            yield XfrmTemplate(
                source=_address(source, family),
                destination=_address(to, family),
                protocol=_PROTOCOLS.get(protocol, str(protocol)),
                mode=_MODES.get(mode, str(mode)),
                request=request,
            )


def _encapsulation(octets: bytes) -> tuple[int, tuple[int, int]]:
    if len(octets) < 6:
        return 0, (0, 0)
    (type_,) = _ENCAPSULATION.unpack_from(octets)
    return type_, (int.from_bytes(octets[2:4], "big"), int.from_bytes(octets[4:6], "big"))


def _wanted(octets: bytes, start: int, types: set[int]) -> Iterator[tuple[int, bytes]]:
    """The attributes of these types; the others, which hold the keys, are stepped over unread."""
    offset, end = start, len(octets)
    while offset + _ATTRIBUTE.size <= end:
        length, type_ = _ATTRIBUTE.unpack_from(octets, offset)
        if length < _ATTRIBUTE.size or offset + length > end:
            return
        if type_ in types:
            yield type_, octets[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3


def _address(octets: bytes, family: int) -> Address:
    return ip_address(octets[: _SIZES[family]])
