"""BPF programs and filters that packets are put before, and what they say."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from edgediag.model.culprit import CgroupProgramObject, TcFilterObject, XdpProgramObject


@dataclass(frozen=True, slots=True, kw_only=True)
class NetfilterProgram:
    """A BPF program on a hook of netfilter, in some network namespace.

    program  its id
    family   "ip" or "ip6"
    """

    program: int
    name: str
    family: str
    hook: str
    priority: int


# What a copy of a packet can be put before.
PacketProgram: TypeAlias = CgroupProgramObject | XdpProgramObject | TcFilterObject


class ProgramWord(Enum):
    """What a program does with a packet, in words that follow its name.

    LEAVES    to the program or filter that is asked next; one that PASSES it ends that row
    REWRITES  it lets it pass, and what goes on is another packet
    """

    PASSES = "lets it pass"
    LEAVES = "has nothing against it"
    DROPS = "drops it"
    RETURNS = "sends it back where it came from"
    REDIRECTS = "sends it elsewhere"
    TAKES = "takes it aside"
    REWRITES = "lets it pass and rewrites it"
