"""The words of iptables-save for a rule of either backend, and which of nf_tables are iptables'."""

from collections.abc import Mapping
from typing import Final

from edgediag.host.netfilter.arp_header import ArpHeader
from edgediag.host.netfilter.expression import (
    Bitwise,
    Byteorder,
    Compare,
    CtLoad,
    Expression,
    FibLoad,
    ImmediateLoad,
    InRange,
    Lookup,
    MetaLoad,
    PayloadLoad,
    Unknown,
)
from edgediag.host.netfilter.ip_header import IpHeader, header_words
from edgediag.host.netfilter.iptables_condition import Condition, condition_words
from edgediag.host.netfilter.register_file import RegisterFile
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import (
    Counter,
    Limit,
    Log,
    MetaSet,
    Statement,
    Verdict,
    XtMatch,
    XtTarget,
)
from edgediag.host.netfilter.text import fused
from edgediag.host.netfilter.xt.notices import nflog_words
from edgediag.host.netfilter.xt.words import match_words, target_words

TABLES: Final = frozenset({"filter", "mangle", "nat", "raw", "security"})
CHAINS: Final = frozenset({"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"})
# What iptables 1.8 writes: its own matches and targets, and these of nf_tables.
_OWN: Final = (
    PayloadLoad,
    MetaLoad,
    Bitwise,
    Compare,
    InRange,
    Lookup,
    Counter,
    Limit,
    Log,
    MetaSet,
    ImmediateLoad,
    Verdict,
    XtMatch,
    XtTarget,
)
_VERDICTS: Final = {0: "-j DROP", 1: "-j ACCEPT", 3: "-j QUEUE", -5: "-j RETURN"}
_UNITS: Final = {1: "sec", 60: "min", 3600: "hour", 86400: "day"}
_DEFAULT_BURST: Final = 5
_HEAD: Final = ("-s", "-d", "-i", "-o", "-p", "-f")


def is_iptables(rule: FilterRule, base_chain: str) -> bool:
    """Whether iptables-nft wrote the rule: it counts in every rule, and uses no more than it knows.

    base_chain  where the packet entered: a chain of the user's own tells nothing
    """
    has_xt = any(isinstance(expression, XtMatch | XtTarget) for expression in rule.expressions)
    if rule.family not in ("ip", "ip6") or rule.table not in TABLES:
        return False
    if base_chain not in CHAINS:
        return has_xt
    is_counted = any(isinstance(expression, Counter) for expression in rule.expressions)
    return is_counted and all(isinstance(expression, _OWN) for expression in rule.expressions)


def iptables_text(rule: FilterRule) -> str:
    """The rule without its chain: "-d 198.51.100.21/32 -p udp -m udp --dport 4500 -j DROP".

    Addresses, devices and protocol come first, then the matches in their order, then the target.
    """
    reader = _Reader(rule.family, dict(rule.ipsets))
    for expression in fused(rule.expressions):
        reader.read(expression)
    return reader.sentence()


def verdict_option(verdict: Verdict) -> str:
    """A verdict as the option that asks for it: "-j DROP", "-g own"."""
    option = "-g" if verdict.code == -4 else "-j"
    return _VERDICTS.get(verdict.code, f"{option} {verdict.chain}")


class _Reader:
    """One pass over a rule; what iptables puts first, the matches, and the target."""

    def __init__(self, family: str, set_names: Mapping[int, str]) -> None:
        self._family = family
        self._set_names = set_names
        self._registers = RegisterFile(family, {})
        self._head: dict[str, str] = {}
        self._matches: list[str] = []
        self._target = ""

    def read(self, expression: Expression) -> None:
        """Take one more expression."""
        match expression:
            case PayloadLoad() | MetaLoad() | CtLoad() | FibLoad() | ImmediateLoad():
                self._registers.load(expression)
            case Bitwise() | Byteorder():
                self._registers.change(expression)
            case Compare() | InRange():
                self._test(expression)
            case IpHeader():
                self._head.update(header_words(expression))
            case ArpHeader():
                # iptables has none of ARP: `arptables_text` words such a rule.
                pass
            case Lookup():
                self._matches.append(f"-m [@{expression.set_name}]")
            case Unknown():
                self._matches.append(f"-m [{expression.name}]")
            case _:
                self._state(expression)

    def sentence(self) -> str:
        """What has been read so far."""
        head = [self._head[option] for option in _HEAD if option in self._head]
        words = (*head, *self._matches, self._target)
        return " ".join(word for word in words if word)

    def _test(self, test: Compare | InRange) -> None:
        operand = self._registers.get(test.slot)
        if isinstance(test, Compare) and test.operator == 0:
            self._registers.layers.learn(operand, test.value, 0)
        for condition in condition_words(operand, test):
            self._take(condition)

    def _take(self, condition: Condition) -> None:
        if condition.option in _HEAD:
            self._head[condition.option] = condition.words
            return
        module = f"-m {condition.option}"
        begun = next((place for place, m in enumerate(self._matches) if m.startswith(module)), None)
        if begun is None:
            self._matches.append(f"{module} {condition.words}".rstrip())
        else:
            self._matches[begun] += f" {condition.words}"

    def _state(self, statement: Statement) -> None:
        match statement:
            case XtMatch():
                self._matches.append(match_words(statement, self._family, self._set_names))
            case XtTarget():
                self._target = target_words(statement, self._family, self._set_names)
            case Verdict():
                self._target = verdict_option(statement)
            case Limit():
                self._matches.append(_limit(statement))
            case Log():
                self._target = _nflog(statement)
            case MetaSet(key=12):
                self._target = "-j TRACE"
            case _:
                # Counters have no words; nothing else comes from iptables.
                pass


def _limit(limit: Limit) -> str:
    words = f"-m limit --limit {limit.rate}/{_UNITS.get(limit.unit_s, limit.unit_s)}"
    return words if limit.burst == _DEFAULT_BURST else f"{words} --limit-burst {limit.burst}"


def _nflog(log: Log) -> str:
    words = nflog_words(log.prefix, log.group or 0, log.snap_length, log.queue_threshold)
    return f"-j NFLOG {words}".rstrip()
