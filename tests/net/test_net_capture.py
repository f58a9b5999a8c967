"""The recorder of a run's packets."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from edgediag.errors import CannotRunError
from edgediag.model.packet import Sighting
from edgediag.net.capture import Capture, SightedFrame
from edgediag.wire.capture import Capture as CaptureFile
from edgediag.wire.capture import CaptureInterface, Frame, FrameDirection
from edgediag.wire.link_type import LinkType
from edgediag.wire.pcapng import decode_pcapng

# IPv4, UDP from 192.0.2.1 port 20000 to 198.51.100.2 port 9, no payload (RFC 791, RFC 768).
PACKET = bytes.fromhex("4500001c0001400040114e99c0000201c6336402" + "4e20000900080000")
ETHERNET = bytes.fromhex("020000000002" "020000000001" "0800")

HANDED_OVER = SightedFrame(
    octets=PACKET,
    seen_s=1000.25,
    sighting=Sighting.HANDED_OVER,
    interface="",
    link_type=LinkType.RAW,
)
FRAMED = SightedFrame(
    octets=ETHERNET + PACKET,
    seen_s=1000.5,
    sighting=Sighting.FRAMED,
    interface="eth0",
    link_type=LinkType.ETHERNET,
)


def tapped(sighting: Sighting, *, seen_s: float = 1001.0) -> SightedFrame:
    return SightedFrame(
        octets=ETHERNET + PACKET,
        seen_s=seen_s,
        sighting=sighting,
        interface="eth0",
        link_type=LinkType.ETHERNET,
    )


def written(capture: Capture, path: Path) -> CaptureFile:
    capture.write(path)
    file = decode_pcapng(path.read_bytes())
    assert file is not None
    return file


def test_frames_are_numbered_from_one() -> None:
    capture = Capture()
    assert [capture.record(HANDED_OVER), capture.record(FRAMED)] == [1, 2]


def test_each_vantage_is_an_interface_of_the_file(tmp_path: Path) -> None:
    capture = Capture()
    for frame in (HANDED_OVER, FRAMED, tapped(Sighting.TAP_OUT), tapped(Sighting.TAP_IN)):
        capture.record(frame)
    file = written(capture, tmp_path / "capture.pcapng")
    assert [(one.name, one.link_type) for one in file.interfaces] == [
        ("ip-stack", LinkType.RAW),
        ("link-layer eth0", LinkType.ETHERNET),
        ("eth0 tap", LinkType.ETHERNET),
    ]
    assert [(frame.interface, frame.direction) for frame in file.frames] == [
        (0, FrameDirection.OUTBOUND),
        (1, FrameDirection.OUTBOUND),
        (2, FrameDirection.OUTBOUND),
        (2, FrameDirection.INBOUND),
    ]


def test_a_frame_keeps_its_time_octets_and_comments(tmp_path: Path) -> None:
    capture = Capture()
    number = capture.record(HANDED_OVER)
    capture.annotate(number, "probe 1, check ntp")
    capture.annotate(number, "verdict: ok")
    assert written(capture, tmp_path / "capture.pcapng").frames == (
        Frame(
            interface=0,
            seen_ns=1_000_250_000_000,
            direction=FrameDirection.OUTBOUND,
            octets=PACKET,
            original_length=len(PACKET),
            comment="probe 1, check ntp; verdict: ok",
        ),
    )


@pytest.mark.parametrize(
    "capture",
    [
        pytest.param(Capture(max_frames=2), id="too many frames"),
        pytest.param(Capture(max_octets=2 * len(PACKET)), id="too many octets"),
    ],
)
def test_what_exceeds_the_bounds_is_counted_where_it_was_seen(
    capture: Capture, tmp_path: Path
) -> None:
    numbers = [capture.record(HANDED_OVER), capture.record(HANDED_OVER)]
    numbers += [capture.record(tapped(Sighting.TAP_OUT)) for _ in range(3)]
    file = written(capture, tmp_path / "capture.pcapng")
    assert (numbers, capture.left_out, len(file.frames)) == ([1, 2, 0, 0, 0], 3, 2)
    assert [interface.dropped for interface in file.interfaces] == [0, 3]


def test_a_comment_on_a_frame_left_out_is_no_error(tmp_path: Path) -> None:
    capture = Capture(max_frames=0)
    capture.annotate(capture.record(HANDED_OVER), "probe 1")
    assert written(capture, tmp_path / "capture.pcapng").frames == ()


def test_a_run_that_saw_nothing_leaves_a_readable_file(tmp_path: Path) -> None:
    file = written(Capture(), tmp_path / "capture.pcapng")
    interfaces: tuple[CaptureInterface, ...] = ()
    assert (file.interfaces, file.frames) == (interfaces, ())


def test_the_file_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcapng"
    Capture().write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_older_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcapng"
    path.write_bytes(b"older")
    Capture().write(path)
    assert decode_pcapng(path.read_bytes()) is not None
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("missing/capture.pcapng", id="there is no such directory"),
        pytest.param("", id="a directory is in the way"),
    ],
)
def test_a_file_that_cannot_be_written_is_said_and_leaves_nothing(
    tmp_path: Path, name: str
) -> None:
    directory = tmp_path / "run"
    (directory / "kept").mkdir(parents=True)
    with pytest.raises(CannotRunError, match=r"cannot write the capture .*: .*--output"):
        Capture().write(directory / name)
    assert sorted(tmp_path.rglob("*")) == [directory, directory / "kept"]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_wireshark_shows_the_number_the_vantage_and_the_comment(tmp_path: Path) -> None:
    capture = Capture()
    capture.record(HANDED_OVER)
    capture.annotate(capture.record(tapped(Sighting.TAP_IN)), "probe 1, check ntp")
    path = tmp_path / "capture.pcapng"
    capture.write(path)
    fields = ("frame.number", "frame.interface_name", "udp.srcport", "frame.comment")
    options = [option for field in fields for option in ("-e", field)]
    shown = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", "-E", "separator=|", *options],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.splitlines() == [
        "1|ip-stack|20000|",
        "2|eth0 tap|20000|probe 1, check ntp",
    ]
