"""The run's capture: every packet handed over or seen, numbered as Wireshark will number it."""

import contextlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from edgediag import __version__
from edgediag.compat import assert_never
from edgediag.errors import CannotRunError
from edgediag.model.packet import Sighting
from edgediag.wire.capture import Capture as CaptureFile
from edgediag.wire.capture import CaptureInterface, Frame, FrameDirection, Section
from edgediag.wire.link_type import LinkType
from edgediag.wire.pcapng import encode_pcapng

MAX_FRAMES = 100_000
MAX_OCTETS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SightedFrame:
    """Octets that begin as the link type says, and when and where they were seen."""

    octets: bytes
    seen_s: float
    sighting: Sighting
    interface: str
    link_type: LinkType


class _Vantage(NamedTuple):
    name: str
    description: str
    link_type: LinkType


class Capture:
    """What a run has recorded so far, within bounds; what exceeds them is counted."""

    def __init__(self, *, max_frames: int = MAX_FRAMES, max_octets: int = MAX_OCTETS) -> None:
        self._max_frames = max_frames
        self._room_octets = max_octets
        self._frames: list[SightedFrame] = []
        self._comments: dict[int, list[str]] = {}
        # How many were left out at each vantage; the vantages stand in the order first met.
        self._left_out: dict[_Vantage, int] = {}

    @property
    def left_out(self) -> int:
        """How many frames exceeded the bounds."""
        return sum(self._left_out.values())

    def record(self, frame: SightedFrame) -> int:
        """Keep a frame; its number, counted from 1, or 0 where it exceeds the bounds."""
        vantage = _vantage(frame)
        self._left_out.setdefault(vantage, 0)
        if len(self._frames) >= self._max_frames or len(frame.octets) > self._room_octets:
            self._left_out[vantage] += 1
            return 0
        self._room_octets -= len(frame.octets)
        self._frames.append(frame)
        return len(self._frames)

    def annotate(self, number: int, comment: str) -> None:
        """Add a comment to a frame; nothing for number 0."""
        if number:
            self._comments.setdefault(number, []).append(comment)

    def write(self, path: Path) -> None:
        """Put the capture in a file that only its owner may read, whole or not at all.

        raises  CannotRunError where the file cannot be written
        """
        octets = encode_pcapng(self._file())
        try:
            _write_atomically(path, octets)
        except OSError as exc:
            raise CannotRunError(
                f"cannot write the capture {path}: {exc.strerror}; choose another --output"
            ) from exc

    def _file(self) -> CaptureFile:
        places = {vantage: place for place, vantage in enumerate(self._left_out)}
        return CaptureFile(
            section=_section(),
            interfaces=tuple(
                CaptureInterface(
                    name=vantage.name,
                    description=vantage.description,
                    link_type=vantage.link_type,
                    dropped=left_out,
                )
                for vantage, left_out in self._left_out.items()
            ),
            frames=tuple(
                _file_frame(frame, places[_vantage(frame)], self._comments.get(number, ()))
                for number, frame in enumerate(self._frames, start=1)
            ),
        )


def _vantage(frame: SightedFrame) -> _Vantage:
    match frame.sighting:
        case Sighting.HANDED_OVER:
            return _Vantage("ip-stack", "as given to the kernel, not yet sent", frame.link_type)
        case Sighting.FRAMED:
            name = f"link-layer {frame.interface}"
            return _Vantage(name, "as given to the interface, not yet sent", frame.link_type)
        case Sighting.TAP_OUT | Sighting.TAP_IN | Sighting.BRIDGED | Sighting.LATE:
            return _Vantage(f"{frame.interface} tap", "as sent and as received", frame.link_type)
        case _:
            assert_never(frame.sighting)


def _section() -> Section:
    system = os.uname()
    return Section(
        hardware=system.machine,
        operating_system=f"{system.sysname} {system.release}",
        application=f"edgediag {__version__}",
    )


def _file_frame(frame: SightedFrame, place: int, comments: Iterable[str]) -> Frame:
    is_inbound = frame.sighting is Sighting.TAP_IN
    direction = FrameDirection.INBOUND if is_inbound else FrameDirection.OUTBOUND
    return Frame(
        interface=place,
        seen_ns=round(frame.seen_s * 1e9),
        direction=direction,
        octets=frame.octets,
        original_length=len(frame.octets),
        comment="; ".join(comments),
    )


def _write_atomically(path: Path, octets: bytes) -> None:
    # mkstemp() lets nobody but the owner read it; a capture holds names and addresses.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with contextlib.ExitStack() as undo:
        undo.callback(os.unlink, temporary)
        with open(descriptor, "wb") as file:
            file.write(octets)
        os.replace(temporary, path)
        undo.pop_all()
