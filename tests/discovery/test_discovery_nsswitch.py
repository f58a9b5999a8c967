"""The hosts line of nsswitch.conf: which sources are asked for a name, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.nsswitch import MAX_SHOWN, parse_nsswitch
from edgediag.model.cluster import NameLookup

PATH = "/etc/nsswitch.conf"


@pytest.mark.parametrize(
    ("line", "sources"),
    [
        pytest.param("hosts: files dns", ("files", "dns"), id="as most hosts have it"),
        pytest.param("hosts:\tdns  files # first", ("dns", "files"), id="blanks and a comment"),
        pytest.param(
            "hosts: files mdns4_minimal [NOTFOUND=return] dns",
            ("files", "mdns4_minimal", "dns"),
            id="an action behind multicast DNS is for names below .local",
        ),
        pytest.param(
            "hosts: files resolve [!UNAVAIL=return] dns",
            ("files", "resolve", "dns"),
            id="an action behind systemd-resolved",
        ),
        pytest.param(
            "hosts: files [NOTFOUND=return] dns", ("files",), id="the file has the last word"
        ),
        pytest.param(
            "hosts: files [!SUCCESS=return] dns", ("files",), id="or has it in other words"
        ),
        pytest.param(
            "hosts: files [NOTFOUND = return] dns", ("files",), id="blanks around the sign"
        ),
        pytest.param(
            "hosts: files [NOTFOUND =continue SUCCESS= return] dns",
            ("files", "dns"),
            id="and in an action that keeps nobody",
        ),
        pytest.param(
            "hosts: files [SUCCESS=return] dns", ("files", "dns"), id="what was found is enough"
        ),
        pytest.param("hosts:", (), id="no source at all"),
        pytest.param("hosts: files [NOTFOUND=return dns", ("files",), id="an action left open"),
    ],
)
def test_a_hosts_line_names_its_sources(line: str, sources: tuple[str, ...]) -> None:
    text = f"# of this node\npasswd: files\n{line}\n"
    expected = NameLookup(sources=sources, path=PATH, line=3, text=" ".join(line.split()))
    assert parse_nsswitch(text, PATH) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="an empty file"),
        pytest.param("passwd: files\n#hosts: files\n", id="a comment"),
        pytest.param("hostsx: files\n", id="another database"),
    ],
)
def test_without_a_hosts_line_nothing_is_said(text: str) -> None:
    assert parse_nsswitch(text, PATH) is None


def test_of_several_lines_the_last_holds() -> None:
    found = parse_nsswitch("hosts: files\nhosts: dns\n", PATH)
    assert found is not None
    assert (found.sources, found.line) == (("dns",), 2)


@given(st.one_of(st.text(), st.text().map(lambda text: f"hosts:{text}")))
def test_any_text_is_a_lookup_or_none_never_an_exception(text: str) -> None:
    found = parse_nsswitch(text, PATH)
    assert found is None or len(found.text) <= MAX_SHOWN
