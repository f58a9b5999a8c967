"""Which image this node pulls first, and from where."""

import pytest

from edgediag.discovery.images import POD_INFRA_IMAGE, SANDBOX_IMAGE
from edgediag.discovery.mirrors import EVERY_REGISTRY, IMAGE_MIRROR
from edgediag.discovery.pause_images import MIRRORED, pause_images
from edgediag.model.answer import NotChecked
from edgediag.model.statement import Statement

PAUSE = "registry-cn-hangzhou.ack.aliyuncs.com/acs/pause:3.9"
WITHIN = "registry-cn-hangzhou-vpc.ack.aliyuncs.com/acs/pause:3.9"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(
            [(POD_INFRA_IMAGE, "b.example/a:1"), (SANDBOX_IMAGE, PAUSE)],
            [PAUSE, "b.example/a:1"],
            id="containerd's before the kubelet's",
        ),
        pytest.param(
            [(SANDBOX_IMAGE, WITHIN), (POD_INFRA_IMAGE, PAUSE)], [PAUSE], id="by its public name"
        ),
        pytest.param(
            [(SANDBOX_IMAGE, PAUSE), (IMAGE_MIRROR, "c.example")], [PAUSE], id="another's mirror"
        ),
        pytest.param(
            [(SANDBOX_IMAGE, WITHIN), (IMAGE_MIRROR, PAUSE.partition("/")[0])],
            MIRRORED,
            id="the mirror of its public name",
        ),
        pytest.param(
            [(SANDBOX_IMAGE, PAUSE), (IMAGE_MIRROR, PAUSE.partition("/")[0])],
            MIRRORED,
            id="its registry's mirror",
        ),
        pytest.param(
            [(SANDBOX_IMAGE, PAUSE), (IMAGE_MIRROR, EVERY_REGISTRY)], MIRRORED, id="a mirror of all"
        ),
        pytest.param([(IMAGE_MIRROR, EVERY_REGISTRY)], [], id="no image"),
    ],
)
def test_an_image_is_pulled_from_its_own_registry_or_from_a_mirror(
    said: list[tuple[str, str]], expected: list[str] | NotChecked
) -> None:
    found = pause_images(
        Statement(name=name, node="", value=value, path="p", where="", written_s=None)
        for name, value in said
    )
    assert (found if isinstance(found, NotChecked) else [one.text for one in found]) == expected


def test_what_another_node_pulls_is_not_pulled_here() -> None:
    said = Statement(
        name=SANDBOX_IMAGE, node="b", value=PAUSE, path="p", where="", written_s=None
    )
    assert pause_images([said]) == ()
