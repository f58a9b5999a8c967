"""apt's two formats, and the names it reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery import apt

URL = "http://mirror.example.com/debian"


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        pytest.param(f"deb {URL} stable main\n", (URL,), id="a source"),
        pytest.param(f"deb-src\t{URL} stable main\n", (URL,), id="a source of sources"),
        pytest.param(f"deb [arch=amd64 trusted=yes] {URL} stable main\n", (URL,), id="options"),
        pytest.param(f"deb [ signed-by=/k#1.gpg ]{URL} stable\n", (URL,), id="a # in options"),
        pytest.param(f"deb {URL}#x stable\n", (URL,), id="a comment ends the URI"),
        pytest.param(f"# deb {URL} stable main\n", (), id="commented out"),
        pytest.param(f"rpm {URL} stable main\n", (), id="another type"),
        pytest.param(f"deb {URL} a\ndeb {URL}2 b\n", (URL, f"{URL}2"), id="two in their order"),
        pytest.param("deb\n", (), id="nothing after the type"),
        pytest.param("deb [arch=amd64\n", (), id="brackets that do not close"),
    ],
)
def test_one_line_sources(text: str, urls: tuple[str, ...]) -> None:
    assert apt.urls_of_list(text) == urls


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        pytest.param(f"Types: deb\nURIs: {URL}\nSuites: stable\n", (URL,), id="a stanza"),
        pytest.param(f"uris:{URL} {URL}2\n", (URL, f"{URL}2"), id="two in a field"),
        pytest.param(f"URIs:\n {URL}\n {URL}2\n", (URL, f"{URL}2"), id="a folded field"),
        pytest.param(f"URIs: {URL}\n#note\n {URL}2\n", (URL, f"{URL}2"), id="a comment inside"),
        pytest.param(f"Enabled: no\nURIs: {URL}\n", (), id="switched off"),
        pytest.param(f"URIs: {URL}\nEnabled: FALSE \n", (), id="switched off in capitals"),
        pytest.param(f"Enabled: yes\nURIs: {URL}\n", (URL,), id="switched on"),
        pytest.param(f"Enabled: no\n\nURIs: {URL}\n", (URL,), id="another stanza is on"),
        pytest.param(f"Signed-By:\n -----BEGIN\n .\n {URL}\n", (), id="a key is no source"),
        pytest.param("", (), id="an empty file"),
    ],
)
def test_deb822_sources(text: str, urls: tuple[str, ...]) -> None:
    assert apt.urls_of_sources(text) == urls


def test_a_mirror_list_is_a_url_a_line() -> None:
    text = f"# mirrors\n{URL}\tpriority:1\n\n{URL}2\n"
    assert apt.urls_of_mirror_list(text) == (URL, f"{URL}2")


@pytest.mark.parametrize(
    ("name", "is_list", "is_sources"),
    [
        pytest.param("docker.list", True, False, id="one-line"),
        pytest.param("debian.sources", False, True, id="deb822"),
        pytest.param("docker.list.save", False, False, id="a copy"),
        pytest.param("docker~.list", False, False, id="a name apt passes over"),
        pytest.param("../x.list", False, False, id="a way out of the directory"),
    ],
)
def test_the_names_apt_reads(name: str, is_list: bool, is_sources: bool) -> None:
    assert (apt.is_list(name), apt.is_sources(name)) == (is_list, is_sources)


@given(st.text() | st.from_regex(r"((URIs: | |deb |Enabled: no|\[)[a-z:/]*\n)+"))
def test_any_text_gives_urls_without_blanks(text: str) -> None:
    urls = apt.urls_of_list(text) + apt.urls_of_sources(text) + apt.urls_of_mirror_list(text)
    assert all(len(url.split()) == 1 for url in urls)
