"""One rule for one packet: every outcome that it may have, each once."""

from dataclasses import dataclass
from typing import Final

from edgediag.host.netfilter.arp_header import ArpHeader
from edgediag.host.netfilter.chains import SetContents
from edgediag.host.netfilter.expression import (
    Bitwise,
    Byteorder,
    Compare,
    CtLoad,
    Expression,
    FibLoad,
    ImmediateLoad,
    InRange,
    Load,
    Lookup,
    MetaLoad,
    PayloadLoad,
    Unknown,
)
from edgediag.host.netfilter.ip_header import IpHeader
from edgediag.host.netfilter.rule import FAMILY_NUMBERS, FilterRule
from edgediag.host.netfilter.statement import (
    ConnectionLimit,
    Counter,
    CtSet,
    Limit,
    Log,
    Masquerade,
    MetaSet,
    Nat,
    NoTrack,
    ObjectReference,
    PayloadSet,
    Quota,
    Redirect,
    Reject,
    Verdict,
    XtMatch,
    XtTarget,
)
from edgediag.host.walk.arp_header import arp_header_holds
from edgediag.host.walk.comparison import compared
from edgediag.host.walk.ebt import ebt_holds
from edgediag.host.walk.effects import Fate, apply_target, is_read, set_value, translate
from edgediag.host.walk.header import header_holds
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.loads import load
from edgediag.host.walk.membership import find
from edgediag.host.walk.needs import NeedSet
from edgediag.host.walk.octets import (
    Octets,
    Truth,
    Unsure,
    cut,
    known,
    native_number,
    negated,
    unknown,
)
from edgediag.host.walk.parcel import Parcel, untracked
from edgediag.host.walk.registers import Registers
from edgediag.host.walk.xt_conditions import holds

_CONTINUE: Final = -1
_LOGS_OF_EBTABLES: Final = ("log", "nflog")
_OF_FRAMES: Final = ("netdev", "bridge", "arp")
_NFPROTO: Final = 15
# In a table of both it is for the packets of one, or for all: NFPROTO_INET (nft_nat_inet_eval).
_NAT_FAMILIES: Final = {4: (0, 1, 2), 6: (0, 1, 10)}
# Matches whose structs hold no addresses, or that leave those aside for IPv6.
_OF_ANY_VERSION: Final = frozenset(
    {
        "addrtype",
        "comment",
        "connbytes",
        "connmark",
        "conntrack",
        "dscp",
        "ecn",
        "helper",
        "hl",
        "icmp6",
        "iprange",
        "length",
        "mac",
        "mark",
        "multiport",
        "owner",
        "physdev",
        "pkttype",
        "set",
        "state",
        "statistic",
        "tcp",
        "tos",
        "udp",
    }
)
# Expressions that are not read but only load, test or count: the rule may go on or not.
_ONLY_TEST: Final = frozenset(
    {"numgen", "hash", "rt", "socket", "xfrm", "osf", "inner", "tunnel", "last", "dynset"}
)
# Counter, conntrack helper, timeout, security mark and expectation: the rule goes on.
_HARMLESS_OBJECTS: Final = frozenset({1, 3, 7, 8, 9})
_TESTED_OBJECTS: Final = frozenset({0, 2, 4, 5})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a rule makes of a packet.

    ending  a verdict of nf_tables, the packet's end, or None: the next rule is asked
    reason  of an undecided end, else ""
    """

    parcel: Parcel
    ending: Verdict | Fate | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The condition that does not hold for certain.

    place   of its expression in the rule, from 0
    octets  from the register on that it compares, None where it compares none
    """

    place: int
    octets: Octets | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """Every outcome; with more than one, `doubts` say what decides between them.

    failed  the condition that keeps the rule from matching, None where it may match
    """

    outcomes: tuple[Outcome, ...]
    doubts: tuple[str, ...]
    failed: Failed | None


def evaluate(rule: FilterRule, parcel: Parcel, inquiry: Inquiry) -> Evaluated:
    """The outcomes of a rule; what `inquiry` misses makes them wider than they are."""
    machine = _Machine(rule, parcel, inquiry)
    failed: Failed | None = None
    for place, expression in enumerate(rule.expressions):
        if not machine.step(expression):
            if machine.is_failed:
                failed = Failed(place=place, octets=machine.looked_at())
            break
    else:
        machine.end(None)
    outcomes = tuple(machine.outcomes)
    if len(outcomes) > 1:
        outcomes = tuple(dict.fromkeys(outcomes))
    doubts = tuple(dict.fromkeys(machine.doubts)) if len(outcomes) > 1 else ()
    return Evaluated(outcomes=outcomes, doubts=doubts, failed=failed)


class _Machine:
    """The registers, the packet so far and the outcomes so far."""

    def __init__(self, rule: FilterRule, parcel: Parcel, inquiry: Inquiry) -> None:
        self._rule = rule
        self._parcel = parcel
        self._inquiry = inquiry
        self._held = Registers()
        self.outcomes: list[Outcome] = []
        self.doubts: list[str] = []
        self.is_failed = False
        self._slot: int | None = None

    def end(self, ending: Verdict | Fate | None, reason: str = "") -> bool:
        """Note an outcome; the rule may have others only by what came before."""
        self.outcomes.append(Outcome(parcel=self._parcel, ending=ending, reason=reason))
        return False

    def step(self, expression: Expression) -> bool:
        """Evaluate one expression; False where the rule ends with it."""
        match expression:
            case PayloadLoad() | MetaLoad() | CtLoad() | FibLoad() | ImmediateLoad():
                octets = self._loaded(expression)
                if octets is None:
                    self._slot = None
                    return self._test(False)
                self._held.load(expression.slot, octets)
                return True
            case Bitwise() | Byteorder():
                self._held.change(expression)
                return True
            case Compare() | InRange():
                self._slot = expression.slot
                return self._test(compared(expression, self._held))
            case Lookup():
                return self._look_up(expression)
            case IpHeader():
                return self._test(header_holds(expression, self._parcel))
            case ArpHeader():
                return self._test(arp_header_holds(expression, self._parcel))
            case XtMatch():
                self._slot = None
                return self._test(self._holds(expression))
            case Unknown():
                return self._not_read(expression.name)
            case Counter() | Log():
                return True
            case _:
                return self._act(expression)

    def _holds(self, match: XtMatch) -> Truth:
        if self._rule.family in _OF_FRAMES:
            return ebt_holds(match, self._parcel, self._inquiry)
        if self._parcel.version == 6 and match.name not in _OF_ANY_VERSION:
            return Unsure(reason=f"-m {match.name}")
        return holds(match, self._parcel, self._inquiry)

    def _loaded(self, expression: Load) -> Octets | None:
        family = self._rule.family
        if isinstance(expression, MetaLoad) and expression.key == _NFPROTO:
            if family in _OF_FRAMES:
                # A chain at a device, at a bridge or of ARP is called for no version of IP.
                return native_number(FAMILY_NUMBERS[family], 1)
        if isinstance(expression, CtLoad) and family == "bridge" and not self._parcel.is_tracked:
            # Such a rule has the bridge itself track connections (nf_conntrack_bridge).
            return unknown(16, "what the bridge tracks")
        return load(expression, self._parcel, self._inquiry)

    def _act(self, statement: Expression) -> bool:
        match statement:
            case Verdict():
                return True if statement.code == _CONTINUE else self.end(statement)
            case Reject():
                return self.end(Fate.REJECTED)
            case MetaSet() | CtSet() | PayloadSet() if is_read(statement, self._parcel):
                self._parcel = set_value(statement, self._parcel, self._held)
                return True
            case NoTrack():
                self._parcel = untracked(self._parcel)
                return True
            case Nat(family=family) if family not in _NAT_FAMILIES[self._parcel.version]:
                return True
            case Nat() | Masquerade() | Redirect():
                self._parcel = translate(statement, self._parcel, self._held)
                return self.end(Fate.ACCEPTED)
            case XtTarget():
                return self._target(statement)
            case Limit() | Quota() | ConnectionLimit():
                return self._test(Unsure(reason=type(statement).__name__.lower()))
            case ObjectReference() if statement.type_ in _HARMLESS_OBJECTS:
                return True
            case ObjectReference() if statement.type_ in _TESTED_OBJECTS:
                return self._test(Unsure(reason=f"object {statement.name}".rstrip()))
            case _:
                name = type(statement).__name__.lower()
                return self.end(Fate.UNDECIDED, name)

    def _target(self, target: XtTarget) -> bool:
        if self._rule.family in _OF_FRAMES and target.name in _LOGS_OF_EBTABLES:
            return True
        effect = apply_target(target, self._parcel)
        self._parcel = effect.parcel
        return True if effect.fate is Fate.GOES_ON else self.end(effect.fate, effect.name)

    def _not_read(self, name: str) -> bool:
        self._held.forget(f"[{name}]")
        if name not in _ONLY_TEST:
            return self.end(Fate.UNDECIDED, f"[{name}]")
        return self._test(Unsure(reason=f"[{name}]"))

    def _test(self, truth: Truth) -> bool:
        if isinstance(truth, Unsure):
            self.doubts.append(truth.reason)
            self.end(None)
            return True
        self.is_failed = not truth
        return truth or self.end(None)

    def looked_at(self) -> Octets | None:
        """What lies from the register on that was compared last, None where none was."""
        return None if self._slot is None else self._held.rest(self._slot)

    def _look_up(self, lookup: Lookup) -> bool:
        need = NeedSet(family=self._rule.family, table=self._rule.table, name=lookup.set_name)
        contents = self._inquiry.look_up(need)
        if not isinstance(contents, SetContents):
            reason = f"set {lookup.set_name}"
            self._held.forget(reason)
            if lookup.destination is not None and lookup.destination < 0:
                return self.end(Fate.UNDECIDED, reason)
            return self._test(Unsure(reason=reason))
        self._slot = lookup.slot
        found = find(self._held.rest(lookup.slot), contents)
        if lookup.destination is None:
            return self._test(negated(found.is_member) if lookup.is_negated else found.is_member)
        if not self._test(found.is_member):
            return False
        if lookup.destination >= 0:
            octets = found.data or known(b"")
            self._held.load(lookup.destination, cut(octets, 0, max(4, len(octets.value))))
            return True
        return self._branch(tuple(found.verdicts))

    def _branch(self, verdicts: tuple[Verdict, ...]) -> bool:
        """One outcome for each verdict that a map may give."""
        if len(verdicts) > 1:
            self.doubts.append("a verdict map")
        for verdict in verdicts:
            self.end(None if verdict.code == _CONTINUE else verdict)
        return False
