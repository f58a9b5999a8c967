"""What is said of a registry that is reached, by what it answers to a stranger."""

from dataclasses import replace

import pytest

from edgediag.inference.registry import registry_text
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import RegistryAnswer
from edgediag.model.endpoint import ProbeKind
from story import HOST, answered, flow_evidence, presented, probe, registry_says, syn_ack

MIRROR = "a mirror, a proxy or a portal may answer in its place"
UNASKED = NotChecked(reason="nothing was asked above TLS")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        pytest.param(
            registry_says(401, "t.example", "t.example", "u.example"),
            "asks for a token at t.example",
            id="as its clients expect",
        ),
        pytest.param(
            registry_says(401, "t.example"),
            "asks for a token at t.example",
            id="beside no row of who gives tokens nothing is doubted",
        ),
        pytest.param(
            registry_says(401, "x.example", "t.example", "u.example"),
            "asks for a token at x.example, and not at t.example or u.example: "
            f"this node must reach that host too, or {MIRROR}",
            id="elsewhere than the matrix has it",
        ),
        pytest.param(
            registry_says(401, "", "t.example"),
            f"answers GET /v2/ with status 401 and names nobody who gives tokens: {MIRROR}",
            id="no realm",
        ),
        pytest.param(
            registry_says(200),
            f"answers GET /v2/ with status 200 and asks for no token: {MIRROR}",
            id="no registry of the cluster lets strangers in",
        ),
        pytest.param(registry_says(503), "", id="what it is accused of is not said twice"),
        pytest.param(UNASKED, "", id="no registry, or none that is trusted"),
    ],
)
def test_a_registry_is_told_of(said: RegistryAnswer | NotChecked, text: str) -> None:
    shown = presented(HOST, registry=said)
    evidence = flow_evidence(
        answered(probe(ProbeKind.TCP_SYN), syn_ack()), certificate=shown
    )
    assert registry_text(evidence) == text


@pytest.mark.parametrize(
    ("registry", "token_host", "end"),
    [
        pytest.param(
            "registry.a.example",
            "t.b.A.example.",
            "another host of a.example, which this node must reach too",
            id="one domain",
        ),
        pytest.param(
            "registry.a.example",
            "a.b.example",
            f"this node must reach that host too, or {MIRROR}",
            id="another domain",
        ),
        pytest.param(
            HOST, HOST, f"this node must reach that host too, or {MIRROR}", id="no domain"
        ),
    ],
)
def test_a_realm_elsewhere_is_told_by_its_domain(
    registry: str, token_host: str, end: str
) -> None:
    shown = presented(registry, registry=registry_says(401, token_host, "t.example"))
    asked = flow_evidence(answered(probe(ProbeKind.TCP_SYN), syn_ack()), certificate=shown)
    evidence = replace(asked, target=replace(asked.target, host=registry))
    assert registry_text(evidence).partition(": ")[2] == end
