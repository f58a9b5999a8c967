"""What the hosts line makes of the hosts file and of the name servers."""

import pytest

from edgediag.model.cluster import NO_LOOKUP, NameLookup
from edgediag.names.lookup import (
    asks_name_servers,
    chooses_by_domain,
    heeds_hosts_file,
    is_hosts_file_first,
)


def lookup(*sources: str) -> NameLookup:
    """A hosts line with these sources."""
    text = f"hosts: {' '.join(sources)}"
    return NameLookup(sources=sources, path="/etc/nsswitch.conf", line=1, text=text)


@pytest.mark.parametrize(
    ("sources", "heeds", "is_first", "asks"),
    [
        pytest.param(("files", "dns"), True, True, True, id="as most hosts have it"),
        pytest.param(("dns", "files"), True, False, True, id="name servers first"),
        pytest.param(("dns",), False, False, True, id="no hosts file"),
        pytest.param(("files",), True, True, False, id="no name server"),
        pytest.param(
            ("files", "mdns4_minimal", "myhostname"), True, True, False, id="nor by other words"
        ),
        pytest.param(("resolve", "dns"), True, True, True, id="systemd-resolved reads the file"),
        pytest.param(("files", "winbind"), True, True, True, id="a source that may ask anybody"),
    ],
)
def test_what_a_line_says(
    sources: tuple[str, ...], heeds: bool, is_first: bool, asks: bool
) -> None:
    line = lookup(*sources)
    said = heeds_hosts_file(line), is_hosts_file_first(line), asks_name_servers(line)
    assert said == (heeds, is_first, asks)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        pytest.param(("files", "resolve", "dns"), True, id="systemd-resolved first"),
        pytest.param(("files", "resolve"), True, id="or alone"),
        pytest.param(("files", "dns", "resolve"), False, id="last: the order of resolv.conf holds"),
        pytest.param(("files", "dns"), False, id="not at all"),
        pytest.param((), False, id="no source"),
    ],
)
def test_who_chooses_the_server(sources: tuple[str, ...], expected: bool) -> None:
    assert chooses_by_domain(lookup(*sources)) is expected
    assert not chooses_by_domain(NO_LOOKUP)


def test_without_a_line_the_file_comes_first_and_servers_are_asked() -> None:
    said = heeds_hosts_file(NO_LOOKUP), is_hosts_file_first(NO_LOOKUP), asks_name_servers(NO_LOOKUP)
    assert said == (True, True, True)
