"""An API server of this process: what is read of it, and that its slowness and size are bounded."""

import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from edgediag.discovery.api_access import ApiAccess
from edgediag.discovery.source_file import SourceFile
from edgediag.lab.certificates import Certificate
from edgediag.lab.topology import HOSTS
from edgediag.model.cluster import HostPort
from edgediag.model.statement import Gap
from edgediag.net.api_server import DEADLINE_S, MAX_OCTETS, Asked, read_objects

pytestmark = pytest.mark.netns

HOST = HOSTS["api-server"]
NODES = "/api/v1/nodes?limit=100"
GATEWAYS = "/apis/raven.openyurt.io/v1beta1/gateways?limit=100"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/edge-1"
TOKEN = "token-of-the-node"
NOW_S = 1_700_000_000.0


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate and key of the node, which sign for themselves."""
    root = tmp_path_factory.mktemp("client")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    use = ("-subj", "/CN=system:node:edge-1", "-addext", "extendedKeyUsage=clientAuth")
    made = ("-out", str(root / "node.pem"), "-keyout", str(root / "node.key"))
    subprocess.run(
        ["openssl", "req", "-x509", "-days", "30", *key, *use, *made],
        check=True,
        capture_output=True,
    )
    return root / "node.pem", root / "node.key"


@dataclass
class ApiServer:
    """Serves the bodies by their paths; `requests` are the heads that it was sent."""

    bodies: Mapping[str, bytes]
    requests: list[str] = field(default_factory=list)
    clients: list[object] = field(default_factory=list)
    pause_s: float = 0.0
    port: int = 0

    def serve(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection, context), daemon=True).start()

    def _answer(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        try:
            with connection, context.wrap_socket(connection, server_side=True) as tls:
                head = tls.recv(4096).decode()
                self.requests.append(head)
                self.clients.append((tls.getpeercert() or {}).get("subject"))
                for part in self._parts(head.split(" ")[1]):
                    tls.sendall(part)
                    time.sleep(self.pause_s)
        except (OSError, ssl.SSLError):
            return

    def _parts(self, path: str) -> Iterator[bytes]:
        body = self.bodies.get(path)
        if body is None:
            yield b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
            return
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        yield from (head, chunk) if not self.pause_s else (bytes([octet]) for octet in head + chunk)


@contextmanager
def serving(
    server: ApiServer, files: Certificate, client: Path, chain: Path | None = None
) -> Iterator[ApiServer]:
    """The server at the address that its certificate is for, asking for a client's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain or files.chain, files.key)
    context.load_verify_locations(client)
    context.verify_mode = ssl.CERT_OPTIONAL
    with socket.create_server((HOST, 0)) as listener:
        server.port = listener.getsockname()[1]
        threading.Thread(target=server.serve, args=(listener, context), daemon=True).start()
        yield server


@pytest.fixture(autouse=True)
def _address(two_nodes: object) -> Iterator[None]:
    """The server's address is one of this node's own, in a namespace of the test's own."""
    node = two_nodes.node  # type: ignore[attr-defined]  # a fixture of conftest
    node.run("ip link set lo up", f"ip address add {HOST}/32 dev lo")
    with node.inside():
        yield


def access(
    server: ApiServer, files: Certificate, client: tuple[Path, Path], *, token: str = ""
) -> ApiAccess:
    return ApiAccess(
        path="/etc/kubernetes/kubelet.conf",
        place=HostPort(host=HOST, port=server.port),
        authority=files.authority.read_text(),
        certificate="" if token else client[0].read_text(),
        key="" if token else client[1].read_text(),
        token=token,
    )


def test_reads_what_it_may_and_says_what_it_may_not(
    files: Certificate, client: tuple[Path, Path]
) -> None:
    body = json.dumps({"kind": "GatewayList", "items": []}).encode()
    with serving(ApiServer({GATEWAYS: body}), files, client[0]) as server:
        found = read_objects(access(server, files, client), "edge-1", NOW_S)
    place = f"https://{HOST}:{server.port}"
    assert SourceFile(
        path=f"{place}{GATEWAYS.partition('?')[0]}", text=body.decode(), written_s=NOW_S
    ) in found
    refused = f"{place}{NODES}: the API server answers with status 403"
    assert Gap(reason=refused, is_missing=False) in found
    assert any(head.startswith(f"GET {LEASE} HTTP/1.1\r\n") for head in server.requests)
    assert {head.split(" ")[0] for head in server.requests} == {"GET"}
    assert set(server.clients) == {((("commonName", "system:node:edge-1"),),)}


def test_a_token_goes_into_the_request_and_nowhere_else(
    files: Certificate, client: tuple[Path, Path]
) -> None:
    with serving(ApiServer({}), files, client[0]) as server:
        found = read_objects(access(server, files, client, token=TOKEN), "edge-1", NOW_S)
    assert all(f"\r\nAuthorization: Bearer {TOKEN}\r\n" in head for head in server.requests)
    assert TOKEN not in repr(found)


@dataclass
class Refusing(ApiServer):
    """Knows nobody, but where it has a body."""

    def _parts(self, path: str) -> Iterator[bytes]:
        status = b"403 Forbidden" if path in self.bodies else b"401 Unauthorized"
        yield b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("bodies", "token", "refused"),
    [
        pytest.param({}, "", {"/etc/kubernetes/kubelet.conf"}, id="a certificate"),
        pytest.param({}, TOKEN, {""}, id="a token, of which no file is known"),
        pytest.param({NODES: b""}, "", {""}, id="somebody who may do little is known"),
    ],
)
def test_who_is_taken_for_nobody_is_told_by_the_kubeconfig(
    files: Certificate,
    client: tuple[Path, Path],
    bodies: Mapping[str, bytes],
    token: str,
    refused: set[str],
) -> None:
    with serving(Refusing(bodies), files, client[0]) as server:
        found = read_objects(access(server, files, client, token=token), "edge-1", NOW_S)
    assert {one.refused for one in found if isinstance(one, Gap)} == refused


class Echoing(ApiServer):
    """Gives back the token where a status should stand."""

    def _parts(self, path: str) -> Iterator[bytes]:
        yield f"HTTP/1.1 Bearer {TOKEN}\r\n\r\n".encode()


def test_what_is_no_response_is_not_quoted(
    files: Certificate, client: tuple[Path, Path]
) -> None:
    with serving(Echoing({}), files, client[0]) as server:
        (gap,) = read_objects(access(server, files, client, token=TOKEN), "edge-1", NOW_S)
    assert gap == Gap(
        reason=f"https://{HOST}:{server.port} does not answer: no response of HTTP",
        is_missing=False,
    )


def test_a_server_of_another_authority_is_told_nothing(
    files: Certificate, client: tuple[Path, Path]
) -> None:
    stranger = next(path for mode, path in files.faulty.items() if "issuer" in mode.value)
    with serving(ApiServer({}), files, client[0], stranger) as server:
        (gap,) = read_objects(access(server, files, client, token=TOKEN), "edge-1", NOW_S)
    assert isinstance(gap, Gap)
    assert "its certificate is not trusted" in gap.reason
    assert server.requests == []


def test_a_body_without_end_is_not_used(
    files: Certificate, client: tuple[Path, Path]
) -> None:
    bodies = {NODES: b" " * (MAX_OCTETS + 1), GATEWAYS: b"{}"}
    with serving(ApiServer(bodies), files, client[0]) as server:
        found = read_objects(access(server, files, client), "edge-1", NOW_S)
    assert f"{NODES}: larger than {MAX_OCTETS} octets" in str(found[0])


def test_a_server_that_drips_is_not_waited_for(
    files: Certificate, client: tuple[Path, Path]
) -> None:
    with serving(ApiServer({NODES: b"{}" * 100}, pause_s=0.1), files, client[0]) as server:
        started_s = time.monotonic()
        found = read_objects(access(server, files, client), "edge-1", NOW_S)
    assert time.monotonic() - started_s < DEADLINE_S + 0.5
    assert "no answer within 1.5 s" in str(found[0])


def test_nobody_waits_for_a_server_that_takes_no_connection(
    files: Certificate, client: tuple[Path, Path]
) -> None:
    with socket.create_server((HOST, 0), backlog=0) as full, socket.socket() as guest:
        # Linux takes one more than the backlog into the queue and drops the SYNs that follow.
        guest.connect(full.getsockname())
        server = ApiServer({}, port=full.getsockname()[1])
        asked = Asked(access(server, files, client), "edge-1", NOW_S)
        time.sleep(0.2)
        assert not asked.is_heard() and not asked.has_come()
        (gap,) = asked.objects()
    assert isinstance(gap, Gap)
    assert "does not answer: no answer in 0." in gap.reason
    assert gap.reason.endswith(" s; not waited for")


def test_nobody_there_is_one_note(
    files: Certificate, client: tuple[Path, Path]
) -> None:
    asked = access(ApiServer({}, port=9), files, client)
    (gap,) = read_objects(asked, "edge-1", NOW_S)
    assert gap == Gap(
        reason=f"https://{HOST}:9 does not answer: Connection refused", is_missing=False
    )


def test_a_key_that_tls_does_not_take_is_not_quoted(
    files: Certificate, client: tuple[Path, Path]
) -> None:
    asked = replace(access(ApiServer({}, port=9), files, client), key="KEY-OF-THE-NODE")
    (gap,) = read_objects(asked, "edge-1", NOW_S)
    assert isinstance(gap, Gap)
    assert "does not take the credential of /etc/kubernetes/kubelet.conf" in gap.reason
    assert "KEY-OF-THE-NODE" not in gap.reason
