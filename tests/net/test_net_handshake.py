"""Handshakes with servers of this process, of which each shows another certificate."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from edgediag.lab.certificates import Certificate
from edgediag.lab.services.catalog import Mode
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import (
    Above,
    Anchors,
    Audience,
    Chain,
    Challenge,
    Http2,
    Presented,
    RegistryAnswer,
    Server,
)
from edgediag.net.clock import Clock
from edgediag.net.handshake import DEADLINE_S, NOT_ASKED, Handshakes
from edgediag.net.trust import NO_ANCHORS
from net.tls_server import accepting, listening, tls_context
from story import registry_says

# A network namespace without devices has no loopback to speak over.
pytestmark = pytest.mark.netns

UNKNOWN = NotChecked(reason="not read")
NO_AUTHORITY = Anchors(stated=UNKNOWN, cluster=UNKNOWN, public=UNKNOWN)


@contextmanager
def serving(chain: Path, key: Path) -> Iterator[int]:
    """A TLS server that a registry's first question is put to; the port where it listens."""
    context = tls_context(chain, key)

    def talk(connection: socket.socket) -> None:
        # Who does not trust the certificate ends the handshake.
        with context.wrap_socket(connection, True) as tls:
            if tls.recv(4096).startswith(b"GET /v2/ HTTP/1.1\r\nHost: registry.example\r\n"):
                tls.send(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenti")
                tls.send(b'cate: Bearer realm="https://tokens.example/auth"\r\n\r\n')

    with accepting(talk, timeout_s=2 * DEADLINE_S) as port:
        yield port


def server(port: int, audience: Audience = Audience.PUBLIC) -> Server:
    return Server(
        address=ip_address("127.0.0.1"),
        port=port,
        name="registry.example",
        audience=audience,
        above=Above.NOTHING,
    )


def shown(asked: Server, anchors: Anchors) -> Presented | NotChecked:
    return Handshakes(anchors, Clock()).of([asked])[asked]


def stated(files: Certificate) -> Anchors:
    return Anchors(stated=files.authority.read_text(), cluster=UNKNOWN, public=UNKNOWN)


@pytest.mark.parametrize(
    ("mode", "chain"),
    [
        (None, Chain.TRUSTED),
        (Mode.EXPIRED, Chain.TRUSTED),
        (Mode.NOT_YET_VALID, Chain.TRUSTED),
        (Mode.OTHER_NAME, Chain.TRUSTED),
        (Mode.UNKNOWN_ISSUER, Chain.UNKNOWN_ISSUER),
    ],
)
def test_the_chain_is_judged_whatever_dates_and_names_are(
    files: Certificate, mode: Mode | None, chain: Chain
) -> None:
    path = files.chain if mode is None else files.faulty[mode]
    with serving(path, files.key) as port:
        found = shown(server(port), stated(files))
    assert isinstance(found, Presented)
    assert found.chain is chain
    assert (mode is Mode.OTHER_NAME) == (found.certificate.names == ("other.example",))
    is_strange = found.certificate.issuer == "CN=edgediag lab stranger"
    assert is_strange == (mode is Mode.UNKNOWN_ISSUER)
    is_valid = found.certificate.not_before_s < found.seen_s < found.certificate.not_after_s
    assert is_valid == (mode not in (Mode.EXPIRED, Mode.NOT_YET_VALID))


@pytest.mark.parametrize(
    ("audience", "chain"),
    [
        (Audience.CLUSTER, Chain.UNKNOWN_ISSUER),
        (Audience.GATEWAY, Chain.UNKNOWN_ISSUER),
        (Audience.PUBLIC, Chain.NOT_CHECKED),
        (Audience.OTHER, Chain.NOT_CHECKED),
    ],
)
def test_an_issuer_is_unknown_only_to_whom_all_authorities_of_the_server_are_known(
    files: Certificate, audience: Audience, chain: Chain
) -> None:
    anchors = Anchors(stated=UNKNOWN, cluster=files.authority.read_text(), public=UNKNOWN)
    with serving(files.faulty[Mode.UNKNOWN_ISSUER], files.key) as port:
        found = shown(server(port, audience), anchors)
    assert isinstance(found, Presented)
    assert found.chain is chain


@pytest.mark.parametrize("pem", [UNKNOWN, "no certificate", "-----BEGIN CERTIFICATE-----\n"])
def test_without_an_authority_the_certificate_is_read_all_the_same(
    files: Certificate, pem: str | NotChecked
) -> None:
    with serving(files.chain, files.key) as port:
        found = shown(server(port), Anchors(stated=pem, cluster=UNKNOWN, public=UNKNOWN))
    assert isinstance(found, Presented)
    assert (found.chain, found.reason) == (Chain.NOT_CHECKED, NO_ANCHORS)


def test_who_refuses_or_speaks_no_tls_shows_nothing() -> None:
    with listening() as listener:
        port = listener.getsockname()[1]
    assert isinstance(shown(server(port), NO_AUTHORITY), NotChecked)


def test_all_are_asked_at_once_and_the_silent_cost_one_deadline(files: Certificate) -> None:
    with serving(files.chain, files.key) as port, listening() as one, listening() as other:
        silent = [server(mute.getsockname()[1]) for mute in (one, other)]
        asked = [*silent, server(port)]
        started_s = time.monotonic()
        found = Handshakes(stated(files), Clock()).of(asked)
        taken_s = time.monotonic() - started_s
    assert [isinstance(found[each], Presented) for each in asked] == [False, False, True]
    assert DEADLINE_S <= taken_s < 2 * DEADLINE_S


@pytest.mark.parametrize(
    ("mode", "above", "answer"),
    [
        pytest.param(
            None,
            Above.REGISTRY,
            replace(
                registry_says(401, "tokens.example"),
                challenge=Challenge(path="/auth", service=""),
            ),
            id="a registry that is trusted",
        ),
        pytest.param(None, Above.NOTHING, NOT_ASKED, id="another server"),
        pytest.param(
            Mode.UNKNOWN_ISSUER, Above.REGISTRY, NOT_ASKED, id="a registry that is not trusted"
        ),
    ],
)
def test_a_registry_that_is_trusted_is_asked_whether_it_serves(
    files: Certificate, mode: Mode | None, above: Above, answer: RegistryAnswer | NotChecked
) -> None:
    path = files.chain if mode is None else files.faulty[mode]
    with serving(path, files.key) as port:
        found = shown(replace(server(port), above=above), stated(files))
    assert isinstance(found, Presented)
    assert found.registry == answer


NO_PROTOCOL = b"\x15\x03\x03\0\x02\x02\x78"
"""The alert no_application_protocol (RFC 7301 §3.2, RFC 8446 §6.2)."""


@contextmanager
def speaking(files: Certificate, said: bytes, *, chooses: bool, refuses: bool) -> Iterator[int]:
    """A TLS server that begins so; its port.

    chooses  HTTP/2 where it is offered
    refuses  a handshake in which anything is offered, before a word of TLS
    """
    context = tls_context(files.chain, files.key)
    if chooses:
        context.set_alpn_protocols(["h2"])

    def talk(connection: socket.socket) -> None:
        if refuses and b"\x02h2" in connection.recv(4096, socket.MSG_PEEK):
            connection.recv(4096)
            connection.sendall(NO_PROTOCOL)
            return
        with context.wrap_socket(connection, True) as tls:
            tls.sendall(said)

    with accepting(talk, timeout_s=2 * DEADLINE_S) as port:
        yield port


@pytest.mark.parametrize(
    ("said", "chooses", "refuses", "made"),
    [
        pytest.param(bytes(3) + b"\x04" + bytes(5), True, False, Http2.SPOKEN, id="its settings"),
        pytest.param(b"", True, False, Http2.CHOSEN, id="the end"),
        pytest.param(b"HTTP/1.1 400 x", True, False, Http2.STRANGE, id="HTTP/1.1"),
        pytest.param(b"", False, False, Http2.UNCHOSEN, id="no protocol"),
        pytest.param(b"", False, True, Http2.REFUSED, id="an alert for the offer"),
    ],
)
def test_a_server_that_is_offered_http2_begins_with_it(
    files: Certificate, said: bytes, chooses: bool, refuses: bool, made: Http2
) -> None:
    with speaking(files, said, chooses=chooses, refuses=refuses) as port:
        found = shown(replace(server(port), above=Above.HTTP2), stated(files))
    assert isinstance(found, Presented)
    assert (found.chain, found.http2) == (Chain.TRUSTED, made)


def test_what_refuses_the_offer_and_is_not_trusted_is_read_all_the_same(
    files: Certificate,
) -> None:
    strange = replace(files, chain=files.faulty[Mode.UNKNOWN_ISSUER])
    with speaking(strange, b"", chooses=False, refuses=True) as port:
        found = shown(replace(server(port), above=Above.HTTP2), stated(files))
    assert isinstance(found, Presented)
    assert (found.chain, found.http2) == (Chain.UNKNOWN_ISSUER, Http2.REFUSED)


def test_a_server_that_wants_its_clients_certificate_is_heard_out(files: Certificate) -> None:
    context = tls_context(files.chain, files.key)
    context.load_verify_locations(files.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])

    def talk(connection: socket.socket) -> None:
        context.wrap_socket(connection, True).close()

    with accepting(talk, timeout_s=2 * DEADLINE_S) as port:
        found = shown(replace(server(port), above=Above.HTTP2), stated(files))
    assert isinstance(found, Presented)
    assert (found.chain, found.http2) == (Chain.TRUSTED, Http2.CHOSEN)


def test_nothing_is_left_of_a_handshake(files: Certificate) -> None:
    with serving(files.chain, files.key) as port:
        shown(server(port), stated(files))
        with open("/proc/net/tcp") as table:
            ports = [line.split()[2] for line in table.readlines()[1:]]
    assert not [remote for remote in ports if remote.endswith(f":{port:04X}")]
