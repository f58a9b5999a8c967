"""Names to addresses, as this host would turn them."""

from ipaddress import ip_address

from edgediag.model.cluster import HostsEntry
from edgediag.model.endpoint import Direction, Matrix, ProbeKind
from edgediag.model.outcome import Outcome
from edgediag.model.reply import DnsReply
from edgediag.names import MAX_ADDRESSES, addresses_in, names_in, overridden, resolved
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
    assert overridden(["a.example", "b.example"], entries) == {
        "a.example": addresses("198.51.100.1", "198.51.100.2")
    }


def test_an_ipv6_line_does_not_settle_it() -> None:
    assert overridden(["a.example"], [entry("a.example", "2001:db8::1")]) == {}


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
