"""What of a packet a rule looks up in an ipset; the kernel's answers come from a table."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.cli.explain import Sender, parcel_of
from edgediag.host.ipset import Ipset, IpsetElement
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.needs import Answer, Member, Need, NeedIpset, NeedMember
from edgediag.host.walk.octets import Truth, Unsure, unknown
from edgediag.host.walk.parcel import CtState, Interface, Parcel
from edgediag.host.walk.xt_set import in_set
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Protocol
from story import flow

SENDER = Sender(mark=0x40, uid=0, gid=0, state=CtState.NEW)
FLOW = flow()
PARCEL = replace(parcel_of(FLOW, SENDER), outgoing=Interface(name="up0", index=2))
ECHO = parcel_of(replace(FLOW, protocol=Protocol.ICMP), SENDER)
SOURCE, DESTINATION = FLOW.source.packed, FLOW.destination.packed
PLAIN = IpsetElement(
    addresses=(DESTINATION,), protocol=None, port=None, mark=None, interface=None
)
WITH_PORT = replace(PLAIN, protocol=17, port=FLOW.destination_port.to_bytes(2, "big"))


def match(parts: int, flags: int, more: int = 0) -> XtMatch:
    info = struct.pack("=HBB44x", 3, parts, flags)
    return XtMatch(name="set", revision=4, info=info[:40] + struct.pack("=I4x", more))


def ipset(type_: str, family: int = 2, members: tuple[str, ...] = ()) -> Ipset:
    return Ipset(name=type_, type_=type_, family=family, members=members)


def asked(rule: XtMatch, parcel: Parcel, *sets: Ipset) -> tuple[Truth | None, list[IpsetElement]]:
    """The truth where every element that is asked for is a member, and those elements."""
    answers: dict[Need, Answer] = {NeedIpset(key=3): sets[0]}
    answers |= {NeedIpset(key=each.name): each for each in sets[1:]}
    elements: list[IpsetElement] = []
    while True:
        inquiry = Inquiry(answers)
        truth = in_set(rule, parcel, inquiry)
        members = [need for need in inquiry.missing if isinstance(need, NeedMember)]
        if not members:
            return truth, elements
        elements += [need.element for need in members]
        answers |= {need: Member(is_member=True) for need in members}


@pytest.mark.parametrize(
    ("type_", "parts", "flags", "element"),
    [
        pytest.param("hash:ip", 1, 0, PLAIN, id="the destination"),
        pytest.param("hash:net", 1, 2, replace(PLAIN, addresses=(SOURCE,)), id="the source"),
        pytest.param("hash:ip,port", 2, 0, WITH_PORT, id="a port with its protocol"),
        pytest.param("bitmap:port", 1, 0, replace(WITH_PORT, addresses=(), protocol=None),
                     id="a port alone"),
        pytest.param("hash:ip,port,net", 3, 2,
                     replace(WITH_PORT, addresses=(SOURCE, DESTINATION)), id="two addresses"),
        pytest.param("hash:net,net", 2, 2, replace(PLAIN, addresses=(SOURCE, DESTINATION)),
                     id="two networks"),
        pytest.param("hash:net,iface", 2, 0, replace(PLAIN, interface="up0"), id="a device"),
        pytest.param("hash:ip,mark", 2, 0, replace(PLAIN, mark=0x40), id="a mark"),
    ],
)  # fmt: skip
def test_an_element_is_made_of_what_the_directions_say(
    type_: str, parts: int, flags: int, element: IpsetElement
) -> None:
    assert asked(match(parts, flags), PARCEL, ipset(type_)) == (True, [element])


def test_an_echo_is_looked_up_by_its_type() -> None:
    truth, (element,) = asked(match(2, 0), ECHO, ipset("hash:ip,port"))
    assert (truth, element.protocol, element.port) == (True, 1, b"\x08\x00")


def test_an_inverted_question_has_the_other_answer() -> None:
    assert asked(match(1, 1), PARCEL, ipset("hash:ip"))[0] is False


@pytest.mark.parametrize(
    ("rule", "parcel", "type_"),
    [
        pytest.param(match(1, 0), PARCEL, ipset("hash:ip,port"), id="fewer directions than parts"),
        pytest.param(match(1, 0), PARCEL, ipset("hash:ip", 10), id="a set of the other family"),
        pytest.param(match(1, 0), ECHO, ipset("bitmap:port", 0), id="an echo has no port"),
        pytest.param(match(2, 6), PARCEL, ipset("bitmap:ip,mac"), id="no link-layer header yet"),
        pytest.param(match(2, 4), PARCEL, ipset("hash:net,iface"), id="it came in by no device"),
        pytest.param(match(1, 0), PARCEL, ipset("list:set", 0), id="an empty list"),
    ],
)
def test_what_the_kernel_does_not_look_up_is_in_no_set(
    rule: XtMatch, parcel: Parcel, type_: Ipset
) -> None:
    assert asked(rule, parcel, type_) == (False, [])


def test_one_set_of_a_list_is_enough() -> None:
    sets = (ipset("list:set", 0, ("hash:ip,port", "hash:ip")), ipset("hash:ip,port"))
    assert asked(match(1, 0), PARCEL, *sets, ipset("hash:ip")) == (True, [PLAIN])


@pytest.mark.parametrize(
    ("rule", "parcel", "answer"),
    [
        pytest.param(match(1, 0), replace(PARCEL, destination=unknown(4, "dnat")),
                     ipset("hash:ip"), id="an address that is not known"),
        pytest.param(match(1, 0), PARCEL, NotChecked(reason="EPERM"), id="no permission"),
        pytest.param(match(1, 0), PARCEL, ipset("hash:new"), id="a type that is not known"),
        pytest.param(match(2, 6), replace(PARCEL, incoming=Interface(name="up0", index=2)),
                     ipset("hash:ip,mac"), id="a link-layer address that is not known"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_decided(rule: XtMatch, parcel: Parcel, answer: Answer) -> None:
    inquiry = Inquiry({NeedIpset(key=3): answer})
    assert isinstance(in_set(rule, parcel, inquiry), Unsure)


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(match(1, 0, 1 << 7), id="--return-nomatch"),
        pytest.param(XtMatch(name="set", revision=4, info=b"\3"), id="too short"),
        pytest.param(XtMatch(name="set", revision=9, info=bytes(48)), id="another revision"),
    ],
)
def test_options_beyond_the_plain_question_are_not_decided(rule: XtMatch) -> None:
    assert in_set(rule, PARCEL, Inquiry({NeedIpset(key=0): ipset("hash:ip")})) is None


@given(st.binary(max_size=60), st.integers(0, 5))
def test_any_octets_are_a_truth_or_none(info: bytes, revision: int) -> None:
    rule = XtMatch(name="set", revision=revision, info=info)
    assert isinstance(in_set(rule, PARCEL, Inquiry({})), bool | Unsure | None)
