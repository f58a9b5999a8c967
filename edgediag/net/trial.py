"""One packet really sent, and the kernel's own trace of it; only for a namespace of one's own.

The process that sends it is one that ends with its parent, before and after.
"""

import ctypes
import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.drops import TraceDropped, TracePassed
from edgediag.model.flow import Flow, Protocol
from edgediag.model.rehearsal import Sent
from edgediag.net.namespaces import die_with
from edgediag.net.nftrace import open_tracer

_SO_MARK: Final = 36
TRACE_S: Final = 0.02
# What the kernel says where routing refuses, before any packet is made.
_NO_WAY: Final = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL, errno.EAGAIN}
)
_KINDS: Final = {Protocol.TCP: socket.SOCK_STREAM, Protocol.UDP: socket.SOCK_DGRAM}
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The packet to send: its flow, and what its socket is; gid None for the caller's."""

    flow: Flow
    mark: int
    uid: int
    gid: int | None


def send_traced(trial: Trial) -> Sent | NotChecked:
    """Send one packet of the flow and hear from the kernel what became of it."""
    flow, kind = trial.flow, _KINDS.get(trial.flow.protocol)
    if kind is None or not flow.destination_port:
        return NotChecked(reason="only TCP and UDP with a known port are sent in the copy")
    family = socket.AF_INET if flow.destination.version == 4 else socket.AF_INET6
    try:
        with _owned_by(trial), socket.socket(family, kind) as sender:
            sender.setblocking(False)
            if trial.mark:
                sender.setsockopt(socket.SOL_SOCKET, _SO_MARK, trial.mark)
            # The copy holds the ports that are listened on here, and this may be one of them.
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sender.bind((str(flow.source), flow.source_port))
            flow = replace(flow, source_port=sender.getsockname()[1])
            return _sent(sender, flow)
    except OSError as error:
        return NotChecked(reason=f"the copy cannot send the packet: {error.strerror}")


def _sent(sender: socket.socket, flow: Flow) -> Sent | NotChecked:
    tracer = open_tracer([flow])
    if isinstance(tracer, NotChecked):
        return tracer
    with tracer:
        number = sender.connect_ex((str(flow.destination), flow.destination_port))
        if number == 0:
            try:
                sender.send(b"")
            except OSError as error:
                number = error.errno or 0
        tracer.read(TRACE_S)
        concluded = tracer.conclude(flow)
    match concluded:
        case TraceDropped():
            return Sent(is_passed=False, by=words(concluded.culprit))
        case TracePassed():
            return Sent(is_passed=concluded.is_sent, by="")
        case NotChecked() if number in _NO_WAY:
            return Sent(is_passed=False, by=f"routing: {errno.errorcode[number]}")
        case NotChecked():
            return concluded


def words(culprit: NftRule | IptablesRule | ChainPolicy) -> str:
    """A rule or a policy as the answer of a rehearsal names it."""
    match culprit:
        case NftRule():
            return f"{culprit.family} {culprit.table} {culprit.chain}: {culprit.text}"
        case IptablesRule():
            return f"{culprit.table} {culprit.chain} {culprit.number}: {culprit.text}"
        case ChainPolicy():
            return f"{culprit.family} {culprit.table} {culprit.chain}: policy {culprit.policy}"


@contextmanager
def _owned_by(trial: Trial) -> Iterator[None]:
    """Sockets made meanwhile belong to the user; the capabilities for networks stay."""
    parent = os.getppid()
    before = _LIBC.setfsuid(trial.uid)
    group = None if trial.gid is None else _LIBC.setfsgid(trial.gid)
    die_with(parent)
    try:
        yield
    finally:
        _LIBC.setfsuid(before)
        if group is not None:
            _LIBC.setfsgid(group)
        die_with(parent)
