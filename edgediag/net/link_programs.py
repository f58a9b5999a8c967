"""The programs of XDP that stand on devices, with their place (rtnetlink(7))."""

from collections.abc import Mapping
from dataclasses import replace

from pyroute2 import IPRoute

from edgediag.host.bpf_programs import decode_xdp
from edgediag.model.culprit import XdpProgramObject
from edgediag.net.bpf_programs import program_name
from edgediag.net.plain import plain_all


def read_xdp_programs(names: Mapping[int, str]) -> tuple[XdpProgramObject, ...]:
    """The XDP programs of these devices, by index.

    raises  OSError, NetlinkError as the kernel's
    """
    found: list[XdpProgramObject] = []
    with IPRoute() as netlink:
        for index, name in names.items():
            for message in plain_all(netlink.link("get", index=index)):
                found += decode_xdp(message, name)
    return tuple(replace(item, name=program_name(item.program)) for item in found)
