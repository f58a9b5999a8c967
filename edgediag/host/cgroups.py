"""Control groups of the second version: where they are mounted, and which a process is in.

source  cgroups(7), proc(5)
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Where a cgroup2 is mounted, and which of its groups stands there."""

    path: str
    root: str


def decode_mount(mountinfo: str) -> Mount | None:
    """The first cgroup2 that is mounted, None without one; mountinfo as in proc(5)."""
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        columns = before.split()
        if separator and after.split()[:1] == ["cgroup2"] and len(columns) > 4:
            return Mount(path=columns[4], root=columns[3])
    return None


def groups_of(cgroup: str, mount: Mount) -> tuple[str, ...]:
    """The group of a process and those above it that can be seen, its own first.

    cgroup   of /proc/self/cgroup, where the line of cgroup2 begins with "0::"
    returns  paths below the mount, "/" for its root; none where the group is not below it
    """
    lines = (line for line in cgroup.splitlines() if line.startswith("0::/"))
    path = next(lines, "0::").removeprefix("0::")
    root = mount.root.rstrip("/")
    if not path or not f"{path}/".startswith(f"{root}/") or "/.." in path:
        return ()
    parts = [part for part in path.removeprefix(root).split("/") if part]
    return tuple("/" + "/".join(parts[:count]) for count in range(len(parts), -1, -1))
