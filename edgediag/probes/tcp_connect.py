"""TCP through the kernel's own connect(): what an application would see."""

from edgediag.model.endpoint import ProbeKind
from edgediag.model.probe import Probe
from edgediag.model.reply import Connected, Reply
from edgediag.probes.codec import StreamCodec


def build(probe: Probe) -> bytes:
    """Nothing: the connection is the question."""
    return b""


def match(probe: Probe, octets: bytes) -> Reply | None:
    """Connected, whatever the server says first, and also if it says nothing."""
    return Connected(hop_limit=None)


CODEC = StreamCodec(kind=ProbeKind.TCP_CONNECT, build=build, match=match)
