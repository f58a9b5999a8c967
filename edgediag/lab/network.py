"""One lab: bring it up, run commands in it, break it, mend it, take it down."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgediag.errors import CannotRunError
from edgediag.lab import (
    build,
    certificates,
    cgroup,
    connectivity,
    dual_stack,
    fingerprint,
    namespace,
    netfilter,
    processes,
    state,
    steps,
)
from edgediag.lab.files import write_edge_files
from edgediag.lab.injection import apply, lacking, take_back
from edgediag.lab.scenario import Scenario, Truth
from edgediag.lab.state import EMPTY
from edgediag.lab.topology import NODES
from edgediag.lab.undo import undo_of

SECOND_NETWORK = "the second network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """The lab whose namespaces begin with `prefix`; whether it is up is in the state file."""

    prefix: str

    def up(self) -> None:
        """A fresh lab carries packets; what stood under this prefix before is gone."""
        namespace.require_root()
        netfilter.require_nft()
        self.down()
        try:
            self._build()
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """Nothing of this prefix is left, whatever state it was in."""
        processes.end(state.load(self.prefix).processes)
        for node in NODES:
            namespace.remove(f"{self.prefix}-{node}")
            cgroup.remove(f"{self.prefix}-{node}")
        state.forget(self.prefix)

    def is_up(self) -> bool:
        """The lab was built to the end, and everything that serves in it still runs."""
        known = state.load(self.prefix)
        return (
            bool(known.fingerprint)
            and all(namespace.exists(f"{self.prefix}-{node}") for node in NODES)
            and all(processes.is_running(process) for process in known.processes)
        )

    def widen(self) -> None:
        """The second network, of IPv6, stands as well; only building the lab anew takes it away."""
        known = self._known()
        if SECOND_NETWORK in known.lasting:
            return
        state.save(self.prefix, replace(known, lasting=(*known.lasting, SECOND_NETWORK)))
        dual_stack.add_second_network(self.prefix)
        connectivity.require_connectivity(self.prefix, version=6)

    def inject(self, scenario: Scenario) -> tuple[Truth, ...]:
        """The scenario is in force; returns its truths with the culprits' handles looked up.

        Only one scenario at a time: what was injected before is cleared.
        """
        known = self._known()
        for missing in lacking(scenario.requires, scenario.inject):
            raise CannotRunError(f"cannot inject {scenario.name}: {missing}")
        if known.scenario:
            self.clear()
        if scenario.is_dual_stack:
            self.widen()
        for step in scenario.inject:
            self._inject_step(scenario.name, step)
        return tuple(self._with_handle(truth) for truth in scenario.truths)

    def clear(self) -> tuple[str, ...]:
        """All is as it was after `up`; returns what the lab had to be rebuilt for, if it had to."""
        known = self._known()
        left = known.lasting or self._mended(known)
        if left:
            self.up()
        else:
            state.save(self.prefix, replace(known, scenario="", undo=()))
        return left

    def edge_command(self, command: Sequence[str]) -> list[str]:
        """The command line that runs a command on the edge node."""
        return self.command("edge", command)

    def command(self, node: str, command: Sequence[str]) -> list[str]:
        """The command line that runs a command on a node."""
        return [sys.executable, "-m", "edgediag.lab.enter", self.prefix, node, *command]

    def _build(self) -> None:
        state.save(self.prefix, EMPTY)
        certificates.ensure_certificate(state.ROOT)
        build.create_nodes(self.prefix)
        # The services start up while the network is built.
        started = processes.start(self.prefix)
        write_edge_files(self.prefix)
        build.build_network(self.prefix)
        connectivity.require_connectivity(self.prefix)
        processes.await_ready(started)
        known = state.load(self.prefix)
        state.save(self.prefix, replace(known, fingerprint=fingerprint.take(self.prefix)))

    def _known(self) -> state.State:
        known = state.load(self.prefix)
        if not known.fingerprint:
            raise CannotRunError(f"cannot use lab {self.prefix}: it is not up; edgediag lab up")
        return known

    def _mended(self, known: state.State) -> tuple[str, ...]:
        """What is left after the undoing, or what kept it from being done."""
        try:
            for table in known.undo:
                take_back(self.prefix, steps.parse(table))
            build.settle_network(self.prefix)
            left = fingerprint.differing(known.fingerprint, fingerprint.take(self.prefix))
            if not left:
                connectivity.require_connectivity(self.prefix)
        except CannotRunError as exc:
            return (str(exc),)
        return left

    def _inject_step(self, name: str, step: steps.Step) -> None:
        """The undoing is on file before the step is done: a crash in between does no harm."""
        known = state.load(self.prefix)
        back = undo_of(self.prefix, step)
        undo = tuple(map(steps.spell, back or ()))
        lasting = known.lasting if back is not None else (*known.lasting, str(step))
        state.save(
            self.prefix,
            replace(known, scenario=name, undo=(*undo, *known.undo), lasting=lasting),
        )
        apply(self.prefix, step)

    def _with_handle(self, truth: Truth) -> Truth:
        """A handle written "@comment" becomes the handle of the edge's rule with that comment."""
        handle = truth.culprit.get("handle")
        if not isinstance(handle, str):
            return truth
        number = netfilter.handle_of(f"{self.prefix}-edge", handle.removeprefix("@"))
        return replace(truth, culprit={**truth.culprit, "handle": number})
