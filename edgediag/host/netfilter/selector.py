"""The expressions of a rule that marks one flow's packets for the kernel's trace.

source  include/uapi/linux/netfilter/nf_tables.h; RFC 791 §3.1, RFC 8200 §3, RFC 792
"""

from typing import Final

from edgediag.host.attributes import attribute, big32, nest, string
from edgediag.host.routes import PROTOCOL_NUMBERS
from edgediag.model.flow import Flow, Protocol

_REGISTER: Final = 1
_NETWORK_HEADER, _TRANSPORT_HEADER = 1, 2
_META_PROTOCOL, _META_NFTRACE, _META_NFPROTO, _META_L4PROTO = 1, 12, 15, 16
_NFPROTO: Final = {4: 2, 6: 10}
# RFC 7042 Appendix B.1.
_ETHERTYPE: Final = {4: b"\x08\x00", 6: b"\x86\xdd"}
# Offsets of source and destination in the network header.
_ADDRESSES: Final = {4: (12, 16), 6: (8, 24)}
_ECHO_IDENTIFIER_OFFSET: Final = 4


def trace_expressions(flow: Flow, *, is_netdev: bool = False) -> bytes:
    """The content of NFTA_RULE_EXPRESSIONS: this very flow, in this direction, is traced.

    is_netdev  for a chain of family netdev, whose packets are known by their EtherType
    """
    version = flow.source.version
    source_at, destination_at = _ADDRESSES[version]
    number = PROTOCOL_NUMBERS[flow.protocol, version]
    parts = (
        _meta(_META_PROTOCOL if is_netdev else _META_NFPROTO),
        _equals(_ETHERTYPE[version] if is_netdev else bytes([_NFPROTO[version]])),
        _meta(_META_L4PROTO),
        _equals(bytes([number])),
        _payload(_NETWORK_HEADER, source_at, len(flow.source.packed)),
        _equals(flow.source.packed),
        _payload(_NETWORK_HEADER, destination_at, len(flow.destination.packed)),
        _equals(flow.destination.packed),
        *_transport(flow),
        _expression("immediate", big32(1, _REGISTER), nest(2, attribute(1, b"\x01"))),
        _expression("meta", big32(2, _META_NFTRACE), big32(3, _REGISTER)),
    )
    return b"".join(parts)


def _transport(flow: Flow) -> tuple[bytes, ...]:
    if flow.protocol is Protocol.ICMP:
        identifier = flow.source_port.to_bytes(2, "big")
        return _payload(_TRANSPORT_HEADER, _ECHO_IDENTIFIER_OFFSET, 2), _equals(identifier)
    ports = flow.source_port.to_bytes(2, "big") + flow.destination_port.to_bytes(2, "big")
    return _payload(_TRANSPORT_HEADER, 0, 4), _equals(ports)


def _meta(key: int) -> bytes:
    return _expression("meta", big32(1, _REGISTER), big32(2, key))


def _payload(base: int, offset: int, length: int) -> bytes:
    keys = (big32(1, _REGISTER), big32(2, base), big32(3, offset), big32(4, length))
    return _expression("payload", *keys)


def _equals(value: bytes) -> bytes:
    return _expression("cmp", big32(1, _REGISTER), big32(2, 0), nest(3, attribute(1, value)))


def _expression(name: str, *data: bytes) -> bytes:
    return nest(1, string(1, name), nest(2, *data))
