"""Make structs.txt again: `python tests/host/data/xt/record.py`, as root.

Loads ip.rules and ip6.rules through iptables-nft into a network namespace that ends with this
process. Each line of structs.txt is a match or target as the kernel holds it, beside the words
that iptables-save has for it: family, sign, name, revision, octets (`~N~` for N zero octets) and
the words. The recording here is of Linux 6.18 on x86-64 and iptables 1.8.9.
"""

import ctypes
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from edgediag.host.netfilter.rule import FilterRule, decode_filter_rule
from edgediag.host.netfilter.statement import XtMatch, XtTarget
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket

HERE = Path(__file__).parent
CLONE_NEWNET = 0x40000000
GETRULE = 10 << 8 | 7
PROGRAMS = {"ip": ("iptables-nft", 2), "ip6": ("ip6tables-nft", 10)}
SETS = (
    "hip hash:ip", "hnet hash:net", "hipport hash:ip,port", "hctr hash:ip counters",
    "htime hash:ip timeout 60", "hskb hash:ip skbinfo", "hip6 hash:ip family inet6",
)


def main() -> None:
    """Record the one file."""
    assert ctypes.CDLL(None).unshare(CLONE_NEWNET) == 0
    for set_ in SETS:
        _shell(f"ipset create {set_}")
    lines = [line for family in PROGRAMS for line in _recorded(family)]
    HERE.joinpath("structs.txt").write_text("".join(f"{line}\n" for line in dict.fromkeys(lines)))


def load(family: str, program: str) -> int:
    """Load each rule of a list by itself, and count those that this kernel does not take."""
    _shell(f"{program} -N SUB")
    refused = 0
    for line in HERE.joinpath(f"{family}.rules").read_text().splitlines():
        table, chain, rule = line.split(" ", 2)
        command = f"{program} -t {table} -A {chain} {rule}"
        refused += subprocess.run(["sh", "-c", command], stderr=subprocess.DEVNULL).returncode != 0
    return refused


def _recorded(family: str) -> Iterator[str]:
    program, number = PROGRAMS[family]
    load(family, program)
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        for rule, words in zip(_rules(netlink, number), _saved(program), strict=True):
            pieces = re.split(r" (?=-[mj] )", f" {words}")[1:]
            parts = [part for part in rule.expressions if isinstance(part, XtMatch | XtTarget)]
            # A rule that nf_tables' own expressions are part of is not told apart.
            if len(parts) != len([p for p in pieces if not re.match(r"-j [A-Z]+$|-m tcp", p)]):
                continue
            for part in parts:
                sign = "-m" if isinstance(part, XtMatch) else "-j"
                piece = next(p for p in pieces if p.startswith(sign) and p != "-j ACCEPT")
                pieces.remove(piece)
                octets = "".join(
                    f"~{len(run)}~" if run.startswith(bytes(8)) else run.hex()
                    for run in re.split(rb"(\0{8,})", part.info)
                )
                yield f"{family} {sign} {part.name} {part.revision} {octets} {piece}"


def _rules(netlink: NetlinkSocket, family: int) -> list[FilterRule]:
    dump = netlink.dump(GETRULE, bytes([family, 0, 0, 0]))
    decoded = [decode_filter_rule(message.payload) for message in dump.messages]
    return sorted((r for r in decoded if r), key=lambda r: (r.table, r.chain, r.handle))


def _saved(program: str) -> list[str]:
    found, table = [], ""
    for line in _shell(f"{program}-save").splitlines():
        table = line[1:] if line.startswith("*") else table
        if match := re.match(r"-A (\S+) (.*)", line):
            found.append((table, match[1], match[2]))
    return [words for _, _, words in sorted(found, key=lambda each: each[:2])]


def _shell(command: str) -> str:
    done = subprocess.run(command.split(), check=True, capture_output=True, text=True)
    return done.stdout


if __name__ == "__main__":
    main()
