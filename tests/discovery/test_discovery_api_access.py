"""How a node reaches its API server, as its kubeconfigs have it, and that secrets show nowhere."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.api_access import KUBECONFIGS, ApiAccess, access_of
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import HostPort
from node_files import Files

HUB = "/var/lib/edge-hub/edge-hub.conf"
KUBELET = "/etc/kubernetes/kubelet.conf"
BOOTSTRAP = "/etc/kubernetes/bootstrap-kubelet.conf"
SECRETS = ("KEY-OF-THE-NODE", "token-of-the-node")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


BY_DATA = {
    "client-certificate-data": encoded("CERTIFICATE"),
    "client-key-data": encoded("KEY-OF-THE-NODE"),
}
AUTHORITY = {"certificate-authority-data": encoded("AUTHORITY")}


def kubeconfig(
    user: object = BY_DATA,
    *,
    server: str = "https://198.51.100.6:6443",
    authority: dict[str, str] = AUTHORITY,
    current: str = "node",
) -> str:
    return json.dumps(
        {
            "current-context": current,
            "contexts": [{"name": "node", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server, **authority}}],
            "users": [{"name": "other", "user": {"token": "x"}}, {"name": "u", "user": user}],
        }
    )


def access(path: str = HUB, **content: str) -> ApiAccess:
    whole = {"certificate": "CERTIFICATE", "key": "KEY-OF-THE-NODE", "token": "", **content}
    place = HostPort(host="198.51.100.6", port=6443)
    return ApiAccess(path=path, place=place, authority="AUTHORITY", **whole)


NONE = {"certificate": "", "key": ""}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({HUB: kubeconfig()}, access(), id="a certificate in the kubeconfig"),
        pytest.param(
            {
                HUB: kubeconfig({"client-certificate": "pki/node.pem", "client-key": "/k.pem"}),
                "/var/lib/edge-hub/pki/node.pem": "CERTIFICATE",
                "/k.pem": "KEY-OF-THE-NODE",
            },
            access(),
            id="a certificate in files, one beside it",
        ),
        pytest.param(
            {HUB: kubeconfig(authority={"certificate-authority": "ca.crt"}),
             "/var/lib/edge-hub/ca.crt": "AUTHORITY"},
            access(),
            id="the authority in a file",
        ),
        pytest.param(
            {HUB: kubeconfig({"token": "token-of-the-node"})},
            access(token="token-of-the-node", **NONE),
            id="a token",
        ),
        pytest.param(
            {HUB: kubeconfig({"token": "t" * 4096})},
            access(token="t" * 4096, **NONE),
            id="a token that names many groups",
        ),
        pytest.param(
            {HUB: kubeconfig({"tokenFile": "t"}), "/var/lib/edge-hub/t": "token-of-the-node\n"},
            access(token="token-of-the-node", **NONE),
            id="a token in a file",
        ),
        pytest.param(
            {HUB: kubeconfig(server="https://127.0.0.1:10261"), KUBELET: kubeconfig()},
            access(KUBELET),
            id="the node's own hub is no API server",
        ),
    ],
)
def test_finds_an_access(files: dict[str, str], expected: ApiAccess) -> None:
    assert access_of(Files(files)) == expected


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="no kubeconfig"),
        pytest.param({BOOTSTRAP: kubeconfig()}, id="one for bootstrapping alone"),
        pytest.param({HUB: kubeconfig(server="http://198.51.100.6:6443")}, id="no TLS"),
        pytest.param({HUB: kubeconfig(authority={})}, id="no authority"),
        pytest.param({HUB: kubeconfig({})}, id="no credential"),
        pytest.param({HUB: kubeconfig({"client-key-data": "!"})}, id="no base64"),
        pytest.param({HUB: kubeconfig({"token": "a\r\nHost: b"})}, id="a token of two lines"),
        pytest.param({HUB: kubeconfig({"token": "t" * (64 * 1024 + 1)})}, id="a token without end"),
        pytest.param({HUB: kubeconfig({"token": ["t"]})}, id="a token that is no text"),
        pytest.param({HUB: kubeconfig(current="other")}, id="a context that is not there"),
        pytest.param({HUB: "[]"}, id="no map"),
        pytest.param({HUB: "{"}, id="no document"),
    ],
)
def test_finds_none(files: dict[str, str]) -> None:
    assert isinstance(access_of(Files(files)), NotChecked)


def test_what_is_secret_stands_in_no_representation() -> None:
    shown = repr(access(token="token-of-the-node"))
    assert [secret for secret in SECRETS if secret in shown] == []


@given(text=st.text(max_size=200) | st.text(alphabet="{}[]:- \n\"abc", max_size=60))
def test_any_text_is_an_access_or_none_never_an_exception(text: str) -> None:
    assert isinstance(access_of(Files(dict.fromkeys(KUBECONFIGS, text))), ApiAccess | NotChecked)
