"""Names to addresses, as this host would turn them."""

from ipaddress import ip_address

import pytest

from edgediag.model.cluster import HostsEntry
from edgediag.model.endpoint import Direction, Matrix, ProbeKind
from edgediag.model.outcome import Outcome
from edgediag.model.reply import DnsReply
from edgediag.names.addresses import MAX_ADDRESSES, addresses_in, names_in, overridden, resolved
from story import addresses, answered, probe, target, unanswered


def entry(name: str, address: str, line: int = 1) -> HostsEntry:
    return HostsEntry(name=name, address=ip_address(address), path="/etc/hosts", line=line)


def query(name: str, *found: str, id_: int = 1) -> Outcome:
    reply = DnsReply(rcode=0, addresses=addresses(*found), is_truncated=False, hop_limit=60)
    return answered(probe(ProbeKind.DNS, name=name, id_=id_), reply)


def test_only_outbound_names_without_an_address_are_asked_each_once() -> None:
    rows = (
        target("a-443", host="a.example", address=None),
        target("a-80", host="a.example", address=None),
        target("b-443", host="198.51.100.1"),
        target("kubelet-10250", host="", address=None, direction=Direction.INBOUND),
    )
    assert names_in(Matrix(targets=rows, omitted=(), not_applicable=())) == ("a.example",)


def test_a_hosts_file_settles_a_name_whatever_its_case() -> None:
    entries = [entry("A.Example", "198.51.100.1"), entry("a.example", "198.51.100.2", 2)]
    assert overridden(["a.example", "b.example"], entries, (4,)) == {
        "a.example": addresses("198.51.100.1", "198.51.100.2")
    }


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        pytest.param((4,), ("198.51.100.1",), id="of IPv4 alone where this host has no other"),
        pytest.param(
            (4, 6), ("198.51.100.1", "2001:db8::1"), id="of both where it has, IPv4 first"
        ),
    ],
)
def test_the_lines_that_settle_a_name(
    versions: tuple[int, ...], expected: tuple[str, ...]
) -> None:
    entries = [entry("a.example", "2001:db8::1"), entry("a.example", "198.51.100.1", 2)]
    assert overridden(["a.example"], entries, versions) == {"a.example": addresses(*expected)}


def test_a_line_of_ipv6_settles_nothing_where_this_host_has_none() -> None:
    assert overridden(["a.example"], [entry("a.example", "2001:db8::1")], (4,)) == {}


def test_of_both_ip_versions_the_addresses_of_ipv4_come_first_and_all_are_bounded() -> None:
    many = addresses(*(f"2001:db8::{n}" for n in range(1, 5)))
    six = answered(
        probe(ProbeKind.DNS_AAAA, name="a.example", id_=1),
        DnsReply(rcode=0, addresses=many, is_truncated=False, hop_limit=60),
    )
    four = query("a.example", "198.51.100.1", "198.51.100.2", id_=2)
    assert dict(resolved([six, four])) == {
        "a.example": addresses("198.51.100.1", "198.51.100.2", "2001:db8::1", "2001:db8::2")
    }


def test_the_first_resolver_that_gave_an_address_counts() -> None:
    outcomes = [
        unanswered(probe(ProbeKind.DNS, name="a.example", id_=1)),
        query("a.example", "198.51.100.1", id_=2),
        query("a.example", "198.51.100.2", id_=3),
        query("b.example", id_=4),
    ]
    assert dict(resolved(outcomes)) == {"a.example": addresses("198.51.100.1")}


def test_a_flood_of_addresses_is_bounded() -> None:
    flood = query("a.example", *(f"198.51.100.{n}" for n in range(1, 200)))
    assert len(addresses_in(flood)) == MAX_ADDRESSES
