"""Why a rule did not match, in words: the condition as its tool has it, and what the packet has."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from edgediag.compat import assert_never
from edgediag.host.attributes import NATIVE
from edgediag.host.netfilter.arp_header import ArpHeader, arp_header_words
from edgediag.host.netfilter.ip_header import IpHeader, header_words
from edgediag.host.netfilter.register import Names, Operand
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.netfilter.text import condition_at
from edgediag.host.netfilter.xt.words import match_words
from edgediag.host.walk.arp_header import failing_of_arp
from edgediag.host.walk.header import failing
from edgediag.host.walk.octets import Octets, cut
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.why_not import DoesNotHold, Matches, MayHold, NeverAsked, Reason
from edgediag.report.escape import escaped
from edgediag.report.explanation import end_words, step_words

_SLOT = 4
_CT_STATE = "ct state"


def why_not_text(rule: str, reasons: Sequence[Reason], names: Names) -> str:
    """One line for each way that the packet may have come to the rule.

    rule  as it was asked for
    """
    lines = (f"rule {rule}: {reason_words(each, names)}" for each in reasons)
    return "".join(f"{escaped(line)}\n" for line in lines)


def why_not_object(rule: str, reasons: Sequence[Reason], names: Names) -> dict[str, object]:
    """The same for a program."""
    return {
        "rule": escaped(rule),
        "reasons": [
            {"kind": _KINDS[type(each)], "text": escaped(reason_words(each, names))}
            for each in reasons
        ],
    }


_KINDS: Mapping[type, str] = {
    NeverAsked: "never-asked",
    DoesNotHold: "does-not-hold",
    MayHold: "may-hold",
    Matches: "matches",
}


def reason_words(reason: Reason, names: Names) -> str:
    """What became of the packet at the rule."""
    match reason:
        case NeverAsked():
            return _never_asked(reason)
        case DoesNotHold():
            return _does_not_hold(reason, names)
        case MayHold(doubts=doubts):
            return f"matches or not, by {', '.join(doubts)}"
        case Matches():
            return "matches"
        case _:
            assert_never(reason)


def _never_asked(reason: NeverAsked) -> str:
    ends = "; or at ".join(step_words(step) for step in reason.ends)
    if reason.is_chain_met:
        return f"not asked: the packet leaves the chain before, at {ends or 'another rule'}"
    return f"not asked: the packet does not come to the chain{f'; it ends at {ends}' * bool(ends)}"


def _does_not_hold(reason: DoesNotHold, names: Names) -> str:
    asking = reason.rule.expressions[reason.failed.place]
    words = ""
    if isinstance(asking, XtMatch):
        words = match_words(asking, reason.rule.family, dict(reason.rule.ipsets))
    elif isinstance(asking, IpHeader):
        parts = failing(asking, reason.parcel)
        words = " ".join(text for part in parts for _, text in header_words(part))
    elif isinstance(asking, ArpHeader):
        failed = failing_of_arp(asking, reason.parcel)
        words = " ".join(text for part in failed for text in arp_header_words(part))
        return f"{words} does not hold of the message of ARP"
    if words:
        return f"{words} does not hold: the packet is {_described(reason.parcel)}"
    asked = condition_at(reason.rule, reason.failed.place, names)
    has = _has(reason, asked.operands)
    if any(operand.text == _CT_STATE for operand in asked.operands):
        # The register holds only the states that the rule asks for.
        has = f"has {reason.parcel.ct_state.name.lower()}"
    return f"{asked.text or 'a condition'} does not hold: the packet {has}"


def _has(reason: DoesNotHold, operands: tuple[Operand, ...]) -> str:
    octets = reason.failed.octets
    if octets is None or not operands:
        return "has no such thing"
    parts: list[str] = []
    start = 0
    for operand in operands:
        # Of an address that is held against a network, a rule loads no more than it looks at.
        whole = _address_in(reason.parcel, operand.text)
        part = whole or cut(octets, start, operand.octets)
        value = operand.network_order(part.value)
        parts.append(operand.written(value) if part.is_known else "another")
        start += -(-operand.octets // _SLOT) * _SLOT
    return f"has {' . '.join(parts)}"


def _address_in(parcel: Parcel, text: str) -> Octets | None:
    if text.startswith("ct "):
        return None
    if text.endswith("saddr"):
        return parcel.source
    return parcel.destination if text.endswith("daddr") else None


def _described(parcel: Parcel) -> str:
    """The packet as it came to the rule, translations and marks with it."""
    source, destination = (
        end_words(_address(address), _number(port))
        for address, port in (
            (parcel.source, parcel.source_port),
            (parcel.destination, parcel.destination_port),
        )
    )
    state = parcel.ct_state.name.lower()
    mark = f"0x{int.from_bytes(parcel.mark.value, NATIVE):x}" if parcel.mark.is_known else "?"
    devices = (("in by", parcel.incoming.name), ("out by", parcel.outgoing.name))
    by = "".join(f", {word} {name}" for word, name in devices if name)
    flow = f"{parcel.protocol.value} {source} -> {destination}"
    return f"{flow}, ct state {state}, mark {mark}{by}"


def _address(octets: Octets) -> str:
    return str(ip_address(octets.value)) if octets.is_known else "?"


def _number(octets: Octets) -> str:
    return str(int.from_bytes(octets.value, "big")) if octets.is_known else "?"
