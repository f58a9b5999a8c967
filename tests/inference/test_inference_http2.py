"""What is said of a gateway by what it made of HTTP/2."""

import pytest

from edgediag.inference.http2 import http2_text
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Chain, Http2, Presented
from edgediag.model.endpoint import ProbeKind
from story import HOST, answered, flow_evidence, presented, probe, syn_ack


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        pytest.param(presented(HOST, http2=Http2.SPOKEN), "begins to speak HTTP/2", id="as meant"),
        pytest.param(presented(HOST, http2=Http2.CHOSEN), "no fault", id="mute, or mutual TLS"),
        pytest.param(presented(HOST, http2=Http2.STRANGE), "in the stead", id="no HTTP/2"),
        pytest.param(presented(HOST, http2=Http2.UNCHOSEN), "a balancer", id="no protocol"),
        pytest.param(presented(HOST, http2=Http2.REFUSED), "", id="what it is accused of"),
        pytest.param(presented(HOST), "", id="nothing was offered"),
        pytest.param(
            presented(HOST, http2=Http2.UNCHOSEN, chain=Chain.UNKNOWN_ISSUER),
            "",
            id="a stranger's certificate is worse",
        ),
        pytest.param(NotChecked(reason="no handshake"), "", id="no certificate"),
    ],
)
def test_a_gateway_is_told_of(shown: Presented | NotChecked, text: str) -> None:
    evidence = flow_evidence(answered(probe(ProbeKind.TCP_SYN), syn_ack()), certificate=shown)
    said = http2_text(evidence)
    assert text in said and bool(said) == bool(text)
