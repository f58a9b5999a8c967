"""The pull of one image as a stranger: a token, manifests, and where a blob lies.

One request on each connection, one connection after another, all within one deadline. Whoever is
asked must show a certificate that is trusted and has its name. No redirect is followed and no blob
fetched. The token lives while this lasts, in no value that leaves it; every connection is reset.
"""

import os
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from edgediag.discovery.host import format_host_port
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Anchors, PullQuestion, Server
from edgediag.model.cluster import HostPort
from edgediag.model.pull import BlobPlace, Pulled, PullPart, PullStep
from edgediag.net.closing import reset_on_close
from edgediag.net.families import FAMILIES
from edgediag.net.trust import NO_ANCHORS, open_context, trust
from edgediag.wire.http_head import decode_place
from edgediag.wire.http_message import MAX_MESSAGE_OCTETS, Message, decode_message
from edgediag.wire.registry_content import decode_pointer, decode_token

DEADLINE_S: Final = 3.0

_OK: Final = 200
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MOST_MANIFESTS: Final = 2
_READ_OCTETS: Final = 16_384
_HTTPS: Final = 443
# As containerd asks, whatever the registry has.
_ACCEPT: Final = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "*/*",
    )
)
# uname(2) -> what Go calls it, by which manifests name platforms.
_ARCHITECTURES: Final[Mapping[str, str]] = {"x86_64": "amd64", "aarch64": "arm64"}

_ENDED: Final = NotChecked(reason="the pull ended before a blob was asked for")
_LATE: Final = NotChecked(reason="the time for it was up")
_NO_HTTP: Final = NotChecked(reason="what came is no answer of HTTP")
_UNUSABLE: Final = NotChecked(reason="its answer of status 200 holds nothing that leads on")
_NO_PLACE: Final = NotChecked(reason="it sends its clients for layers to no place of HTTP by TLS")


class ImagePulls:
    """Images pulled from the network namespace of the caller, by the anchors of this node."""

    def __init__(self, anchors: Anchors, most_s: float = DEADLINE_S) -> None:
        self._anchors = anchors
        self._most_s = most_s

    def of(self, question: PullQuestion) -> Pulled | NotChecked:
        """How far the pull gets, in bounded time."""
        context = open_context()
        if not trust(context, self._anchors):
            return NotChecked(reason=NO_ANCHORS)
        # A token is for nobody but who is meant.
        context.check_hostname = True
        pull = _Pull(question, context, time.monotonic() + self._most_s)
        blobs = pull.run()
        return Pulled(image=question.image.text, steps=tuple(pull.steps), blobs=blobs)


@dataclass(slots=True)
class _Pull:
    """One pull under way, and what was asked so far."""

    question: PullQuestion
    context: ssl.SSLContext
    deadline_s: float
    steps: list[PullStep] = field(default_factory=list)

    def run(self) -> BlobPlace | NotChecked:
        """Where the blob lies, or why that is not known."""
        token = self._token()
        digest = None if token is None else self._blob(token)
        if token is None or digest is None:
            return _ENDED
        answer = self._ask(PullPart.BLOB, f"blobs/{digest}", token)
        return _ENDED if answer is None else self._place(answer)

    def _token(self) -> str | None:
        question = self.question
        scope = f"repository:{question.image.repository}:pull"
        wanted = (("service", question.challenge.service), ("scope", scope))
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in wanted if value)
        separator = "&" if "?" in question.challenge.path else "?"
        path = f"{question.challenge.path}{separator}{query}"
        answer = self._answer(PullPart.TOKEN, question.tokens, _request(question.tokens, path))
        return None if answer is None else self._used(PullPart.TOKEN, decode_token(answer.content))

    def _blob(self, token: str) -> str | None:
        """The digest of a blob of the image, by its manifests."""
        reference = self.question.image.reference
        machine = os.uname().machine
        for _ in range(_MOST_MANIFESTS):
            answer = self._ask(PullPart.MANIFEST, f"manifests/{reference}", token)
            if answer is None:
                return None
            pointer = decode_pointer(answer.content, _ARCHITECTURES.get(machine, machine))
            if pointer is None:
                return self._used(PullPart.MANIFEST, None)
            if not pointer.is_manifest:
                return pointer.digest
            reference = pointer.digest
        return self._used(PullPart.MANIFEST, None)

    def _place(self, answer: Message) -> BlobPlace | NotChecked:
        registry = self.question.registry
        location = answer.field("location")
        if answer.status == _OK or location.startswith("/") and location[1:2] != "/":
            return BlobPlace(host=registry.name, port=registry.port)
        place = decode_place(location)
        return _NO_PLACE if place is None else BlobPlace(host=place[0], port=place[1])

    def _ask(self, part: PullPart, path: str, token: str) -> Message | None:
        registry, repository = self.question.registry, self.question.image.repository
        fields = (f"Authorization: Bearer {token}", f"Accept: {_ACCEPT}")
        return self._answer(part, registry, _request(registry, f"/v2/{repository}/{path}", fields))

    def _answer(self, part: PullPart, server: Server, request: bytes) -> Message | None:
        """The answer, if it is a success of its kind; the step is taken down in any case."""
        expected = (_OK, *_REDIRECTS) if part is PullPart.BLOB else (_OK,)
        try:
            answer = self._exchange(server, request, is_head_enough=part is PullPart.BLOB)
        except TimeoutError:
            self._take_down(part, _LATE)
            return None
        except (OSError, ValueError) as exc:
            why = exc.reason if isinstance(exc, ssl.SSLError) else type(exc).__name__
            self._take_down(part, NotChecked(reason=f"asking failed: {why or 'no TLS'}"))
            return None
        if answer is None:
            self._take_down(part, _NO_HTTP)
            return None
        self._take_down(part, answer.status)
        return answer if answer.status in expected else None

    def _used(self, part: PullPart, found: str | None) -> str | None:
        """What was found in the last answer; where it is nothing that step led nowhere."""
        if found is None:
            self.steps[-1] = PullStep(part=part, status=_UNUSABLE)
        return found

    def _take_down(self, part: PullPart, status: int | NotChecked) -> None:
        self.steps.append(PullStep(part=part, status=status))

    def _exchange(
        self, server: Server, request: bytes, *, is_head_enough: bool
    ) -> Message | None:
        with ExitStack() as undo:
            family = FAMILIES[server.address.version].address_family
            raw = undo.enter_context(socket.socket(family, socket.SOCK_STREAM))
            reset_on_close(raw)
            self._bound(raw)
            raw.connect((str(server.address), server.port))
            self._bound(raw)
            name = server.name.removesuffix(".")
            tls = undo.enter_context(self.context.wrap_socket(raw, server_hostname=name))
            self._bound(tls)
            tls.sendall(request)
            return self._received(tls, is_head_enough=is_head_enough)

    def _received(self, tls: ssl.SSLSocket, *, is_head_enough: bool) -> Message | None:
        came = b""
        while len(came) < MAX_MESSAGE_OCTETS:
            self._bound(tls)
            octets = tls.recv(_READ_OCTETS)
            came += octets
            message = decode_message(came)
            is_enough = message is not None and (is_head_enough or message.is_whole)
            if is_enough or not octets:
                return message
        return decode_message(came)

    def _bound(self, opened: socket.socket) -> None:
        """What is done next on it takes no longer than is left."""
        left_s = self.deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        opened.settimeout(left_s)


def _request(server: Server, path: str, fields: tuple[str, ...] = ()) -> bytes:
    """One request, after which the connection is done (RFC 9112 §3, §9.6)."""
    place = HostPort(host=server.name, port=server.port)
    host = server.name if server.port == _HTTPS else format_host_port(place)
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: edgediag",
        *fields,
        "Connection: close",
        "",
        "",
    )
    return "\r\n".join(lines).encode("ascii", errors="replace")
