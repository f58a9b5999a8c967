"""Netlink messages: headers, and what an acknowledgement says (RFC 3549 §2.3; netlink(7))."""

import errno
import struct
from dataclasses import dataclass
from typing import Final

from edgediag.host.attributes import attributes, text

NLMSG_NOOP: Final = 1
NLMSG_ERROR: Final = 2
NLMSG_DONE: Final = 3
NLMSG_OVERRUN: Final = 4

NLM_F_REQUEST: Final = 0x01
NLM_F_ACK: Final = 0x04
NLM_F_DUMP_INTR: Final = 0x10
NLM_F_CAPPED: Final = 0x100
NLM_F_ACK_TLVS: Final = 0x200
NLM_F_DUMP: Final = 0x300
NLM_F_CREATE: Final = 0x400
NLM_F_APPEND: Final = 0x800

_HEADER: Final = struct.Struct("=IHHII")
_ERROR: Final = struct.Struct("=i")
_NLMSGERR_ATTR_MSG: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One netlink message; `payload` is all that follows the 16 octets of its header."""

    type_: int
    flags: int
    sequence: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """The kernel's word on a request.

    errno_  0 where it was accepted
    text    the kernel's own explanation, or ""
    """

    errno_: int
    text: str


def split_messages(datagram: bytes) -> tuple[Message, ...]:
    """Every message of a datagram, up to the first whose length cannot be.

    NLMSG_DONE may stand behind the last data message of the same datagram: a reader that
    looks at the first header alone waits for ever.
    """
    found: list[Message] = []
    offset, end = 0, len(datagram)
    while offset + _HEADER.size <= end:
        length, type_, flags, sequence, _ = _HEADER.unpack_from(datagram, offset)
        if length < _HEADER.size or offset + length > end:
            break
        payload = datagram[offset + _HEADER.size : offset + length]
        found.append(Message(type_=type_, flags=flags, sequence=sequence, payload=payload))
        offset += (length + 3) & ~3
    return tuple(found)


def join_message(message: Message) -> bytes:
    """The octets of a message, its port left 0 for the kernel to fill in."""
    length = _HEADER.size + len(message.payload)
    header = _HEADER.pack(length, message.type_, message.flags, message.sequence, 0)
    return header + message.payload + bytes(-length % 4)


def acknowledgement(message: Message) -> Acknowledgement | None:
    """What NLMSG_ERROR or NLMSG_DONE says, or None where it is another message or too short."""
    if message.type_ not in (NLMSG_ERROR, NLMSG_DONE) or len(message.payload) < _ERROR.size:
        return None
    (negative,) = _ERROR.unpack_from(message.payload)
    extension = message.payload[_extension_offset(message) :]
    words = ""
    if message.flags & NLM_F_ACK_TLVS:
        words = text(attributes(extension).get(_NLMSGERR_ATTR_MSG))
    return Acknowledgement(errno_=-negative, text=words)


def errno_name(number: int) -> str:
    """The symbol of an errno, such as "EPERM"."""
    return errno.errorcode.get(number, f"errno {number}")


def _extension_offset(message: Message) -> int:
    """Where the attributes of an acknowledgement begin: behind what it quotes of the request."""
    if message.type_ == NLMSG_DONE:
        return _ERROR.size
    quoted = _HEADER.size
    if not message.flags & NLM_F_CAPPED and len(message.payload) >= _ERROR.size + _HEADER.size:
        (quoted, *_) = _HEADER.unpack_from(message.payload, _ERROR.size)
    return _ERROR.size + ((max(quoted, _HEADER.size) + 3) & ~3)
