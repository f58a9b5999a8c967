"""Pulls from a registry of this process, which is the lab's, by its own certificate or another."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import pytest

from edgediag.lab.certificates import Certificate
from edgediag.lab.services import web
from edgediag.lab.services.catalog import Mode
from edgediag.lab.services.registry import TOKEN
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Above, Anchors, Audience, Challenge, PullQuestion, Server
from edgediag.model.image import Image
from edgediag.model.pull import BlobPlace, Pulled, PullPart, PullStep
from edgediag.net.image_pull import ImagePulls
from edgediag.net.trust import NO_ANCHORS
from net.tls_server import accepting, tls_context

# A network namespace without devices has no loopback to speak over.
pytestmark = pytest.mark.netns

UNKNOWN = NotChecked(reason="not read")
NAME = "registry-cn-hangzhou.ack.aliyuncs.com"
IMAGE = Image(registry=NAME, repository="acs/pause", reference="3.9")
SHORT_S = 0.5
CHALLENGE = Challenge(path="/auth", service="registry.aliyuncs.com:cn-hangzhou")

Answering = Callable[[bytes], bytes | None]


@contextmanager
def serving(answer: Answering, chain: Path, key: Path) -> Iterator[int]:
    """A TLS server that answers each request; the port where it listens."""
    context = tls_context(chain, key)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, True) as tls:
            request, said = b"", None
            while said is None and (octets := tls.recv(4096)):
                request += octets
                said = answer(request)
            tls.sendall(said or b"")

    with accepting(talk, timeout_s=2 * SHORT_S) as port:
        yield port


def lab_answers(mode: Mode) -> Answering:
    return partial(web.answer, mode=mode, now_s=0.0)


def pulled(
    files: Certificate,
    answer: Answering,
    *,
    image: Image = IMAGE,
    name: str = NAME,
    anchors: Anchors | None = None,
) -> Pulled | NotChecked:
    known = Anchors(stated=files.authority.read_text(), cluster=UNKNOWN, public=UNKNOWN)
    with serving(answer, files.chain, files.key) as port:
        server = Server(
            address=ip_address("127.0.0.1"),
            port=port,
            name=name,
            audience=Audience.PUBLIC,
            above=Above.REGISTRY,
        )
        question = PullQuestion(
            image=image, registry=server, tokens=server, challenge=CHALLENGE
        )
        return ImagePulls(anchors or known, SHORT_S).of(question)


def steps(found: Pulled | NotChecked) -> list[tuple[PullPart, int | NotChecked]]:
    assert isinstance(found, Pulled)
    return [(step.part, step.status) for step in found.steps]


def test_a_pull_ends_where_the_registry_says_its_layers_are(files: Certificate) -> None:
    found = pulled(files, lab_answers(Mode.NORMAL))
    assert found == Pulled(
        image=f"{NAME}/acs/pause:3.9",
        steps=(
            PullStep(part=PullPart.TOKEN, status=200),
            PullStep(part=PullPart.MANIFEST, status=200),
            PullStep(part=PullPart.MANIFEST, status=200),
            PullStep(part=PullPart.BLOB, status=307),
        ),
        blobs=BlobPlace(host="layers.oss-cn-hangzhou.aliyuncs.com", port=443),
    )
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("mode", "image", "expected"),
    [
        pytest.param(Mode.NO_STRANGERS, IMAGE, [(PullPart.TOKEN, 401)], id="no token"),
        pytest.param(Mode.UNAVAILABLE, IMAGE, [(PullPart.TOKEN, 503)], id="out of order"),
        pytest.param(
            Mode.NORMAL,
            replace(IMAGE, reference="0"),
            [(PullPart.TOKEN, 200), (PullPart.MANIFEST, 404)],
            id="no such image",
        ),
    ],
)
def test_a_pull_ends_with_the_first_refusal(
    files: Certificate, mode: Mode, image: Image, expected: list[tuple[PullPart, int]]
) -> None:
    assert steps(pulled(files, lab_answers(mode), image=image)) == expected


OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(OK % (2, b"{}"), id="no token in it"),
        pytest.param(OK % (18, b'{"token": "a\\r\\nb"}'), id="a token of two lines"),
        pytest.param(b"SSH-2.0-x\r\n\r\n", id="no HTTP"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_of_what_cannot_be_used_nothing_is_said(files: Certificate, said: bytes) -> None:
    ((part, status),) = steps(pulled(files, lambda _: said))
    assert part is PullPart.TOKEN and isinstance(status, NotChecked)


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("http://a.example/b", id="no TLS"),
        pytest.param("https://u:p@a.example/b", id="a user"),
        pytest.param("https://-/\x01", id="no host name is followed either"),
        pytest.param("", id="no place"),
    ],
)
def test_a_place_that_is_none_is_not_kept(files: Certificate, location: str) -> None:
    def answer(request: bytes) -> bytes | None:
        said = web.answer(request, Mode.NORMAL, 0.0)
        if said is None or b" 307 " not in said:
            return said
        return f"HTTP/1.1 307 x\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()

    found = pulled(files, answer)
    assert isinstance(found, Pulled)
    is_none = isinstance(found.blobs, NotChecked)
    assert is_none or found.blobs == BlobPlace(host="-", port=443)


def test_a_registry_that_sends_nobody_on_has_its_layers_itself(files: Certificate) -> None:
    def answer(request: bytes) -> bytes | None:
        said = web.answer(request, Mode.NORMAL, 0.0)
        # Without an end: of a layer nothing but the head is waited for.
        return said if said is None or b" 307 " not in said else b"HTTP/1.1 200 OK\r\n\r\nlayer"

    found = pulled(files, answer)
    assert isinstance(found, Pulled) and isinstance(found.blobs, BlobPlace)
    assert found.blobs.host == NAME


def test_who_shows_a_certificate_of_another_name_is_given_no_request(files: Certificate) -> None:
    requests: list[bytes] = []

    def answer(request: bytes) -> bytes | None:
        requests.append(request)
        return web.answer(request, Mode.NORMAL, 0.0)

    ((part, status),) = steps(pulled(files, answer, name="other.example"))
    assert (part, isinstance(status, NotChecked), requests) == (PullPart.TOKEN, True, [])


def test_without_an_authority_nobody_is_asked(files: Certificate) -> None:
    nobody = Anchors(stated=UNKNOWN, cluster=UNKNOWN, public=UNKNOWN)
    found = pulled(files, lab_answers(Mode.NORMAL), anchors=nobody)
    assert found == NotChecked(reason=NO_ANCHORS)


def test_who_drips_costs_one_deadline(files: Certificate) -> None:
    started_s = time.monotonic()
    ((part, status),) = steps(pulled(files, lambda _: None))
    assert (part, isinstance(status, NotChecked)) == (PullPart.TOKEN, True)
    assert time.monotonic() - started_s < 4 * SHORT_S
