"""Which steps will take a step back; asked before the step is done, so that a crash loses nothing.

Every step of an undoing may be done twice, or in vain.
"""

import socket
from collections.abc import Iterator
from dataclasses import replace

from pyroute2 import IPRoute

from edgediag.compat import assert_never
from edgediag.lab import kernel, state
from edgediag.lab.files import edge_folder, read_edge_file
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
    iptables_table,
    tables_of,
)
from edgediag.lab.topology import MAIN_TABLE

# <linux/rtnetlink.h>: routes the kernel makes by itself come back by themselves.
RTPROT_KERNEL = 2
RTN_UNICAST = 1


def undo_of(prefix: str, step: Step) -> tuple[Step, ...] | None:
    """The steps that bring back what the step is about to change, in the order to apply.

    None where only building the lab anew does.
    """
    name = f"{prefix}-{step.node}"
    match step:
        case NftStep():
            return (_without_tables(step.node, tables_of(step.script)),)
        case IptablesStep():
            return (_without_tables(step.node, (iptables_table(step),)),)
        case SysctlStep():
            return (replace(step, value=kernel.read_sysctl(name, step.key)),)
        case FileStep():
            return (replace(step, text=read_edge_file(edge_folder(prefix) / step.path)),)
        case CommandStep() | ProgramStep() | KubeProxyStep() | ConntrackStep() | DaemonStep():
            return None
        case ServiceStep():
            modes = control.ask(state.control_socket(prefix, step.node), {})
            return (replace(step, mode=modes[step.service]),)
        case RuleStep() | AddressStep():
            return (replace(step, op="del" if step.op == "add" else "add"),)
        case RouteStep():
            return _undo_route(name, step)
        case LinkStep():
            return _undo_link(name, step)
        case NeighbourStep():
            return _undo_neighbour(name, step)
        case _:
            assert_never(step)


def _without_tables(node: str, tables: tuple[tuple[str, str], ...]) -> NftStep:
    # Declaring a table first makes deleting it succeed in any case.
    lines = [f"table {family} {name} {{}}\ndelete table {family} {name}" for family, name in tables]
    return NftStep(node=node, script="\n".join(lines))


def _undo_route(name: str, step: RouteStep) -> tuple[Step, ...]:
    with kernel.netlink(name) as ipr:
        before = [
            route
            for route in _routes(ipr, step.node)
            if (route.destination, route.table) == (step.destination, step.table)
        ]
    return tuple(replace(route, op="replace") for route in before) or (replace(step, op="del"),)


def _undo_link(name: str, step: LinkStep) -> tuple[Step, ...]:
    """A device that goes down takes its routes and its permanent neighbours along."""
    with kernel.netlink(name) as ipr:
        lost = [route for route in _routes(ipr, step.node) if route.device == step.device]
        known = _permanent_neighbours(ipr, step)
    other = "up" if step.state == "down" else "down"
    routes = (replace(route, op="replace") for route in lost)
    return (replace(step, state=other), *known, *routes)


def _permanent_neighbours(ipr: IPRoute, step: LinkStep) -> list[NeighbourStep]:
    index = kernel.interface_index(ipr, step.device)
    return [
        NeighbourStep(
            node=step.node,
            op="set",
            device=step.device,
            address=str(entry.get("dst")),
            mac=str(entry.get("lladdr")),
        )
        for entry in ipr.get_neighbours(family=socket.AF_INET, ifindex=index)
        if entry["state"] & kernel.NUD_PERMANENT and entry.get("dst") and entry.get("lladdr")
    ]


def _undo_neighbour(name: str, step: NeighbourStep) -> tuple[Step, ...]:
    """The permanent entry as it was; one that was learnt will be learnt again."""
    with kernel.netlink(name) as ipr:
        index = kernel.interface_index(ipr, step.device)
        for entry in ipr.get_neighbours(family=socket.AF_INET, ifindex=index):
            is_permanent = entry["state"] & kernel.NUD_PERMANENT
            if is_permanent and entry.get("dst") == step.address:
                return (replace(step, op="set", mac=str(entry.get("lladdr"))),)
    return (replace(step, op="del"),)


def _routes(ipr: IPRoute, node: str) -> Iterator[RouteStep]:
    """The unicast routes of the main table that were put there, as steps."""
    devices = {link["index"]: str(link.get("ifname")) for link in ipr.get_links()}
    for route in ipr.get_routes(family=socket.AF_INET, table=MAIN_TABLE):
        if route["proto"] == RTPROT_KERNEL or route["type"] != RTN_UNICAST:
            continue
        hops = route.get("multipath") or (route,)
        host = route.get("dst")
        yield RouteStep(
            node=node,
            op="add",
            destination=f"{host}/{route['dst_len']}" if host else "default",
            gateways=tuple(str(hop.get("gateway")) for hop in hops if hop.get("gateway")),
            device=devices.get(route.get("oif"), ""),
        )
