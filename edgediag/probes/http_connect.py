"""CONNECT to a forward proxy: does it open a way to the host that is meant?

Section numbers are of RFC 9110 where no other RFC is named.
"""

import re
from typing import Final

from edgediag.model.endpoint import ProbeKind
from edgediag.model.probe import Probe
from edgediag.model.reply import ProxyReply, Reply
from edgediag.probes.codec import StreamCodec

# §4.2.2: what a host is asked on where nothing else is said.
_HTTPS_PORT: Final = 443
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[0-9] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")
_BEGINNING: Final = b"HTTP/1."
_MOST_OCTETS: Final = 1024


def build(probe: Probe) -> bytes:
    """A request without credentials, §9.3.6; the name is the host that is meant, with its port.

    raises  ValueError for a name that is not ASCII
    """
    name = probe.name if ":" in probe.name else f"{probe.name}:{_HTTPS_PORT}"
    return f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode("ascii")


def match(probe: Probe, octets: bytes) -> Reply | None:
    """The status of the answer (RFC 9112 §4), or something that is not HTTP."""
    line = _STATUS_LINE.match(octets)
    if line is not None:
        return ProxyReply(status=int(line[1]))
    begins = _BEGINNING.startswith(octets) or octets.startswith(_BEGINNING)
    is_open = begins and b"\n" not in octets and len(octets) < _MOST_OCTETS
    return None if is_open else ProxyReply(status=0)


CODEC = StreamCodec(kind=ProbeKind.HTTP_CONNECT, build=build, match=match)
