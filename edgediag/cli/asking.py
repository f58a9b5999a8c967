"""What the API server itself says, put beside what was stated."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from edgediag.discovery.api_access import access_of
from edgediag.discovery.given import Given
from edgediag.errors import UsageError
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import ClusterFacts
from edgediag.model.statement import Gap
from edgediag.net.api_server import Asked
from edgediag.net.clock import Clock
from edgediag.net.files import NodeFiles
from edgediag.net.interfaces import identity
from edgediag.stages.assignment import Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """What is known, and what is to be diagnosed by that."""

    facts: ClusterFacts
    assignment: Assignment


Assign: TypeAlias = Callable[[Given], Assigned]
"""What follows from what was given; raises UsageError where something in it cannot be used."""


def with_objects(given: Given) -> Given:
    """The same with the objects that this node's credential may read of its cluster."""
    asked = ask(given)
    if asked is None:
        return given
    if isinstance(asked, Asked):
        asked.wait()
    return _with(given, asked)


def ask(given: Given) -> Asked | NotChecked | None:
    """The question to the API server, put but not waited for; None where nobody may ask.

    A tree that was copied from another node has that node's credential: with it nobody is asked.
    """
    if not given.is_asking or os.path.realpath(given.root) != "/":
        return None
    access = access_of(NodeFiles(root="/"))
    if isinstance(access, NotChecked):
        return access
    return Asked(access, identity().hostname.lower(), Clock().now_s())


def _with(given: Given, asked: Asked | NotChecked) -> Given:
    if isinstance(asked, NotChecked):
        return replace(given, fetched=(Gap(reason=asked.reason, is_missing=True),))
    return replace(given, fetched=asked.objects())


class LaterObjects:
    """An assignment that the objects of the cluster may change while it is carried out."""

    def __init__(self, given: Given, asked: Asked, assign: Assign) -> None:
        self._given = given
        self._asked = asked
        self._assign = assign
        self._is_taken = False
        self._in_vain: list[str] = []
        self._last = self._first()

    def assignment(self) -> Assignment:
        """What is to be diagnosed as things stand."""
        return replace(self._last.assignment, later=self)

    def facts(self) -> ClusterFacts:
        """What is known as things stand, and with it that nothing came."""
        facts = self._last.facts
        return replace(facts, warnings=(*facts.warnings, *self._in_vain))

    def has_come(self) -> bool:
        """True from the answer of the server on until it is taken."""
        return not self._is_taken and self._asked.has_come()

    def comes_at_last(self) -> bool:
        """The same, after waiting for a server that has taken a connection."""
        if not self._is_taken and self._asked.is_heard():
            self._asked.wait()
        has_come = self.has_come()
        if not self._is_taken and not has_come:
            self._in_vain = [
                item.reason for item in self._asked.objects() if isinstance(item, Gap)
            ]
        return has_come

    def taken(self) -> Assignment:
        """What is to be diagnosed by what the server said."""
        self._is_taken = True
        try:
            self._last = self._assign(_with(self._given, self._asked))
        except UsageError:
            # A row that was asked for is under way, and to the server it is none: so it stays.
            self._in_vain = ["what the API server says leaves out rows that were asked for"]
        return self.assignment()

    def _first(self) -> Assigned:
        try:
            return self._assign(self._given)
        except UsageError:
            # What was asked for may be known to the API server alone.
            self._asked.wait()
            self._is_taken = True
            return self._assign(_with(self._given, self._asked))


def begin(given: Given, assign: Assign) -> tuple[Assignment, Callable[[], ClusterFacts]]:
    """What is to be diagnosed, with the API server asked meanwhile; and what is known in the end.

    raises  UsageError where something in it cannot be used
    """
    asked = ask(given)
    if isinstance(asked, Asked):
        later = LaterObjects(given, asked, assign)
        return later.assignment(), later.facts
    known = assign(given if asked is None else _with(given, asked))
    return known.assignment, lambda: known.facts
