"""A server that answers TLS with a certificate that every client refuses."""

from dataclasses import replace

from edgediag.compat import assert_never
from edgediag.flaw import Flaw, flaw_of, is_valid_at
from edgediag.inference.claim import (
    ANYWHERE,
    LOST_OUTSIDE,
    at_destination,
    finding,
    on_this_host,
    one_of,
)
from edgediag.inference.ladders import after_of
from edgediag.inference.node_certificates import day
from edgediag.inference.proxy import accepts_before_host
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.inference.wording import locus_named
from edgediag.meaning import has_left, wire_flow
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Chain, Presented
from edgediag.model.culprit import ClockObject
from edgediag.model.evidence import ClockOffset, FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Certainty, Claim, Finding, Mechanism, Place

ID = "certificate-refused"

# One clock alone may be the wrong one itself.
_ENOUGH_CLOCKS = 2


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The certificate's dates, its names or its issuer are not those that clients want.

    Holds because   a handshake was ended and the certificate read. Only who has its key can show
                    one that a trusted authority signed, so that is the host itself; one of an
                    unknown issuer anybody on the way can make, and where the SYN is accepted too
                    near to be the host, somebody does
    Does not hold   where the authorities that may sign for the server are not known, nothing is
                    said of its issuer; where this host trusts nobody else of the kind in this run,
                    its list of them may be out of date, and nobody is said to inspect TLS; dates
                    say nothing of the server where no other clock confirms this host's, and speak
                    against this host where two deny it
    Asks for        the certificate, the clocks of time servers, how far the handshake goes
    source          RFC 5280 §6.1.3, RFC 6125 §6
    """
    shown = evidence.certificate
    flaw = None if isinstance(shown, NotChecked) else flaw_of(shown, evidence.target.host)
    if isinstance(shown, NotChecked) or flaw is None:
        return None
    match flaw:
        case Flaw.UNKNOWN_ISSUER:
            claim, text, remedy = _of_a_stranger(evidence, shown)
        case Flaw.EXPIRED | Flaw.NOT_YET_VALID:
            claim, text, remedy = _out_of_date(evidence, shown, flaw)
        case Flaw.OTHER_NAME:
            claim, text, remedy = _of_another_name(evidence, shown)
        case _:
            assert_never(flaw)
    text = f"{evidence.flow.destination} shows a certificate {text}"
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))


def _of_a_stranger(evidence: FlowEvidence, shown: Presented) -> tuple[Claim, str, str]:
    text = f"that {shown.certificate.issuer or 'nobody'} signed, whom this host does not trust"
    near = accepts_before_host(evidence) if _is_sent_as_meant(evidence) else None
    if near is not None:
        where = f"between {locus_named(near.after)} and {locus_named(near.upto)}"
        return (
            replace(near, mechanism=Mechanism.TLS_INTERCEPTION),
            f"{text}; the connection is accepted {where}",
            f"ask whoever runs the path {where} to except this host from TLS inspection",
        )
    is_vouched = not isinstance(shown.vouching, NotChecked) and bool(shown.vouching)
    places = LOST_OUTSIDE if is_vouched else ANYWHERE
    remedy = "compare the certificate with the one that the server has on its own disk"
    if shown.alike:
        text += f"; so does {' and '.join(map(str, shown.alike))}"
        remedy = "ask whether the site's network inspects TLS"
    if not is_vouched:
        text += "; that this host's list of authorities is up to date, nobody else shows"
        remedy += "; see whether this host's list of authorities is out of date"
    is_inspected = is_vouched and bool(shown.alike)
    mechanism = Mechanism.TLS_INTERCEPTION if is_inspected else Mechanism.CERTIFICATE
    return _one_of(evidence, places, mechanism), text, remedy


def _out_of_date(evidence: FlowEvidence, shown: Presented, flaw: Flaw) -> tuple[Claim, str, str]:
    certificate, clocks = shown.certificate, _clocks(evidence)
    text = (
        f"that expired on {day(certificate.not_after_s)}"
        if flaw is Flaw.EXPIRED
        else f"that is not valid before {day(certificate.not_before_s)}"
    )
    denying = [one for one in clocks if is_valid_at(certificate, shown.seen_s + one.offset_s)]
    if clocks and not denying:
        # Also a clock that is off does not save it.
        return _by_server(evidence, shown), f"{text}, by every clock", "renew it on the server"
    if len(denying) >= _ENOUGH_CLOCKS and len(denying) == len(clocks):
        culprit = ClockObject(offset_s=round(denying[0].offset_s, 1))
        claim = on_this_host(Mechanism.CLOCK_SKEW, culprit)
        return (
            replace(claim, certainty=Certainty.BOUNDED),
            f"{text}, by this host's clock alone: to {_listed(denying)} it is valid",
            "set this host's clock",
        )
    outside = (Place.REMOTE,) if shown.chain is Chain.TRUSTED else LOST_OUTSIDE
    claim = _one_of(evidence, (Place.LOCAL, *outside), Mechanism.CERTIFICATE)
    return claim, f"{text}, by a clock that no other confirms", "compare this host's clock first"


def _of_another_name(evidence: FlowEvidence, shown: Presented) -> tuple[Claim, str, str]:
    names = ", ".join(shown.certificate.names[:3])
    text = f"for {names}, and not for {evidence.target.host}"
    return _by_server(evidence, shown), text, "see what serves there, and whether it is the host"


def _by_server(evidence: FlowEvidence, shown: Presented) -> Claim:
    if shown.chain is not Chain.TRUSTED:
        return _one_of(evidence, LOST_OUTSIDE, Mechanism.CERTIFICATE)
    if not _is_sent_as_meant(evidence) or evidence.override is not None:
        where = (Place.LOCAL, Place.REMOTE)
        return _one_of(evidence, where, Mechanism.CERTIFICATE)
    return at_destination(after_of(evidence), Mechanism.CERTIFICATE, Certainty.PROVEN)


def _one_of(evidence: FlowEvidence, where: tuple[Place, ...], mechanism: Mechanism) -> Claim:
    if not _is_sent_as_meant(evidence) and Place.ON_PATH in where:
        where = ANYWHERE
    return one_of(where, after_of(evidence), mechanism)


def _is_sent_as_meant(evidence: FlowEvidence) -> bool:
    """True unless this host answers in the server's place, or leads the flow elsewhere."""
    outcome = outcome_of(evidence)
    return has_left(outcome) and wire_flow(outcome).destination == evidence.flow.destination


def _clocks(evidence: FlowEvidence) -> tuple[ClockOffset, ...]:
    clocks = evidence.surroundings.clocks
    return () if isinstance(clocks, NotChecked) else clocks


def _listed(clocks: list[ClockOffset]) -> str:
    return " and ".join(str(clock.server) for clock in clocks)
