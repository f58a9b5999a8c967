"""The hosts file, with the lines to remove."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.hosts_file import MAX_ENTRIES, parse_hosts_file
from edgediag.model.cluster import HostsEntry


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        pytest.param(
            "198.51.100.7 a.example.com\n", [(1, "198.51.100.7", "a.example.com")], id="one name"
        ),
        pytest.param(
            "# test\n\n2001:db8::7\tA.example.com a # alias\n",
            [(3, "2001:db8::7", "a.example.com"), (3, "2001:db8::7", "a")],
            id="names share a line; comments and empty lines count as lines",
        ),
        pytest.param(
            "x\u2028\n198.51.100.7 a\n", [(2, "198.51.100.7", "a")], id="an editor counts LF alone"
        ),
        pytest.param("198.51.100.7\n", [], id="an address without a name"),
        pytest.param("a.example.com 198.51.100.7\n", [], id="the wrong way round"),
        pytest.param("198.51.100.7 192.0.2.1\n", [], id="an address is no name"),
        pytest.param("198.51.100.7 \x1b[31m b\n", [(1, "198.51.100.7", "b")], id="no host name"),
        pytest.param("", [], id="an empty file"),
    ],
)
def test_the_entries_of_a_file(text: str, entries: list[tuple[int, str, str]]) -> None:
    assert parse_hosts_file(text, "/etc/hosts") == tuple(
        HostsEntry(name=name, address=ip_address(address), path="/etc/hosts", line=line)
        for line, address, name in entries
    )


def test_a_block_list_is_cut() -> None:
    assert len(parse_hosts_file("0.0.0.0 a b c\n" * MAX_ENTRIES, "/etc/hosts")) == MAX_ENTRIES


@given(st.text() | st.from_regex(r"([0-9a-f.:]+[ \ta-z#]*\n)+"))
def test_any_text_gives_entries_that_are_on_their_line(text: str) -> None:
    lines = text.split("\n")
    for entry in parse_hosts_file(text, "/etc/hosts"):
        assert entry.name in lines[entry.line - 1].lower()
