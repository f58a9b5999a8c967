"""Which certificates of agents count on a node; of a file with a key nothing else is kept."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.kubeconfig import client_certificate
from edgediag.discovery.node_certificates import RAVEN_PATH, node_certificates
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import ClusterFacts
from edgediag.model.gateway import Role
from edgediag.model.node_certificate import (
    NO_AUTHORITY,
    NOT_SHOWN,
    CertificateUse,
    Lineage,
    NodeCertificate,
    Signer,
)
from edgediag.model.statement import Gap, Statement
from kin import certificate, pem
from node_files import Files
from node_trees import facts_of
from story import CERTIFICATE_DER

KEY = "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n"
BLOCK = (
    "-----BEGIN CERTIFICATE-----\n"
    f"{base64.encodebytes(CERTIFICATE_DER).decode()}-----END CERTIFICATE-----\n"
)
HUB_PATH = "/var/lib/yurthub/pki/yurthub-current.pem"
KUBELET_CONFIG = "/etc/kubernetes/kubelet.conf"
KUBELET_PATH = "/var/lib/kubelet/pki/kubelet-client-current.pem"
CONFIG = f"""
current-context: c
contexts: [{{name: c, context: {{cluster: k, user: u}}}}]
clusters: [{{name: k, cluster: {{server: 'https://198.51.100.6:6443'}}}}]
users: [{{name: u, user: {{client-certificate: {KUBELET_PATH}}}}}]
"""
EVERYTHING = {
    HUB_PATH: BLOCK + KEY,
    RAVEN_PATH: KEY + BLOCK,
    KUBELET_PATH: BLOCK,
    KUBELET_CONFIG: CONFIG,
}


def facts(*, has_hub: bool, role: Role | None) -> ClusterFacts:
    """A node with a hub or without one, of this role for the proxy."""

    def said(name: str, value: str) -> Statement:
        return Statement(name=name, node="", value=value, path="/a", where="", written_s=None)

    hub = (said("hub", "yurthub"), said("hub-address", "127.0.0.1:10261"))
    statements = hub if has_hub else ()
    return replace(facts_of("empty-host"), statements=statements, proxy_role=role)


def found(
    texts: dict[str, str], *, has_hub: bool = True, role: Role | None = None
) -> list[tuple[str, CertificateUse, str]]:
    shown = node_certificates(Files(texts), facts(has_hub=has_hub, role=role))
    return [(one.agent, one.use, one.path) for one in shown]


HUBS = ("yurthub", CertificateUse.API_SERVER, HUB_PATH)
KUBELETS = ("kubelet", CertificateUse.API_SERVER, KUBELET_PATH)
RAVENS = ("raven-agent-ds", CertificateUse.RAVEN_PROXY, RAVEN_PATH)


@pytest.mark.parametrize(
    ("has_hub", "role", "expected"),
    [
        pytest.param(True, None, [HUBS], id="a hub asks in the kubelet's stead"),
        pytest.param(False, None, [KUBELETS], id="a kubelet by itself"),
        pytest.param(True, Role.GATEWAY, [HUBS, RAVENS], id="a gateway dials"),
        pytest.param(True, Role.SINGLE_NODE, [HUBS, RAVENS], id="so does the only node"),
        pytest.param(True, Role.SOLO, [HUBS, RAVENS], id="so does a solo node"),
        pytest.param(True, Role.MEMBER, [HUBS], id="a member's is a relic"),
    ],
)
def test_counts_who_shows_one(
    has_hub: bool, role: Role | None, expected: list[tuple[str, CertificateUse, str]]
) -> None:
    assert found(EVERYTHING, has_hub=has_hub, role=role) == expected


def test_keeps_dates_and_issuer_and_nothing_of_a_key() -> None:
    [one] = node_certificates(Files({HUB_PATH: KEY + BLOCK}), facts(has_hub=True, role=None))
    assert one == NodeCertificate(
        agent="yurthub",
        use=CertificateUse.API_SERVER,
        path=HUB_PATH,
        issuer="CN=an authority, O=Example",
        not_before_s=1577836800.0,
        not_after_s=3786912000.0,
        lineage=NO_AUTHORITY,
        is_refused=NOT_SHOWN,
    )


LEAF = certificate("node", "kubernetes", b"leaf", b"one")
ANEW = certificate("kubernetes", "kubernetes", b"two", b"two")
AUTHORITY_PATH = "/etc/kubernetes/pki/ca.crt"


def test_a_signer_is_held_against_the_clusters_authority_on_the_same_disk() -> None:
    files = Files({HUB_PATH: pem(LEAF) + KEY, AUTHORITY_PATH: pem(ANEW)})
    [one] = node_certificates(files, facts(has_hub=True, role=None))
    assert one.lineage == Lineage(signer=Signer.OTHER_KEY, authority_path=AUTHORITY_PATH)


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        pytest.param(KUBELET_CONFIG, True, id="shown from this kubeconfig and refused"),
        pytest.param("/etc/kubernetes/other.conf", NOT_SHOWN, id="another kubeconfig"),
        pytest.param("", NOT_SHOWN, id="something else went wrong"),
    ],
)
def test_a_refusal_is_that_of_the_certificate_that_was_shown(
    refused: str, expected: bool | NotChecked
) -> None:
    gap = Gap(reason="status 401", is_missing=False, refused=refused)
    [one] = node_certificates(Files(EVERYTHING), facts(has_hub=False, role=None), (gap,))
    assert one.is_refused == expected


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        pytest.param("", "", KUBELET_PATH, id="as kubeadm writes it"),
        pytest.param(KUBELET_PATH, "pki/a.pem", "/etc/kubernetes/pki/a.pem", id="relative"),
        pytest.param("https://198.51.100.6:6443", "http://127.0.0.1:10261", "", id="to a hub"),
        pytest.param("user: u", "user: v", "", id="nobody"),
        pytest.param("client-certificate", "token", "", id="by a token"),
        pytest.param(CONFIG, "[", "", id="no YAML"),
        pytest.param(CONFIG, "", "", id="empty"),
    ],
)
def test_a_kubeconfig_leads_to_its_certificate(old: str, new: str, path: str) -> None:
    files = Files({KUBELET_CONFIG: CONFIG.replace(old, new)})
    assert client_certificate(files, KUBELET_CONFIG) == path


@given(text=st.text(max_size=300), is_wrapped=st.booleans())
def test_any_file_is_a_certificate_or_none(text: str, is_wrapped: bool) -> None:
    block = f"-----BEGIN CERTIFICATE-----{text}-----END CERTIFICATE-----"
    assert found({HUB_PATH: block if is_wrapped else text}) in ([], [HUBS])
