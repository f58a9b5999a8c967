"""The house style where it can be measured: sizes, names, annotations, comments."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest

import edgediag

PACKAGE = Path(edgediag.__file__).parent
ROOT = Path(__file__).parent.parent
MODULES = sorted(PACKAGE.rglob("*.py"))
# `__init__` says what a package is and lists it; its length says nothing.
SIZED = [module for module in MODULES if module.name != "__init__.py"]
SOURCES = [*MODULES, *sorted(ROOT.joinpath("tests").rglob("*.py"))]

FORBIDDEN_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "manager"})
BANNER = re.compile(r"^\s*#\s*([-=#*~_])\1{3,}")
BARE_IGNORE = re.compile(r"#\s*type:\s*ignore(\[[^]]*\])?\s*$")
# Put together here, so that this very line is not found.
TO_DO = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")))

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def _tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


@cache
def _functions(module: Path) -> list[Function]:
    return [node for node in ast.walk(_tree(module)) if isinstance(node, Function)]


def _public(module: Path) -> Iterator[ast.Module | ast.ClassDef | Function]:
    """The module, its public classes and functions, and their public methods."""
    tree = _tree(module)
    yield tree
    scopes: list[ast.Module | ast.ClassDef] = [tree]
    while scopes:
        for node in scopes.pop().body:
            if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
                yield node
                if isinstance(node, ast.ClassDef):
                    scopes.append(node)


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _at(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_nine_of_ten_functions_have_25_lines_or_less() -> None:
    lengths = sorted(_length(f) for module in MODULES for f in _functions(module))
    assert lengths[len(lengths) * 9 // 10] <= 25


def test_no_function_has_more_than_60_lines() -> None:
    long = [
        _at(module, function.lineno)
        for module in MODULES
        for function in _functions(module)
        if _length(function) > 60
    ]
    assert long == []


def test_half_of_the_modules_have_60_to_190_lines() -> None:
    lengths = [len(module.read_text().splitlines()) for module in SIZED]
    assert 60 <= median(lengths) <= 190


def test_every_function_is_annotated() -> None:
    assert [where for module in MODULES for where in _unannotated(module)] == []


def _unannotated(module: Path) -> Iterator[str]:
    for function in _functions(module):
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        named = [argument for argument in every if argument.arg not in ("self", "cls")]
        if function.returns is None or any(argument.annotation is None for argument in named):
            yield _at(module, function.lineno)


def test_everything_public_has_a_docstring() -> None:
    bare = [
        _at(module, getattr(node, "lineno", 1))
        for module in MODULES
        for node in _public(module)
        if not ast.get_docstring(node)
    ]
    assert bare == []


def test_a_docstring_begins_with_a_complete_claim() -> None:
    fragments = [
        _at(module, getattr(node, "lineno", 1))
        for module in MODULES
        for node in _public(module)
        if not (ast.get_docstring(node) or "?").partition("\n\n")[0].endswith((".", "?", ":", ")"))
    ]
    assert fragments == []


def test_modules_are_nouns_of_the_field() -> None:
    parts = {part.removesuffix(".py") for module in MODULES for part in module.parts}
    assert parts & FORBIDDEN_NAMES == set()


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(BANNER, id="no banners"),
        pytest.param(BARE_IGNORE, id="a type error is ignored only with its reason"),
        pytest.param(TO_DO, id="nothing is left for later"),
    ],
)
def test_no_line_matches(pattern: re.Pattern[str]) -> None:
    found = [
        _at(source, number)
        for source in SOURCES
        for number, line in enumerate(source.read_text().splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_test_modules_have_names_of_their_own() -> None:
    names = [path.name for path in ROOT.joinpath("tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
