"""Rules made by hand, and a walk through them whose questions a table answers."""

from collections.abc import Callable, Iterator, Mapping

from edgediag.host.netfilter.chains import Backend, BaseChain, Chain, ChainName
from edgediag.host.netfilter.expression import Compare, Expression, PayloadLoad
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Verdict
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.conclusion import Conclusion, conclude
from edgediag.host.walk.needs import (
    Answer,
    Asking,
    Behind,
    Need,
    NeedBehind,
    NeedBridge,
    NeedChain,
    NeedPeers,
    NeedPolicies,
    NeedResolution,
    NeedRoute,
    NeedSet,
    NeedSocket,
    NoBridge,
    Peers,
    Policies,
    Resolved,
    Taken,
    Way,
)
from edgediag.host.walk.parcel import Interface

TO_TUNNEL = (
    PayloadLoad(base=2, offset=2, length=2, slot=0),
    Compare(operator=0, slot=0, value=(4500).to_bytes(2, "big")),
)
DROP, ACCEPT, RETURN = (Verdict(code=code, chain="") for code in (0, 1, -5))
UP = Way(
    outgoing=Interface(name="up0", index=2), gateway=None, is_local=False, text="default dev up0"
)
# The end, the deciding chain (or hook) and rule, and what it hangs on.
Decided = tuple[str, tuple[tuple[str, int], ...], tuple[str, ...]]
LO = Way(outgoing=Interface(name="lo", index=1), gateway=None, is_local=True, text="local dev lo")


def name(chain: str) -> ChainName:
    return ChainName(backend=Backend.NFT, family="inet", table="t", chain=chain)


def base(
    chain: str, hook: str = "output", *, policy: str = "accept", priority: int = 0
) -> BaseChain:
    return BaseChain(
        name=name(chain),
        hook=hook,
        priority=priority,
        type_="filter",
        policy=policy,
        devices=(),
    )


def nat(chain: str, hook: str = "output") -> BaseChain:
    return BaseChain(
        name=name(chain), hook=hook, priority=-100, type_="nat", policy="accept", devices=()
    )


def chain_of(of: str, *rules: tuple[Expression, ...]) -> Chain:
    made = tuple(
        FilterRule(
            family="inet",
            table="t",
            chain=of,
            handle=handle,
            expressions=expressions,
            comment="",
        )
        for handle, expressions in enumerate(rules, start=1)
    )
    return Chain(rules=made, numbers=range(1, len(made) + 1))


def driven(
    walk: Asking[list[Course]],
    answers: Mapping[str, Answer],
    way: Answer | Iterator[Answer] | Callable[[NeedRoute], Answer] = UP,
) -> Conclusion:
    """The conclusion of a walk.

    answers  by chain or set; "socket" for one that takes the packet, "peers" for those that
             sockets are connected with, "xfrm out" and the like for policies, "type" for every
             address's; "bridge br0" by device and "behind 192.0.2.9" and "resolution 192.0.2.9"
             by neighbour
    way      of every lookup, of each in turn, or of each by what it asks
    """

    def answer(need: Need) -> Answer:
        match need:
            case NeedChain():
                return answers.get(need.name.chain, chain_of(need.name.chain))
            case NeedSet():
                return answers[need.name]
            case NeedRoute():
                if isinstance(way, Iterator):
                    return next(way)
                return way(need) if callable(way) else way
            case NeedSocket():
                return answers.get("socket", Taken(is_taken=False, text="no socket"))
            case NeedPeers():
                return answers.get("peers", Peers(ends=()))
            case NeedBridge():
                return answers.get(f"bridge {need.device.name}", NoBridge())
            case NeedBehind():
                return answers.get(f"behind {need.neighbour!s}", Behind(mac=None, port=None))
            case NeedResolution():
                return answers.get(f"resolution {need.neighbour}", Resolved())
            case NeedPolicies():
                return answers.get(f"xfrm {need.direction}", Policies(listed=()))
            case _:
                return answers.get("type", 1)

    try:
        need = next(walk)
        while True:
            need = walk.send(answer(need))
    except StopIteration as end:
        return conclude(end.value, ())


def decided(said: Conclusion) -> Decided:
    """The end, the deciding chain and rule, and what it hangs on."""
    steps = tuple((s.chain.chain if s.chain else s.hook, s.number) for s in said.deciders)
    return said.disposition.value, steps, said.hangs_on
