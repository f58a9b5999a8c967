"""A rule in the words of nft(8), as `nft --stateless list ruleset` prints it.

What nft itself adds to make a rule safe (`meta l4proto udp` before a look at a UDP port) it
leaves out when it lists the rule, and so it is left out here. An expression that is not read
stands in brackets: "[numgen] < 5".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edgediag.compat import assert_never
from edgediag.host.netfilter.arp_header import ArpHeader, arp_header_words
from edgediag.host.netfilter.condition_text import comparison_text, range_text, set_text
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
from edgediag.host.netfilter.register import UNREAD, Names, Operand, Sets, spanned
from edgediag.host.netfilter.register_file import RegisterFile
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Reject, Statement
from edgediag.host.netfilter.statement_text import statement_text

_EQUAL, _AT_MOST, _AT_LEAST = 0, 3, 5
_DEFAULT_REJECTS: Final = frozenset({("ip", 3), ("ip6", 4)})


def filter_rule_text(rule: FilterRule, *, sets: Sets, interfaces: Mapping[int, str]) -> str:
    """The whole rule without its handle.

    sets        elements by the set's name, of the anonymous sets that the rule uses
    interfaces  names by index
    """
    reader = _Reader(rule.family, sets, interfaces)
    for expression in fused(rule.expressions):
        reader.read(expression)
    comment = f' comment "{rule.comment}"' if rule.comment else ""
    return reader.sentence() + comment


def fused(expressions: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """The expressions with each pair "at least a, at most b" as the one range it stands for."""
    found: list[Expression] = []
    for expression in expressions:
        before = found[-1] if found else None
        if (
            isinstance(before, Compare)
            and isinstance(expression, Compare)
            and (before.operator, expression.operator) == (_AT_LEAST, _AT_MOST)
            and before.slot == expression.slot
        ):
            found[-1] = InRange(
                is_negated=False,
                slot=before.slot,
                first=before.value,
                last=expression.value,
            )
            continue
        found.append(expression)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A condition in words, and what it looks at; () where that is no register."""

    text: str
    operands: tuple[Operand, ...]


def condition_at(rule: FilterRule, place: int, names: Names) -> Asked:
    """The condition that one expression of a rule is, with what the rule has loaded for it."""
    until = rule.expressions[: place + 1]
    pair = rule.expressions[place : place + 2]
    if len(fused(pair)) == 1:
        until = (*until[:-1], *pair)
    *before, asking = fused(until)
    reader = _Reader(rule.family, names.sets, names.interfaces)
    for expression in before:
        reader.read(expression)
    operands: tuple[Operand, ...] = ()
    if isinstance(asking, Compare | InRange | Lookup):
        operands = reader.operands(asking.slot)
    reader.read(asking)
    filled = _filled_by(asking)
    text = reader.last() if filled is None else reader.operands(filled)[0].text
    return Asked(text=text, operands=operands)


def _filled_by(asking: Expression) -> int | None:
    """The slot that holds the words of what breaks off without words of its own, else None."""
    match asking:
        case PayloadLoad(slot=slot) | MetaLoad(slot=slot) | CtLoad(slot=slot) | FibLoad(slot=slot):
            # The kernel breaks off a rule that asks for what the packet does not have.
            return slot
        case Lookup(destination=int(slot)) if slot >= 0:
            # And for a key that a map lacks.
            return slot
        case _:
            return None


class _Reader:
    """One pass over a rule and the words so far; a place is the index of a word."""

    def __init__(self, family: str, sets: Sets, interfaces: Mapping[int, str]) -> None:
        self._family = family
        self._sets = sets
        self._registers = RegisterFile(family, interfaces)
        self._words: list[str] = []

    def read(self, expression: Expression) -> None:
        """Take one more expression."""
        match expression:
            case PayloadLoad() | MetaLoad() | CtLoad() | FibLoad() | ImmediateLoad():
                self._leave_out(self._registers.load(expression))
            case Bitwise() | Byteorder():
                self._leave_out(self._registers.change(expression))
            case Compare() | InRange():
                self._test(expression)
            case IpHeader():
                self._words += [words for _, words in header_words(expression)]
            case ArpHeader():
                self._words += arp_header_words(expression)
            case Lookup():
                self._look_up(expression)
            case Unknown():
                # It may have loaded a register; the condition that follows will then say so.
                self._registers.held = {0: replace(UNREAD, text=f"[{expression.name}]")}
                self._words.append(f"[{expression.name}]")
            case _:
                self._state(expression)

    def sentence(self) -> str:
        """What has been read so far."""
        return " ".join(word for word in self._words if word)

    def last(self) -> str:
        """The words that were read last."""
        return self._words[-1] if self._words else ""

    def operands(self, slot: int) -> tuple[Operand, ...]:
        """What lies in the registers from a slot on."""
        return spanned(self._registers.held, slot)

    def _test(self, test: Compare | InRange) -> None:
        operand = self._registers.get(test.slot)
        match test:
            case Compare():
                if test.operator == _EQUAL:
                    self._registers.layers.learn(operand, test.value, len(self._words))
                words = comparison_text(operand, test.operator, test.value)
            case InRange():
                words = range_text(operand, test)
            case _:
                assert_never(test)
        self._condition(operand, words)

    def _look_up(self, lookup: Lookup) -> None:
        operands = spanned(self._registers.held, lookup.slot) or (UNREAD,)
        keys = " . ".join(operand.masked_text for operand in operands)
        members = set_text(operands, lookup.set_name, self._sets)
        if lookup.destination is None:
            self._condition(operands[0], f"{keys} {'!= ' * lookup.is_negated}{members}")
        elif lookup.destination < 0:
            self._condition(operands[0], f"{keys} vmap {members}")
        else:
            self._registers.held = {lookup.destination: Operand(text=f"{keys} map {members}")}

    def _condition(self, operand: Operand, words: str) -> None:
        if self._words and self._words[-1] == operand.text and operand.text.startswith("["):
            self._words.pop()
        self._words.append(words)
        self._registers.held = {}

    def _state(self, statement: Statement) -> None:
        family = self._family
        if isinstance(statement, Reject) and statement.type_ == 0:
            self._leave_out(self._registers.layers.use("network"))
            # In a table of one family its own port-unreachable goes without saying.
            is_default = (family, statement.code) in _DEFAULT_REJECTS
            family = "" if is_default else self._registers.layers.network
        self._words.append(statement_text(statement, self._registers.held, family))
        self._registers.held = {}

    def _leave_out(self, places: Sequence[int]) -> None:
        for place in places:
            self._words[place] = ""
