"""Every real server the lab can run, by the word for it in a scenario."""

from collections.abc import Mapping
from types import MappingProxyType

from edgediag.lab.daemons import charon, chronyd, dnsmasq, nginx, pluto, wireguard
from edgediag.lab.daemons.daemon import Daemon

DAEMONS: Mapping[str, Daemon] = MappingProxyType(
    {
        module.DAEMON.program: module.DAEMON
        for module in (charon, pluto, chronyd, dnsmasq, nginx, wireguard)
    }
)
