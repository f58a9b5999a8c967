"""A certificate authority of the lab's own and the certificates of its TLS services.

Made by openssl(1) once and kept, because a diagnosis may be given the authority as trust anchor.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgediag.errors import CannotRunError
from edgediag.lab.services.catalog import FAULTY_CERTIFICATES, SERVICES, ZONE, Kind, Mode

DAYS = "3650"
TIMEOUT_S = 20.0
# All are valid from the past on, so that a clock that is a little behind does no harm.
PAST, FUTURE = "20200101000000Z", "20900101000000Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Where the PEM files are.

    chain   the services' certificate
    key     of all certificates but the authority's
    faulty  certificates with one thing wrong, by the mode that shows them
    """

    authority: Path
    chain: Path
    key: Path
    faulty: Mapping[Mode, Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One certificate to sign: file name, who signs, section of names, first and last second."""

    name: str
    issuer: str = "ca"
    extensions: str = "server"
    since: str = PAST
    until: str = FUTURE


ISSUES = (
    Issue(name="server"),
    Issue(name=Mode.EXPIRED.value, until="20210101000000Z"),
    Issue(name=Mode.NOT_YET_VALID.value, since=FUTURE, until="20910101000000Z"),
    Issue(name=Mode.OTHER_NAME.value, extensions="other"),
    Issue(name=Mode.UNKNOWN_ISSUER.value, issuer="stranger"),
)


def certificate_in(root: Path) -> Certificate:
    """The files below `root`, made or not; another configuration makes another."""
    mark = hashlib.sha256(_configuration().encode()).hexdigest()[:12]
    directory = root / f"_certificates-{mark}"
    return Certificate(
        authority=directory / "ca.pem",
        chain=directory / "server.pem",
        key=directory / "server.key",
        faulty={mode: directory / f"{mode.value}.pem" for mode in FAULTY_CERTIFICATES},
    )


def ensure_certificate(root: Path) -> None:
    """The files exist; two labs that start at once agree on one set."""
    directory = certificate_in(root).chain.parent
    if directory.exists():
        return
    if shutil.which("openssl") is None:
        raise CannotRunError(
            "cannot make the lab's certificates: openssl is not installed; apt-get install openssl"
        )
    with tempfile.TemporaryDirectory(dir=root, prefix="_making-") as workplace:
        made = Path(workplace) / "made"
        made.mkdir(mode=0o700)
        _make(made)
        try:
            os.rename(made, directory)
        except OSError:
            if not directory.exists():
                raise


def _make(directory: Path) -> None:
    (directory / "openssl.cnf").write_text(_configuration())
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    named = ("-config", "openssl.cnf", *new_key)
    authority = ("req", "-x509", "-days", DAYS, "-extensions", "authority", *named)
    for name, subject in (("ca", "edgediag lab authority"), ("stranger", "edgediag lab stranger")):
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={subject}")
        _openssl(directory, (*authority, *files))
    files = ("-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=edgediag lab services")
    _openssl(directory, ("req", "-new", *named, *files))
    (directory / "index.txt").touch()
    for issue in ISSUES:
        _issue(directory, issue)


def _issue(directory: Path, issue: Issue) -> None:
    """By ca(1), for x509(1) of OpenSSL before 3.4 cannot date a certificate."""
    signer = ("-cert", f"{issue.issuer}.pem", "-keyfile", f"{issue.issuer}.key")
    dates = ("-startdate", issue.since, "-enddate", issue.until)
    shape = ("-extensions", issue.extensions, "-create_serial", "-notext")
    files = ("-in", "server.csr", "-out", f"{issue.name}.pem")
    plain = ("ca", "-batch", "-config", "openssl.cnf")
    _openssl(directory, (*plain, *signer, *dates, *shape, *files))


def _configuration() -> str:
    """All that RFC 5280 §4.2.1 asks of both, for Python 3.13 checks it (VERIFY_X509_STRICT)."""
    return f"""
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ca]
default_ca = issuing
[issuing]
database = index.txt
serial = serial
unique_subject = no
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
{_server_section("server", _alternative_names())}
{_server_section("other", "DNS:other.example")}
"""


def _server_section(section: str, names: str) -> str:
    return f"""
[{section}]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


def _alternative_names() -> str:
    addresses = {
        address
        for service in SERVICES["cloud"]
        if service.kind in (Kind.TLS, Kind.HTTP2, Kind.HTTP)
        for address in service.addresses
    }
    names = [f"DNS:{name}" for name in sorted(ZONE)]
    return ",".join((*names, *(f"IP:{address}" for address in sorted(addresses))))


def _openssl(directory: Path, arguments: Sequence[str]) -> None:
    try:
        subprocess.run(
            ("openssl", *arguments),
            cwd=directory,
            check=True,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
    except subprocess.CalledProcessError as exc:
        message = f"cannot make the lab's certificates: openssl says {exc.stderr.strip()}"
        raise CannotRunError(message) from exc
