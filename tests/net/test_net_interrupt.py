"""Ctrl-C asks for the end, and a second one takes it."""

import signal
from collections.abc import Iterator

import pytest

from edgediag.net.interrupt import Interrupt

ASKING = [
    pytest.param(signal.SIGINT, id="Ctrl-C"),
    pytest.param(signal.SIGTERM, id="SIGTERM"),
]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Whatever a test leaves behind, the handlers are as they were."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nobody_asked() -> None:
    with Interrupt() as interrupt:
        assert not interrupt.is_wanted()


@pytest.mark.parametrize("number", ASKING)
def test_the_first_signal_is_only_noted(number: signal.Signals) -> None:
    with Interrupt() as interrupt:
        signal.raise_signal(number)
        assert interrupt.is_wanted()


@pytest.mark.parametrize("number", ASKING)
def test_a_second_one_ends_the_process(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), Interrupt():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(number)


def test_afterwards_the_handlers_are_those_of_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ValueError), Interrupt():
        raise ValueError
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert after == before


def test_what_was_asked_for_is_remembered_afterwards() -> None:
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGTERM)
    assert interrupt.is_wanted()
