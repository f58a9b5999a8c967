"""A host whose own choice of ports has nothing left to choose from."""

from typing import Final

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.sysctls import sysctls_of
from edgediag.model.culprit import SysctlObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism

ID = "no-ephemeral-port"

_RANGE: Final = "net.ipv4.ip_local_port_range"
_RESERVED: Final = "net.ipv4.ip_local_reserved_ports"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """Every port that the kernel may choose is reserved.

    Holds because   connect() without a bind to a port takes one of the range that is not reserved,
                    whatever the destination: where none is left it fails with EADDRNOTAVAIL (of a
                    datagram socket EAGAIN, measured) and nothing is sent. The probes have ports of
                    their own, held by number, and pass
    Does not hold   as soon as one port is left; where a sysctl was not read, or not in this form
    Asks for        sysctls
    source          Documentation/networking/ip-sysctl.rst (ip_local_port_range,
                    ip_local_reserved_ports); net/ipv4/inet_hashtables.c, __inet_hash_connect
    """
    values = sysctls_of(host)
    reserved = values.get(_RESERVED, "")
    if not reserved:
        return None
    ports = _ports(values.get(_RANGE, "").replace("\t", "-").replace(" ", "-"))
    if not ports or ports - _ports(reserved):
        return None
    first, last = min(ports), max(ports)
    return Fault(
        claim=on_this_host(Mechanism.LOCAL_DROP, SysctlObject(key=_RESERVED, value=reserved)),
        text=f"all ports from {first} to {last}, of which the kernel chooses one for a connection, "
        "are reserved: connect() fails and nothing is sent",
        remedy=f"take ports out of {_RESERVED}, or widen {_RANGE}",
    )


def _ports(text: str) -> frozenset[int]:
    """The ports of a list such as "1-9,80", none where it is of another form."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        ends = (first, last or first)
        if not all(end.isascii() and end.isdecimal() and len(end) <= 5 for end in ends):
            return frozenset()
        found |= set(range(int(ends[0]), min(int(ends[1]), 0xFFFF) + 1))
    return frozenset(found)
