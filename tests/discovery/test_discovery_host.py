"""Hosts in text form are hosts, or nothing."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.host import (
    format_host_port,
    parse_address,
    parse_host,
    parse_host_port,
    parse_port,
)
from edgediag.model.cluster import HostPort


@pytest.mark.parametrize(
    ("text", "host"),
    [
        pytest.param("api.example.com", "api.example.com", id="a name"),
        pytest.param("API.Example.COM.", "api.example.com", id="lower case, no final dot"),
        pytest.param("localhost", "localhost", id="one label"),
        pytest.param("my_mirror.example.com", "my_mirror.example.com", id="an underscore"),
        pytest.param("xn--fiqs8s.example.com", "xn--fiqs8s.example.com", id="punycode"),
        pytest.param("198.51.100.7", "198.51.100.7", id="IPv4"),
        pytest.param("2001:DB8:0::7", "2001:db8::7", id="IPv6 in its usual spelling"),
        pytest.param("fe80::7%eth0", "fe80::7%eth0", id="IPv6 with a zone"),
        pytest.param("", None, id="nothing"),
        pytest.param(".", None, id="the root"),
        pytest.param("a..example.com", None, id="an empty label"),
        pytest.param("-a.example.com", None, id="a hyphen first"),
        pytest.param("a-.example.com", None, id="a hyphen last"),
        pytest.param(f"{'a' * 64}.example.com", None, id="a label of 64 octets"),
        pytest.param(".".join(["a" * 50] * 6), None, id="a name of 305 octets"),
        pytest.param("198.51.100.256", None, id="no address and no name"),
        pytest.param("198.51.100.07", None, id="a leading zero reads as octal elsewhere"),
        pytest.param("3325256711", None, id="an address as one number"),
        pytest.param("api.example.com:443", None, id="a port"),
        pytest.param("https://api.example.com", None, id="a URL"),
        pytest.param("api.example.com\n", None, id="a line end"),
        pytest.param("пример.example.com", None, id="letters that are not ASCII"),
        pytest.param("fe80::7%\x1b[31m", None, id="a zone that is no interface"),
        pytest.param("٣.example.com", None, id="digits that are not ASCII"),
    ],
)
def test_a_host_is_a_name_or_an_address(text: str, host: str | None) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("api.example.com", ("api.example.com", 6443), id="no port"),
        pytest.param("api.example.com:443", ("api.example.com", 443), id="a port"),
        pytest.param("198.51.100.7:443", ("198.51.100.7", 443), id="IPv4 with a port"),
        pytest.param("[2001:db8::7]:443", ("2001:db8::7", 443), id="IPv6 with a port"),
        pytest.param("[2001:db8::7]", ("2001:db8::7", 6443), id="IPv6 in brackets"),
        pytest.param("2001:db8::7", ("2001:db8::7", 6443), id="bare IPv6"),
        pytest.param("[198.51.100.7]:443", None, id="IPv4 in brackets"),
        pytest.param("[api.example.com]:443", None, id="a name in brackets"),
        pytest.param("api.example.com:0", None, id="port 0"),
        pytest.param("api.example.com:65536", None, id="a port too high"),
        pytest.param("api.example.com:", None, id="an empty port"),
        pytest.param("api.example.com:http", None, id="a port in words"),
        pytest.param("https://api.example.com:443", None, id="a URL"),
        pytest.param(":443", None, id="no host"),
        pytest.param("[]:443", None, id="empty brackets"),
    ],
)
def test_a_host_with_or_without_a_port(text: str, place: tuple[str, int] | None) -> None:
    expected = None if place is None else HostPort(host=place[0], port=place[1])
    assert parse_host_port(text, 6443) == expected


@given(address=st.ip_addresses(), port=st.integers(min_value=1, max_value=65535))
def test_what_is_formatted_reads_back(address: object, port: int) -> None:
    place = HostPort(host=str(address), port=port)
    assert parse_host_port(format_host_port(place), 1) == place


@given(st.text() | st.from_regex(r"[0-9a-f:.%\[\]]+"))
def test_any_text_is_a_value_or_none(text: str) -> None:
    assert parse_port(text) is None or 1 <= int(text) <= 65535
    address = parse_address(text)
    assert address is None or ip_address(str(address)) == address
    place = parse_host_port(text, 53)
    assert place is None or parse_host(place.host) == place.host
