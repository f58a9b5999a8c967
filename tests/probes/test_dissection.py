"""What Wireshark makes of every packet that is sent: nothing malformed, checksums right."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, Payload, TcpSegment
from edgediag.model.probe import Probe
from edgediag.probes import PACKET_CODECS, STREAM_CODECS, packet_codec, stream_codec
from edgediag.wire.capture import Capture, CaptureInterface, Frame, FrameDirection, Section
from edgediag.wire.headers import encode
from edgediag.wire.link_type import LinkType
from edgediag.wire.pcapng import encode_pcapng


def payload_of(probe: Probe) -> Payload:
    """The transport payload of a probe; a stream's is put in one segment."""
    stream = stream_codec(probe.kind)
    if stream is not None:
        octets = stream.build(probe)
        return TcpSegment(flags="PA", sequence=1, acknowledgement=1, window=502, payload=octets)
    return packet_codec(probe.kind).build(probe)


def dissect(probe: Probe, file: Path, *fields: str) -> list[str]:
    """The fields that tshark reads from the probe's packet, checksums judged."""
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("needs tshark")
    packet = Packet(flow=probe.flow, hop_limit=64, ip_id=7, payload=payload_of(probe))
    octets = encode(packet)
    capture = Capture(
        section=Section(hardware="", operating_system="", application=""),
        interfaces=(
            CaptureInterface(name="ip", description="", link_type=LinkType.RAW, dropped=0),
        ),
        frames=(
            Frame(
                interface=0,
                seen_ns=0,
                direction=FrameDirection.OUTBOUND,
                octets=octets,
                original_length=len(octets),
                comment="",
            ),
        ),
    )
    file.write_bytes(encode_pcapng(capture))
    command = [tshark, "-r", str(file), "-T", "fields", "-E", "separator=|"]
    for protocol in ("ip", "tcp", "udp"):
        command += ["-o", f"{protocol}.check_checksum:TRUE"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\n").split("|")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        pytest.param(
            ProbeKind.TCP_SYN,
            {
                "tcp.flags": "0x0002",
                "tcp.options.mss_val": "1460",
                "tcp.options.wscale.shift": "7",
                "tcp.seq_raw": str(0x89ABCDEF),
            },
            id="TCP SYN",
        ),
        pytest.param(
            ProbeKind.ICMP_ECHO,
            {"icmp.type": "8", "icmp.ident": "40000", "icmp.checksum.status": "1"},
            id="ICMP echo",
        ),
        pytest.param(
            ProbeKind.DNS,
            {"dns.id": "0x0123", "dns.qry.name": "kube.example.com", "dns.qry.type": "1"},
            id="DNS",
        ),
        pytest.param(
            ProbeKind.DNS_TCP,
            {"dns.length": "34", "dns.id": "0x0123", "dns.qry.name": "kube.example.com"},
            id="DNS over TCP",
        ),
        pytest.param(
            ProbeKind.NTP,
            {"ntp.flags.vn": "4", "ntp.flags.mode": "3", "ntp.stratum": "0"},
            id="NTP",
        ),
        pytest.param(
            ProbeKind.IKE_SA_INIT,
            {
                "isakmp.exchangetype": "34",
                "isakmp.ispi": "0123456789abcdef",
                "isakmp.tf.id.encr": "1200",
                "isakmp.key_exchange.dh_group": "14",
            },
            id="IKE_SA_INIT",
        ),
        pytest.param(
            ProbeKind.TLS_CLIENT_HELLO,
            {
                "tls.handshake.type": "1",
                "tls.handshake.extensions_server_name": "kube.example.com",
                "tls.handshake.extensions_key_share_group": "29",
            },
            id="TLS ClientHello",
        ),
        pytest.param(
            ProbeKind.HTTP_CONNECT,
            {
                "http.request.method": "CONNECT",
                "http.request.uri": "kube.example.com:443",
                "http.host": "kube.example.com:443",
            },
            id="CONNECT",
        ),
    ],
)
def test_wireshark_reads_what_was_meant(
    make_probe: Callable[..., Probe], tmp_path: Path, kind: ProbeKind, fields: dict[str, str]
) -> None:
    probe = make_probe(kind, name="kube.example.com")
    found = dissect(probe, tmp_path / "probe.pcapng", *fields)
    assert dict(zip(fields, found, strict=True)) == fields


SPOKEN = [codec.kind for codec in PACKET_CODECS] + [
    codec.kind for codec in STREAM_CODECS if codec.kind is not ProbeKind.TCP_CONNECT
]


@pytest.mark.parametrize("kind", SPOKEN, ids=lambda kind: str(kind.value))
def test_wireshark_finds_nothing_to_complain_of(
    make_probe: Callable[..., Probe], tmp_path: Path, kind: ProbeKind
) -> None:
    probe = make_probe(kind, name="kube.example.com")
    fields = ("_ws.malformed", "ip.checksum.status", "tcp.checksum.status", "udp.checksum.status")
    malformed, *statuses = dissect(probe, tmp_path / "probe.pcapng", *fields)
    # 1 is "good"; the transport that a packet does not have says nothing.
    assert (malformed, set(statuses) - {""}) == ("", {"1"})
