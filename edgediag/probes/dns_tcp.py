"""The same DNS query over TCP, as a resolver asks again after a truncated answer (RFC 7766)."""

from typing import Final

from edgediag.model.endpoint import ProbeKind
from edgediag.model.probe import Probe
from edgediag.model.reply import Reply
from edgediag.probes import dns
from edgediag.probes.codec import StreamCodec

# RFC 1035 §4.2.2, RFC 7766 §8: a message follows its length.
_LENGTH_OCTETS: Final = 2

# What a server of names gives a host in one message; a longer one is read for nobody's good, and
# reading it costs what its sender likes.
_MAX_MESSAGE_OCTETS: Final = 4096

# What a connection brings is no single packet; a hop limit is read from those of UDP alone.
_NO_HOP_LIMIT: Final = 0


def build(probe: Probe) -> bytes:
    """The query behind its length, in one piece as RFC 7766 §8 advises.

    raises  ValueError for a name that DNS cannot carry
    """
    message = dns.build(probe).payload
    return len(message).to_bytes(_LENGTH_OCTETS, "big") + message


def match(probe: Probe, octets: bytes) -> Reply | None:
    """The first response to our query among the messages that came whole, up to one too long."""
    at = 0
    while len(octets) >= at + _LENGTH_OCTETS:
        begin = at + _LENGTH_OCTETS
        length = int.from_bytes(octets[at:begin], "big")
        at = begin + length
        if len(octets) < at or length > _MAX_MESSAGE_OCTETS:
            return None
        reply = dns.read_response(probe, octets[begin:at], _NO_HOP_LIMIT)
        if reply is not None:
            return reply
    return None


CODEC = StreamCodec(kind=ProbeKind.DNS_TCP, build=build, match=match)
