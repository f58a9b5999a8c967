"""resolv.conf as the resolver library reads it."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.resolv_conf import (
    MAX_DOMAINS,
    MAX_NAME_SERVERS,
    MAX_SHOWN,
    parse_resolv_conf,
    parse_search,
)
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import ResolverLine, SearchList

PATH = "/etc/resolv.conf"


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        pytest.param("nameserver 198.51.100.53\n", ["198.51.100.53"], id="one"),
        pytest.param(
            "search example.com\nnameserver\t198.51.100.53\nnameserver 2001:db8::53\n",
            ["198.51.100.53", "2001:db8::53"],
            id="two in their order, after other options",
        ),
        pytest.param(
            "".join(f"nameserver 198.51.100.{n}\n" for n in range(1, 6)),
            ["198.51.100.1", "198.51.100.2", "198.51.100.3"],
            id="a fourth is never asked",
        ),
        pytest.param("nameserver fe80::53%eth0\n", ["fe80::53%eth0"], id="a zone"),
        pytest.param("nameserver 198.51.100.53 # office\n", ["198.51.100.53"], id="a comment"),
        pytest.param("nameserver 198.51.100.53;x\n", ["198.51.100.53"], id="a semicolon"),
        pytest.param("nameserver 198.51.100.53\r\n", ["198.51.100.53"], id="an end from elsewhere"),
        pytest.param("#nameserver 198.51.100.53\n", [], id="commented out"),
        pytest.param(" nameserver 198.51.100.53\n", [], id="a blank first: the library is blind"),
        pytest.param("nameservers 198.51.100.53\n", [], id="another keyword"),
        pytest.param("nameserver\n", [], id="no address"),
        pytest.param("nameserver dns.example.com\n", [], id="a name"),
        pytest.param(
            "nameserver x\nnameserver y\nnameserver z\nnameserver 198.51.100.53\n",
            ["198.51.100.53"],
            id="lines that cannot be read do not count",
        ),
        pytest.param("", [], id="an empty file"),
    ],
)
def test_the_name_servers_of_a_file(text: str, servers: list[str]) -> None:
    assert [str(line.address) for line in parse_resolv_conf(text, PATH)] == servers


def test_each_comes_with_its_line_so_that_it_can_be_found() -> None:
    text = "# office\nnameserver 198.51.100.53  # " + "x" * 100
    (found,) = parse_resolv_conf(text, PATH)
    assert found == ResolverLine(
        address=ip_address("198.51.100.53"), path=PATH, line=2, text=text[9:][:MAX_SHOWN]
    )


@given(st.text() | st.from_regex(r"(nameserver[ \t][0-9a-f.:%;# ]*\n)+"))
def test_any_text_names_at_most_three(text: str) -> None:
    assert len(parse_resolv_conf(text, PATH)) <= MAX_NAME_SERVERS


def listed(*domains: str, ndots: int = 1) -> SearchList:
    """What is put behind names."""
    return SearchList(domains=domains, ndots=ndots)


@pytest.mark.parametrize(
    ("text", "hostname", "found"),
    [
        pytest.param("search a.lan b.lan\n", "", listed("a.lan", "b.lan"), id="two"),
        pytest.param("domain a.example b\n", "", listed("a.example"), id="one domain alone"),
        pytest.param("search a\ndomain b\n", "", listed("b"), id="the last line counts"),
        pytest.param("search\ta.\tb\n", "", listed("a", "b"), id="tabs, and a dot at the end"),
        pytest.param("search .\n", "n.site.example", listed(""), id="the root"),
        pytest.param("", "n.site.example", listed("site.example"), id="the host's own domain"),
        pytest.param("", "node1", listed(), id="a host without one"),
        pytest.param(" search a\n#search b\n", "", listed(), id="not in the first column"),
        pytest.param("options ndots:5 edns0\n", "", listed(ndots=5), id="ndots"),
        pytest.param("options ndots:99\n", "", listed(ndots=15), id="no more than fifteen"),
        pytest.param("options ndots:x\n", "", listed(), id="no number"),
        pytest.param(
            "search a\noptions no-tld-query\n",
            "",
            SearchList(domains=("a",), ndots=1, is_never_bare=True),
            id="no query for a top-level domain",
        ),
    ],
)
def test_the_search_list(text: str, hostname: str, found: SearchList) -> None:
    assert parse_search(text, hostname) == found


def test_a_longer_list_is_not_followed() -> None:
    many = " ".join(f"d{number}" for number in range(MAX_DOMAINS + 1))
    assert isinstance(parse_search(f"search {many}\n", ""), NotChecked)


@given(text=st.text(alphabet="searchdomin optsu:5.\t\n", max_size=120), name=st.text(max_size=20))
def test_any_text_is_a_list_or_a_reason_never_an_exception(text: str, name: str) -> None:
    assert isinstance(parse_search(text, name), SearchList | NotChecked)
