"""Which image is asked for of whom, and to whom the answers are put."""

from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Chain, Challenge, Presented, RegistryAnswer
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.image import Image
from edgediag.model.pull import NOT_PULLED, BlobPlace, Pulled, PullPart, PullStep
from edgediag.model.reply import TlsAnswer, TlsReply
from edgediag.stages.image_pull import (
    ASKED_ALREADY,
    NO_GIVER,
    NO_IMAGE,
    NOT_TRUSTED,
    pull_image,
)
from edgediag.wire.http_head import NO_CHALLENGE
from rig import RigPulls, RigWire, rig
from story import HOST, NEIGHBOUR_HOST, answered, flow, presented, probe, registry_says, target

SERVED = TlsReply(answer=TlsAnswer.SERVER_HELLO, alert=0, hop_limit=None)
NAME = "registry-cn-hangzhou.ack.aliyuncs.com"
GIVER = "tokens.example"
ASKS = replace(registry_says(401, GIVER), challenge=Challenge(path="/auth", service="s"))
IMAGE = Image(registry=NAME, repository="acs/pause", reference="3.9")
STEPS = tuple(PullStep(part=part, status=200) for part in PullPart)
PULLED = Pulled(image=IMAGE.text, steps=STEPS, blobs=BlobPlace(host="b.example", port=443))


def check(name: str, id_: str = "registry-443", host: str = HOST) -> Checked:
    hello = probe(ProbeKind.TLS_CLIENT_HELLO, on=flow(Protocol.TCP, host=host, port=443))
    row = target(id_, kinds=(hello.kind,), host=name, address=host, port=443)
    return Checked(target=row, attempts=(answered(hello, SERVED),), nobody=())


REGISTRY = check(NAME)
TOKENS = check(GIVER, "registry-token-443", NEIGHBOUR_HOST)
TRUSTED = {
    REGISTRY.target.check: presented(NAME, registry=ASKS),
    TOKENS.target.check: presented(GIVER),
}


def told(
    *images: Image,
    checks: tuple[Checked, ...] = (REGISTRY, TOKENS),
    shown: dict[str, Presented] | None = None,
) -> tuple[RigPulls, dict[str, Presented | NotChecked]]:
    pulls = RigPulls(pulled=PULLED)
    bench = rig(RigWire(), pulls=pulls)
    return pulls, dict(pull_image(bench, checks, {**TRUSTED, **(shown or {})}, images))


def pulled_of(shown: dict[str, Presented | NotChecked], name: str) -> Pulled | NotChecked:
    one = shown[name]
    assert isinstance(one, Presented) and isinstance(one.registry, RegistryAnswer)
    return one.registry.pulled


def test_an_image_of_the_registry_is_asked_for() -> None:
    pulls, shown = told(replace(IMAGE, registry="other.example"), IMAGE)
    (question,) = pulls.asked
    assert (question.image, question.challenge) == (IMAGE, ASKS.challenge)
    assert [(str(at.address), at.name) for at in (question.registry, question.tokens)] == [
        (HOST, NAME), (NEIGHBOUR_HOST, GIVER)
    ]
    assert pulled_of(shown, "registry-443") == PULLED


def test_each_is_told_what_it_answered_itself() -> None:
    _, shown = told(IMAGE)
    parts = {
        name: [step.part for step in one.pulled]
        for name, one in shown.items()
        if isinstance(one, Presented) and not isinstance(one.pulled, NotChecked)
    }
    assert parts == {
        "registry-443": [PullPart.MANIFEST, PullPart.BLOB],
        "registry-token-443": [PullPart.TOKEN],
    }


def test_one_image_is_asked_for_in_a_run() -> None:
    other = replace(REGISTRY, target=replace(REGISTRY.target, check="registry-443@b"))
    pulls, shown = told(
        IMAGE,
        checks=(REGISTRY, other, TOKENS),
        shown={"registry-443@b": presented(NAME, registry=ASKS)},
    )
    assert len(pulls.asked) == 1
    assert pulled_of(shown, "registry-443@b") == ASKED_ALREADY


@pytest.mark.parametrize(
    ("images", "shown", "why"),
    [
        pytest.param((), {}, NO_IMAGE, id="no image is known"),
        pytest.param(
            (replace(IMAGE, registry="registry-us-west-1.ack.aliyuncs.com"),),
            {},
            NO_IMAGE,
            id="an image of another registry",
        ),
        pytest.param(
            (IMAGE,),
            {"registry-443": presented("other.example", registry=ASKS)},
            NOT_TRUSTED,
            id="a registry of another name",
        ),
        pytest.param(
            (IMAGE,),
            {"registry-443": presented(NAME, registry=replace(ASKS, challenge=NO_CHALLENGE))},
            NO_CHALLENGE,
            id="tokens without TLS",
        ),
        pytest.param(
            (IMAGE,),
            {"registry-token-443": presented(GIVER, chain=Chain.UNKNOWN_ISSUER)},
            NO_GIVER,
            id="a giver of tokens who is not trusted",
        ),
        pytest.param(
            (IMAGE,),
            {"registry-443": presented(NAME, registry=replace(ASKS, token_host="x.example"))},
            NO_GIVER,
            id="a giver of tokens who is not reached",
        ),
    ],
)
def test_else_nobody_is_asked_and_the_registry_says_why(
    images: tuple[Image, ...], shown: dict[str, Presented], why: NotChecked
) -> None:
    pulls, found = told(*images, shown=shown)
    assert (pulls.asked, pulled_of(found, "registry-443")) == ([], why)


def test_where_containerd_asks_a_mirror_nobody_is_asked() -> None:
    pulls = RigPulls(pulled=PULLED)
    mirrored = NotChecked(reason="a mirror")
    shown = pull_image(rig(RigWire(), pulls=pulls), (REGISTRY, TOKENS), TRUSTED, mirrored)
    assert (pulls.asked, pulled_of(dict(shown), "registry-443")) == ([], mirrored)


def test_a_registry_that_lets_strangers_in_is_asked_for_nothing() -> None:
    pulls, shown = told(IMAGE, shown={"registry-443": presented(NAME, registry=registry_says(200))})
    assert (pulls.asked, pulled_of(shown, "registry-443")) == ([], NOT_PULLED)


def test_nobody_is_asked_once_the_run_is_interrupted() -> None:
    pulls = RigPulls(pulled=PULLED)
    bench = rig(RigWire(), is_stopped=lambda: True, pulls=pulls)
    assert pull_image(bench, (REGISTRY, TOKENS), TRUSTED, (IMAGE,)) == TRUSTED
    assert pulls.asked == []
