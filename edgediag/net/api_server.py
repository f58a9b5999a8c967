"""Objects of the cluster, read from its API server with this node's own credential.

GET requests alone, all at once, bounded in time and size. The server is believed only where the
kubeconfig's own authority signed for it. Key and token go into the TLS library and the request, and
nowhere else: what the library wants to read from a file lies in memory, in one without a name.
"""

import http.client
import io
import os
import socket
import ssl
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeAlias, cast
from urllib.parse import quote

from edgediag.discovery.api_access import ApiAccess
from edgediag.discovery.host import format_host_port
from edgediag.discovery.source_file import SourceFile
from edgediag.model.statement import Gap

# A server that answers does so within a few round trips; a dark one must not keep the run.
DEADLINE_S: Final = 1.5
MAX_OCTETS: Final = 4 * 1024 * 1024
_CHUNK_OCTETS: Final = 64 * 1024

# Node objects have up to 20 kB each, most of it the list of images.
_LIMIT: Final = "?limit=100"
_OF_CLUSTER: Final = (
    f"/api/v1/nodes{_LIMIT}",
    f"/apis/raven.openyurt.io/v1beta1/gateways{_LIMIT}",
    f"/api/v1/namespaces/kube-system/services{_LIMIT}",
    "/api/v1/namespaces/kube-system/configmaps/raven-cfg",
    "/api/v1/namespaces/kube-system/configmaps/raven-agent-config",
)
_OF_NODE: Final = (
    "/api/v1/nodes/{}",
    "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{}",
)
_LATE: Final = f"no answer within {DEADLINE_S:g} s"
_OK: Final = 200
_NOT_FOUND: Final = 404
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A response of HTTP, its body cut off behind MAX_OCTETS and one octet."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Asking:
    """How each path is asked for.

    is_heard  is set where the server takes a connection
    """

    access: ApiAccess
    context: ssl.SSLContext
    deadline_s: float
    is_heard: threading.Event


_Said: TypeAlias = _Answer | str
"""What came of a request; a text says why nothing did."""


class _Received:
    """Octets that were received whole, in the shape that http.client reads responses from."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def makefile(self, *_: Any, **__: Any) -> io.BytesIO:
        """The octets as a file, whatever mode is asked for."""
        return io.BytesIO(self._octets)


class Asked:
    """Objects of the cluster, asked for and not waited for.

    access     of a server, by the node's own credential
    node_name  as this node may be registered
    now_s      the time that the objects are of, in seconds since the epoch
    source     kubernetes.io "API Overview"; openyurt pkg/apis/raven/v1beta1 (gateways)
    """

    def __init__(self, access: ApiAccess, node_name: str, now_s: float) -> None:
        named = (path.format(quote(node_name, safe="")) for path in _OF_NODE)
        self._paths = (*_OF_CLUSTER, *named)
        # Of a token it is not known what it would take to mend it.
        self._shown_from = access.path if access.certificate and not access.token else ""
        self._place = f"https://{format_host_port(access.place)}"
        self._now_s = now_s
        self._begun_s = time.monotonic()
        self._said: dict[str, _Said] = {}
        self._came: SimpleQueue[tuple[str, _Said]] = SimpleQueue()
        self._is_heard = threading.Event()
        self._gap: Gap | None = None
        try:
            context = _context(access)
        except (OSError, ValueError):
            # Its text may quote what was to be loaded.
            reason = f"is not asked: TLS does not take the credential of {access.path}"
            self._gap = Gap(reason=f"{self._place} {reason}", is_missing=False)
            return
        self._ask_all(access, context)

    def has_come(self) -> bool:
        """True once the server has said all that it will, and something of use is in it."""
        self._collect(0.0)
        is_over = len(self._said) == len(self._paths) or self._left_s() <= 0
        return is_over and any(isinstance(each, _Answer) for each in self._said.values())

    def is_heard(self) -> bool:
        """True once the server has taken a connection."""
        return self._is_heard.is_set()

    def wait(self) -> None:
        """Wait for what is outstanding until the deadline."""
        while self._gap is None and len(self._said) < len(self._paths) and self._left_s() > 0:
            self._collect(self._left_s())

    def objects(self) -> tuple[SourceFile | Gap, ...]:
        """What the server gave of each path so far, in a fixed order; or why it gave nothing."""
        if self._gap is not None:
            return (self._gap,)
        self._collect(0.0)
        said = [self._said.get(path, self._silence()) for path in self._paths]
        whys = [answer for answer in said if isinstance(answer, str)]
        if len(whys) == len(said):
            # One line for a server that is not there, not one for each path.
            reason = f"{self._place} does not answer: {whys[0]}"
            return (Gap(reason=reason, is_missing=False),)
        found = (
            _source(f"{self._place}{path}", answer, self._now_s)
            for path, answer in zip(self._paths, said, strict=True)
        )
        answers = [answer.status for answer in said if isinstance(answer, _Answer)]
        if not all(status == _UNAUTHORIZED for status in answers):
            return tuple(found)
        return tuple(
            replace(one, refused=self._shown_from) if isinstance(one, Gap) else one
            for one in found
        )

    def _ask_all(self, access: ApiAccess, context: ssl.SSLContext) -> None:
        """Ask for each path by a thread that ends with the process.

        To look a name up takes as long as the resolver likes.
        """
        asking = _Asking(access, context, self._begun_s + DEADLINE_S, self._is_heard)

        def ask(path: str) -> None:
            self._came.put((path, _ask(asking, path)))

        for path in self._paths:
            threading.Thread(target=ask, args=(path,), daemon=True).start()

    def _collect(self, timeout_s: float) -> None:
        """Take what has come, after waiting so long for the next."""
        try:
            path, said = self._came.get(timeout=timeout_s) if timeout_s else self._came.get(False)
            while True:
                self._said[path] = said
                path, said = self._came.get(block=False)
        except Empty:
            return

    def _silence(self) -> str:
        waited_s = time.monotonic() - self._begun_s
        return _LATE if waited_s >= DEADLINE_S else f"no answer in {waited_s:.1f} s; not waited for"

    def _left_s(self) -> float:
        return max(0.0, self._begun_s + DEADLINE_S - time.monotonic())


def read_objects(access: ApiAccess, node_name: str, now_s: float) -> tuple[SourceFile | Gap, ...]:
    """What the server gives within the deadline."""
    asked = Asked(access, node_name, now_s)
    asked.wait()
    return asked.objects()


def _source(url: str, said: _Said, now_s: float) -> SourceFile | Gap:
    if isinstance(said, str):
        return Gap(reason=f"{url}: {said}", is_missing=False)
    if said.status == _NOT_FOUND:
        return Gap(reason=url, is_missing=True)
    if said.status != _OK:
        reason = f"{url}: the API server answers with status {said.status}"
        return Gap(reason=reason, is_missing=False)
    if len(said.body) > MAX_OCTETS:
        return Gap(reason=f"{url}: larger than {MAX_OCTETS} octets", is_missing=False)
    text = said.body.decode("utf-8", errors="replace")
    return SourceFile(path=url.partition("?")[0], text=text, written_s=now_s)


def _context(access: ApiAccess) -> ssl.SSLContext:
    """A client that believes the cluster's own authority alone.

    raises  OSError or ValueError for what TLS does not take
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=access.authority)
    if access.certificate and access.key:
        with ExitStack() as undo:
            certificate, key = (_in_memory(undo, it) for it in (access.certificate, access.key))
            context.load_cert_chain(certificate, key, _no_password)
    return context


def _no_password() -> str:
    """A key that is locked is not asked for at the terminal, where OpenSSL would ask."""
    return ""


def _in_memory(undo: ExitStack, text: str) -> str:
    descriptor = os.memfd_create("edgediag", os.MFD_CLOEXEC)
    undo.callback(os.close, descriptor)
    octets = text.encode()
    while octets:
        octets = octets[os.write(descriptor, octets) :]
    return f"/proc/self/fd/{descriptor}"


def _ask(asking: _Asking, path: str) -> _Said:
    access = asking.access
    place = access.place
    try:
        with ExitStack() as undo:
            left_s = _left_s(asking.deadline_s)
            raw = socket.create_connection((place.host, place.port), left_s)
            undo.callback(raw.close)
            asking.is_heard.set()
            # The handshake is over with whom the authority names, before a token is sent.
            stream = asking.context.wrap_socket(raw, server_hostname=place.host)
            undo.callback(stream.close)
            stream.sendall(_request(access, path))
            return _parsed(_received(stream, asking.deadline_s))
    except ssl.SSLCertVerificationError as exc:
        return f"its certificate is not trusted: {exc.verify_message}"
    except ssl.SSLError as exc:
        return f"its handshake failed: {exc.reason}"
    except http.client.HTTPException:
        # Its text quotes what came, in which a server may give back the token.
        return "no response of HTTP"
    except TimeoutError:
        return _LATE
    except (OSError, ValueError) as exc:
        return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__


def _request(access: ApiAccess, path: str) -> bytes:
    """A request after which the server closes the connection (RFC 9112 §9.6)."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {format_host_port(access.place)}",
        "Accept: application/json",
        "User-Agent: edgediag",
        "Connection: close",
    ]
    if access.token:
        lines.append(f"Authorization: Bearer {access.token}")
    return "\r\n".join((*lines, "", "")).encode("ascii")


def _received(stream: ssl.SSLSocket, deadline_s: float) -> bytes:
    octets = bytearray()
    while len(octets) <= MAX_OCTETS + _CHUNK_OCTETS:
        stream.settimeout(_left_s(deadline_s))
        chunk = stream.recv(_CHUNK_OCTETS)
        if not chunk:
            break
        octets += chunk
    return bytes(octets)


def _parsed(octets: bytes) -> _Answer:
    # Of a socket it only asks for a file to read from.
    received = cast("socket.socket", _Received(octets))
    response = http.client.HTTPResponse(received, method="GET")
    response.begin()
    return _Answer(status=response.status, body=response.read(MAX_OCTETS + 1))


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError(_LATE)
    return left_s
