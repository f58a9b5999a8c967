"""resolv.conf as the resolver library reads it."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.resolv_conf import MAX_NAME_SERVERS, MAX_SHOWN, parse_resolv_conf
from edgediag.model.cluster import ResolverLine

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
