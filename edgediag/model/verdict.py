"""What is concluded: findings, the verdict of a check, and root causes."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from edgediag.model.culprit import Culprit
from edgediag.model.flow import Address


class Place(Enum):
    """Where a block can be."""

    LOCAL = "local"
    ON_PATH = "on-path"
    REMOTE = "remote"


class Certainty(Enum):
    """PROVEN: one place. BOUNDED: a segment of the path. AMBIGUOUS: places of different kind."""

    PROVEN = "proven"
    BOUNDED = "bounded"
    AMBIGUOUS = "ambiguous"


class Landmark(Enum):
    """The two ends of every path."""

    EDGE = "edge"
    HOST = "host"


Locus: TypeAlias = Address | Landmark | None


class Mechanism(Enum):
    """The closed vocabulary of how traffic is lost; documented in edgediag-mechanisms(7)."""

    RULE_DROP = "rule-drop"
    RULE_REJECT = "rule-reject"
    POLICY_DROP = "policy-drop"
    SET_MATCH = "set-match"
    NO_ROUTE = "no-route"
    BLACKHOLE_ROUTE = "blackhole-route"
    PROHIBIT_ROUTE = "prohibit-route"
    UNREACHABLE_ROUTE = "unreachable-route"
    MISROUTE = "misroute"
    WRONG_SOURCE = "wrong-source"
    NEIGHBOUR_FAILED = "neighbour-failed"
    LINK_DOWN = "link-down"
    MTU = "mtu"
    RP_FILTER = "rp-filter"
    XFRM_BLOCK = "xfrm-block"
    CONNTRACK_FULL = "conntrack-full"
    TC_DROP = "tc-drop"
    XDP_DROP = "xdp-drop"
    CGROUP_DROP = "cgroup-drop"
    QDISC_DROP = "qdisc-drop"
    NOT_LISTENING = "not-listening"
    LISTENING_ELSEWHERE = "listening-elsewhere"
    DNS_FAILURE = "dns-failure"
    DNS_HIJACK = "dns-hijack"
    HOSTS_OVERRIDE = "hosts-override"
    CLOCK_SKEW = "clock-skew"
    SILENT_DROP = "silent-drop"
    ADMIN_PROHIBITED = "admin-prohibited"
    ICMP_UNREACHABLE = "icmp-unreachable"
    FORGED_RESET = "forged-reset"
    RESET = "reset"
    REFUSED = "refused"
    SNI_FILTER = "sni-filter"
    TLS_INTERCEPTION = "tls-interception"
    TRANSPARENT_PROXY = "transparent-proxy"
    PMTU_BLACKHOLE = "pmtu-blackhole"
    FRAGMENT_DROP = "fragment-drop"
    NAT_TIMEOUT = "nat-timeout"
    LOSS = "loss"
    RATE_LIMIT = "rate-limit"
    ECMP_PARTIAL = "ecmp-partial"
    ROUTING_LOOP = "routing-loop"
    RETURN_PATH = "return-path"
    SOURCE_PORT_FILTER = "source-port-filter"
    SERVICE_SILENT = "service-silent"
    SERVICE_REFUSES = "service-refuses"
    CERTIFICATE = "certificate"
    NTP_UNSYNCHRONISED = "ntp-unsynchronised"
    NTP_KISS = "ntp-kiss"
    IKE_NO_CONNECTION = "ike-no-connection"
    VXLAN_MISMATCH = "vxlan-mismatch"
    CHECKSUM_OFFLOAD = "checksum-offload"
    RAVEN_NOT_READY = "raven-not-ready"
    LOCAL_DROP = "local-drop"
    TOOL_MISSING = "tool-missing"


class Strength(Enum):
    """PROVES narrows the places that stay possible; SUPPORTS only speaks for one of them."""

    PROVES = "proves"
    SUPPORTS = "supports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a finding says about the block.

    where      the places that stay possible, in the order of Place
    certainty  how sure the verdict is if this finding decides it
    after      last hop proven to have carried the probe; None where the finding does not say
    upto       farthest candidate; None where the finding does not say
    mechanism  None where the finding does not say
    """

    where: tuple[Place, ...]
    certainty: Certainty
    after: Locus
    upto: Locus
    mechanism: Mechanism | None
    culprit: Culprit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule that fired on the evidence of one check.

    id       "<check>/<rule>"
    text     one sentence with the values seen
    remedy   what to change and who can change it, "" where the finding does not say
    packets  capture numbers of the packets that made it fire, ascending
    """

    id: str
    rule: str
    strength: Strength
    claim: Claim
    text: str
    remedy: str
    packets: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Where the block of one check is, and how sure that is.

    because  finding ids, the decisive one first
    """

    where: tuple[Place, ...]
    certainty: Certainty
    after: Locus
    upto: Locus
    mechanism: Mechanism | None
    culprit: Culprit | None
    summary: str
    remedy: str
    because: tuple[str, ...]


class Status(Enum):
    """What became of a check."""

    OK = "ok"
    BLOCKED = "blocked"
    DEGRADED = "degraded"
    UNDETERMINED = "undetermined"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootCause:
    """One cause that explains several checks at once; `explains` lists their ids."""

    where: tuple[Place, ...]
    certainty: Certainty
    after: Locus
    upto: Locus
    mechanism: Mechanism | None
    culprit: Culprit | None
    summary: str
    remedy: str
    explains: tuple[str, ...]
