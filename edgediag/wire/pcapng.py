"""Capture files in pcapng, with a comment on each packet that stock Wireshark shows.

Section numbers below are of draft-ietf-opsawg-pcapng-01. The files have one section, are
little-endian, and count time in nanoseconds.
"""

import struct
from typing import Final

from edgediag.wire.capture import Capture, CaptureInterface, Frame, FrameDirection, Section
from edgediag.wire.link_type import LinkType
from edgediag.wire.pcapng_blocks import (
    MOST_OPTION_OCTETS,
    join_block,
    join_options,
    padding,
    split_blocks,
    split_options,
)

# Block types: §4.1, §4.2, §4.3, §4.6.
_SECTION_HEADER: Final = 0x0A0D0D0A
_INTERFACE_DESCRIPTION: Final = 1
_ENHANCED_PACKET: Final = 6
_INTERFACE_STATISTICS: Final = 5

# What stands before the options of each: byte order, version and length of the section; link
# type, reserved and snapshot length; interface, time and both lengths of a packet; interface and
# time of the statistics. A time is two words, the high one first.
_SECTION: Final = struct.Struct("<IHHq")
_INTERFACE: Final = struct.Struct("<HHI")
_PACKET: Final = struct.Struct("<IIIII")
_STATISTICS: Final = struct.Struct("<III")

_BYTE_ORDER_MAGIC: Final = 0x1A2B3C4D
_VERSION: Final = (1, 0)
_LENGTH_NOT_SAID: Final = -1
_NO_SNAPSHOT_LIMIT: Final = 0
_WORD: Final = 32

# Options: §3.5 for the comment, else as the blocks.
_COMMENT: Final = 1
_HARDWARE, _OPERATING_SYSTEM, _APPLICATION = 2, 3, 4
_NAME, _DESCRIPTION, _TIME_RESOLUTION = 2, 3, 9
_FLAGS: Final = 2
# A full socket queue is a loss by the operating system (7), not by the interface (5).
_DROPPED: Final = 7

_NANOSECONDS: Final = b"\x09"
_DIRECTION_BITS: Final = 0b11
_LINK_TYPES: Final = {link_type.value: link_type for link_type in LinkType}
_DIRECTIONS: Final = {direction.value: direction for direction in FrameDirection}


def encode_pcapng(capture: Capture) -> bytes:
    """The octets of the file; in every text, what cannot be printed is escaped."""
    end_ns = max((frame.seen_ns for frame in capture.frames), default=0)
    blocks = [_section_block(capture.section)]
    blocks += [_interface_block(interface) for interface in capture.interfaces]
    blocks += [_packet_block(frame) for frame in capture.frames]
    blocks += [
        _statistics_block(number, interface.dropped, end_ns)
        for number, interface in enumerate(capture.interfaces)
    ]
    return b"".join(blocks)


def decode_pcapng(octets: bytes) -> Capture | None:
    """The capture in a file that `encode_pcapng` could have written, or None for any other.

    Blocks and options of other kinds are passed over.
    """
    blocks = split_blocks(octets)
    if not blocks or blocks[0][0] != _SECTION_HEADER:
        return None
    section = _read_section(blocks[0][1])
    dropped = dict(_read_statistics(body) for body in _bodies(blocks, _INTERFACE_STATISTICS))
    interfaces = [
        _read_interface(body, dropped.get(number, 0))
        for number, body in enumerate(_bodies(blocks, _INTERFACE_DESCRIPTION))
    ]
    frames = [_read_frame(body, len(interfaces)) for body in _bodies(blocks, _ENHANCED_PACKET)]
    if section is None or None in interfaces or None in frames:
        return None
    return Capture(
        section=section,
        interfaces=tuple(interface for interface in interfaces if interface is not None),
        frames=tuple(frame for frame in frames if frame is not None),
    )


def _bodies(blocks: list[tuple[int, bytes]], type_: int) -> list[bytes]:
    return [body for type_found, body in blocks if type_found == type_]


def _section_block(section: Section) -> bytes:
    head = _SECTION.pack(_BYTE_ORDER_MAGIC, *_VERSION, _LENGTH_NOT_SAID)
    options = (
        (_HARDWARE, _text(section.hardware)),
        (_OPERATING_SYSTEM, _text(section.operating_system)),
        (_APPLICATION, _text(section.application)),
    )
    return join_block(_SECTION_HEADER, head + join_options(options))


def _read_section(body: bytes) -> Section | None:
    if len(body) < _SECTION.size:
        return None
    if _SECTION.unpack_from(body)[:3] != (_BYTE_ORDER_MAGIC, *_VERSION):
        return None
    options = split_options(body[_SECTION.size :])
    return Section(
        hardware=_read_text(options, _HARDWARE),
        operating_system=_read_text(options, _OPERATING_SYSTEM),
        application=_read_text(options, _APPLICATION),
    )


def _interface_block(interface: CaptureInterface) -> bytes:
    head = _INTERFACE.pack(interface.link_type.value, 0, _NO_SNAPSHOT_LIMIT)
    options = (
        (_NAME, _text(interface.name)),
        (_DESCRIPTION, _text(interface.description)),
        (_TIME_RESOLUTION, _NANOSECONDS),
    )
    return join_block(_INTERFACE_DESCRIPTION, head + join_options(options))


def _read_interface(body: bytes, dropped: int) -> CaptureInterface | None:
    if len(body) < _INTERFACE.size:
        return None
    link_type = _LINK_TYPES.get(_INTERFACE.unpack_from(body)[0])
    options = split_options(body[_INTERFACE.size :])
    if link_type is None or options.get(_TIME_RESOLUTION) != _NANOSECONDS:
        return None
    return CaptureInterface(
        name=_read_text(options, _NAME),
        description=_read_text(options, _DESCRIPTION),
        link_type=link_type,
        dropped=dropped,
    )


def _packet_block(frame: Frame) -> bytes:
    head = _PACKET.pack(
        frame.interface, *_words(frame.seen_ns), len(frame.octets), frame.original_length
    )
    options = (
        (_COMMENT, _text(frame.comment)),
        (_FLAGS, frame.direction.value.to_bytes(4, "little")),
    )
    octets = frame.octets + padding(len(frame.octets))
    return join_block(_ENHANCED_PACKET, head + octets + join_options(options))


def _read_frame(body: bytes, interfaces: int) -> Frame | None:
    if len(body) < _PACKET.size:
        return None
    interface, high, low, length, original_length = _PACKET.unpack_from(body)
    octets = body[_PACKET.size :][:length]
    if len(octets) < length or interface >= interfaces:
        return None
    options = split_options(body[_PACKET.size + length + len(padding(length)) :])
    flags = int.from_bytes(options.get(_FLAGS, b""), "little")
    return Frame(
        interface=interface,
        seen_ns=high << _WORD | low,
        direction=_DIRECTIONS.get(flags & _DIRECTION_BITS, FrameDirection.UNKNOWN),
        octets=octets,
        original_length=original_length,
        comment=_read_text(options, _COMMENT),
    )


def _statistics_block(number: int, dropped: int, end_ns: int) -> bytes:
    head = _STATISTICS.pack(number, *_words(end_ns))
    options = ((_DROPPED, dropped.to_bytes(8, "little")),)
    return join_block(_INTERFACE_STATISTICS, head + join_options(options))


def _read_statistics(body: bytes) -> tuple[int, int]:
    interface = int.from_bytes(body[:4], "little")
    options = split_options(body[_STATISTICS.size :])
    return interface, int.from_bytes(options.get(_DROPPED, b""), "little")


def _words(time_ns: int) -> tuple[int, int]:
    return divmod(time_ns, 1 << _WORD)


def _text(text: str) -> bytes:
    # Comments quote names and banners from outside: nothing of them may steer a terminal.
    shown = (one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    cut = "".join(shown).encode()[:MOST_OPTION_OCTETS]
    return cut.decode(errors="ignore").encode()


def _read_text(options: dict[int, bytes], code: int) -> str:
    return options.get(code, b"").decode(errors="replace")
