"""How this node itself reaches its API server: a kubeconfig's server, authority and credential."""

import base64
import binascii
import posixpath
from dataclasses import dataclass, field
from typing import Final

from edgediag.discovery.document import at, parse_documents, text_at
from edgediag.discovery.host import parse_host_port
from edgediag.discovery.kubeconfig import PATHS, entry_of
from edgediag.discovery.reader import Reader
from edgediag.discovery.urls import outer_host_port
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import HostPort

# A bootstrap token may ask for a certificate and for nothing else.
KUBECONFIGS: Final = tuple(path for path in PATHS if "bootstrap" not in path)

# A certificate with its chain, in base64, may be longer than what `text_at` takes for a text, and
# so may a token that names many groups.
_MAX_DATA: Final = 64 * 1024

NO_ACCESS: Final = NotChecked(
    reason="no kubeconfig of this node has an outer API server, its authority and a credential"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccess:
    """One API server, and by what it and this node know each other.

    path         of the kubeconfig
    authority    PEM: who signs for the server
    certificate, key  PEM; "" where a token is used
    token        "" where a certificate is used

    What is secret stands in no representation of the value, and the value in no report.
    """

    path: str
    place: HostPort
    authority: str
    certificate: str = field(repr=False)
    key: str = field(repr=False)
    token: str = field(repr=False)


def access_of(reader: Reader) -> ApiAccess | NotChecked:
    """The access of the first kubeconfig that has all it takes, those of the hub first.

    source  kubernetes.io "Organizing Cluster Access Using kubeconfig Files"; client-go
            tools/clientcmd/api/v1/types.go (data before files, relative paths from the file's own)
    """
    found = (_access_in(reader, path) for path in KUBECONFIGS)
    return next((access for access in found if access is not None), NO_ACCESS)


def _access_in(reader: Reader, path: str) -> ApiAccess | None:
    text = reader.read_text(path)
    documents = text if isinstance(text, NotChecked) else parse_documents(text)
    if isinstance(documents, NotChecked) or not documents:
        return None
    document = documents[0]
    context = _named(document, "contexts", text_at(document, "current-context"), "context")
    cluster = _named(document, "clusters", text_at(context, "cluster"), "cluster")
    user = _named(document, "users", text_at(context, "user"), "user")
    server = text_at(cluster, "server")
    outer = outer_host_port(server) if server.lower().startswith("https://") else None
    place = None if outer is None else parse_host_port(outer, 0)
    authority = _content(reader, path, cluster, "certificate-authority")
    if place is None or not authority:
        return None
    access = ApiAccess(
        path=path,
        place=place,
        authority=authority,
        certificate=_content(reader, path, user, "client-certificate"),
        key=_content(reader, path, user, "client-key"),
        token=_token(reader, path, user),
    )
    return access if (access.certificate and access.key) or access.token else None


def _named(document: object, listed: str, name: str, inner: str) -> object:
    """The entry of this name in one of the three lists of a kubeconfig."""
    item = entry_of(document, listed, name)
    return item.get(inner) if isinstance(item, dict) else None


def _content(reader: Reader, path: str, holder: object, name: str) -> str:
    """What stands under NAME-data in base64, else in the file that NAME leads to, else ""."""
    data = holder.get(f"{name}-data") if isinstance(holder, dict) else None
    if isinstance(data, str) and 0 < len(data) <= _MAX_DATA:
        try:
            return base64.b64decode(data, validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            return ""
    return _read(reader, path, text_at(holder, name))


def _token(reader: Reader, path: str, user: object) -> str:
    inline = at(user, "token")
    is_used = isinstance(inline, str) and 0 < len(inline) <= _MAX_DATA
    token = str(inline) if is_used else _read(reader, path, text_at(user, "tokenFile")).strip()
    # What is put into a header must be one line of what a header may hold (RFC 6750 §2.1).
    return token if token.isascii() and token.isprintable() and " " not in token else ""


def _read(reader: Reader, path: str, name: str) -> str:
    if not name:
        return ""
    text = reader.read_text(posixpath.normpath(posixpath.join(posixpath.dirname(path), name)))
    return "" if isinstance(text, NotChecked) else text
