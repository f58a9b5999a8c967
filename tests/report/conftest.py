"""Reports that tell stories, and arbitrary values of the model."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import strategies as st

from edgediag.model.cluster import Fact
from edgediag.model.culprit import NftRule, RouteObject
from edgediag.model.endpoint import Direction
from edgediag.model.flow import Flow, Protocol
from edgediag.model.report import Artifact, CheckReport, Node, Report, Run
from edgediag.model.verdict import (
    Certainty,
    Claim,
    Finding,
    Landmark,
    Mechanism,
    Place,
    RootCause,
    Status,
    Strength,
    Verdict,
)

EDGE = IPv4Address("192.0.2.10")
GATEWAY = IPv4Address("198.51.100.21")
HOSTILE = "\x1b[31mred\x1b[0m [bold]:smile:[/] \u202edrop\nok\x9b0m \udcff"


def check(
    id_: str, host: str, port: int, *, status: Status, latency_s: float | None = None
) -> CheckReport:
    """One outbound check on the address of the gateway."""
    protocol = Protocol.UDP if port in (123, 4500) else Protocol.TCP
    flow = Flow(
        protocol=protocol,
        source=EDGE,
        source_port=40000,
        destination=GATEWAY,
        destination_port=port,
    )
    return CheckReport(
        id=id_,
        endpoint=id_.rpartition("-")[0],
        purpose=f"what {id_} is for",
        direction=Direction.OUTBOUND,
        is_required=True,
        protocol=protocol,
        host=host,
        port=port,
        flow=flow,
        status=status,
        latency_s=latency_s,
        note="",
        verdict=None,
        findings=(),
    )


def passed(id_: str, host: str, port: int) -> CheckReport:
    """A check that was answered."""
    return check(id_, host, port, status=Status.OK, latency_s=0.0314)


def failed(id_: str, host: str, port: int, verdict: Verdict) -> CheckReport:
    """A check that is blocked, with one finding."""
    plain = check(id_, host, port, status=Status.BLOCKED)
    finding = Finding(
        id=f"{id_}/diverges-from-control",
        rule="diverges-from-control",
        strength=Strength.PROVES,
        claim=Claim(
            where=verdict.where,
            certainty=verdict.certainty,
            after=verdict.after,
            upto=verdict.upto,
            mechanism=verdict.mechanism,
            culprit=verdict.culprit,
        ),
        text="the control passed 203.0.113.6, the check did not",
        remedy="",
        packets=(12, 13),
    )
    return replace(plain, verdict=verdict, findings=(finding,))


def on_host(id_: str, purpose: str, *, status: Status, note: str) -> CheckReport:
    """A check that needs no packet."""
    return CheckReport(
        id=id_,
        endpoint=id_,
        purpose=purpose,
        direction=Direction.ON_HOST,
        is_required=False,
        protocol=Protocol.TCP,
        host="",
        port=0,
        flow=None,
        status=status,
        latency_s=None,
        note=note,
        verdict=None,
        findings=(),
    )


def cause_of(verdict: Verdict, *checks: str) -> RootCause:
    """The root cause that says of several checks what the verdict says of one."""
    return RootCause(
        where=verdict.where,
        certainty=verdict.certainty,
        after=verdict.after,
        upto=verdict.upto,
        mechanism=verdict.mechanism,
        culprit=verdict.culprit,
        summary=verdict.summary,
        remedy=verdict.remedy,
        explains=checks,
    )


def report(
    *checks: CheckReport, causes: tuple[RootCause, ...] = (), warnings: tuple[str, ...] = ()
) -> Report:
    """A run of `edgediag diagnose` with these checks."""
    return Report(
        version="0.1.0",
        run=Run(
            id="20261122T210000Z-diagnose",
            command="diagnose",
            started="2026-11-22T21:00:00Z",
            duration_s=3.14159,
            settings=(("region", "cn-hangzhou"), ("peer", "192.0.2.11"), ("peer", "192.0.2.12")),
            is_interrupted=False,
        ),
        node=Node(
            hostname="edge-1",
            kernel="6.1.0",
            addresses=(EDGE, IPv6Address("2001:db8::10")),
            facts=(Fact(name="region", value="cn-hangzhou", source="--region"),),
        ),
        checks=checks,
        root_causes=causes,
        warnings=warnings,
        artifacts=(Artifact(kind="capture", path="capture.pcapng", sha256="0" * 64),),
    )


API = passed("api-server-6443", "203.0.113.80", 6443)
PROXY = passed("raven-proxy-10280", "198.51.100.21", 10280)
NOT_KNOWN = on_host(
    "tunnel-server-10262",
    "Tunnel server",
    status=Status.NOT_CHECKED,
    note="no address of the tunnel server is known; pass --tunnel-server",
)
NOT_KNOWN_EITHER = on_host(
    "tunnel-server-10263", "Tunnel server", status=Status.NOT_CHECKED, note=NOT_KNOWN.note
)
TOOLS = on_host("system-tools", "System tools", status=Status.OK, note="all present")

SILENT_DROP = Verdict(
    where=(Place.ON_PATH,),
    certainty=Certainty.BOUNDED,
    after=IPv4Address("203.0.113.6"),
    upto=IPv4Address("203.0.113.10"),
    mechanism=Mechanism.SILENT_DROP,
    culprit=None,
    summary="UDP 4500 to 198.51.100.21 is lost without a word behind 203.0.113.6, while TCP 10280"
    " to the same host passes 203.0.113.10",
    remedy="ask the operators of 203.0.113.6 and 203.0.113.10 to let UDP 4500 pass",
    because=("raven-tunnel-4500/diverges-from-control",),
)
NFT_RULE = Verdict(
    where=(Place.LOCAL,),
    certainty=Certainty.PROVEN,
    after=Landmark.EDGE,
    upto=Landmark.EDGE,
    mechanism=Mechanism.RULE_DROP,
    culprit=NftRule(
        family="inet",
        table="filter",
        chain="output",
        handle=7,
        text='udp dport 4500 counter packets 3 bytes 984 drop comment "hardening, see change 4711"',
    ),
    summary="this node drops UDP 4500 itself: the kernel refused the probe with EPERM",
    remedy="the administrator of this node deletes the rule: "
    "nft delete rule inet filter output handle 7",
    because=("raven-tunnel-4500/trace-names-rule",),
)
LAST_MILE = Verdict(
    where=(Place.REMOTE, Place.ON_PATH),
    certainty=Certainty.AMBIGUOUS,
    after=IPv4Address("203.0.113.14"),
    upto=Landmark.HOST,
    mechanism=Mechanism.SILENT_DROP,
    culprit=None,
    summary="UDP 4500 vanishes behind the last router; a second vantage point in the cloud would"
    " tell the router from the host's own firewall",
    remedy="check the security group of the gateway first",
    because=(),
)
NO_ROUTE = Verdict(
    where=(Place.LOCAL,),
    certainty=Certainty.PROVEN,
    after=Landmark.EDGE,
    upto=Landmark.EDGE,
    mechanism=Mechanism.NO_ROUTE,
    culprit=RouteObject(type_="missing", prefix="default", table=254),
    summary="this node has no default route: the kernel answers ENETUNREACH",
    remedy="add a default route, as the site's network plan says",
    because=(),
)
HOSTILE_RULE = Verdict(
    where=(Place.LOCAL,),
    certainty=Certainty.PROVEN,
    after=None,
    upto=None,
    mechanism=None,
    culprit=NftRule(family="inet", table="filter; reboot", chain="out", handle=1, text=HOSTILE),
    summary=HOSTILE,
    remedy=HOSTILE,
    because=(),
)

TUNNEL = "raven-tunnel-4500"
LONG = "registry-cn-hangzhou-with-a-very-long-label.ack-internal.example.aliyuncs.com"

STORIES: dict[str, Report] = {
    "healthy": report(API, PROXY, passed("ntp-123@ntp1", LONG, 123), TOOLS, NOT_KNOWN),
    "on-path": report(
        API,
        PROXY,
        failed(TUNNEL, "198.51.100.21", 4500, SILENT_DROP),
        TOOLS,
        NOT_KNOWN,
        NOT_KNOWN_EITHER,
        causes=(cause_of(SILENT_DROP, TUNNEL),),
    ),
    "local-nft-rule": report(
        API,
        failed(TUNNEL, "198.51.100.21", 4500, NFT_RULE),
        causes=(cause_of(NFT_RULE, TUNNEL),),
        warnings=("2 packets were lost by the capture",),
    ),
    "ambiguous": report(API, failed(TUNNEL, "198.51.100.21", 4500, LAST_MILE)),
    "one-cause-for-all": report(
        *(failed(f"raven-proxy-{port}", LONG, port, NO_ROUTE) for port in range(10280, 10285)),
        failed(TUNNEL, LONG, 4500, NO_ROUTE),
        causes=(
            cause_of(NO_ROUTE, *(f"raven-proxy-{port}" for port in range(10280, 10285)), TUNNEL),
        ),
    ),
    "hostile-strings": report(
        failed(TUNNEL, HOSTILE, 4500, HOSTILE_RULE),
        on_host("other", HOSTILE, status=Status.NOT_CHECKED, note=HOSTILE),
        causes=(cause_of(HOSTILE_RULE, TUNNEL),),
        warnings=(HOSTILE,),
    ),
}


@pytest.fixture(scope="session")
def stories() -> dict[str, Report]:
    """The reports with a golden file, by the file's stem."""
    return STORIES


@pytest.fixture(scope="session")
def values_of() -> Callable[[object], "st.SearchStrategy[Any]"]:
    """Arbitrary values of a type of the model, drawn from its type hints."""
    return _strategy


@cache
def _strategy(hint: object) -> "st.SearchStrategy[Any]":
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, members = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of([_strategy(member) for member in members])
    if origin is tuple and members[-1] is Ellipsis:
        return st.lists(_strategy(members[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(_strategy(member) for member in members))
    assert isinstance(hint, type)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert is_dataclass(hint)
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: _strategy(hints[field.name]) for field in fields(hint)})


_SCALARS: dict[object, "st.SearchStrategy[Any]"] = {
    NoneType: st.none(),
    bool: st.booleans(),
    int: st.integers(1, 65535),
    float: st.floats(0, 1e9, allow_nan=False),
    str: st.text(max_size=8) | st.sampled_from(["\x1b[31m", "a\nb", "\u202e", "\udcff", ""]),
    bytes: st.binary(max_size=8),
    IPv4Address: st.ip_addresses(v=4),
    IPv6Address: st.ip_addresses(v=6),
}
