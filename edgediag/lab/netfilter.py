"""Run nft(8), iptables(8) and other programs inside a node of the lab."""

import json
import shutil
import subprocess
from collections.abc import Sequence

from edgediag.errors import CannotRunError
from edgediag.lab import namespace
from edgediag.lab.files import SEARCH_PATH

TIMEOUT_S = 10.0
LIST_RULESET = ("nft", "--stateless", "list", "ruleset")


def run_script(name: str, script: str) -> None:
    """The namespace's ruleset is changed as the nft script says, as a whole or not at all."""
    _run(name, ("nft", "--file", "-"), script)


def run_iptables(name: str, arguments: Sequence[str]) -> None:
    """The namespace's iptables are changed by one command of the nf_tables flavour."""
    _run(name, ("iptables-nft", "--wait", *arguments), "")


def run_program(name: str, argv: Sequence[str], text: str) -> None:
    """A program that has read the text has ended well inside the namespace."""
    _run(name, argv, text)


def rulesets(names: Sequence[str]) -> dict[str, str]:
    """Each namespace's whole ruleset as nft prints it, without counters."""
    running = {name: _start(name, LIST_RULESET) for name in names}
    return {name: _finish(name, LIST_RULESET, process, "") for name, process in running.items()}


def handle_of(name: str, comment: str) -> int:
    """The handle of the rule that carries the comment."""
    text = _run(name, ("nft", "--json", "--handle", "list", "ruleset"), "")
    for item in json.loads(text)["nftables"]:
        rule = item.get("rule", {})
        if rule.get("comment") == comment:
            return int(rule["handle"])
    raise CannotRunError(f"cannot find a rule with comment {comment!r} in {name}: none carries it")


def find_program(program: str) -> str | None:
    """Where the program is installed; /usr/sbin counts though it may be absent from PATH."""
    return shutil.which(program, path=SEARCH_PATH)


def require_nft() -> None:
    """nft is installed."""
    if find_program("nft") is None:
        raise CannotRunError("cannot build the lab: nft is not installed; apt-get install nftables")


def _run(name: str, command: Sequence[str], text: str) -> str:
    return _finish(name, command, _start(name, command), text)


def _start(name: str, command: Sequence[str]) -> "subprocess.Popen[str]":
    program = find_program(command[0])
    if program is None:
        raise CannotRunError(f"cannot change {name}: {command[0]} is not installed")
    with namespace.entered(name):
        return subprocess.Popen(
            (program, *command[1:]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def _finish(
    name: str, command: Sequence[str], process: "subprocess.Popen[str]", text: str
) -> str:
    try:
        output, complaint = process.communicate(text, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired as exc:
        process.kill()
        process.wait()
        message = f"cannot run {command[0]} in {name}: no end after {TIMEOUT_S} s"
        raise CannotRunError(message) from exc
    if process.returncode:
        said = " ".join(complaint.split())
        raise CannotRunError(f"cannot run {' '.join(command)} in {name}: {said}")
    return output
