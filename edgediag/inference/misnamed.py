"""What this host may name wrongly: the address of a name server, or a service by an inner name."""

import re
from dataclasses import replace
from typing import Final

from edgediag.inference.rules import icmp_from_host, icmp_from_router
from edgediag.inside import is_inside
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Address
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.reply import DnsReply
from edgediag.model.verdict import Certainty, Finding, Place
from edgediag.names.addresses import addresses_in

# What says that nothing serves at an address; whether it is the right one they cannot say.
_ABSENCES = (icmp_from_host.ID, icmp_from_router.ID)


# Alibaba Cloud's names for use inside a VPC: registry-vpc.REGION…, oss-REGION-internal….
_INNER_NAME: Final = re.compile(r"(?:-vpc|-internal)(?=[.-])")
_ZONE: Final = ".aliyuncs.com"


def widened(finding: Finding, evidence: FlowEvidence) -> Finding:
    """The finding, with this host among its places where a wrong name would look the same."""
    return _with_domain(_with_inner_name(_with_line(finding, evidence), evidence), evidence)


def _with_domain(finding: Finding, evidence: FlowEvidence) -> Finding:
    """The same where the address is that of a longer name, and the name itself has another.

    A program that asks for the name gets it so: a domain of the search list is asked first, and
    has an address for it (RFC 1535 §2). What is wrong there, or nothing at all, is not what is
    wrong with the host that is meant.
    """
    host, address = evidence.target.host, evidence.flow.destination
    given = {} if isinstance(evidence.queries, NotChecked) else _given(evidence.queries)
    longer = next((name for name, known in given.items() if address in known), host)
    meant = given.get(host, ())
    if longer == host or not meant or address in meant or Place.LOCAL in finding.claim.where:
        return finding
    domain = longer.removeprefix(f"{host}.")
    text = (
        f"programs of this node come to {address} because they ask for {longer} before {host}, "
        f"which itself has {meant[0]}"
    )
    remedy = f"take {domain} off the search list of resolv.conf, or lower its ndots"
    return _or_this_host(finding, text, remedy)


def _or_this_host(finding: Finding, text: str, remedy: str) -> Finding:
    """The finding, with this host among its places and the reason for that behind its words."""
    where = (Place.LOCAL, *finding.claim.where)
    return replace(
        finding,
        claim=replace(
            finding.claim, where=where, certainty=Certainty.AMBIGUOUS, after=None, culprit=None
        ),
        text=f"{finding.text}; {text}",
        remedy=remedy,
    )


def _given(queries: tuple[Outcome, ...]) -> dict[str, tuple[Address, ...]]:
    """The addresses of each name that was asked for, in the order asked."""
    known: dict[str, tuple[Address, ...]] = {}
    for outcome in queries:
        name = outcome.probe.name
        known[name] = (*known.get(name, ()), *addresses_in(outcome))
    return known


def _with_inner_name(finding: Finding, evidence: FlowEvidence) -> Finding:
    """The same where the name is one for use inside a VPC, and so is its address.

    Whether this node has a line into the VPC that is broken, or never had one, nobody sees.
    """
    host, address = evidence.target.host.lower(), evidence.flow.destination
    outer = _INNER_NAME.sub("", host)
    is_inner = host.endswith(_ZONE) and outer != host and is_inside(address)
    if not is_inner or Place.LOCAL in finding.claim.where:
        return finding
    text = (
        f"{host} is a name for use inside a VPC, and {address} is reached from there alone: a line "
        f"into the VPC that is broken, and a node that has none, look the same from here"
    )
    remedy = f"use {outer} on a node that reaches the cloud by the public network"
    return _or_this_host(finding, text, remedy)


def _with_line(finding: Finding, evidence: FlowEvidence) -> Finding:
    """The same where a line of resolv.conf may name an address that is no name server's.

    A host that is down and one that never was, a daemon that died and one that never ran are one
    picture. An answer in DNS, whatever it says, shows that a name server is there.
    """
    server = evidence.name_server
    if isinstance(server, NotChecked) or server.line is None or finding.rule not in _ABSENCES:
        return finding
    if finding.claim.where != (Place.REMOTE,) or _is_name_server(evidence):
        return finding
    line = server.line
    return replace(
        finding,
        claim=replace(
            finding.claim, where=(Place.LOCAL, Place.REMOTE), certainty=Certainty.AMBIGUOUS
        ),
        text=(
            f"{finding.text}; a name server that is down, and line {line.line} of {line.path} "
            f"({line.text}) that names a wrong address, look the same from here"
        ),
        remedy=f"is line {line.line} of {line.path} right? if it is, {finding.remedy}",
    )


def _is_name_server(evidence: FlowEvidence) -> bool:
    return any(
        isinstance(attempt, Answered) and isinstance(attempt.reply, DnsReply)
        for attempt in evidence.attempts
    )
