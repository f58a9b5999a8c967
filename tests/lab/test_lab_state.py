"""What is written down about a lab."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.errors import UsageError
from edgediag.lab import state
from edgediag.lab.state import EMPTY, Process, State

FULL = State(
    processes=(Process(node="cloud", pid=7, start_time=8, boot_id="b"),),
    scenario="path-a",
    undo=({"action": "link", "node": "edge", "device": "eth0", "state": "up"},),
    lasting=("a program",),
    fingerprint={"edge": "two\nlines"},
    servers=("ike: charon 5.9.8",),
)


@pytest.mark.parametrize("known", [EMPTY, FULL], ids=["nothing", "everything"])
def test_a_state_comes_back_whole(known: State) -> None:
    assert state.decode(state.encode(known)) == known


@given(st.text(max_size=60))
def test_any_text_is_a_state_or_nothing(text: str) -> None:
    assert state.decode(text) == EMPTY


@pytest.mark.parametrize("text", ["null", "[]", '{"processes": [{}]}', '{"processes": 1}'])
def test_json_of_another_shape_is_nothing(text: str) -> None:
    assert state.decode(text) == EMPTY


@pytest.mark.parametrize("prefix", ["a", "edgediag", "eD2"])
def test_a_prefix_is_usable(prefix: str) -> None:
    assert state.check_prefix(prefix) == prefix


@pytest.mark.parametrize("prefix", ["", "2a", "a-b", "a/b", "..", "a" * 32, "_certificates"])
def test_a_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="^cannot use prefix "):
        state.check_prefix(prefix)
