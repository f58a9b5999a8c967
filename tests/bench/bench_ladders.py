"""How long a ladder to 1, 5 and 20 targets takes, beside traceroute -T and mtr --tcp.

`python -m tests.bench.bench_ladders`, as root: it builds a lab of its own, lays a cable that
takes its time behind the first hop, and takes all of it away. The tools run in turn, and a
round's tools face the same machine, so that ratios of medians say more than seconds do. Of the
other tools one process a target runs at once. Linux routers answer a source six expiring probes
at once and then one a second: before each run they get the time to forget the one before, and
beside the time stands how many of the hops were heard. Of mtr that number is too high: it knows
its probes by a source port that all of its processes count up from 33000, so that one takes the
answers to another for its own.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from edgediag.lab import netfilter
from edgediag.lab.network import Lab
from edgediag.lab.topology import HOSTS

# net.ipv4.icmp_ratelimit = 1000 ms, burst 6.
RECOVERY_S = 6.2
DELAY_S = 0.015
# Up to the cloud: cpe, isp1, isp2, border, host.
HOPS = 5

_PORTS: Sequence[tuple[str, int]] = (
    ("api-server", 6443),
    ("raven-proxy", 10280),
    ("tunnel-server", 10262),
    ("cs-anony", 443),
    ("cs-anony-region", 443),
    ("oss", 443),
    ("dockerauth", 443),
    ("dockerauth-ee", 443),
    ("registry", 443),
    ("package-source", 80),
    ("resolver", 53),
    ("tunnel-server", 10263),
    ("cs-anony", 80),
    ("cs-anony-region", 80),
    ("oss", 80),
    *(("raven-proxy", port) for port in (10281, 10282, 10283, 10284)),
    # Nobody listens: a reset ends a path as well.
    ("registry", 80),
)
URLS = tuple(f"tcp://{HOSTS[host]}:{port}" for host, port in _PORTS)

# What the path does: nothing, or it drops all TCP behind the third hop.
PICTURES: Mapping[str, str] = {
    "all answer": "",
    "lost behind hop 3": """
        table inet filtering {
            chain through { type filter hook forward priority 0; meta l4proto tcp drop; }
        }
    """,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A command, what it is given for each target, and how it tells of a hop that was heard.

    is_one  one process takes all targets
    heard   how many hops of its output have an address
    """

    name: str
    argv: tuple[str, ...]
    is_one: bool
    heard: Callable[[str], int]


def main() -> None:
    """Print a table for each picture of the path."""
    options = _options()
    lab = Lab(prefix=f"bench{os.getpid()}")
    lab.up()
    try:
        with slow_cable(lab, options.delay):
            _say_delay(lab)
            for picture, script in PICTURES.items():
                for router in ("isp2a", "isp2b") if script else ():
                    netfilter.run_script(f"{lab.prefix}-{router}", script)
                print(f"\n{picture}")
                for count in options.targets:
                    _print(count, _rounds(lab, count, options.rounds))
    finally:
        lab.down()


@contextmanager
def slow_cable(lab: Lab, delay_s: float) -> Iterator[None]:
    """The cable behind the first hop takes so long each way."""
    argv = (sys.executable, "-m", "tests.bench.slow_cable", lab.prefix, "cpe", str(delay_s))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as cable:
        assert cable.stdout is not None
        if cable.stdout.readline() != "ready\n":
            raise SystemExit("cannot lay the slow cable; what it said stands above")
        try:
            yield
        finally:
            cable.terminate()


def tools() -> tuple[Tool, ...]:
    """Ours first, then those of the others that are installed."""
    edgediag = (sys.executable, "-m", "edgediag", "trace", "--no-output", "--json")
    traceroute = ("traceroute", "-n", "-T", "-p")
    mtr = ("mtr", "-n", "--tcp", "--report", "-P")
    found = (
        Tool(name="edgediag trace", argv=edgediag, is_one=True, heard=_in_json),
        *(
            Tool(name=f"{argv[0]} {word}", argv=(argv[0], word, *argv[1:]), is_one=False, heard=_in)
            for argv, words in ((traceroute, ("-q1", "-q3")), (mtr, ("-c1", "-c3")))
            for word in words
        ),
    )
    return tuple(tool for tool in found if shutil.which(tool.argv[0]))


def _rounds(lab: Lab, count: int, rounds: int) -> Mapping[str, list[tuple[float, int]]]:
    results: dict[str, list[tuple[float, int]]] = {tool.name: [] for tool in tools()}
    for _ in range(rounds):
        for tool in tools():
            time.sleep(RECOVERY_S)
            results[tool.name].append(_run(lab, tool, URLS[:count]))
    return results


def _run(lab: Lab, tool: Tool, urls: Sequence[str]) -> tuple[float, int]:
    """How long it took for all targets, and how many hops were heard."""
    each = [tuple(urls)] if tool.is_one else [_address_last(url) for url in urls]
    commands = [lab.edge_command((*tool.argv, *words)) for words in each]
    begun_s = time.monotonic()
    running = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for argv in commands
    ]
    said = [process.communicate()[0] for process in running]
    return time.monotonic() - begun_s, sum(map(tool.heard, said))


def _address_last(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return str(parts.port), str(parts.hostname)


def _in_json(said: str) -> int:
    document = json.loads(said)
    paths = (document, *document["others"])
    return sum(hop["address"] is not None for path in paths for hop in path["hops"])


def _in(said: str) -> int:
    """Lines of traceroute and of mtr that begin with a number and have an address behind it."""
    return len(re.findall(r"^ *\d+[ .|-]+(?:\* )*\d+\.\d+\.\d+\.\d+", said, re.MULTILINE))


def _print(count: int, results: Mapping[str, Sequence[tuple[float, int]]]) -> None:
    ours_s = median(took_s for took_s, _ in results["edgediag trace"])
    for name, runs in results.items():
        took_s = median(took_s for took_s, _ in runs)
        heard = median(heard for _, heard in runs)
        ratio = f"ours / this {ours_s / took_s:5.2f}"
        print(
            f"{count:3} targets  {name:15} {took_s:6.2f} s  {ratio}"
            f"  {heard:3.0f} of {count * HOPS} hops heard",
            flush=True,
        )


def _say_delay(lab: Lab) -> None:
    ping = lab.edge_command(("ping", "-n", "-q", "-c", "40", "-i", "0.05", HOSTS["api-server"]))
    said = subprocess.run(ping, capture_output=True, text=True, check=True).stdout
    print(said.splitlines()[-1].replace("rtt", "round trip to the cloud"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--targets", type=int, nargs="+", default=[1, 5, 20])
    parser.add_argument("--delay", type=float, default=DELAY_S, help="seconds each way")
    return parser.parse_args()


if __name__ == "__main__":
    main()
