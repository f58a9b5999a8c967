"""DNS query for the addresses of IPv6 that a name has (RFC 3596): `dns`, with another type."""

from edgediag.model.endpoint import ProbeKind
from edgediag.probes.codec import PacketCodec
from edgediag.probes.dns import build, match

CODEC = PacketCodec(kind=ProbeKind.DNS_AAAA, build=build, match=match)
