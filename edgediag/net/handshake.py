"""TLS handshakes by the standard library, all at once, each within one deadline.

Only who ends a handshake can read a certificate of TLS 1.3 (RFC 8446 §4.4.2). Above it a registry
that is trusted is asked what its clients ask first, and nobody else anything. Whose clients speak
HTTP/2 is offered that alone, and heard: a server of it begins unasked. Every connection is reset
when it is done.
"""

import errno
import os
import selectors
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from edgediag.model.answer import NotChecked
from edgediag.model.certificate import (
    Above,
    Anchors,
    Chain,
    Http2,
    Presented,
    Server,
)
from edgediag.model.pull import NOT_PULLED
from edgediag.net.clock import Clock
from edgediag.net.closing import reset_on_close
from edgediag.net.families import FAMILIES
from edgediag.net.trust import chain_of, open_context, trust
from edgediag.wire.http2 import HEADER_OCTETS, begins_with_settings
from edgediag.wire.http_head import MAX_HEAD_OCTETS, decode_registry_answer, is_whole
from edgediag.wire.x509 import decode_certificate

DEADLINE_S: Final = 1.0

NOT_ASKED = NotChecked(reason="nothing was asked above TLS")
NOT_OFFERED = NotChecked(reason="HTTP/2 was not offered")

# RFC 9113 §3.2.
_H2: Final = "h2"
# RFC 7301 §3.2, as OpenSSL words the alert; before Python 3.13 it has no name there.
_NO_PROTOCOL: Final = "alert no application protocol"

_NO_TIME = NotChecked(reason=f"its handshake was not over within {DEADLINE_S:g} s")
_NO_CERTIFICATE = NotChecked(reason="it shows no certificate that can be read")
_NO_ANSWER = NotChecked(reason=f"no answer of HTTP came within {DEADLINE_S:g} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A certificate in DER, and what came above it, None where nothing was waited for."""

    der: bytes
    came: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unoffered:
    """The other end refuses the handshake for the protocol that was offered."""


_Ended: TypeAlias = _Shown | ssl.SSLCertVerificationError | _Unoffered | NotChecked
"""What was shown, or why nothing was: refused by this end, or for another reason."""


@dataclass(slots=True)
class _Attempt:
    """One connection; `tls` is set once it stands, `shown` once its handshake has ended."""

    server: Server
    raw: socket.socket
    context: ssl.SSLContext
    tls: ssl.SSLSocket | None = None
    shown: _Shown | None = None

    def advance(self) -> _Ended | int:
        """What it came to, or the events of `selectors` to wait for."""
        try:
            return self._step()
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        except ssl.SSLCertVerificationError as exc:
            return exc
        except (OSError, ValueError) as exc:
            if isinstance(exc, ssl.SSLError) and _NO_PROTOCOL in str(exc):
                return _Unoffered()
            why = exc.reason if isinstance(exc, ssl.SSLError) else exc
            return self.shown or NotChecked(reason=f"its handshake failed: {why or 'no TLS'}")

    def close(self) -> None:
        """The connection is reset."""
        (self.tls or self.raw).close()

    def _step(self) -> _Ended:
        self.tls = self.tls or _secured(self)
        if self.shown is None:
            self.tls.do_handshake()
            der = self.tls.getpeercert(binary_form=True)
            if not der:
                return _NO_CERTIFICATE
            self.shown = self._begun(self.tls, der)
        while self.shown.came is not None and not _is_enough(self.server, self.shown.came):
            octets = self.tls.recv(MAX_HEAD_OCTETS)
            if not octets:
                break
            self.shown = replace(self.shown, came=self.shown.came + octets)
        return self.shown

    def _begun(self, tls: ssl.SSLSocket, der: bytes) -> _Shown:
        """The certificate, with what is asked above it put, or waited for."""
        match self.server.above:
            case Above.REGISTRY if self.context.verify_mode is ssl.CERT_REQUIRED:
                tls.send(_request(self.server.name))
                return _Shown(der=der, came=b"")
            case Above.HTTP2 if tls.selected_alpn_protocol() == _H2:
                return _Shown(der=der, came=b"")
            case _:
                return _Shown(der=der, came=None)


class Handshakes:
    """Who shows which certificate, in the network namespace of the caller."""

    def __init__(self, anchors: Anchors, clock: Clock) -> None:
        self._anchors = anchors
        self._clock = clock

    def of(self, servers: Sequence[Server]) -> Mapping[Server, Presented | NotChecked]:
        """What each server shows, however many they are.

        At most DEADLINE_S passes, and as much again for those that refuse an offer, and for those
        whose certificates this end refuses.
        """
        trusting, offering = open_context(), open_context()
        judged = trust(trusting, self._anchors) & trust(offering, self._anchors)
        offering.set_alpn_protocols([_H2])
        first = _run(
            (server, offering if server.above is Above.HTTP2 else trusting) for server in servers
        )
        unoffered = [server for server, end in first.items() if isinstance(end, _Unoffered)]
        ended = {**first, **_run((server, trusting) for server in unoffered)}
        refused = [
            server
            for server, end in ended.items()
            if isinstance(end, ssl.SSLCertVerificationError)
        ]
        # Who is refused is asked once more, to read what was refused.
        read = _run((server, open_context()) for server in refused)
        found = {
            server: self._presented(
                read.get(server, end), _verified(end, server.audience in judged)
            )
            for server, end in ended.items()
        }
        return {server: _with_above(server, one, first[server]) for server, one in found.items()}

    def _presented(self, read: _Ended, verified: tuple[Chain, str]) -> Presented | NotChecked:
        if isinstance(read, NotChecked):
            return read
        certificate = decode_certificate(read.der) if isinstance(read, _Shown) else None
        if certificate is None:
            return _NO_CERTIFICATE
        chain, reason = verified
        return Presented(
            certificate=certificate,
            chain=chain,
            reason=reason,
            seen_s=self._clock.now_s(),
            alike=(),
            vouching=(),
            registry=NOT_ASKED,
            pulled=NOT_PULLED,
            http2=NOT_OFFERED,
        )


def _with_above(
    server: Server, shown: Presented | NotChecked, end: _Ended
) -> Presented | NotChecked:
    """A certificate with what came above it.

    end  of the first handshake, in which alone anything was asked
    """
    if isinstance(shown, NotChecked):
        return shown
    match server.above:
        case Above.REGISTRY if isinstance(end, _Shown) and end.came is not None:
            return replace(shown, registry=decode_registry_answer(end.came) or _NO_ANSWER)
        case Above.HTTP2:
            return replace(shown, http2=_http2(end))
        case _:
            return shown


def _http2(end: _Ended) -> Http2 | NotChecked:
    match end:
        case _Unoffered():
            return Http2.REFUSED
        case _Shown(came=None):
            return Http2.UNCHOSEN
        case _Shown(came=came):
            begins = begins_with_settings(came or b"")
            return _BEGINNINGS[begins]
        case _:
            return NOT_OFFERED


_BEGINNINGS: Final = {True: Http2.SPOKEN, False: Http2.STRANGE, None: Http2.CHOSEN}


def _is_enough(server: Server, came: bytes) -> bool:
    return len(came) >= HEADER_OCTETS if server.above is Above.HTTP2 else is_whole(came)


def _verified(end: _Ended, is_judged: bool) -> tuple[Chain, str]:
    return chain_of(end if isinstance(end, ssl.SSLCertVerificationError) else None, is_judged)


def _run(asked: Iterable[tuple[Server, ssl.SSLContext]]) -> dict[Server, _Ended]:
    """What each handshake came to, all begun at once; at most DEADLINE_S passes."""
    ended: dict[Server, _Ended] = {}
    deadline_s = time.monotonic() + DEADLINE_S
    with ExitStack() as undo:
        selector = undo.enter_context(selectors.DefaultSelector())
        for server, context in asked:
            attempt = _connecting(server, context)
            if isinstance(attempt, NotChecked):
                ended[server] = attempt
                continue
            undo.callback(attempt.close)
            ended[server] = _NO_TIME
            selector.register(attempt.raw.fileno(), selectors.EVENT_WRITE, attempt)
        while selector.get_map() and (left_s := deadline_s - time.monotonic()) > 0:
            for key, _ in selector.select(left_s):
                _advance(selector, key, ended)
    return ended


def _advance(
    selector: selectors.BaseSelector, key: selectors.SelectorKey, ended: dict[Server, _Ended]
) -> None:
    attempt: _Attempt = key.data
    outcome = attempt.advance()
    if isinstance(outcome, int):
        selector.modify(key.fd, outcome, attempt)
        ended[attempt.server] = attempt.shown or _NO_TIME
        return
    # The number is all that is left of a socket that was wrapped.
    selector.unregister(key.fd)
    ended[attempt.server] = outcome


def _request(name: str) -> bytes:
    """What every client of a registry asks first.

    source  OCI Distribution Specification 1.1 "Determining Support"; RFC 9112 §3
    """
    host = name.encode("ascii", errors="replace")
    return b"GET /v2/ HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"


def _connecting(server: Server, context: ssl.SSLContext) -> _Attempt | NotChecked:
    try:
        family = FAMILIES[server.address.version]
        raw = socket.socket(family.address_family, socket.SOCK_STREAM)
    except OSError as exc:
        return NotChecked(reason=f"no socket for its handshake: {exc.strerror}")
    raw.setblocking(False)
    reset_on_close(raw)
    error = raw.connect_ex((str(server.address), server.port))
    if error in (0, errno.EINPROGRESS):
        return _Attempt(server, raw, context)
    raw.close()
    return NotChecked(reason=f"it cannot be connected to again: {os.strerror(error)}")


def _secured(attempt: _Attempt) -> ssl.SSLSocket:
    error = attempt.raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))
    return attempt.context.wrap_socket(
        attempt.raw,
        server_hostname=attempt.server.name.removesuffix("."),
        do_handshake_on_connect=False,
    )
