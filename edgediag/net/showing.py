"""The packet of a walk put before the programs on its way: a copy of it, as each would see it.

Asked are only the kernel's own tables; nobody is sent anything to learn an address.
"""

from ipaddress import ip_address
from typing import Final

from edgediag.host.bridges import (
    BridgeLink,
    decode_bridge_link,
    decode_mac,
    link_request,
    neighbour_request,
)
from edgediag.host.walk.attached import Meeting
from edgediag.host.walk.copies import copies_of, mark_of
from edgediag.host.walk.octets import cut
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.routing import flow_of
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CgroupProgramObject, XdpProgramObject
from edgediag.model.exchange import NextHop, ProgramRun
from edgediag.model.flow import Address
from edgediag.model.packet import LOOPBACK, Packet
from edgediag.model.program import ProgramWord
from edgediag.model.route import Route
from edgediag.net.fib import route_for
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket, Refusal
from edgediag.net.program_run import run_program
from edgediag.net.ways import interface

_RTM_GETLINK, _RTM_GETNEIGH = 18, 30
_NO_MAC: Final = bytes(6)
_DEPENDS: Final = NotChecked(reason="it says one thing of one source port and another of others")


def shown(meeting: Meeting) -> ProgramWord | NotChecked:
    """What a program says of the packet, or why it is not known."""
    copies = copies_of(meeting.parcel)
    if isinstance(copies, NotChecked):
        return copies
    # A packet of XDP has no mark yet.
    mark = 0 if isinstance(meeting.program, XdpProgramObject) else mark_of(meeting.parcel)
    if isinstance(mark, NotChecked):
        return mark
    hop = _hop(meeting)
    if isinstance(hop, NotChecked):
        return hop
    said = {_run(meeting, copy, mark, hop) for copy in copies}
    return said.pop() if len(said) == 1 else _DEPENDS


def _run(
    meeting: Meeting, copy: Packet, mark: int, hop: NextHop
) -> ProgramWord | NotChecked:
    return run_program(
        ProgramRun(
            program=meeting.program, number=meeting.number, packet=copy, mark=mark, hop=hop
        )
    )


def _hop(meeting: Meeting) -> NextHop | NotChecked:
    """Between which MACs the frame crosses the link; a control group is shown none."""
    own = peer = _NO_MAC
    if not isinstance(meeting.program, CgroupProgramObject) and meeting.device != LOOPBACK:
        found = _macs(meeting)
        if isinstance(found, NotChecked):
            return found
        own, peer = found
    source, destination = (peer, own) if meeting.is_coming else (own, peer)
    return NextHop(
        interface=meeting.device, source_mac=source.hex(":"), destination_mac=destination.hex(":")
    )


def _macs(meeting: Meeting) -> tuple[bytes, bytes] | NotChecked:
    """The device's own MAC, or whom else what comes in is for, and that of the other side."""
    device, parcel = meeting.device, meeting.parcel
    beside = _came_from(device, parcel) if meeting.is_coming else _goes_to(parcel)
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        answer = netlink.request(_RTM_GETLINK, link_request(interface(device).index))
        link = None if isinstance(answer, Refusal) else decode_bridge_link(answer.payload)
        if not isinstance(link, BridgeLink) or len(link.mac) != len(_NO_MAC):
            return NotChecked(reason=f"{device} has no MAC")
        asked = neighbour_request(link.index, beside)
        entry = netlink.request(_RTM_GETNEIGH, asked)
    mac = None if isinstance(entry, Refusal) else decode_mac(entry.payload)
    if mac is None:
        return NotChecked(reason=f"the MAC of {beside} on {device} is not known")
    to = cut(parcel.frame, 0, len(_NO_MAC))
    return to.value if meeting.is_coming and to.is_known else link.mac, mac


def _goes_to(parcel: Parcel) -> Address:
    return parcel.gateway or ip_address(parcel.destination.value)


def _came_from(device: str, parcel: Parcel) -> Address:
    """The router that hands on what its sender sends, or the sender."""
    if parcel.gateway is not None:
        return parcel.gateway
    sender = ip_address(parcel.source.value)
    way = route_for(flow_of(parcel).reversed())
    if isinstance(way, Route) and way.interface == device and way.gateway is not None:
        return way.gateway
    return sender
