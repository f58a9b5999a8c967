"""TLS ClientHello, and what the server says to it to the end: its whole flight comes, or does not.

How much that is, only the far end's sequence numbers tell: of TLS 1.3 all but the ServerHello is
encrypted (RFC 8446 §2).
"""

from edgediag.model.endpoint import ProbeKind
from edgediag.probes.codec import StreamCodec
from edgediag.probes.tls_client_hello import build, match

CODEC = StreamCodec(kind=ProbeKind.TLS_FLIGHT, build=build, match=match)
