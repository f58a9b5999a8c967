"""Do one step to a node of a running lab."""

import errno
import os
import socket
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from edgediag.compat import assert_never
from edgediag.errors import CannotRunError
from edgediag.lab import bpf, cgroup, conntrack, kernel, kube_proxy, namespace, netfilter, state
from edgediag.lab.daemons import place
from edgediag.lab.daemons import start as daemons
from edgediag.lab.files import edge_folder, write_edge_file
from edgediag.lab.services import control
from edgediag.lab.steps import (
    AddressStep,
    CommandStep,
    ConntrackStep,
    DaemonStep,
    FileStep,
    IptablesStep,
    KubeProxyStep,
    LinkStep,
    NeighbourStep,
    NftStep,
    ProgramStep,
    RouteStep,
    RuleStep,
    ServiceStep,
    Step,
    SysctlStep,
)
from edgediag.lab.topology import Route

# What the kernel says where the thing is gone, or there, already.
SETTLED = frozenset({errno.ENOENT, errno.ESRCH, errno.EEXIST, errno.EADDRNOTAVAIL})

# The words of ip-rule(8) in pyroute2's spelling of <linux/fib_rules.h>.
RULE_ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "lookup": "to_tbl",
        "blackhole": "blackhole",
        "unreachable": "unreachable",
        "prohibit": "prohibit",
    }
)


def lacking(programs: Sequence[str], steps: Sequence[Step]) -> tuple[str, ...]:
    """What this machine does not have of what the steps need, each in a few words."""
    missing = [f"{name} is not installed" for name in place.absent(programs)]
    kinds = {step.kind for step in steps if isinstance(step, ProgramStep)}
    if "cgroup" in kinds and cgroup.root() is None:
        missing.append("no cgroup2 is mounted")
    if "tcx" in kinds:
        missing += _lacking_tcx()
    return tuple(missing)


def _lacking_tcx() -> list[str]:
    try:
        return [] if bpf.has_tcx() else ["the kernel has no TCX (Linux 6.6)"]
    except PermissionError:
        return ["to ask the kernel for TCX needs root"]
    except OSError as exc:
        return [f"cannot ask the kernel for TCX: {exc.strerror}"]


def apply(prefix: str, step: Step) -> None:
    """The node is changed as the step says.

    raises  CannotRunError with the kernel's reason
    """
    try:
        _apply(prefix, step)
    except NetlinkError as exc:
        raise CannotRunError(f"cannot change {prefix}-{step.node}: {exc.args[1]}: {step}") from exc


def take_back(prefix: str, step: Step) -> None:
    """As `apply`, for a step of an undoing: what is so already is well."""
    try:
        _apply(prefix, step)
    except NetlinkError as exc:
        if exc.code not in SETTLED:
            raise CannotRunError(f"cannot undo in {prefix}: {exc.args[1]}: {step}") from exc


def _apply(prefix: str, step: Step) -> None:
    name = f"{prefix}-{step.node}"
    match step:
        case NftStep():
            netfilter.run_script(name, step.script)
        case IptablesStep():
            netfilter.run_iptables(name, step.arguments)
        case SysctlStep():
            kernel.write_sysctl(name, step.key, step.value)
        case FileStep():
            write_edge_file(edge_folder(prefix) / step.path, step.text)
        case CommandStep():
            netfilter.run_program(name, step.argv, step.text)
        case ProgramStep():
            _attach(name, step)
        case KubeProxyStep():
            program = f"iptables-{step.backend}-restore"
            netfilter.run_program(name, (program,), kube_proxy.restore_text(step.services))
        case ConntrackStep():
            conntrack.fill(name)
        case ServiceStep():
            control.ask(state.control_socket(prefix, step.node), {step.service: step.mode})
        case DaemonStep():
            daemons.start(prefix, step.node, step.program, step.variant)
        case RouteStep() | RuleStep() | LinkStep() | NeighbourStep() | AddressStep():
            with kernel.netlink(name) as ipr:
                _apply_by_netlink(ipr, step)
        case _:
            assert_never(step)


def _attach(name: str, step: ProgramStep) -> None:
    """The program is attached; it ends with the device of its namespace, or with the cgroup."""
    protocol = 0 if step.protocol == "any" else socket.getprotobyname(step.protocol)
    match = bpf.Match(protocol=protocol, port=step.port, direction=step.direction)
    program = bpf.load(step.kind, bpf.program(step.kind, match))
    try:
        if step.device:
            with kernel.netlink(name) as ipr:
                index = kernel.interface_index(ipr, step.device)
                if step.kind == "xdp":
                    ipr.link("set", index=index, xdp_fd=program)
            if step.kind == "tcx":
                with namespace.entered(name):
                    bpf.attach_to_device(program, index, step.direction)
        else:
            _attach_to_cgroup(name, program, step.direction)
    finally:
        os.close(program)


def _attach_to_cgroup(name: str, program: int, direction: str) -> None:
    folder = os.open(cgroup.create(name), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        bpf.attach_to_cgroup(program, folder, direction)
    finally:
        os.close(folder)


def _apply_by_netlink(
    ipr: IPRoute, step: RouteStep | RuleStep | LinkStep | NeighbourStep | AddressStep
) -> None:
    match step:
        case RouteStep():
            ipr.route(step.op, **kernel.route_request(ipr, _route(step)))
        case RuleStep():
            ipr.rule(step.op, **_rule_request(step))
        case LinkStep():
            ipr.link("set", index=kernel.interface_index(ipr, step.device), state=step.state)
        case NeighbourStep():
            _change_neighbour(ipr, step)
        case AddressStep():
            host, _, length = step.address.partition("/")
            index = kernel.interface_index(ipr, step.device)
            ipr.addr(step.op, index=index, address=host, prefixlen=int(length))
        case _:
            assert_never(step)


def _route(step: RouteStep) -> Route:
    return Route(
        destination=step.destination,
        gateways=step.gateways,
        device=step.device,
        type_=step.type,
        table=step.table,
    )


def _rule_request(step: RuleStep) -> dict[str, object]:
    request: dict[str, object] = {
        "family": socket.AF_INET,
        "priority": step.priority,
        "action": RULE_ACTIONS[step.type],
        "dst": step.destination,
    }
    if step.protocol:
        request["ip_proto"] = socket.getprotobyname(step.protocol)
    if step.port:
        request["dport_range"] = f"{step.port}:{step.port}"
    if step.table:
        request["table"] = step.table
    return request


def _change_neighbour(ipr: IPRoute, step: NeighbourStep) -> None:
    index = kernel.interface_index(ipr, step.device)
    if step.op == "del":
        ipr.neigh("del", dst=step.address, ifindex=index)
        return
    ipr.neigh(
        "replace", dst=step.address, lladdr=step.mac, ifindex=index, state=kernel.NUD_PERMANENT
    )
