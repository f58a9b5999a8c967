"""The system tools that the installation needs, and the package sources it takes them from."""

from collections.abc import Mapping

from edgediag.endpoints import document
from edgediag.model.cluster import Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource, ProbeKind
from edgediag.model.flow import Protocol

TOOL_GROUPS: tuple[tuple[str, ...], ...] = (
    ("ifconfig", "netstat"),  # net-tools
    ("ip",),  # iproute
    ("chronyd", "chronyc", "ntpdate"),  # chrony, or ntpdate
    ("crontab", "crond", "cron"),  # crontabs, cronie, cron
    ("lspci",),  # pciutils
    ("socat",),
    ("ebtables",),
    ("iptables",),
    ("conntrack",),  # conntrack-tools
)
"""Each group is satisfied by any one of its programs; the comment names the package."""

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        id="system-tools",
        purpose="system tools that the installation needs",
        direction=Direction.ON_HOST,
        protocol=Protocol.TCP,
        host_source=HostSource.THIS_NODE,
        host_pattern="this node",
        ports=(),
        phases=(Phase.INSTALL,),
        generation=Generation.ANY,
        is_required=True,
        kinds=(),
        note="missing ones are installed with apt-get or yum",
        source=document.OUTBOUND_INSTALLATION,
    ),
    Endpoint(
        id="package-source",
        purpose="apt or yum source for missing system tools",
        direction=Direction.OUTBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.PACKAGE_SOURCE,
        host_pattern="the node's own apt or yum sources",
        ports=(),
        phases=(Phase.INSTALL,),
        generation=Generation.ANY,
        is_required=True,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.TCP_CONNECT),
        note="needed only where a system tool is missing",
        source=document.OUTBOUND_INSTALLATION,
    ),
)

KINDS_BY_PORT: Mapping[tuple[str, int], tuple[ProbeKind, ...]] = {
    ("package-source", 443): (ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO),
}
"""What a source is probed with instead, where its port says that it speaks TLS."""
