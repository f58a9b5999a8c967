"""A certificate authority of the lab's own and one certificate for all its TLS services.

Made by openssl(1) once and kept, because a diagnosis may be given the authority as trust anchor.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgediag.errors import CannotRunError
from edgediag.lab.services.catalog import SERVICES, ZONE, Kind

DAYS = "3650"
TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Where the PEM files are: the authority, the services' certificate and its key."""

    authority: Path
    chain: Path
    key: Path


def certificate_in(root: Path) -> Certificate:
    """The files below `root`, made or not; another configuration makes another."""
    mark = hashlib.sha256(_configuration().encode()).hexdigest()[:12]
    directory = root / f"_certificates-{mark}"
    return Certificate(
        authority=directory / "ca.pem", chain=directory / "server.pem", key=directory / "server.key"
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
    authority = ("-x509", "-days", DAYS, "-extensions", "authority")
    signing = ("-days", DAYS, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
    extended = ("-extfile", "openssl.cnf", "-extensions", "server")
    ca_files = ("-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=edgediag lab authority")
    files = ("-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=edgediag lab services")
    _openssl(directory, ("req", *authority, *named, *ca_files))
    _openssl(directory, ("req", "-new", *named, *files))
    request = ("-in", "server.csr", "-out", "server.pem")
    _openssl(directory, ("x509", "-req", *request, *signing, *extended))


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
[server]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {_alternative_names()}
"""


def _alternative_names() -> str:
    addresses = {
        service.address for service in SERVICES["cloud"] if service.kind in (Kind.TLS, Kind.HTTP)
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
