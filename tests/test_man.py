"""The man pages say what the program does: commands, options, words and rules, no more, no less."""

import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import click
import pytest

from edgediag.cli import COMMANDS, ExitStatus
from edgediag.inference.arrivals import ARRIVAL_RULE
from edgediag.inference.names import HIJACKED, UNRESOLVED
from edgediag.inference.rows import CLOSING_RULE, LISTENER_RULE, TOOLS_RULE
from edgediag.inference.rules import (
    EXCLUSIVE,
    RULES,
    RULES_OF_FORMS,
    RULES_OF_SEGMENTS,
    RULES_WHERE_SERVED,
)
from edgediag.inference.short_mapping import SHORT_MAPPING_RULE
from edgediag.inference.spared import OWN_GATEWAY_RULE
from edgediag.inference.states import STATE_RULES
from edgediag.model.endpoint import ProbeKind
from edgediag.model.verdict import Certainty, Mechanism, Place, Status

MAN = Path(__file__).parent.parent / "man"
PAGES = sorted(MAN.iterdir())
MAIN = MAN / "edgediag.1"
MECHANISMS = MAN / "edgediag-mechanisms.7"

# Neither these pages nor those of the system need be installed while these are checked.
NOT_INSTALLED = "referenced manual not found"


def section(page: Path, title: str) -> str:
    """The source of one section of a page, "" where it has none."""
    found = re.search(rf"^\.S[hs] {title}\n(.*?)(?=^\.Sh |\Z)", page.read_text(), re.M | re.S)
    return found.group(1) if found else ""


def words(source: str) -> list[str]:
    """The words that the items of a list explain, in their order."""
    return re.findall(r"^\.It Cm ([a-z0-9-]+)", source, re.M)


def documented_options(page: Path) -> set[str]:
    """The long options that a page explains in an item of its own."""
    items = re.findall(r"^\.It Fl (.*)$", page.read_text(), re.M)
    return {name for item in items for name in re.findall(r"(?:^|\s)-([a-z0-9-]{2,})", item)}


def real_options(command: click.Command) -> set[str]:
    """The long options of a command and of the commands inside it."""
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    options = {
        option.removeprefix("--")
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }
    return options.union(*(real_options(child) for child in inner)) - {"help"}


def load(name: str) -> click.Command:
    """The command of that name."""
    command = import_module(COMMANDS[name][0]).command
    assert isinstance(command, click.Command)
    return command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_a_page_is_well_formed(page: Path) -> None:
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "style", str(page)], capture_output=True, text=True
    )
    assert [line for line in done.stdout.splitlines() if NOT_INSTALLED not in line] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_refers_to_pages_that_are_there(page: Path) -> None:
    referenced = re.findall(r"^\.Xr (edgediag\S*) (\d)", page.read_text(), re.M)
    assert {f"{name}.{number}" for name, number in referenced} <= {page.name for page in PAGES}


def test_every_command_is_documented() -> None:
    assert words(section(MAIN, "DESCRIPTION")) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_documented(name: str) -> None:
    page = MAN / f"edgediag-{name}.1"
    own = documented_options(page) if page.exists() else set()
    real = real_options(load(name))
    assert real - own - documented_options(MAIN) == set()
    assert own - real == set()


def test_every_common_option_that_is_documented_is_real() -> None:
    real = set().union(*(real_options(load(name)) for name in COMMANDS))
    assert documented_options(MAIN) - real == set()


def test_every_command_of_the_lab_is_documented() -> None:
    lab = load("lab")
    assert isinstance(lab, click.Group)
    assert sorted(words(section(MAN / "edgediag-lab.1", "DESCRIPTION"))) == sorted(lab.commands)


def test_every_exit_status_is_documented() -> None:
    numbers = re.findall(r"^\.It (\d+)$", section(MAIN, "EXIT STATUS"), re.M)
    assert numbers == [str(status.value) for status in ExitStatus]


def test_states_and_certainties_are_documented() -> None:
    description = section(MAN / "edgediag-diagnose.1", "DESCRIPTION")
    expected = [word.value for vocabulary in (Status, Certainty) for word in vocabulary]
    assert words(description) == expected


def test_places_are_documented() -> None:
    assert words(section(MECHANISMS, "PLACES")) == [place.value for place in Place]


def test_every_mechanism_is_documented_in_one_line() -> None:
    source = section(MECHANISMS, "MECHANISMS")
    assert words(source) == [mechanism.value for mechanism in Mechanism]
    assert len(re.findall(r"^\.It Cm \S+\n[A-Z].*\.\n(?=\.)", source, re.M)) == len(Mechanism)


def test_every_rule_is_documented() -> None:
    assert words(section(MECHANISMS, "RULES")) == [
        rule.id
        for rule in dict.fromkeys(
            (*EXCLUSIVE, *RULES, *RULES_WHERE_SERVED, *RULES_OF_FORMS, *STATE_RULES)
        )
    ]


@pytest.mark.parametrize(
    "rule",
    [
        UNRESOLVED,
        HIJACKED,
        LISTENER_RULE,
        CLOSING_RULE,
        TOOLS_RULE,
        ARRIVAL_RULE,
        OWN_GATEWAY_RULE,
        SHORT_MAPPING_RULE,
        *(rule.id for rule in RULES_OF_SEGMENTS),
    ],
)
def test_every_rule_on_more_or_less_than_a_flow_is_documented(rule: str) -> None:
    assert re.search(rf"^\.Cm {rule}\b", section(MECHANISMS, "RULES"), re.M)


def test_every_probe_kind_is_documented() -> None:
    assert words(section(MECHANISMS, "PROBES")) == [kind.value for kind in ProbeKind]
