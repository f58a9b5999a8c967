"""The image of this node that a registry is asked for as a stranger asks, and what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from edgediag.checked import Checked
from edgediag.endpoints.forward_proxy import place_meant
from edgediag.flaw import answer_of, is_refused
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Chain, Presented, PullQuestion, RegistryAnswer
from edgediag.model.cluster import HostPort
from edgediag.model.image import Image
from edgediag.model.pull import NOT_PULLED, Pulled, PullPart, PullStep
from edgediag.stages.certificates import Shown, server_of

NO_IMAGE: Final = NotChecked(reason="no file of this node names an image of it")
NO_GIVER: Final = NotChecked(reason="who gives its tokens is not reached as its clients want it")
NOT_TRUSTED: Final = NotChecked(reason="its certificate is none that its clients take")
ASKED_ALREADY: Final = NotChecked(reason="an image was asked for at another address")

_UNAUTHORIZED: Final = 401


def pull_image(
    bench: Bench,
    checks: Sequence[Checked],
    shown: Mapping[str, Shown],
    images: Sequence[Image] | NotChecked,
) -> Mapping[str, Shown]:
    """What servers showed, with what came of the pull of one image, or why none was asked for."""
    known, is_asked = dict(shown), False
    for check in checks:
        answer = answer_of(shown.get(check.target.check, NOT_PULLED))
        if answer is None or answer.status != _UNAUTHORIZED or bench.loop.is_interrupted():
            continue
        giver = _giver(answer, checks, shown)
        question = ASKED_ALREADY if is_asked else _question((check, giver), answer, shown, images)
        is_asked = is_asked or isinstance(question, PullQuestion)
        pulled = question if isinstance(question, NotChecked) else bench.pulls.of(question)
        known |= _told(known, (check, giver), pulled)
    return known


def _question(
    pair: tuple[Checked, Checked | None],
    answer: RegistryAnswer,
    shown: Mapping[str, Shown],
    images: Sequence[Image] | NotChecked,
) -> PullQuestion | NotChecked:
    registry, giver = pair
    if isinstance(images, NotChecked):
        return images
    host = place_meant(registry.target).host
    image = next((each for each in images if each.registry == host), None)
    if image is None:
        return NO_IMAGE
    if not _is_trusted(registry, shown):
        return NOT_TRUSTED
    if isinstance(answer.challenge, NotChecked):
        return answer.challenge
    if giver is None:
        return NO_GIVER
    return PullQuestion(
        image=image,
        registry=server_of(registry),
        tokens=server_of(giver),
        challenge=answer.challenge,
    )


def _giver(
    answer: RegistryAnswer, checks: Sequence[Checked], shown: Mapping[str, Shown]
) -> Checked | None:
    """Who gives the tokens, if somebody trusted answers straight at the place that is named."""
    if isinstance(answer.token_port, NotChecked):
        return None
    place = HostPort(host=answer.token_host, port=answer.token_port)
    found = (check for check in checks if place_meant(check.target) == place)
    return next((check for check in found if _is_trusted(check, shown)), None)


def _is_trusted(check: Checked, shown: Mapping[str, Shown]) -> bool:
    one = shown.get(check.target.check, NOT_PULLED)
    is_known = isinstance(one, Presented) and one.chain is Chain.TRUSTED
    return is_known and not is_refused(one, check.target.host)


def _told(
    shown: Mapping[str, Shown],
    pair: tuple[Checked, Checked | None],
    pulled: Pulled | NotChecked,
) -> dict[str, Shown]:
    """What each of both is known to have answered; both may be one host, and one row."""
    registry, giver = pair
    told: dict[str, Shown] = {}
    for check in filter(None, (registry, giver)):
        one, answer = shown[check.target.check], answer_of(shown[check.target.check])
        if not isinstance(one, Presented):
            continue
        if answer is not None and check is registry:
            one = replace(one, registry=replace(answer, pulled=pulled))
        told[check.target.check] = replace(one, pulled=_steps(check, pair, pulled))
    return told


def _steps(
    check: Checked, pair: tuple[Checked, Checked | None], pulled: Pulled | NotChecked
) -> tuple[PullStep, ...] | NotChecked:
    """The steps of a pull that were questions to one of both."""
    if isinstance(pulled, NotChecked):
        return NOT_PULLED
    registry, giver = pair
    return tuple(
        step
        for step in pulled.steps
        if check is (giver if step.part is PullPart.TOKEN else registry)
    )
