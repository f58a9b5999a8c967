"""What is asked for in the stead of a name."""

from ipaddress import ip_address

import pytest

from edgediag.model.answer import NotChecked
from edgediag.model.cluster import NO_SEARCH, SearchList
from edgediag.model.endpoint import ProbeKind
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Purpose
from edgediag.model.reply import DnsReply
from edgediag.names.suffixes import asked_before, candidates, is_followed, stand_ins, with_stand_ins
from story import addresses, answered, probe

POD = SearchList(domains=("svc.cluster.local", "cluster.local"), ndots=5)
SITE = SearchList(domains=("site.example",), ndots=1)
UNREAD = NotChecked(reason="resolv.conf cannot be read")


@pytest.mark.parametrize(
    ("name", "search", "asked"),
    [
        pytest.param("master1", SITE, ("master1.site.example", "master1"), id="no dot"),
        pytest.param("a.example", SITE, ("a.example", "a.example.site.example"), id="enough dots"),
        pytest.param(
            "a.example",
            POD,
            ("a.example.svc.cluster.local", "a.example.cluster.local", "a.example"),
            id="fewer dots than ndots",
        ),
        pytest.param("a.example.", POD, ("a.example.",), id="a dot at the end ends it"),
        pytest.param("master1", NO_SEARCH, ("master1",), id="no list"),
        pytest.param("master1", UNREAD, ("master1",), id="a list that is not known"),
        pytest.param(
            "master1",
            SearchList(domains=("", "site.example"), ndots=1),
            ("master1", "master1.site.example"),
            id="the root on the list",
        ),
        pytest.param(
            "master1",
            SearchList(domains=("site.example",), ndots=1, is_never_bare=True),
            ("master1.site.example",),
            id="no query for a top-level domain",
        ),
    ],
)
def test_the_order_is_that_of_the_library(
    name: str, search: SearchList | NotChecked, asked: tuple[str, ...]
) -> None:
    assert candidates(name, search) == asked


def said(name: str, *texts: str, rcode: int = 0) -> Outcome:
    """A server's answer to a query for the name."""
    reply = DnsReply(rcode=rcode, addresses=addresses(*texts), is_truncated=False, hop_limit=60)
    query = probe(ProbeKind.DNS, purpose=Purpose.RESOLVE, name=name)
    return answered(query, reply)


@pytest.mark.parametrize(
    ("outcomes", "names"),
    [
        pytest.param([said("a", rcode=3)], {"a"}, id="denied"),
        pytest.param([said("a", "198.51.100.7")], set(), id="an address"),
        pytest.param([said("a", rcode=3), said("a", "198.51.100.7")], set(), id="of another"),
        pytest.param([said("a", rcode=2)], set(), id="a failure is no denial"),
    ],
)
def test_what_is_denied_is_asked_for_behind_the_domains(
    outcomes: list[Outcome], names: set[str]
) -> None:
    assert set(stand_ins(["a"], outcomes, SITE)) == names


@pytest.mark.parametrize(
    ("name", "outcomes", "names"),
    [
        pytest.param(
            "a.example",
            [said("a.example", "198.51.100.7"), said("a.example.cluster.local", "198.51.100.8")],
            ("a.example.svc.cluster.local", "a.example.cluster.local", "a.example"),
            id="a domain that is asked first has an address",
        ),
        pytest.param(
            "a.example",
            [said("a.example", "198.51.100.7"), said("a.example.cluster.local", rcode=3)],
            None,
            id="no domain has one, as is usual",
        ),
        pytest.param(
            "a.b.c.d.e.example",
            [said("a.b.c.d.e.example", "198.51.100.7")],
            None,
            id="asked for as it is first",
        ),
    ],
)
def test_a_name_that_a_domain_overtakes_is_followed_behind_it(
    name: str, outcomes: list[Outcome], names: tuple[str, ...] | None
) -> None:
    assert stand_ins([name], outcomes, POD).get(name) == names


@pytest.mark.parametrize(
    ("name", "before"),
    [
        pytest.param(
            "a.example", ("a.example.svc.cluster.local", "a.example.cluster.local"), id="few dots"
        ),
        pytest.param("a.b.c.d.e.example", None, id="many dots"),
        pytest.param("a.example.", None, id="a dot at the end"),
    ],
)
def test_what_is_asked_before_the_name_itself(
    name: str, before: tuple[str, ...] | None
) -> None:
    assert asked_before([name], POD).get(name) == before


def test_the_first_that_has_an_address_stands_for_the_name() -> None:
    one, other = ip_address("198.51.100.7"), ip_address("198.51.100.8")
    known = {"a.two": (other,), "a.one": (one,)}
    assert with_stand_ins(known, {"a": ("a.none", "a.one", "a.two")})["a"] == (one,)
    assert "a" not in with_stand_ins({}, {"a": ("a.one",)})


def test_a_name_of_several_labels_is_followed_whatever_the_list() -> None:
    assert [is_followed(name, UNREAD) for name in ("a", "a.example")] == [False, True]
    assert is_followed("a", NO_SEARCH)
