"""Services of IPVS in the kernel's own words, and the packets that may belong to one."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.ipvs import AddressService, MarkService, decode_services, services_met
from edgediag.host.walk.octets import native_number, unknown
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_of
from edgediag.model.flow import Protocol
from story import flow

# As ip_vs_info_seq_show prints them (Linux 6.18).
LISTED = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A600001:01BB rr\x20
  -> C000020A:192B      Masq    1      0          0
UDP  0A60000A:0035 rr ops\x20
TCP  [fd00:0000:0000:0000:0000:0000:0000:0001]:0050 rr\x20
  -> [2001:0db8:0000:0000:0000:0000:0000:0001]:0050      Masq    1      0          0
SCTP  0A600001:0050 rr\x20
FWM  00000007 wlc\x20
"""
SENDER = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
HERE = AddressService(protocol=Protocol.UDP, address=flow().destination, port=4500)
WORDS = (f"which server of IPVS gets what is for udp {flow().destination}:4500",)


def test_each_service_that_the_kernel_lists() -> None:
    of_6 = IPv6Address("fd00::1")
    assert decode_services(LISTED) == (
        AddressService(protocol=Protocol.TCP, address=IPv4Address("10.96.0.1"), port=443),
        AddressService(protocol=Protocol.UDP, address=IPv4Address("10.96.0.10"), port=53),
        AddressService(protocol=Protocol.TCP, address=of_6, port=80),
        MarkService(mark=7),
    )


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param("", id="nothing"),
        pytest.param("".join(LISTED.splitlines(keepends=True)[:3]), id="no service"),
        pytest.param("TCP  [:::]:0050 rr \n", id="no address"),
    ],
)
def test_a_list_without_a_service(listed: str) -> None:
    assert decode_services(listed) == ()


def met(service: AddressService | MarkService, parcel: Parcel) -> tuple[str, ...]:
    course = Course(parcel=parcel, steps=(), doubts=(), fate=Fate.ACCEPTED)
    return services_met((service,), (course,))


def answered(parcel: Parcel) -> Parcel:
    """The packet as an answer."""
    return replace(
        parcel, source=parcel.destination, destination=parcel.source, is_reply=True
    )


SENT = parcel_of(flow(), SENDER)


@pytest.mark.parametrize(
    ("service", "parcel", "expected"),
    [
        pytest.param(HERE, SENT, WORDS, id="to the service"),
        pytest.param(replace(HERE, port=4501), SENT, (), id="to another port"),
        pytest.param(replace(HERE, port=0), SENT, (f"{WORDS[0][:-4]}*",), id="every port"),
        pytest.param(replace(HERE, protocol=Protocol.TCP), SENT, (), id="another protocol"),
        pytest.param(
            replace(HERE, address=IPv4Address("203.0.113.7")), SENT, (), id="another address"
        ),
        pytest.param(
            replace(HERE, address=ip_address("2001:db8::1")), SENT, (), id="another version of IP"
        ),
        pytest.param(
            HERE, replace(SENT, destination=unknown(4, "redirect")), WORDS, id="perhaps to it"
        ),
        pytest.param(HERE, replace(SENT, destination=SENT.source), (), id="translated elsewhere"),
        pytest.param(HERE, answered(SENT), WORDS, id="its answer"),
        pytest.param(MarkService(mark=7), SENT, (), id="without the mark"),
        pytest.param(
            MarkService(mark=7),
            replace(SENT, mark=native_number(7)),
            ("which server of IPVS gets what is for mark 7",),
            id="with the mark",
        ),
        pytest.param(
            MarkService(mark=7),
            answered(SENT),
            ("which server of IPVS gets what is for mark 7",),
            id="an answer to what may have had it",
        ),
    ],
)
def test_whether_a_packet_may_belong_to_a_service(
    service: AddressService | MarkService, parcel: Parcel, expected: tuple[str, ...]
) -> None:
    assert met(service, parcel) == expected


def _mutated(draw: Callable[..., str]) -> str:
    start, end = draw(st.integers(0, len(LISTED))), draw(st.integers(0, len(LISTED)))
    return LISTED[:start] + draw(st.text(alphabet="[]:0af TCPUDPFWM\n", max_size=40)) + LISTED[end:]


@given(st.composite(_mutated)())
def test_any_text_is_services_never_an_exception(listed: str) -> None:
    assert isinstance(decode_services(listed), tuple)
