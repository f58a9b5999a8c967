"""What this host does with packets that come in by a device: whether it takes or forwards them.

The kernel says only EINVAL of a martian, of the reverse-path filter and of a blackhole (measured
with Linux 6.18): what it was is found by asking beside it and by reading the sysctls.
"""

from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from edgediag.model.culprit import PolicyRuleObject, RouteObject
from edgediag.model.flow import Address, Flow
from edgediag.model.route import Route, RouteRefused
from edgediag.net.fib import route_for

_CONF: Final = Path("/proc/sys/net/ipv4/conf")
_CONF_6: Final = Path("/proc/sys/net/ipv6/conf")
_STRICT: Final = 1
_NOT_VALIDATED: Final = frozenset({"EINVAL", "EXDEV"})


def refusal_words(flow: Flow, incoming: str, mark: int, refused: RouteRefused) -> str:
    """Why the kernel does not take a packet that comes in by a device, as far as that is told."""
    errno = refused.errno_name
    if flow.destination.version == 6:
        return _words(refused)
    if errno == "EHOSTUNREACH" and not _sysctl("forwarding", incoming):
        return f"not for this host, and net.ipv4.conf.{incoming}.forwarding is 0"
    if errno in _NOT_VALIDATED:
        onward = route_for(_from_anywhere(flow), mark=mark)
        if isinstance(onward, RouteRefused):
            return _words(onward)
        why = _martian(flow, incoming) or _filtered(flow, incoming, mark)
        return why or f"no way: {errno}"
    return _words(refused)


def untaken(flow: Flow, incoming: str, way: Route) -> str:
    """Why a packet of IPv6 goes no further though there is a way, "" where it does.

    The lookup of IPv6 does not say that this host does not forward, nor that an address may not
    come by a wire (net/ipv6/ip6_output.c ip6_forward, ip6_input.c ip6_rcv_core).
    """
    if flow.destination.version == 4:
        return ""
    if flow.source.is_multicast or flow.source.is_loopback:
        return f"martian source {flow.source}"
    if flow.destination.is_loopback:
        return f"martian destination {flow.destination}"
    if way.is_local:
        return ""
    # A device may forward where the host does not (Linux 6.17).
    switches = (_CONF_6 / "all" / "forwarding", _CONF_6 / incoming / "force_forwarding")
    if not any(_number(switch) for switch in switches):
        return "not for this host, and net.ipv6.conf.all.forwarding is 0"
    return f"link-local source {flow.source}, not forwarded" if flow.source.is_link_local else ""


def _words(refused: RouteRefused) -> str:
    match refused.culprit:
        case RouteObject(type_="missing"):
            return f"no way: {refused.errno_name}, there is no route"
        case RouteObject(type_=type_, prefix=prefix, table=table):
            return f"no way: {refused.errno_name} by {type_} {prefix} table {table}"
        case PolicyRuleObject(text=text, priority=priority):
            return f"no way: {refused.errno_name} by rule {priority}: {text}"
        case _:
            return f"no way: {refused.errno_name}"


def _martian(flow: Flow, incoming: str) -> str:
    """The address that no packet of a wire may carry, or this host's own; "" for none."""
    for word, address in (("source", flow.source), ("destination", flow.destination)):
        is_source = word == "source"
        if address.is_loopback and not _either("route_localnet", incoming):
            return f"martian {word} {address}: route_localnet of {incoming} is 0"
        if _is_nobody(address) or (is_source and address.is_multicast):
            return f"martian {word} {address}"
    if _is_own(flow) and not _either("accept_local", incoming):
        return (
            f"martian source {flow.source}: an address of this host,"
            f" and accept_local of {incoming} is 0"
        )
    return ""


def _filtered(flow: Flow, incoming: str, mark: int) -> str:
    """What the reverse-path filter says; "" where it does not refuse (RFC 3704)."""
    mode = max(_sysctl("rp_filter", "all"), _sysctl("rp_filter", incoming))
    if not mode:
        return ""
    back_mark = mark if _either("src_valid_mark", incoming) else 0
    back = route_for(_from_anywhere(flow.reversed()), mark=back_mark)
    if isinstance(back, RouteRefused):
        return f"rp_filter of {incoming} is {mode}: no way leads back to {flow.source}"
    if isinstance(back, Route) and back.interface != incoming and mode == _STRICT:
        return (
            f"rp_filter of {incoming} is {mode}: the way back to {flow.source}"
            f" leaves by {back.interface}"
        )
    return ""


def _is_own(flow: Flow) -> bool:
    answer = route_for(_from_anywhere(flow.reversed()))
    return isinstance(answer, Route) and answer.is_local


def _from_anywhere(flow: Flow) -> Flow:
    return replace(flow, source=type(flow.source)(0))


def _is_nobody(address: Address) -> bool:
    if not isinstance(address, IPv4Address):
        return address.is_unspecified
    return address.packed[0] == 0 or int(address) == 0xFFFFFFFF


def _either(name: str, incoming: str) -> bool:
    return bool(_sysctl(name, "all") or _sysctl(name, incoming))


def _sysctl(name: str, interface: str) -> int:
    """A setting of one device, 0 where it cannot be read."""
    return _number(_CONF / interface / name)


def _number(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
