"""One module for each protocol that edgediag speaks, and the tuples that list them."""

from edgediag.model.endpoint import ProbeKind
from edgediag.probes import (
    dns,
    dns_aaaa,
    dns_tcp,
    esp_in_udp,
    http_connect,
    icmp_echo,
    ike_auth,
    ike_sa_init,
    ntp,
    tcp_connect,
    tcp_syn,
    tls_client_hello,
    tls_flight,
    vxlan,
)
from edgediag.probes.codec import PacketCodec, StreamCodec

PACKET_CODECS: tuple[PacketCodec, ...] = (
    tcp_syn.CODEC,
    icmp_echo.CODEC,
    dns.CODEC,
    dns_aaaa.CODEC,
    ntp.CODEC,
    ike_sa_init.CODEC,
    ike_auth.CODEC,
    esp_in_udp.CODEC,
    vxlan.CODEC,
)

STREAM_CODECS: tuple[StreamCodec, ...] = (
    tcp_connect.CODEC,
    tls_client_hello.CODEC,
    tls_flight.CODEC,
    http_connect.CODEC,
    dns_tcp.CODEC,
)


def packet_codec(kind: ProbeKind) -> PacketCodec:
    """The codec of a kind that is one packet out and one packet in.

    raises  KeyError for a kind that speaks over a stream
    """
    return {codec.kind: codec for codec in PACKET_CODECS}[kind]


def stream_codec(kind: ProbeKind) -> StreamCodec | None:
    """The codec of a kind that speaks over a stream, None for the other kinds."""
    return {codec.kind: codec for codec in STREAM_CODECS}.get(kind)
