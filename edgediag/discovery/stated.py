"""From the text that was stated to values; the only place that refuses what an operator wrote."""

from collections.abc import Callable
from typing import TypeVar

from edgediag.discovery.given import EXPECTED
from edgediag.discovery.host import parse_host_port
from edgediag.errors import UsageError
from edgediag.model.answer import Answer
from edgediag.model.cluster import Fact, HostPort, Phase
from edgediag.model.gateway import Role

API_SERVER_PORT = 6443

_PHASES = {
    "install": (Phase.INSTALL,),
    "run": (Phase.RUN,),
    "all": (Phase.INSTALL, Phase.RUN),
}
_ROLES = {role.value: role for role in Role}
_ANSWERS = {"yes": Answer.YES, "no": Answer.NO}
_Value = TypeVar("_Value")


def values_of(
    stated: tuple[Fact, ...], name: str, parse: Callable[[str], _Value | None]
) -> tuple[_Value, ...]:
    """The values stated under a name, in order, each once.

    raises  UsageError, naming who stated it, the text and what is expected
    """
    return tuple(dict.fromkeys(_value(fact, parse) for fact in stated if fact.name == name))


def value_of(
    stated: tuple[Fact, ...], name: str, parse: Callable[[str], _Value | None]
) -> _Value | None:
    """The value stated under a name, the last one where several are, None where none is.

    raises  UsageError, as `values_of`
    """
    values = values_of(stated, name, parse)
    return values[-1] if values else None


def answer_of(stated: tuple[Fact, ...], name: str) -> Answer:
    """The yes or no stated under a name, NOT_CHECKED where nothing is.

    raises  UsageError, as `values_of`
    """
    return value_of(stated, name, _ANSWERS.get) or Answer.NOT_CHECKED


def phases_of(stated: tuple[Fact, ...]) -> tuple[Phase, ...] | None:
    """The phases stated, None where none are.

    raises  UsageError, as `values_of`
    """
    return value_of(stated, "phase", _PHASES.get)


def role_of(stated: tuple[Fact, ...]) -> Role | None:
    """This node's role in both modes of Raven as stated, None where it is not.

    raises  UsageError, as `values_of`
    """
    return value_of(stated, "role", _ROLES.get)


def parse_api_server(text: str) -> HostPort | None:
    """An API server's host and port, 6443 where it states none."""
    return parse_host_port(text, API_SERVER_PORT)


def _value(fact: Fact, parse: Callable[[str], _Value | None]) -> _Value:
    value = parse(fact.value)
    if value is None:
        raise UsageError(f"{fact.source}: {fact.value!r} is not {EXPECTED[fact.name]}")
    return value
