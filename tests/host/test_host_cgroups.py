"""Control groups: where they are mounted, and which a process is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.cgroups import Mount, decode_mount, groups_of

ALONE = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
HYBRID = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
WHOLE = Mount(path="/sys/fs/cgroup", root="/")
POD = Mount(path="/sys/fs/cgroup", root="/kubepods/pod1")


@pytest.mark.parametrize(
    ("mountinfo", "expected"),
    [
        pytest.param(ALONE, WHOLE, id="alone"),
        pytest.param(HYBRID, Mount(path="/sys/fs/cgroup/unified", root="/"), id="beside the first"),
        pytest.param("22 1 0:20 / /proc rw - proc proc rw\n", None, id="not mounted"),
        pytest.param("cgroup2 - cgroup2", None, id="a line cut short"),
    ],
)
def test_the_mount(mountinfo: str, expected: Mount | None) -> None:
    assert decode_mount(mountinfo) == expected


@pytest.mark.parametrize(
    ("cgroup", "mount", "expected"),
    [
        pytest.param("0::/\n", WHOLE, ("/",), id="in the root"),
        pytest.param(
            "1:cpu:/x\n0::/system.slice/raven.service\n",
            WHOLE,
            ("/system.slice/raven.service", "/system.slice", "/"),
            id="its own first, the root last",
        ),
        pytest.param("0::/kubepods/pod1/c\n", POD, ("/c", "/"), id="below a part that is mounted"),
        pytest.param("0::/kubepods/pod10\n", POD, (), id="beside the part that is mounted"),
        pytest.param("0::/../x\n", WHOLE, (), id="outside its own namespace"),
        pytest.param("3:cpu:/x\n", WHOLE, (), id="no second version"),
    ],
)
def test_the_groups(cgroup: str, mount: Mount, expected: tuple[str, ...]) -> None:
    assert groups_of(cgroup, mount) == expected


@given(st.text(), st.text(), st.text())
def test_any_text_is_groups_or_none_never_an_exception(text: str, path: str, root: str) -> None:
    assert isinstance(groups_of(f"0::/{text}", Mount(path=path, root=root)), tuple)
    assert isinstance(decode_mount(text), Mount | None)
