"""When the certificate of an agent of this node is out of date, and when nothing is said of it."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.combine import find
from edgediag.inference.node_certificates import signer_text
from edgediag.inference.states import agent_certificate, raven_certificate
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Protocol
from edgediag.model.host import HostState
from edgediag.model.hub import HubEnd
from edgediag.model.listener import Listener
from edgediag.model.node_certificate import (
    NO_AUTHORITY,
    NOT_SHOWN,
    CertificateUse,
    Lineage,
    Moment,
    NodeCertificate,
    Signer,
)
from edgediag.model.outcome import Outcome
from edgediag.model.verdict import Mechanism, Place, Strength
from story import answered, flow_evidence, host_state, ike_reply, probe, unanswered

UNREAD = NotChecked(reason="not recorded")
# 2025-01-01 and 2026-01-01.
SINCE_S, UNTIL_S = 1_735_689_600.0, 1_767_225_600.0
EARLY, VALID, LATE = SINCE_S - 60, SINCE_S + 60, UNTIL_S + 60

HUBS = NodeCertificate(
    agent="yurthub",
    use=CertificateUse.API_SERVER,
    path="/hub.pem",
    issuer="CN=kubernetes",
    not_before_s=SINCE_S,
    not_after_s=UNTIL_S,
    lineage=NO_AUTHORITY,
    is_refused=NOT_SHOWN,
)
RAVENS = replace(HUBS, agent="raven-agent-ds", use=CertificateUse.RAVEN_PROXY, path="/raven.pem")
END = HubEnd(hub="yurthub", address=ip_address("127.0.0.1"), port=10261, source="kubelet.conf")
KUBELET = Listener(protocol=Protocol.TCP, address=ip_address("0.0.0.0"), port=10250, uid=0)
HUB = replace(KUBELET, port=END.port)

ITS = "the certificate by which yurthub is known to the cloud (/hub.pem), signed by CN=kubernetes,"


def node(
    here_s: float,
    *others_s: float,
    shown: tuple[NodeCertificate, ...] = (HUBS, RAVENS),
    listeners: tuple[Listener, ...] = (KUBELET, HUB),
    ends: tuple[HubEnd, ...] = (END,),
) -> HostState:
    """A node with these certificates at a moment."""
    return replace(
        host_state(),
        hub_ends=ends,
        listeners=listeners,
        node_certificates=shown,
        moment=Moment(here_s=here_s, others_s=others_s),
    )


@pytest.mark.parametrize(
    ("host", "text"),
    [
        pytest.param(
            node(LATE, LATE), f"{ITS} expired on 2026-01-01, by every clock", id="expired"
        ),
        pytest.param(
            node(EARLY, EARLY),
            f"{ITS} is not valid before 2025-01-01, by every clock",
            id="not yet valid",
        ),
        pytest.param(
            node(LATE),
            f"{ITS} expired on 2026-01-01, by this node's clock, which no other confirms",
            id="by one clock",
        ),
        pytest.param(node(LATE, LATE, VALID), "", id="a time server finds it valid"),
        pytest.param(node(VALID, LATE), "", id="this node's clock finds it valid"),
        pytest.param(node(EARLY, LATE), "", id="clocks that agree on nothing"),
        pytest.param(node(VALID, VALID), "", id="in its time"),
        pytest.param(node(LATE, shown=(RAVENS,)), "", id="another's"),
        pytest.param(node(LATE, shown=()), "", id="no file"),
        pytest.param(node(LATE, listeners=(KUBELET,)), "", id="a hub that does not run"),
        pytest.param(node(LATE, listeners=(), ends=()), "", id="a kubelet that does not run"),
        pytest.param(replace(node(LATE), node_certificates=UNREAD), "", id="not looked for"),
        pytest.param(replace(node(LATE), moment=UNREAD), "", id="no time"),
    ],
)
def test_the_certificate_of_an_agent_is_judged(host: HostState, text: str) -> None:
    fault = agent_certificate.judge(None, host)
    assert ("" if fault is None else fault.text) == text
    assert fault is None or fault.claim.where == (Place.LOCAL,)
    assert fault is None or fault.claim.mechanism is Mechanism.CERTIFICATE


def test_a_kubelet_without_a_hub_needs_its_own() -> None:
    kubelets = replace(HUBS, agent="kubelet")
    fault = agent_certificate.judge(None, node(LATE, shown=(kubelets,), ends=()))
    assert fault is not None and "by which kubelet is known" in fault.text


def test_ravens_is_judged_beside_the_proxy_and_nowhere_else() -> None:
    fault = raven_certificate.judge(None, node(LATE, shown=(RAVENS,)))
    assert fault is not None and "/raven.pem" in fault.text
    assert raven_certificate.judge(None, node(LATE, shown=(HUBS,))) is None
    found = find(
        flow_evidence(answered(probe(check="raven-proxy-10280"), ike_reply())), node(LATE)
    )
    assert [item.rule for item in found] == ["raven-certificate"]


@pytest.mark.parametrize(
    ("outcome", "strength"),
    [
        pytest.param(answered(probe(check="api-server-6443"), ike_reply()), Strength.PROVES),
        pytest.param(unanswered(probe(check="api-server-6443")), Strength.SUPPORTS),
    ],
    ids=["the API server is reached", "the API server fails by itself"],
)
def test_a_certificate_is_blamed_only_where_the_row_is_served(
    outcome: Outcome, strength: Strength
) -> None:
    found = {item.rule: item.strength for item in find(flow_evidence(outcome), node(LATE))}
    assert found["agent-certificate"] is strength


def of(signer: Signer, *, is_refused: bool = False) -> NodeCertificate:
    """The hub's, signed so, and shown to the API server or not."""
    lineage = Lineage(signer=signer, authority_path="/ca.crt")
    return replace(HUBS, lineage=lineage, is_refused=is_refused or NOT_SHOWN)


STRANGERS = "is signed by CN=kubernetes, who is not in /ca.crt"
OTHERS = "is signed in the name of the authority in /ca.crt with another key"


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        pytest.param(of(Signer.OTHER_KEY, is_refused=True), OTHERS, id="another key, and refused"),
        pytest.param(of(Signer.STRANGER, is_refused=True), STRANGERS, id="a stranger, and refused"),
        pytest.param(of(Signer.OTHER_KEY), "", id="another key, and nobody was asked"),
        pytest.param(of(Signer.STRANGER), "", id="a stranger, and nobody was asked"),
        pytest.param(of(Signer.AUTHORITY, is_refused=True), "", id="refused for another reason"),
        pytest.param(replace(HUBS, is_refused=True), "", id="refused, and no authority is known"),
        pytest.param(
            replace(of(Signer.STRANGER, is_refused=True), use=CertificateUse.RAVEN_PROXY),
            "",
            id="another's",
        ),
    ],
)
def test_a_signer_is_blamed_only_where_the_api_server_refuses_as_well(
    shown: NodeCertificate, text: str
) -> None:
    fault = agent_certificate.judge(None, node(VALID, VALID, shown=(shown,)))
    said = f"the certificate by which yurthub is known to the cloud (/hub.pem) {text}, and the API"
    assert (fault.text if fault else "").startswith(said if text else "")
    assert (fault is None) == (not text)
    assert fault is None or fault.claim.where == (Place.LOCAL,)


@pytest.mark.parametrize(
    ("endpoint", "shown", "text"),
    [
        pytest.param("api-server", of(Signer.OTHER_KEY), OTHERS, id="another key"),
        pytest.param("api-server", of(Signer.STRANGER), STRANGERS, id="a stranger"),
        pytest.param("api-server", of(Signer.AUTHORITY), "", id="the authority"),
        pytest.param("api-server", HUBS, "", id="no authority is known"),
        pytest.param("api-server", of(Signer.STRANGER, is_refused=True), "", id="said by the rule"),
        pytest.param("raven-proxy", of(Signer.STRANGER), "", id="to whom it is not shown"),
        pytest.param(
            "raven-proxy",
            replace(of(Signer.STRANGER), use=CertificateUse.RAVEN_PROXY),
            STRANGERS,
            id="Raven's",
        ),
    ],
)
def test_a_signer_is_told_beside_the_row_that_it_is_shown_to(
    endpoint: str, shown: NodeCertificate, text: str
) -> None:
    said = signer_text(endpoint, node(VALID, shown=(shown,)))
    assert (text in said, bool(said)) == (True, bool(text))


def test_without_certificates_nothing_is_told() -> None:
    assert signer_text("api-server", replace(node(VALID), node_certificates=UNREAD)) == ""
