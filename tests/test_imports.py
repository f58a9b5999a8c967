"""The architecture as a table: what each part of the package may not import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import edgediag

PACKAGE = Path(edgediag.__file__).parent

SHELL = frozenset(
    {"edgediag.net", "edgediag.run", "edgediag.live", "edgediag.cli", "edgediag.lab"}
)
NETWORK = frozenset({"scapy", "pyroute2", "netifaces"})
# No socket, no clock, no randomness, no environment; nor what is only another door to them.
IO = frozenset(
    {
        "asyncio",
        "ctypes",
        "fcntl",
        "http",
        "multiprocessing",
        "os",
        "random",
        "secrets",
        "select",
        "selectors",
        "signal",
        "socket",
        "ssl",
        "subprocess",
        "threading",
        "time",
        "urllib",
    }
)
# Every layer there is: it costs a second of start-up, and no part may have it, by any name.
NOWHERE = "scapy.all"
PURE = IO | NETWORK | SHELL | {"click"}

FORBIDDEN: dict[str, frozenset[str]] = {
    "__init__": PURE | {"edgediag"},
    "__main__": IO | NETWORK,
    "checked": PURE,
    "cli": NETWORK | {"socket"},
    "compat": PURE | {"edgediag"},
    "diagnosis": PURE - {"edgediag.run"},
    "discovery": PURE,
    "endpoints": PURE,
    "errors": PURE | {"edgediag"},
    "evidence": PURE,
    "flaw": PURE,
    "host": PURE,
    "inference": PURE | {"edgediag.wire", "edgediag.report"},
    "inside": PURE,
    "instruments": PURE - {"edgediag.run"},
    "lab": frozenset({"click", "edgediag.cli"}),
    "live": frozenset({"click", "edgediag.cli", "edgediag.lab"}) | NETWORK | IO,
    "locate": PURE,
    "losses": PURE - {"edgediag.run"},
    "matrix": PURE,
    "meaning": PURE,
    "model": PURE | {"edgediag.probes", "edgediag.wire", "edgediag.session", "edgediag.report"},
    "names": PURE - {"edgediag.run"},
    "net": frozenset({"click", "scapy", "edgediag.cli", "edgediag.lab", "edgediag.run"}),
    "path": PURE,
    "plan": PURE,
    "probes": PURE | {"edgediag.wire", "edgediag.session"},
    "report": PURE,
    "run": (PURE - SHELL) | {"edgediag.cli", "edgediag.lab", "edgediag.live"},
    "session": PURE | {"edgediag.wire"},
    "source": PURE,
    "stages": PURE - {"edgediag.run"},
    "toml": PURE | {"edgediag"},
    "tunnel": PURE - {"edgediag.run"},
    "wire": (PURE - {"scapy"}) | {"scapy.sendrecv", "scapy.route", "scapy.route6"},
}

MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(module: Path) -> str:
    """The name below edgediag that a module belongs to."""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(module: Path) -> Iterator[str]:
    """Every name a module imports, wherever in it; "a.b" for `from a import b` as well as "a"."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_below(name: str, forbidden: str) -> bool:
    """Whether an imported name is a forbidden one or inside it."""
    return f"{name}.".startswith(f"{forbidden}.")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_nothing_its_part_may_not(module: Path) -> None:
    forbidden = FORBIDDEN.get(part_of(module), frozenset())
    found = {name for name in imports_of(module) if any(is_below(name, f) for f in forbidden)}
    assert found == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_scapy_is_never_meant_as_a_whole(module: Path) -> None:
    assert NOWHERE not in imports_of(module)
    assert NOWHERE not in module.read_text()


def test_every_part_is_in_the_table_and_every_row_is_a_part() -> None:
    assert {part_of(module) for module in MODULES} == set(FORBIDDEN)


@pytest.mark.parametrize(
    ("name", "forbidden", "expected"),
    [
        ("socket", "socket", True),
        ("socket.socket", "socket", True),
        ("socketserver", "socket", False),
        ("edgediag.net.tap", "edgediag.net", True),
        ("edgediag.network", "edgediag.net", False),
        ("scapy.layers.inet", "scapy.route", False),
    ],
)
def test_a_prefix_ends_at_a_dot(name: str, forbidden: str, expected: bool) -> None:
    assert is_below(name, forbidden) is expected


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        pytest.param(
            "edgediag.cli", {"scapy", "pyroute2", "netifaces", "rich", "socket"}, id="--help"
        ),
        pytest.param(
            "edgediag.report.text", {"scapy", "pyroute2", "rich", "click"}, id="the text report"
        ),
        pytest.param("edgediag.inference.rules", {"scapy", "pyroute2", "rich"}, id="inference"),
        pytest.param("edgediag.cli.explain", {"scapy", "pyroute2", "tomllib"}, id="explain"),
    ],
)
def test_what_an_import_does_not_draw_in(module: str, absent: set[str]) -> None:
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert absent & {name.partition(".")[0] for name in done.stdout.split()} == set()
