"""TLS ClientHello: exact octets, and what a server says to them, real servers too."""

import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.probe import Probe
from edgediag.model.reply import TlsAnswer, TlsReply
from edgediag.probes.tls_client_hello import build, match
from edgediag.probes.token import derived_octets

NAME = "kube.example.com"

# RFC 8446 §5.1: handshake, version 1.0, 238 octets. §4: ClientHello, 234 octets.
# §4.1.2: version 1.2, 32 random octets, a session id of 32; 15 cipher suites; no compression;
# 131 octets of extensions.
# RFC 6066 §3: server_name, 21 octets, a list of 19: a host name of 16.
# RFC 7627 §5.1; RFC 5746 §3.4: nothing yet. §4.2.7: x25519, secp256r1, secp384r1.
# RFC 8422 §5.1.2: uncompressed. §4.2.3: eight signatures. §4.2.1: 1.3 and 1.2.
# §4.2.9: with Diffie-Hellman. §4.2.8: x25519, 32 octets.
EXACT = """
    16 0301 00ee
    01 0000ea
        0303 RANDOM
        20 SESSION
        001e 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035
        01 00
        0083
            0000 0015 0013 00 0010 NAME
            0017 0000
            ff01 0001 00
            000a 0008 0006 001d 0017 0018
            000b 0002 01 00
            000d 0012 0010 0403 0804 0401 0503 0805 0501 0806 0601
            002b 0005 04 0304 0303
            002d 0002 01 01
            0033 0026 0024 001d 0020 SHARE
"""


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """A ClientHello for kube.example.com."""
    return make_probe(ProbeKind.TLS_CLIENT_HELLO, name=NAME)


def test_builds_exact_octets(probe: Probe) -> None:
    exact = EXACT.replace("NAME", NAME.encode().hex())
    for word, label in (("RANDOM", "random"), ("SESSION", "session"), ("SHARE", "x25519")):
        derived = derived_octets(probe.token, label=f"tls-{label}", count=32)
        exact = exact.replace(word, derived.hex())
    assert build(probe).hex() == bytes.fromhex(exact).hex()


@pytest.mark.parametrize(
    ("name", "is_sent"),
    [
        pytest.param("kube.example.com", True, id="a host name"),
        pytest.param("kube.example.com.", True, id="a host name, its final dot left out"),
        pytest.param("198.51.100.21", False, id="an IPv4 address"),
        pytest.param("2001:db8::21", False, id="an IPv6 address"),
        pytest.param("", False, id="no name"),
    ],
)
def test_only_a_host_name_is_sent(
    make_probe: Callable[..., Probe], name: str, is_sent: bool
) -> None:
    hello = build(make_probe(ProbeKind.TLS_CLIENT_HELLO, name=name))
    expected = bytes.fromhex("0000 0015 0013 00 0010") + b"kube.example.com\x00\x17"
    assert (expected in hello, len(hello)) == (is_sent, 243 if is_sent else 218)


def test_refuses_a_name_that_is_not_ascii(make_probe: Callable[..., Probe]) -> None:
    with pytest.raises(ValueError):
        build(make_probe(ProbeKind.TLS_CLIENT_HELLO, name="bücher.example"))


def reply(answer: TlsAnswer, alert: int = 0) -> TlsReply:
    """What is made of the octets."""
    return TlsReply(answer=answer, alert=alert, hop_limit=None)


SERVER_HELLO = reply(TlsAnswer.SERVER_HELLO)
NOT_TLS = reply(TlsAnswer.NOT_TLS)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param("16 0303 007a 02", SERVER_HELLO, id="a ServerHello begins"),
        pytest.param("16 0303 007a 02 000076 0303", SERVER_HELLO, id="a ServerHello"),
        pytest.param("15 0303 0002 02 28", reply(TlsAnswer.ALERT, 40), id="handshake failure"),
        pytest.param("15 0301 0002 02 46", reply(TlsAnswer.ALERT, 70), id="an old server's alert"),
        pytest.param("15 0303 0002 01 00", reply(TlsAnswer.ALERT, 0), id="close notify"),
        pytest.param("", None, id="empty"),
        pytest.param("16", None, id="one octet"),
        pytest.param("16 0303 007a", None, id="the record header alone"),
        pytest.param("15 0303 0002 02", None, id="an alert, one octet short"),
        pytest.param("16 0301 00ee 01", NOT_TLS, id="a ClientHello"),
        pytest.param("16 0303 0000", NOT_TLS, id="an empty handshake record"),
        pytest.param("16 0303 4101", NOT_TLS, id="a record that is too long"),
        pytest.param("16 0203", NOT_TLS, id="no version of TLS"),
        pytest.param("17 0303 0010", NOT_TLS, id="data before a handshake"),
        pytest.param("00000000", NOT_TLS, id="zeros"),
        pytest.param(b"HTTP/1.1 400 Bad Request".hex(), NOT_TLS, id="an HTTP server"),
        pytest.param(b"SSH-2.0-OpenSSH".hex(), NOT_TLS, id="an SSH server"),
    ],
)
def test_reads_an_answer(probe: Probe, octets: str, expected: TlsReply | None) -> None:
    assert match(probe, bytes.fromhex(octets)) == expected


def test_our_hello_sent_back_is_not_tls(probe: Probe) -> None:
    assert match(probe, build(probe)) == NOT_TLS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=20), head=st.sampled_from([b"", b"\x16\x03", b"\x15\x03\x03"]))
def test_any_octets_are_a_reply_or_none_never_an_exception(
    probe: Probe, octets: bytes, head: bytes
) -> None:
    assert isinstance(match(probe, head + octets), TlsReply | None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=20), head=st.sampled_from([b"", b"\x16\x03", b"\x15\x03\x03"]))
def test_once_said_it_stays_said_whatever_follows(probe: Probe, octets: bytes, head: bytes) -> None:
    whole = head + octets
    said = [match(probe, whole[:length]) for length in range(len(whole) + 1)]
    final = [one for one in said if one is not None]
    assert final in ([], [final[0]] * len(final) if final else [])


@pytest.fixture(scope="session", params=["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256"])
def certificate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate with its key, made for the test."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    command = f"{openssl} req -x509 -nodes -newkey {request.param} -subj /CN={NAME} -days 1"
    files = ["-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


def answer_of(context: ssl.SSLContext, hello: bytes) -> bytes:
    """The octets with which an OpenSSL server answers a ClientHello, without a network."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(hello)
    try:
        server.do_handshake()
    except ssl.SSLError:
        pass
    return outgoing.read()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_draws_a_server_hello_from_openssl(
    probe: Probe, certificate: Path, version: ssl.TLSVersion
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.minimum_version = context.maximum_version = version
    assert match(probe, answer_of(context, build(probe))) == SERVER_HELLO


def test_the_server_is_told_the_name(probe: Probe, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    names: list[str | None] = []
    context.sni_callback = lambda server, name, own: names.append(name)
    answer_of(context, build(probe))
    assert names == [NAME]


def test_draws_an_alert_where_nothing_is_shared(probe: Probe, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DHE-RSA-AES256-SHA256")
    # RFC 8446 §6.2: 40 is "handshake failure".
    assert match(probe, answer_of(context, build(probe))) == reply(TlsAnswer.ALERT, 40)
