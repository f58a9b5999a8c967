"""The node's files: bounded, never left by a symbolic link, never a reason to hang."""

import os
from pathlib import Path

import pytest

from edgediag.model.answer import NotChecked
from edgediag.net.files import MAX_OCTETS, NodeFiles


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "root"
    (inside / "etc").mkdir(parents=True)
    (inside / "usr/bin").mkdir(parents=True)
    (tmp_path / "secret").write_text("outside")
    return inside


@pytest.fixture
def files(root: Path) -> NodeFiles:
    return NodeFiles(root=str(root))


def program(path: Path, mode: int) -> None:
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)


def test_a_file_is_read_below_the_root(root: Path, files: NodeFiles) -> None:
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    assert files.read_text("/etc/hosts") == "127.0.0.1 localhost\n"


def test_a_file_is_read_of_this_node(tmp_path: Path) -> None:
    assert NodeFiles(root="/").read_text(str(tmp_path / "x")) == NotChecked(
        reason=f"cannot read {tmp_path}/x: no such file or directory"
    )


def test_octets_that_are_not_utf_8_do_not_fail(root: Path, files: NodeFiles) -> None:
    (root / "etc/hosts").write_bytes(b"a\xffb")
    assert files.read_text("/etc/hosts") == "a\ufffdb"


@pytest.mark.parametrize(
    ("link", "aim"),
    [
        pytest.param("etc/link", "/etc/real", id="absolute: it starts at the root"),
        pytest.param("etc/link", "real", id="relative"),
        pytest.param("etc/link", "../etc/real", id="up and down again"),
        pytest.param("etc/link", "../../../../etc/real", id="it does not climb above the root"),
        pytest.param("link", "etc", id="a directory on the way"),
    ],
)
def test_a_link_is_followed_as_in_a_chroot(
    root: Path, files: NodeFiles, link: str, aim: str
) -> None:
    (root / "etc/real").write_text("inside")
    (root / link).symlink_to(aim)
    path = f"/{link}" if link != "link" else "/link/real"
    assert files.read_text(path) == "inside"


@pytest.mark.parametrize(
    "aim",
    [
        pytest.param("../../secret", id="relative"),
        pytest.param("{outside}", id="absolute"),
        pytest.param("/../secret", id="above the root"),
    ],
)
def test_no_link_leads_out_of_the_root(root: Path, files: NodeFiles, aim: str) -> None:
    (root / "etc/hosts").symlink_to(aim.format(outside=root.parent / "secret"))
    assert isinstance(files.read_text("/etc/hosts"), NotChecked)


def test_no_path_leads_out_of_the_root(files: NodeFiles) -> None:
    assert isinstance(files.read_text("/etc/../../secret"), NotChecked)


def test_links_in_a_circle_end(root: Path, files: NodeFiles) -> None:
    (root / "etc/a").symlink_to("b")
    (root / "etc/b").symlink_to("a")
    assert files.read_text("/etc/a") == NotChecked(
        reason="cannot read /etc/a: too many levels of symbolic links"
    )


def test_a_file_that_is_too_large_is_not_read(root: Path, files: NodeFiles) -> None:
    with (root / "etc/hosts").open("wb") as stream:
        stream.truncate(MAX_OCTETS + 1)
    assert files.read_text("/etc/hosts") == NotChecked(
        reason=f"cannot read /etc/hosts: larger than {MAX_OCTETS} octets"
    )


def test_a_fifo_does_not_hold_us_up(root: Path, files: NodeFiles) -> None:
    os.mkfifo(root / "etc/hosts")
    assert files.read_text("/etc/hosts") == NotChecked(
        reason="cannot read /etc/hosts: not a regular file"
    )


def test_a_path_that_cannot_exist_is_told(files: NodeFiles) -> None:
    assert files.read_text("/etc/a\0b") == NotChecked(
        reason="cannot read /etc/a\0b: the path cannot exist"
    )


def test_a_directory_is_listed_in_order(root: Path, files: NodeFiles) -> None:
    for name in ("b", "a", "c"):
        (root / "etc" / name).touch()
    assert files.list_dir("/etc") == ("a", "b", "c")


def test_a_directory_that_is_not_there_is_told(files: NodeFiles) -> None:
    assert files.list_dir("/etc/apt") == NotChecked(
        reason="cannot list /etc/apt: no such file or directory"
    )


def test_the_time_of_a_file(root: Path, files: NodeFiles) -> None:
    (root / "etc/hosts").touch()
    os.utime(root / "etc/hosts", (1.0, 2.0))
    assert files.modified_s("/etc/hosts") == 2.0


@pytest.mark.parametrize("path", ["/etc/none", "/etc/hosts/none", "/none/none"])
def test_what_is_not_there_has_no_time(root: Path, files: NodeFiles, path: str) -> None:
    (root / "etc/hosts").touch()
    assert files.modified_s(path) is None


def test_links_in_a_circle_have_no_time_but_a_reason(root: Path, files: NodeFiles) -> None:
    (root / "etc/a").symlink_to("a")
    assert files.modified_s("/etc/a") == NotChecked(
        reason="cannot look at /etc/a: too many levels of symbolic links"
    )


def test_programs_are_found_below_the_root_in_the_order_asked(
    root: Path, files: NodeFiles
) -> None:
    program(root / "usr/bin/socat", 0o755)
    program(root / "usr/bin/lspci", 0o755)
    program(root / "usr/bin/notes", 0o644)
    (root / "usr/bin/ip").mkdir()
    assert files.find_programs(("lspci", "notes", "ip", "socat", "sh")) == ("lspci", "socat")


def test_a_program_by_way_of_an_absolute_link_is_found(root: Path, files: NodeFiles) -> None:
    # As Debian's alternatives: /usr/bin/iptables -> /etc/alternatives/iptables -> ….
    program(root / "usr/bin/iptables-nft", 0o755)
    (root / "etc/alternatives").mkdir()
    (root / "etc/alternatives/iptables").symlink_to("/usr/bin/iptables-nft")
    (root / "usr/bin/iptables").symlink_to("/etc/alternatives/iptables")
    assert files.find_programs(("iptables",)) == ("iptables",)


def test_a_dangling_link_is_no_program(root: Path, files: NodeFiles) -> None:
    (root / "usr/bin/socat").symlink_to("/usr/bin/socat1")
    assert files.find_programs(("socat",)) == ()


def test_this_node_has_a_shell() -> None:
    assert NodeFiles(root="/").find_programs(("sh", "no-such-program")) == ("sh",)
