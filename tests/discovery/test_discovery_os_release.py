"""os-release names the system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.os_release import parse_os_release


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param('NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="22.04"\n', "ubuntu 22.04", id="Ubuntu"),
        pytest.param('ID="centos"\nVERSION_ID="7"\n', "centos 7", id="CentOS"),
        pytest.param("ID='alinux'\nVERSION_ID='3'\n", "alinux 3", id="single quotes"),
        pytest.param("ID=debian\n", "debian", id="no version, as Debian testing"),
        pytest.param("ID=a\nID=b\n", "b", id="the last one counts"),
        pytest.param("VERSION_ID=7\n", None, id="no ID"),
        pytest.param("ID_LIKE=debian\n", None, id="another key"),
        pytest.param("ID=$(reboot)\n", None, id="a command is not a value"),
        pytest.param("ID=\"debian'\n", None, id="quotes that do not match"),
        pytest.param("", None, id="an empty file"),
    ],
)
def test_the_name_of_a_system(text: str, name: str | None) -> None:
    assert parse_os_release(text) == name


@given(st.text() | st.from_regex(r"(ID=[\"'a-z0-9]*\n)+"))
def test_any_text_is_a_plain_name_or_none(text: str) -> None:
    name = parse_os_release(text)
    assert name is None or name.replace(" ", "").isprintable()
