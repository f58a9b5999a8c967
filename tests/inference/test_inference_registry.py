"""What is said of a registry that is reached, by what it answers to a stranger."""

from dataclasses import replace

import pytest

from edgediag.inference.registry import registry_text
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import RegistryAnswer
from edgediag.model.endpoint import ProbeKind
from edgediag.model.pull import BlobPlace, Pulled, PullPart, PullStep
from story import HOST, answered, flow_evidence, presented, probe, registry_says, syn_ack

MIRROR = "a mirror, a proxy or a portal may answer in its place"
UNPULLED = "; where its layers lie is not judged: no image was asked for"
UNASKED = NotChecked(reason="nothing was asked above TLS")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        pytest.param(
            registry_says(401, "t.example", "t.example", "u.example"),
            f"asks for a token at t.example{UNPULLED}",
            id="as its clients expect",
        ),
        pytest.param(
            registry_says(401, "t.example"),
            f"asks for a token at t.example{UNPULLED}",
            id="beside no row of who gives tokens nothing is doubted",
        ),
        pytest.param(
            registry_says(401, "x.example", "t.example", "u.example"),
            "asks for a token at x.example, and not at t.example or u.example: "
            f"this node must reach that host too, or {MIRROR}{UNPULLED}",
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
    assert registry_text(evidence).partition(": ")[2] == end + UNPULLED


PAUSE = "registry.example/acs/pause:3.9"
TOKEN, MANIFEST, BLOB = (PullStep(part=part, status=200) for part in PullPart)
BLOBS = BlobPlace(host="b.example", port=443)
ENDED = NotChecked(reason="it ended")


def pulled(*steps: PullStep, blobs: BlobPlace | NotChecked = ENDED) -> Pulled:
    return Pulled(image=PAUSE, steps=steps, blobs=blobs)


UNJUDGED = f"where its layers lie is not judged: {PAUSE} was asked for, and "


@pytest.mark.parametrize(
    ("said", "text"),
    [
        pytest.param(
            pulled(TOKEN, MANIFEST, replace(BLOB, status=307), blobs=BLOBS),
            f"gives a stranger {PAUSE}, whose layers are at b.example",
            id="all of it",
        ),
        pytest.param(
            pulled(TOKEN, MANIFEST, BLOB, blobs=replace(BLOBS, host=HOST)),
            f"gives a stranger {PAUSE}, and has its layers itself",
            id="no redirect",
        ),
        pytest.param(
            pulled(TOKEN, MANIFEST, BLOB, blobs=replace(BLOBS, host="10.0.0.1")),
            f"gives a stranger {PAUSE}, and sends its clients for layers to 10.0.0.1, which no"
            " public network carries: that host is not asked",
            id="a closed network",
        ),
        pytest.param(
            pulled(TOKEN, MANIFEST, BLOB, blobs=replace(BLOBS, host="127.0.0.1")),
            f"gives a stranger {PAUSE}, and sends its clients for layers to 127.0.0.1, which no"
            " public network carries: that host is not asked",
            id="this node",
        ),
        pytest.param(
            pulled(replace(TOKEN, status=401)),
            f"{UNJUDGED}a stranger is refused a token for it (status 401), which is no fault",
            id="no token",
        ),
        pytest.param(
            pulled(TOKEN, replace(MANIFEST, status=403)),
            f"{UNJUDGED}a stranger is refused its manifest (status 403), which is no fault",
            id="no manifest",
        ),
        pytest.param(
            pulled(TOKEN, replace(MANIFEST, status=404)),
            f"{UNJUDGED}its manifest is not there (status 404), which is no fault of the network",
            id="no such image",
        ),
        pytest.param(
            pulled(TOKEN, replace(MANIFEST, status=429)),
            f"{UNJUDGED}its manifest is answered with status 429",
            id="too many questions",
        ),
        pytest.param(
            pulled(TOKEN, replace(MANIFEST, status=NotChecked(reason="no answer"))),
            f"{UNJUDGED}of its manifest nothing can be said: no answer",
            id="no answer",
        ),
        pytest.param(
            pulled(TOKEN, MANIFEST, replace(BLOB, status=302)), f"{UNJUDGED}it ended", id="nowhere"
        ),
        pytest.param(pulled(), f"{UNJUDGED}it ended", id="nothing"),
    ],
)
def test_a_pull_is_told_of_and_what_a_stranger_is_refused_is_no_fault(
    said: Pulled, text: str
) -> None:
    shown = presented(HOST, registry=replace(registry_says(401, "t.example"), pulled=said))
    evidence = flow_evidence(answered(probe(ProbeKind.TCP_SYN), syn_ack()), certificate=shown)
    assert registry_text(evidence) == f"asks for a token at t.example; {text}"
