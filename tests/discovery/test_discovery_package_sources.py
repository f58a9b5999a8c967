"""The hosts packages come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.package_sources import (
    MAX_SOURCES,
    PackageSource,
    PackageSources,
    discover_package_sources,
    is_hostless,
    parse_source_url,
)
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import HostPort


class Files:
    """Files in memory; a value of None is there and cannot be read."""

    def __init__(self, texts: dict[str, str | None]) -> None:
        self.texts = texts

    def read_text(self, path: str) -> str | NotChecked:
        text = self.texts.get(path)
        return NotChecked(reason=f"cannot read {path}: denied") if text is None else text

    def list_dir(self, path: str) -> tuple[str, ...] | NotChecked:
        folder = f"{path}/"
        names = sorted(p[len(folder) :] for p in self.texts if p.startswith(folder))
        inside = tuple(name for name in names if "/" not in name)
        return inside or NotChecked(reason=f"cannot list {path}: no such file or directory")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        pytest.param("http://m.example.com/debian", ("m.example.com", 80), id="http"),
        pytest.param("https://m.example.com", ("m.example.com", 443), id="https"),
        pytest.param("HTTPS://M.example.com/", ("m.example.com", 443), id="capitals"),
        pytest.param("http://m.example.com:8080/x", ("m.example.com", 8080), id="a port"),
        pytest.param("ftp://m.example.com/x", ("m.example.com", 21), id="ftp"),
        pytest.param("mirror://m.example.com/x", ("m.example.com", 80), id="a mirror list"),
        pytest.param("mirror+https://m.example.com/x", ("m.example.com", 443), id="over TLS"),
        pytest.param("http://u:p@m.example.com/x", ("m.example.com", 80), id="a password is lost"),
        pytest.param("http://u:p@x@m.example.com", ("m.example.com", 80), id="the last @ counts"),
        pytest.param("http://[2001:db8::7]:80/x", ("2001:db8::7", 80), id="IPv6"),
        pytest.param("http://m.example.com?a=b@c", ("m.example.com", 80), id="a query"),
        pytest.param("http://m.example.com/$releasever", ("m.example.com", 80), id="a variable"),
        pytest.param("http://$host/x", None, id="a variable for a host"),
        pytest.param("http:///x", None, id="no host"),
        pytest.param("gopher://m.example.com", None, id="another scheme"),
        pytest.param("m.example.com", None, id="no scheme"),
        pytest.param("cdrom:[Debian]/", None, id="a disc"),
    ],
)
def test_a_url_leads_to_a_host_and_a_port(url: str, place: tuple[str, int] | None) -> None:
    expected = None if place is None else HostPort(host=place[0], port=place[1])
    assert parse_source_url(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("file:/srv/mirror", True, id="a directory"),
        pytest.param("CDROM:[Debian]/", True, id="a disc"),
        pytest.param("http://m.example.com", False, id="a host"),
        pytest.param("mirror+file:/etc/apt/mirrors", False, id="a list of hosts"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_some_urls_need_no_network(url: str, expected: bool) -> None:
    assert is_hostless(url) is expected


def sources(*found: tuple[str, int, str]) -> tuple[PackageSource, ...]:
    return tuple(
        PackageSource(place=HostPort(host=host, port=port), path=path) for host, port, path in found
    )


LIST = "/etc/apt/sources.list"
DEB822 = "/etc/apt/sources.list.d/debian.sources"
REPO = "/etc/yum.repos.d/base.repo"


@pytest.mark.parametrize(
    ("texts", "found", "warnings"),
    [
        pytest.param({}, (), (), id="a node without either"),
        pytest.param(
            {LIST: "deb http://a.example.com x\n", DEB822: "URIs: https://b.example.com\n"},
            sources(("a.example.com", 80, LIST), ("b.example.com", 443, DEB822)),
            (),
            id="apt in both formats",
        ),
        pytest.param(
            {REPO: "[base]\nbaseurl=http://a.example.com/$x\n"},
            sources(("a.example.com", 80, REPO)),
            (),
            id="yum",
        ),
        pytest.param(
            {LIST: "deb http://a.example.com x\n", DEB822: "URIs: http://a.example.com/y\n"},
            sources(("a.example.com", 80, LIST)),
            (),
            id="a host named twice is one, of the first file",
        ),
        pytest.param(
            {LIST: "deb cdrom:[x]/ y\ndeb file:/srv z\n"}, (), (), id="no network is needed"
        ),
        pytest.param(
            {LIST: "deb http://u:secret@$h/ x\n"},
            (),
            (f"{LIST}: 1 package source(s) without a usable host",),
            id="an unusable source is counted and not shown",
        ),
        pytest.param(
            {LIST: None},
            (),
            (f"package sources in {LIST} are not known: cannot read {LIST}: denied",),
            id="a file that cannot be read is told",
        ),
        pytest.param(
            {
                DEB822: "URIs: mirror+file:///etc/apt/mirrors/debian.list\n",
                "/etc/apt/mirrors/debian.list": "https://a.example.com/debian\n",
            },
            sources(("a.example.com", 443, DEB822)),
            (),
            id="a mirror list on the node is read",
        ),
        pytest.param(
            {DEB822: "URIs: mirror+file:/nowhere\n"},
            (),
            (f"{DEB822}: 1 package source(s) without a usable host",),
            id="a mirror list that is not there is told",
        ),
    ],
)
def test_the_sources_of_a_node(
    texts: dict[str, str | None], found: tuple[PackageSource, ...], warnings: tuple[str, ...]
) -> None:
    assert discover_package_sources(Files(texts)) == PackageSources(
        sources=found, warnings=warnings
    )


def test_an_absurd_number_of_sources_is_cut_aloud() -> None:
    text = "".join(f"deb http://h{number}.example.com x\n" for number in range(MAX_SOURCES + 6))
    found = discover_package_sources(Files({LIST: text}))
    assert len(found.sources) == MAX_SOURCES
    assert found.warnings == ("only 64 of 70 package sources are considered",)


@given(st.text() | st.from_regex(r"(mirror\+)?https?://[^\s]*"))
def test_any_url_is_a_place_or_none(url: str) -> None:
    place = parse_source_url(url)
    assert place is None or 1 <= place.port <= 65535
