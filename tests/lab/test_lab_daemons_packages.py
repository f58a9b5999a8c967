"""Which packages are fetched, out of what apt-cache prints."""

import pytest

from edgediag.lab.daemons.packages import Needs, missing, parse_depends

PRINTED = """\
ikedaemon
 |PreDepends: setup
  PreDepends: <setup-2.0>
    cheap-setup
    setup
  Depends: libike
  Depends: libinit
    libother-init
<setup-2.0>
libike
  Depends: libc
  Depends: ikedaemon
libinit
libc
setup
cheap-setup
"""

PARSED = (
    Needs(
        package="ikedaemon",
        groups=(
            ("setup", "<setup-2.0>", "cheap-setup", "setup"),
            ("libike",),
            ("libinit", "libother-init"),
        ),
    ),
    Needs(package="<setup-2.0>", groups=()),
    Needs(package="libike", groups=(("libc",), ("ikedaemon",))),
    Needs(package="libinit", groups=()),
    Needs(package="libc", groups=()),
    Needs(package="setup", groups=()),
    Needs(package="cheap-setup", groups=()),
)


def test_what_apt_cache_prints_is_read() -> None:
    assert parse_depends(PRINTED) == PARSED


@pytest.mark.parametrize("text", ["", "\n\n", "  Depends: lost\n    provider\n"])
def test_a_text_without_packages_needs_nothing(text: str) -> None:
    assert parse_depends(text) == ()


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        pytest.param(
            (), ("ikedaemon", "setup", "libike", "libinit", "libc"), id="an empty machine"
        ),
        pytest.param(
            ("libc", "setup"), ("ikedaemon", "libike", "libinit"), id="what is installed is not"
        ),
        pytest.param(
            ("cheap-setup", "libother-init", "libc"),
            ("ikedaemon", "libike"),
            id="an installed alternative will do",
        ),
        pytest.param(("ikedaemon",), (), id="nothing but what is asked for"),
    ],
)
def test_what_the_machine_lacks_is_fetched(
    installed: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert missing(("ikedaemon",), PARSED, installed) == expected


def test_a_virtual_package_is_never_fetched() -> None:
    only_virtual = (Needs(package="a", groups=(("<v>", "p"),)), Needs(package="p", groups=()))
    assert missing(("a",), only_virtual, ()) == ("a", "p")


def test_what_nobody_knows_is_not_fetched() -> None:
    assert missing(("a",), (), ()) == ()
