"""The services as the edge node meets them."""

import os
import signal
import socket
import ssl
import struct

import pytest

from edgediag.errors import CannotRunError
from edgediag.lab import namespace, state
from edgediag.lab.network import Lab
from edgediag.lab.services import control
from edgediag.lab.services.catalog import SERVICES, Kind
from edgediag.lab.topology import HOSTS

pytestmark = pytest.mark.netns

WAIT_S = 0.4
QUESTION = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\x04ntp1\x06aliyun\x03com\x00\x00\x01\x00\x01"
NTP_REQUEST = b"\x23" + bytes(39) + b"nonce123"
IKE_REQUEST = bytes(4) + b"initiate" + bytes(8) + b"\x21\x20\x22\x08" + bytes(7) + b"\x1c"
STREAMS = [
    (service.addresses[0], port, service.kind is Kind.TLS)
    for service in SERVICES["cloud"]
    for port in service.ports
    if service.kind in (Kind.TLS, Kind.HTTP)
]


def datagram(lab: Lab, host: str, port: int, octets: bytes) -> tuple[bytes, str]:
    """The answer, and the address it came from."""
    with namespace.entered(f"{lab.prefix}-edge"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.settimeout(WAIT_S)
        # Not connected, or an answer from a wrong source would look like silence.
        sock.sendto(octets, (HOSTS[host], port))
        answer, (sender, _) = sock.recvfrom(2048)
    return answer, sender


def connected(lab: Lab, address: str, port: int) -> socket.socket:
    with namespace.entered(f"{lab.prefix}-edge"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(WAIT_S)
    sock.connect((address, port))
    return sock


def put(lab: Lab, service: str, mode: str) -> None:
    control.ask(state.control_socket(lab.prefix, "cloud"), {service: mode})


def test_the_resolver_answers_by_udp_from_its_own_address(lab: Lab) -> None:
    answer, sender = datagram(lab, "resolver", 53, QUESTION)
    assert (answer[-4:], sender) == (socket.inet_aton(HOSTS["ntp-aliyun"]), HOSTS["resolver"])


def test_the_resolver_answers_by_tcp(lab: Lab) -> None:
    with connected(lab, HOSTS["resolver"], 53) as sock:
        sock.sendall(struct.pack("!H", len(QUESTION)) + QUESTION)
        answer = sock.recv(2048)
    assert answer[-4:] == socket.inet_aton(HOSTS["ntp-aliyun"])


@pytest.mark.parametrize("host", ["ntp-aliyun", "ntp-cn-pool"])
def test_a_time_server_answers_from_its_own_address(lab: Lab, host: str) -> None:
    answer, sender = datagram(lab, host, 123, NTP_REQUEST)
    assert (answer[24:32], sender) == (b"nonce123", HOSTS[host])


def test_the_ike_gateway_answers_from_its_own_address(lab: Lab) -> None:
    answer, sender = datagram(lab, "raven-tunnel", 4500, IKE_REQUEST)
    assert (answer[4:12], answer[-2:], sender) == (b"initiate", b"\0\x0e", HOSTS["raven-tunnel"])


@pytest.mark.parametrize(("address", "port", "is_tls"), STREAMS)
def test_a_web_service_answers(lab: Lab, address: str, port: int, is_tls: bool) -> None:
    trust = ssl.create_default_context(cafile=str(state.certificate().authority))
    with connected(lab, address, port) as plain:
        sock = trust.wrap_socket(plain, server_hostname=address) if is_tls else plain
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert sock.recv(64).startswith(b"HTTP/1.1 200 OK")
        sock.close()


def test_what_not_every_node_has_is_down_at_first_and_all_else_normal(lab: Lab) -> None:
    modes = control.ask(state.control_socket(lab.prefix, "edge"), {})
    is_down = {name for name, mode in modes.items() if mode != "normal"}
    assert is_down == {"hub", "stub-resolver"}


def test_a_router_s_own_services_are_down_at_first(lab: Lab) -> None:
    modes = control.ask(state.control_socket(lab.prefix, "isp1"), {})
    assert set(modes.values()) == {"down"}


@pytest.mark.parametrize(
    ("service", "mode", "port"),
    [("resolver", "silent", 53), ("ntp-aliyun", "silent", 123), ("raven-tunnel", "silent", 4500)],
)
def test_a_silent_service_says_nothing_until_it_is_normal_again(
    lab: Lab, service: str, mode: str, port: int
) -> None:
    request = {53: QUESTION, 123: NTP_REQUEST, 4500: IKE_REQUEST}[port]
    put(lab, service, mode)
    with pytest.raises(TimeoutError):
        datagram(lab, service, port, request)
    put(lab, service, "normal")
    assert datagram(lab, service, port, request)


def test_a_closing_service_accepts_and_closes(lab: Lab) -> None:
    put(lab, "raven-proxy", "close")
    with connected(lab, HOSTS["raven-proxy"], 10280) as sock:
        first = sock.recv(1)
    put(lab, "raven-proxy", "normal")
    assert first == b""


def test_a_closing_service_ends_in_good_order_however_early_the_client_speaks(lab: Lab) -> None:
    put(lab, "raven-proxy", "close")
    (server,) = state.load(lab.prefix).processes
    os.kill(server.pid, signal.SIGSTOP)
    try:
        # The kernel alone completes the connection and takes the octets.
        sock = connected(lab, HOSTS["raven-proxy"], 10281)
        sock.sendall(b"\x16\x03\x01")
    finally:
        os.kill(server.pid, signal.SIGCONT)
    with sock:
        first = sock.recv(1)
    put(lab, "raven-proxy", "normal")
    assert first == b""


def test_a_resetting_service_accepts_and_resets_once_it_is_spoken_to(lab: Lab) -> None:
    put(lab, "raven-proxy", "reset")
    with connected(lab, HOSTS["raven-proxy"], 10282) as sock:
        sock.sendall(b"\x16\x03\x01")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    put(lab, "raven-proxy", "normal")


def test_a_plain_service_speaks_http_to_a_client_of_tls(lab: Lab) -> None:
    put(lab, "api-server", "plain")
    with connected(lab, HOSTS["api-server"], 6443) as sock:
        sock.sendall(b"\x16\x03\x01")
        said = sock.recv(64)
    put(lab, "api-server", "normal")
    assert said.startswith(b"HTTP/1.1 400 ")


def test_a_mute_service_accepts_and_says_nothing(lab: Lab) -> None:
    put(lab, "raven-proxy", "mute")
    with connected(lab, HOSTS["raven-proxy"], 10284) as sock:
        sock.sendall(b"\x16\x03\x01")
        with pytest.raises(TimeoutError):
            sock.recv(1)
    put(lab, "raven-proxy", "normal")


def test_a_service_that_is_down_refuses(lab: Lab) -> None:
    put(lab, "api-server", "down")
    with pytest.raises(ConnectionRefusedError):
        connected(lab, HOSTS["api-server"], 6443)
    put(lab, "api-server", "normal")
    connected(lab, HOSTS["api-server"], 6443).close()


def test_a_connection_reset_by_the_client_harms_nobody(lab: Lab) -> None:
    for _ in range(20):
        sock = connected(lab, HOSTS["api-server"], 6443)
        # Closing with linger 0 sends a reset.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    connected(lab, HOSTS["api-server"], 6443).close()


def test_services_that_are_gone_cannot_be_asked(lab: Lab) -> None:
    with pytest.raises(CannotRunError, match="^cannot reach the lab's services at "):
        control.ask(state.folder(lab.prefix) / "nobody.sock", {})
