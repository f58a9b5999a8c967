"""What the lab knows of a real server: where it comes from, how it starts, when it is ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgediag.lab.certificates import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One daemon at its place in a lab.

    folder  its own, for configuration, sockets and keys
    """

    node: str
    variant: str
    folder: Path
    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command to a running daemon; one that may fail asks for what a story may deny it."""

    argv: tuple[str, ...]
    may_fail: bool = False


def no_companion(site: Site) -> tuple[str, ...]:
    """For a daemon that does all by itself."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A program that serves in the stead of embedded services.

    program    the word for it in a scenario, and its folder's name
    protocol   the word for what it speaks in a result
    packages   Debian packages that bring it, without what they depend on
    files      absolute paths that must exist for it to run, the executable first
    version    the command that prints its version, once its files are written
    port       of `transport`, "udp" or "tcp", that it holds once it is ready; 0 if orders open it
    control    the socket in its folder that takes orders, "" for none
    services   by node where it can run: the embedded services that give way
    variants   ways to be set up, "" is the usual one
    texts      the files in its folder, by name
    command    its command line; it stays in the foreground and forks nothing that outlives it
    orders     what it is told once it is ready, in order
    companion  a command that runs beside it once it has its orders, () for none; what it starts
               ends by itself within seconds
    """

    program: str
    protocol: str
    packages: tuple[str, ...]
    files: tuple[str, ...]
    version: Callable[[Site], tuple[str, ...]]
    transport: str
    port: int
    control: str
    services: Mapping[str, tuple[str, ...]]
    variants: tuple[str, ...]
    texts: Callable[[Site], Mapping[str, str]]
    command: Callable[[Site], tuple[str, ...]]
    orders: Callable[[Site], tuple[Order, ...]]
    companion: Callable[[Site], tuple[str, ...]] = no_companion


def no_orders(site: Site) -> tuple[Order, ...]:
    """For a daemon that reads all it needs from its files."""
    return ()
