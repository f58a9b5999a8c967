"""The lab's certificates."""

import shutil
import ssl
from pathlib import Path

import pytest

from edgediag.lab.certificates import certificate_in, ensure_certificate
from edgediag.lab.services.catalog import ZONE, Mode
from edgediag.lab.topology import HOSTS

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("certificates")
    ensure_certificate(root)
    return root


def handshake(root: Path, name: str, mode: Mode = Mode.NORMAL) -> dict[str, object]:
    """The certificate as a client that trusts the authority sees it, without any network."""
    files = certificate_in(root)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(files.faulty.get(mode, files.chain), files.key)
    client_context = ssl.create_default_context(cafile=str(files.authority))
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return client.getpeercert() or {}


@pytest.mark.parametrize("name", [*ZONE, HOSTS["api-server"], HOSTS["raven-proxy"]])
def test_a_client_that_trusts_the_authority_accepts_every_name(root: Path, name: str) -> None:
    assert handshake(root, name)


def test_a_stranger_s_name_is_refused(root: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(root, "other.example")


@pytest.mark.parametrize(
    ("mode", "complaint"),
    [
        (Mode.EXPIRED, "certificate has expired"),
        (Mode.NOT_YET_VALID, "certificate is not yet valid"),
        (Mode.OTHER_NAME, "IP address mismatch"),
        (Mode.UNKNOWN_ISSUER, "unable to get local issuer certificate"),
    ],
)
def test_a_faulty_certificate_has_just_that_fault(
    root: Path, mode: Mode, complaint: str
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        handshake(root, HOSTS["api-server"], mode)
    assert complaint in caught.value.verify_message


def test_a_certificate_is_made_once(root: Path) -> None:
    before = certificate_in(root).chain.stat().st_mtime_ns
    ensure_certificate(root)
    assert certificate_in(root).chain.stat().st_mtime_ns == before


def test_nothing_half_made_is_left(root: Path) -> None:
    assert [path.name for path in root.iterdir()] == [certificate_in(root).chain.parent.name]
