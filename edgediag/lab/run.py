"""Run `edgediag diagnose` inside broken labs and compare what it says with the truth."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgediag.errors import CannotRunError, EdgediagError
from edgediag.lab import state
from edgediag.lab.files import FACTS, edge_folder, facts_text, gateways_text
from edgediag.lab.injection import lacking
from edgediag.lab.loaded import run_on_edge
from edgediag.lab.network import Lab
from edgediag.lab.pool import over_labs
from edgediag.lab.scenario import Scenario, Truth
from edgediag.lab.score import Score, score
from edgediag.lab.topology import landmarks
from edgediag.lab.topology6 import landmarks_6

DIAGNOSIS_S = 300.0
# `edgediag diagnose` ends so with a whole report: all well, a fault found, undetermined.
REPORTED = (0, 1, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one scenario.

    truths      with handles looked up
    checks      the report's, as its JSON has them; empty where there is no report
    score       None where there is no report
    problem     why there is no report, or ""
    is_skipped  the machine lacks what the scenario needs
    duration_s  of the diagnosis alone
    servers     which real servers were asked for and what served, in the order asked
    """

    scenario: Scenario
    truths: tuple[Truth, ...]
    checks: tuple[Any, ...]
    score: Score | None
    problem: str
    is_skipped: bool
    duration_s: float
    output: Path
    servers: tuple[str, ...]


def run_all(
    scenarios: Sequence[Scenario],
    prefixes: Sequence[str],
    output: Path,
    *,
    tell: Callable[[Result], None],
) -> tuple[Result, ...]:
    """All results in the order of the scenarios; as many at once as there are prefixes.

    Every scenario gets a fresh lab: a used one has spent some of its routers' ICMP error tokens.
    tell  is called with each result as soon as it is there
    """

    def run_one(lab: Lab, scenario: Scenario) -> Result:
        return run_scenario(lab, scenario, output / scenario.name)

    return over_labs(run_one, scenarios, prefixes, tell=tell)


def run_scenario(lab: Lab, scenario: Scenario, output: Path) -> Result:
    """Bring the lab up, break it, diagnose, score, take it down."""
    missing = lacking(scenario.requires, scenario.inject)
    if missing:
        return _without_report(scenario, output, ", ".join(missing), is_skipped=True)
    try:
        lab.up()
        truths = lab.inject(scenario)
        started_s = time.monotonic()
        report = _diagnose(lab, scenario, output)
        return Result(
            scenario=scenario,
            truths=truths,
            checks=tuple(report["checks"]),
            score=score(report, truths, {**landmarks(), **landmarks_6()}),
            problem="",
            is_skipped=False,
            duration_s=time.monotonic() - started_s,
            output=output,
            servers=state.load(lab.prefix).servers,
        )
    except EdgediagError as exc:
        return _without_report(scenario, output, str(exc), is_skipped=False)
    finally:
        lab.down()


def _diagnose(lab: Lab, scenario: Scenario, output: Path) -> Any:
    """The report of `edgediag diagnose` on the edge node, as its JSON."""
    config = edge_folder(lab.prefix) / f"{scenario.name}.toml"
    config.write_text(facts_text({**FACTS, **scenario.options}))
    words = (
        *("diagnose", "--config", str(config), "--output", str(output), "--json"),
        *("--listen", str(scenario.listen_s)),
        *(("--nat-timeout", str(scenario.nat_timeout_s)) if scenario.nat_timeout_s else ()),
    )
    if scenario.gateway_networks:
        saved = edge_folder(lab.prefix) / f"{scenario.name}.json"
        saved.write_text(gateways_text(scenario.gateway_networks, scenario.gateway_key))
        words += ("--gateways", str(saved))
    folder = state.folder(lab.prefix)
    ended = run_on_edge(lab.prefix, words, folder=folder, most_s=DIAGNOSIS_S)
    said = ended.stderr.strip()[-500:]
    if ended.status not in REPORTED:
        raise CannotRunError(f"edgediag diagnose ended with {ended.status}: {said}")
    try:
        return json.loads(ended.stdout)
    except ValueError as exc:
        raise CannotRunError(f"edgediag diagnose --json wrote no JSON: {exc}: {said}") from exc


def _without_report(
    scenario: Scenario, output: Path, problem: str, *, is_skipped: bool
) -> Result:
    return Result(
        scenario=scenario,
        truths=scenario.truths,
        checks=(),
        score=None,
        problem=problem,
        is_skipped=is_skipped,
        duration_s=0.0,
        output=output,
        servers=(),
    )
