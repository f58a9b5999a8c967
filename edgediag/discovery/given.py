"""What the operator states, by option or in a config file, before anything is discovered."""

from dataclasses import dataclass

from edgediag.discovery.source_file import SourceFile
from edgediag.model.cluster import Fact
from edgediag.model.statement import Gap

EXPECTED = {
    "region": "a region ID such as cn-hangzhou",
    "k8s-version": "a Kubernetes version such as 1.26.3 or v1.26.3-aliyun.1",
    "phase": "install, run or all",
    "api-server": "HOST or HOST:PORT, without https://",
    "raven-gateway": "a host name or an address",
    "raven-proxy": "a host name or an address",
    "raven-tunnel": "a host name or an address",
    "tunnel-server": "a host name or an address",
    "peer": "an IP address",
    "self-hosted-ntp": "yes or no",
    "proxy-mode": "yes or no",
    "tunnel-mode": "yes or no",
    "role": "gateway, member, solo or single-node",
    "services": "a file that kubectl get svc -o json was saved in",
    "gateways": "a file that kubectl get gateways.raven.openyurt.io -o json was saved in",
    "ca": "a PEM file of certificates",
}
"""What can be stated, by the option's name without its dashes, and what its text must be."""

REPEATABLE = frozenset(
    ("api-server", "raven-gateway", "raven-proxy", "raven-tunnel", "tunnel-server", "peer")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """All that was stated.

    stated  named as in EXPECTED, text as given; a repeatable one may occur several times
    root    the directory that holds the node's files, "/" for this node itself
    saved   the files named as services and gateways, with what they hold
    is_asking  the API server may be asked for objects
    fetched    what it gave of each, or why it gave nothing
    """

    stated: tuple[Fact, ...]
    root: str
    saved: tuple[SourceFile, ...]
    is_asking: bool = True
    fetched: tuple[SourceFile | Gap, ...] = ()


def override(stronger: tuple[Fact, ...], weaker: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """What holds where both state something: the stronger, name by name.

    Each side's Raven gateway is taken apart first, so that a stronger one beats a weaker proxy.
    """
    first = with_both_raven_hosts(stronger)
    names = {fact.name for fact in first}
    rest = with_both_raven_hosts(weaker)
    return first + tuple(fact for fact in rest if fact.name not in names)


def with_both_raven_hosts(stated: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """A Raven gateway taken apart into proxy and tunnel, where these are not stated themselves."""
    gateways = [fact for fact in stated if fact.name == "raven-gateway"]
    others = tuple(fact for fact in stated if fact.name != "raven-gateway")
    names = {fact.name for fact in others}
    implied = tuple(
        Fact(name=name, value=gateway.value, source=gateway.source)
        for name in ("raven-proxy", "raven-tunnel")
        if name not in names
        for gateway in gateways
    )
    return others + implied
