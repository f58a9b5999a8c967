"""yum's repositories."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery import yum

URL = "http://mirror.example.com/$releasever/os"


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        pytest.param(f"[base]\nname=Base\nbaseurl={URL}\n", (URL,), id="a base URL"),
        pytest.param(f"[base]\nmirrorlist = {URL}?a=$b\n", (f"{URL}?a=$b",), id="a mirror list"),
        pytest.param(f"[base]\nmetalink={URL}\n", (URL,), id="a metalink"),
        pytest.param(f"[base]\nbaseurl={URL}\n  {URL}2\n", (URL, f"{URL}2"), id="a second line"),
        pytest.param(f"[base]\nbaseurl={URL},{URL}2\n", (URL, f"{URL}2"), id="a comma"),
        pytest.param(f"[base]\nenabled=0\nbaseurl={URL}\n", (), id="switched off"),
        pytest.param(f"[base]\nbaseurl={URL}\nenabled = False\n", (), id="switched off in words"),
        pytest.param(f"[a]\nenabled=0\n[b]\nbaseurl={URL}\n", (URL,), id="another one is on"),
        pytest.param(f"[base]\n#baseurl={URL}\n;baseurl={URL}\n", (), id="commented out"),
        pytest.param(f"[base]\ngpgkey={URL}\n", (), id="a key is no repository"),
        pytest.param("", (), id="an empty file"),
    ],
)
def test_the_urls_of_a_repo_file(text: str, urls: tuple[str, ...]) -> None:
    assert yum.urls_of_repo(text) == urls


@pytest.mark.parametrize(
    ("name", "is_repo"),
    [
        pytest.param("CentOS-Base.repo", True, id="a repo file"),
        pytest.param("CentOS-Base.repo.rpmsave", False, id="a copy"),
        pytest.param("../x.repo", False, id="a way out of the directory"),
    ],
)
def test_the_names_yum_reads(name: str, is_repo: bool) -> None:
    assert yum.is_repo(name) == is_repo


@given(st.text() | st.from_regex(r"((baseurl=| |\[a\]|enabled=)[a-z0:/,]*\n)+"))
def test_any_text_gives_urls_without_blanks(text: str) -> None:
    assert all(len(url.split()) == 1 for url in yum.urls_of_repo(text))
