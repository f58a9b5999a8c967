"""A chain that the kernel calls itself, and a set, as a walk needs them (nf_tables.h)."""

from collections.abc import Iterable

from edgediag.host.attributes import attribute_list, attributes, big, nested, text
from edgediag.host.netfilter.chains import (
    Backend,
    BaseChain,
    ChainName,
    DeviceName,
    Element,
    SetContents,
)
from edgediag.host.netfilter.nft import decode_verdict
from edgediag.host.netfilter.rule import decode_filter_chain, family_of
from edgediag.host.netfilter.sets import decode_elements

_NFGENMSG_OCTETS = 4
_TABLE_NAME = 1
TABLE_FLAGS, TABLE_F_DORMANT = 2, 1
_HOOK, _TYPE = 4, 7
_PRIORITY, _DEVICE, _DEVICES, _DEVICE_PREFIX = 2, 3, 4, 2
_SET_FLAGS, _INTERVAL = 3, 0x4
_SET_DESC, _DESC_CONCAT, _FIELD_LENGTH = 9, 2, 1
_ELEMENTS, _ELEMENT = 3, 1
_HARMLESS = frozenset({"counter", "last"})


def decode_base_chain(payload: bytes) -> BaseChain | None:
    """The chain in an NFT_MSG_NEWCHAIN, None where the kernel does not call it itself."""
    found = attributes(payload[_NFGENMSG_OCTETS:])
    # Of tens of thousands that kube-proxy makes, a dozen have one.
    chain = decode_filter_chain(payload) if _HOOK in found else None
    if chain is None or not chain.hook:
        return None
    hook = nested(found, _HOOK)
    single = ((_DEVICE, hook[_DEVICE]),) if _DEVICE in hook else ()
    named = (*single, *attribute_list(hook.get(_DEVICES, b"")))
    priority = int.from_bytes(hook.get(_PRIORITY, b""), "big", signed=True)
    return BaseChain(
        name=ChainName(
            backend=Backend.NFT, family=chain.family, table=chain.table, chain=chain.name
        ),
        hook=chain.hook,
        priority=priority,
        type_=text(found.get(_TYPE)),
        policy=chain.policy,
        devices=tuple(
            DeviceName(name=text(value), is_prefix=type_ == _DEVICE_PREFIX)
            for type_, value in named
        ),
    )


def is_at_device(chain: BaseChain, name: str) -> bool:
    """Whether the kernel calls the chain for a device.

    source  include/uapi/linux/netfilter/nf_tables.h (NFTA_DEVICE_PREFIX, Linux 6.17)
    """
    return any(
        name.startswith(device.name) if device.is_prefix else name == device.name
        for device in chain.devices
    )


def decode_dormant(payload: bytes) -> tuple[str, str] | None:
    """Family and name of the table in an NFT_MSG_NEWTABLE, None unless it is dormant."""
    found = attributes(payload[_NFGENMSG_OCTETS:])
    if not big(found.get(TABLE_FLAGS)) & TABLE_F_DORMANT:
        return None
    return family_of(payload), text(found.get(_TABLE_NAME))


def decode_fields(payload: bytes) -> tuple[int, ...]:
    """The octets of each part of a concatenated key in an NFT_MSG_NEWSET, () for a single one."""
    description = nested(attributes(payload[_NFGENMSG_OCTETS:]), _SET_DESC)
    parts = attribute_list(description.get(_DESC_CONCAT, b""))
    return tuple(big(attributes(part).get(_FIELD_LENGTH)) for _, part in parts)


def decode_contents(description: bytes, payloads: Iterable[bytes]) -> SetContents:
    """A set from its NFT_MSG_NEWSET and the messages of the dump of its elements."""
    payloads = tuple(payloads)
    fields = decode_fields(description)
    flags = big(attributes(description[_NFGENMSG_OCTETS:]).get(_SET_FLAGS))
    is_interval = bool(flags & _INTERVAL) and not fields
    details = {key: found for payload in payloads for key, found in _details(payload)}
    return SetContents(
        fields=fields,
        elements=tuple(
            Element(
                first=member.first,
                last=member.last,
                data=data.get(1, b""),
                verdict=decode_verdict(attributes(data[2])) if 2 in data else None,
                condition=condition,
            )
            for member in decode_elements(payloads, is_interval=is_interval)
            for data, condition in (details.get(member.first, ({}, "")),)
        ),
    )


def _details(payload: bytes) -> Iterable[tuple[bytes, tuple[dict[int, bytes], str]]]:
    """By its key, what a map makes of each element, and a condition of the element's own."""
    found = attributes(payload[_NFGENMSG_OCTETS:])
    for type_, value in attribute_list(found.get(_ELEMENTS, b"")):
        element = attributes(value)
        if type_ != _ELEMENT or big(element.get(3)) & 1:
            continue
        key = nested(element, 1).get(1, b"")
        single = (element[7],) if 7 in element else ()
        listed = (each for _, each in attribute_list(element.get(11, b"")))
        names = (text(attributes(each).get(1)) for each in (*single, *listed))
        condition = next((name for name in names if name not in _HARMLESS), "")
        yield key, (nested(element, 2), condition)
