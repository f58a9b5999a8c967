"""TLS handshakes by the standard library, all at once and within one deadline.

Only who ends a handshake can read a certificate of TLS 1.3 (RFC 8446 §4.4.2). Above it a registry
that is trusted is asked what its clients ask first, and nobody else anything; every connection is
reset when it is done.
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
from edgediag.model.certificate import Anchors, Chain, Presented, RegistryAnswer, Server
from edgediag.model.pull import NOT_PULLED
from edgediag.net.clock import Clock
from edgediag.net.closing import reset_on_close
from edgediag.net.families import FAMILIES
from edgediag.net.trust import chain_of, open_context, trust
from edgediag.wire.http_head import MAX_HEAD_OCTETS, decode_registry_answer, is_whole
from edgediag.wire.x509 import decode_certificate

DEADLINE_S: Final = 1.0

NOT_ASKED = NotChecked(reason="nothing was asked above TLS")

_NO_TIME = NotChecked(reason=f"its handshake was not over within {DEADLINE_S:g} s")
_NO_CERTIFICATE = NotChecked(reason="it shows no certificate that can be read")
_NO_ANSWER = NotChecked(reason=f"no answer of HTTP came within {DEADLINE_S:g} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A certificate in DER, and what was answered above it, None where nothing was asked."""

    der: bytes
    head: bytes | None


_Ended: TypeAlias = _Shown | ssl.SSLCertVerificationError | NotChecked
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
            why = exc.reason if isinstance(exc, ssl.SSLError) else exc
            return self.shown or NotChecked(reason=f"its handshake failed: {why or 'no TLS'}")

    def close(self) -> None:
        """The connection is reset."""
        (self.tls or self.raw).close()

    def _step(self) -> _Ended:
        self.tls = self.tls or _secured(self)
        is_asked = self.server.is_registry and self.context.verify_mode is ssl.CERT_REQUIRED
        if self.shown is None:
            self.tls.do_handshake()
            der = self.tls.getpeercert(binary_form=True)
            if not der:
                return _NO_CERTIFICATE
            self.shown = _Shown(der=der, head=b"" if is_asked else None)
            if is_asked:
                self.tls.send(_request(self.server.name))
        while self.shown.head is not None and not is_whole(self.shown.head):
            octets = self.tls.recv(MAX_HEAD_OCTETS)
            if not octets:
                break
            self.shown = replace(self.shown, head=self.shown.head + octets)
        return self.shown


class Handshakes:
    """Who shows which certificate, in the network namespace of the caller."""

    def __init__(self, anchors: Anchors, clock: Clock) -> None:
        self._anchors = anchors
        self._clock = clock

    def of(self, servers: Sequence[Server]) -> Mapping[Server, Presented | NotChecked]:
        """What each server shows; at most DEADLINE_S passes, however many they are."""
        deadline_s = time.monotonic() + DEADLINE_S
        trusting = open_context()
        judged = trust(trusting, self._anchors)
        ended = _run(servers, trusting, deadline_s)
        refused = [
            server
            for server, end in ended.items()
            if isinstance(end, ssl.SSLCertVerificationError)
        ]
        # Who is refused is asked once more, to read what was refused.
        read = _run(refused, open_context(), deadline_s)
        return {
            server: self._presented(
                read.get(server, end), _verified(end, server.audience in judged)
            )
            for server, end in ended.items()
        }

    def _presented(self, read: _Ended, verified: tuple[Chain, str]) -> Presented | NotChecked:
        if isinstance(read, NotChecked):
            return read
        certificate = decode_certificate(read.der) if isinstance(read, _Shown) else None
        if certificate is None or not isinstance(read, _Shown):
            return _NO_CERTIFICATE
        chain, reason = verified
        return Presented(
            certificate=certificate,
            chain=chain,
            reason=reason,
            seen_s=self._clock.now_s(),
            alike=(),
            vouching=(),
            registry=_answer(read),
            pulled=NOT_PULLED,
        )


def _answer(shown: _Shown) -> RegistryAnswer | NotChecked:
    if shown.head is None:
        return NOT_ASKED
    return decode_registry_answer(shown.head) or _NO_ANSWER


def _verified(end: _Ended, is_judged: bool) -> tuple[Chain, str]:
    return chain_of(end if isinstance(end, ssl.SSLCertVerificationError) else None, is_judged)


def _run(
    servers: Iterable[Server], context: ssl.SSLContext, deadline_s: float
) -> dict[Server, _Ended]:
    ended: dict[Server, _Ended] = {}
    with ExitStack() as undo:
        selector = undo.enter_context(selectors.DefaultSelector())
        for server in servers:
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
