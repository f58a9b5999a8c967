"""The network's sysctls of one namespace, written where another has others."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from edgediag.host.clone.sysctls import is_of_the_host

_ROOT: Final = Path("/proc/sys/net")
_FOLDERS: Final = ("ipv4", "ipv6", "netfilter")
_VERSIONS: Final = ("ipv4", "ipv6")
# Those of a device that decide about packets; what makes addresses or routes is left alone.
_OF_DEVICES: Final = (
    "accept_local",
    "disable_ipv6",
    "disable_policy",
    "disable_xfrm",
    "forwarding",
    "ignore_routes_with_linkdown",
    "route_localnet",
    "rp_filter",
    "src_valid_mark",
    "seg6_enabled",
)
# What the kernel counts and nobody sets.
_COUNTED: Final = frozenset({"netfilter/nf_conntrack_count"})
# Writing one of these sets others: they go first, those of all devices before those of one.
_FIRST: Final = ("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/all/forwarding")


def read_sysctls(devices: Iterable[str]) -> Mapping[str, str]:
    """Every value of this namespace's own by its path below net/, in the order to write them."""
    paths = [path for folder in _FOLDERS for path in _files(_ROOT / folder)]
    for device in ("all", "default", *devices):
        for version in _VERSIONS:
            paths += [_ROOT / version / "conf" / device / name for name in _OF_DEVICES]
    found = {str(path.relative_to(_ROOT)): _value(path) for path in paths}
    known = {
        path: value
        for path, value in found.items()
        if value is not None and path not in _COUNTED and not is_of_the_host(path)
    }
    first: dict[str, str] = {path: known[path] for path in _FIRST if path in known}
    return first | known


def stop_link_local() -> None:
    """No device made in this network namespace from now on gives itself an address of IPv6."""
    write_sysctls({"ipv6/conf/default/addr_gen_mode": "1"})


def write_sysctls(wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Write those that differ; the paths of those that still do."""
    missing: list[str] = []
    for path, value in wanted.items():
        present = _value(_ROOT / path)
        if present is None or present == value:
            continue
        try:
            (_ROOT / path).write_text(value, encoding="utf-8")
        except OSError:
            missing.append(path)
    return tuple(missing)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file())


def _value(path: Path) -> str | None:
    """What it says; None where the kernel has none such, or only takes and gives nothing."""
    try:
        return path.read_text(encoding="utf-8", errors="backslashreplace").strip()
    except OSError:
        return None
