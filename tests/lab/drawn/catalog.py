"""All kinds of faults that are drawn, and the story of one."""

from collections.abc import Mapping
from functools import partial
from random import Random
from types import MappingProxyType

from edgediag.lab.scenario import Scenario
from edgediag.lab.steps import CommandStep, Step
from tests.lab.drawn import (
    data_here,
    data_on_path,
    hosts,
    losses,
    nft_marks,
    nft_rules,
    nothing,
    pairs,
    path_filters,
    policies,
    programs,
    routes,
    translations,
    xt_rules,
)
from tests.lab.drawn.faults import Draw, Fault
from tests.lab.drawn.networks import FOUR, SIX

SINGLE: Mapping[str, Draw] = MappingProxyType(
    {
        "nft": nft_rules.draw,
        "nft-marks": nft_marks.draw,
        "iptables": xt_rules.draw,
        "policy": policies.draw,
        "route": routes.draw,
        "translation": translations.draw,
        "program": programs.draw,
        "path": path_filters.draw,
        "loss": losses.draw,
        "host": hosts.draw,
        "data-here": data_here.draw,
        "data-on-path": data_on_path.draw_out,
        "data-back": data_on_path.draw_back,
        "nothing": nothing.draw,
    }
)
SECOND: Mapping[str, Draw] = MappingProxyType(
    {
        "v6-nft": partial(nft_rules.draw, network=SIX),
        "v6-nft-marks": partial(nft_marks.draw, network=SIX),
        "v6-iptables": partial(xt_rules.draw, network=SIX),
        "v6-route": partial(routes.draw, network=SIX),
        "v6-translation": partial(translations.draw, network=SIX),
        "v6-path": partial(path_filters.draw, network=SIX),
        "v6-host": partial(hosts.draw, network=SIX),
        "v6-data-here": partial(data_here.draw, network=SIX),
        "v6-data-on-path": partial(data_on_path.draw_out, network=SIX),
        "v6-data-back": partial(data_on_path.draw_back, network=SIX),
        "v6-nothing": partial(nothing.draw, network=SIX),
    }
)
# Two at once, each of one of these: a policy's list and a loss leave nothing beside them alone.
PAIRS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "two": tuple(kind for kind in SINGLE if kind not in ("policy", "loss", "nothing")),
        "two-on-path": ("path", "host", "data-on-path", "data-back"),
    }
)
KINDS = (*SINGLE, *PAIRS, *SECOND)


def draw(kind: str, seed: int, number: int) -> Scenario:
    """The story of this kind, seed and number: always the same one, and alone in its name.

    Not one step, word or truth of it comes from elsewhere than these three.
    """
    # A string: the hash of anything else differs from process to process.
    dice = Random(f"{kind}-{seed}-{number}")
    faults = (
        pairs.draw(dice, tuple(SINGLE[each] for each in PAIRS[kind]))
        if kind in PAIRS
        else ({**SINGLE, **SECOND}[kind](dice),)
    )
    steps = tuple(step for fault in faults for step in fault.steps)
    return Scenario(
        name=f"drawn-{kind}-{seed}-{number}",
        claim="; and ".join(fault.says for fault in faults),
        family=_family(faults),
        why=f"Drawn at random: kind {kind}, seed {seed}, number {number}",
        requires=_programs(steps),
        options=(SIX if kind in SECOND else FOUR).options,
        inject=steps,
        truths=tuple(fault.truth for fault in faults if fault.truth),
        proofs=(),
        is_dual_stack=kind in SECOND,
    )


def _family(faults: tuple[Fault, ...]) -> str:
    if len(faults) > 1:
        return "two-at-once"
    truth = faults[0].truth
    return truth.where[0] if truth else "healthy"


def _programs(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Those that the steps run, each once; ip comes with the lab."""
    named = (step.argv[0] for step in steps if isinstance(step, CommandStep))
    return tuple(dict.fromkeys(name for name in named if name != "ip"))
