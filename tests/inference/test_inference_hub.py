"""What is told of this node's hub beside the API server's row."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.hub import hub_text
from edgediag.model.answer import NotChecked
from edgediag.model.hub import HubClosed, HubEnd, HubSaid, HubSilent, HubWord
from edgediag.stages.hub import DOORS
from story import host_state, target

LIVES, READY = DOORS
END = HubEnd(hub="yurthub", address=ip_address("127.0.0.1"), port=10261, source="kubelet.conf")
WELL = HubSaid(door=LIVES, status=200, text="OK")
WELL_TEXT = "yurthub at 127.0.0.1 port 10267 says that it is well"


def told(*words: HubWord, endpoint: str = "api-server") -> str:
    host = replace(host_state(), hub_ends=(END,), hub_words=words)
    return hub_text(target(f"{endpoint}-1", endpoint=endpoint), host)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param((WELL, replace(WELL, door=READY)), WELL_TEXT, id="well"),
        pytest.param(
            (WELL, replace(WELL, door=READY, status=404)), WELL_TEXT, id="it knows one question"
        ),
        pytest.param(
            (WELL, HubSaid(door=READY, status=500, text="could not ready")),
            'yurthub of this node: 127.0.0.1:10267/v1/readyz answers with status 500 and '
            '"could not ready"',
            id="its own text",
        ),
        pytest.param(
            (HubSaid(door=LIVES, status=404, text=""),),
            "yurthub of this node: 127.0.0.1:10267/v1/healthz answers with status 404",
            id="not known whether it is well",
        ),
        pytest.param(
            tuple(HubClosed(door=door, is_refused=True) for door in DOORS),
            "yurthub of this node: nothing listens at 127.0.0.1 port 10267",
            id="nothing listens, said once",
        ),
        pytest.param(
            (HubClosed(door=LIVES, is_refused=False), HubSilent(door=READY, waited_s=2.0)),
            "yurthub of this node: 127.0.0.1:10267/v1/healthz is closed without an answer; "
            "127.0.0.1:10267/v1/readyz does not answer within 2 s",
            id="closed and silent",
        ),
        pytest.param((), "", id="not asked"),
    ],
)
def test_a_hub_is_told_of(words: tuple[HubWord, ...], text: str) -> None:
    assert told(*words) == text


def test_nothing_is_told_beside_other_rows_and_of_a_hub_that_was_not_asked() -> None:
    unasked = NotChecked(reason="not recorded")
    host = replace(host_state(), hub_ends=(END,), hub_words=unasked)
    assert told(WELL, endpoint="registry") == ""
    assert hub_text(target("api-server-1", endpoint="api-server"), host) == ""
