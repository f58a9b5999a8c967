"""iptables-legacy in the walk: header conditions, places of its chains, its rules as culprits."""

from dataclasses import replace

import pytest

import legacy_blob as blob
from edgediag.host.netfilter.chains import Backend, BaseChain, ChainName
from edgediag.host.netfilter.ip_header import IpHeader, decode_header
from edgediag.host.netfilter.legacy import LegacyChain, LegacyEntries
from edgediag.host.netfilter.register import NO_NAMES
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Counter, Verdict
from edgediag.host.walk.chain_walk import Step
from edgediag.host.walk.culprit import is_written_by_iptables, rule_text, step_culprit
from edgediag.host.walk.header import header_holds
from edgediag.host.walk.legacy import base_chains, is_placed
from edgediag.host.walk.octets import Truth, Unsure, unknown
from edgediag.host.walk.parcel import CtState, Interface, Parcel, Sender, parcel_of
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from story import flow

TUNNEL = flow()
BEHIND = Unsure(reason="source translation")


def packet() -> Parcel:
    sender = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
    leaving = Interface(name="eth0", index=2)
    return replace(parcel_of(TUNNEL, sender), outgoing=leaving)


def holds(head: bytes, parcel: Parcel | None = None) -> Truth:
    return header_holds(decode_header("ip", head), parcel or packet())


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(blob.header(), True, id="no condition"),
        pytest.param(blob.header(protocol=17), True, id="its protocol"),
        pytest.param(blob.header(protocol=17, inverted=0x40), False, id="not its protocol"),
        pytest.param(blob.header(protocol=6, inverted=0x40), True, id="not another protocol"),
        pytest.param(blob.header(inverted=0x40), True, id="not any protocol is not looked at"),
        pytest.param(
            blob.header(destination=f"{TUNNEL.destination}/255.255.255.255"), True, id="its address"
        ),
        pytest.param(
            blob.header(source="0.0.0.10/0.0.0.255"), True, id="a mask over the last octet"
        ),
        pytest.param(
            blob.header(source="10.0.0.10/0.0.0.255"), False, id="an address beyond its mask"
        ),
        pytest.param(blob.header(outgoing="eth0"), True, id="its device"),
        pytest.param(blob.header(outgoing="eth"), False, id="the beginning of its name"),
        pytest.param(blob.header(outgoing="eth+"), True, id="every name that begins so"),
        pytest.param(
            blob.header(outgoing="lo+", inverted=0x02), True, id="no name that begins so"
        ),
        pytest.param(blob.header(incoming="lo"), False, id="it came in by no device"),
        pytest.param(blob.header(incoming="lo", inverted=0x01), True, id="not in by that device"),
        pytest.param(blob.header(outgoing="+", inverted=0x02), False, id="not out by any device"),
        pytest.param(blob.header(flags=1), False, id="later fragments"),
        pytest.param(blob.header(flags=1, inverted=0x20), True, id="no later fragments"),
    ],
)
def test_header_conditions_hold_as_in_the_kernel(head: bytes, expected: bool) -> None:
    assert holds(head) is expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(blob.header(source="10.0.0.0/255.0.0.0"), BEHIND, id="asked for"),
        pytest.param(
            blob.header(source="10.0.0.0/255.0.0.0", protocol=6), False, id="not the one to decide"
        ),
        pytest.param(blob.header(protocol=17), True, id="not asked for"),
    ],
)
def test_an_address_that_is_not_known_leaves_open_what_hangs_on_it(
    head: bytes, expected: Truth
) -> None:
    parcel = replace(packet(), source=unknown(4, BEHIND.reason))
    assert holds(head, parcel) == expected


def table(name: str, **chains: str) -> LegacyEntries:
    return LegacyEntries(
        family="ip",
        name=name,
        octets=memoryview(b""),
        built_in={
            chain: LegacyChain(begin=0, end=0, policy=policy) for chain, policy in chains.items()
        },
    )


@pytest.mark.parametrize(
    ("name", "chain", "expected"),
    [
        pytest.param("raw", "OUTPUT", (-300, "filter"), id="raw"),
        pytest.param("mangle", "OUTPUT", (-150, "route"), id="mangle: then it is routed again"),
        pytest.param("mangle", "POSTROUTING", (-150, "filter"), id="mangle elsewhere"),
        pytest.param("nat", "OUTPUT", (-100, "nat"), id="destination translation"),
        pytest.param("nat", "POSTROUTING", (100, "nat"), id="source translation"),
        pytest.param("nat", "INPUT", (100, "nat"), id="source translation on the way in"),
        pytest.param("filter", "FORWARD", (0, "filter"), id="filter"),
        pytest.param("security", "INPUT", (50, "filter"), id="security"),
    ],
)
def test_a_built_in_chain_is_called_at_its_place(
    name: str, chain: str, expected: tuple[int, str]
) -> None:
    priority, type_ = expected
    (found,) = base_chains(table(name, **{chain: "drop"}))
    assert found == BaseChain(
        name=ChainName(backend=Backend.LEGACY, family="ip", table=name, chain=chain),
        hook=chain.lower(),
        priority=priority,
        type_=type_,
        policy="drop",
        devices=(),
    )


def test_a_table_that_nobody_knows_has_no_place() -> None:
    assert [is_placed(table(name)) for name in ("nat", "security", "other")] == [True, True, False]


def step(
    backend: Backend, chain: str, *expressions: object, policy: bool = False, family: str = "ip"
) -> Step:
    handle = 0 if backend is Backend.LEGACY else 9
    rule = FilterRule(
        family=family,
        table="filter",
        chain=chain,
        handle=handle,
        expressions=expressions,
        comment="",
    )
    return Step(
        hook="output",
        chain=ChainName(backend=backend, family=family, table="filter", chain=chain),
        rule=None if policy else rule,
        number=0 if policy else 4,
        action="drop",
    )


DROP = (Counter(packets=0, octets=0), Verdict(code=0, chain=""))
HEADER: IpHeader = decode_header("ip", blob.header(protocol=17))
LEGACY = step(Backend.LEGACY, "OUTPUT", HEADER, *DROP)


@pytest.mark.parametrize(
    ("decider", "expected"),
    [
        pytest.param(
            LEGACY,
            IptablesRule(
                backend="legacy", table="filter", chain="OUTPUT", number=4, text="-p udp -j DROP"
            ),
            id="a rule of iptables-legacy by its number",
        ),
        pytest.param(
            step(Backend.NFT, "OUTPUT", *DROP),
            IptablesRule(backend="nft", table="filter", chain="OUTPUT", number=4, text="-j DROP"),
            id="a rule of iptables-nft by its number",
        ),
        pytest.param(
            step(Backend.NFT, "output", *DROP),
            NftRule(
                family="ip",
                table="filter",
                chain="output",
                handle=9,
                text="counter drop",
            ),
            id="a rule of nft by its handle, though its table is named as those of iptables",
        ),
        pytest.param(
            step(Backend.NFT, "out", DROP[1], family="inet"),
            NftRule(family="inet", table="filter", chain="out", handle=9, text="drop"),
            id="a rule of nft",
        ),
        pytest.param(
            step(Backend.LEGACY, "INPUT", policy=True),
            ChainPolicy(family="ip", table="filter", chain="INPUT", policy="drop"),
            id="a policy",
        ),
        pytest.param(
            Step(hook="routing", chain=None, rule=None, number=0, action="unreachable"),
            None,
            id="routing is no packet filter",
        ),
    ],
)
def test_the_step_that_decides_is_an_object_to_find(decider: Step, expected: object) -> None:
    assert step_culprit(decider, NO_NAMES) == expected


def test_a_rule_of_iptables_has_the_words_of_iptables() -> None:
    assert is_written_by_iptables(LEGACY)
    assert rule_text(LEGACY) == "-p udp -j DROP"
