"""The statements of a rule in the words of nft(8)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from edgediag.compat import assert_never
from edgediag.host.netfilter import symbols
from edgediag.host.netfilter.fields import CT, META, Field, raw_field, unknown_field
from edgediag.host.netfilter.formats import format_value
from edgediag.host.netfilter.nat_text import nat_text
from edgediag.host.netfilter.register import UNREAD, Operand
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
    Queue,
    Quota,
    Redirect,
    Reject,
    Statement,
    Verdict,
    XtMatch,
    XtTarget,
)

_VERDICTS: Final = {
    0: "drop",
    1: "accept",
    2: "stolen",
    3: "queue",
    -1: "continue",
    -2: "break",
    -3: "jump",
    -4: "goto",
    -5: "return",
}
_UNITS: Final = {1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week"}
_LOG_LEVELS: Final = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit")
_LOG_FLAGS: Final = {
    0x01: "tcp sequence",
    0x02: "tcp options",
    0x04: "ip options",
    0x08: "skuid",
    0x20: "ether",
}
_ALL_LOG_FLAGS: Final = 0x2F
_DEFAULT_LOG_LEVEL: Final = 4
_DEFAULT_BURST: Final = 5
_OBJECTS: Final = {1: "counter", 2: "quota", 3: "ct helper", 4: "limit", 7: "ct timeout"}


def statement_text(statement: Statement, registers: Mapping[int, Operand], family: str) -> str:
    """One statement; counters without their counts, as `nft --stateless` writes them.

    registers  what the expressions before it have loaded, by slot
    family     of the rule's table; for a reject, of the packets that get here: "ip", "ip6", or
               "" where the answer is the one that nft does not spell out
    """
    match statement:
        case Verdict():
            return verdict_text(statement)
        case Reject():
            return _reject(statement, family)
        case Counter():
            return "counter"
        case Limit():
            return _limit(statement)
        case Log():
            return _log(statement)
        case Nat() | Masquerade() | Redirect():
            return nat_text(statement, registers, family)
        case MetaSet() | CtSet() | PayloadSet():
            return _set(statement, registers.get(statement.slot, UNREAD))
        case Quota():
            return f"quota {'over ' * statement.is_over}{_amount(statement.octets)}"
        case Queue():
            return _queue(statement)
        case ConnectionLimit():
            return f"ct count {'over ' * statement.is_over}{statement.count}"
        case ObjectReference():
            kind = _OBJECTS.get(statement.type_, f"object {statement.type_}")
            return f'{kind} {"set" if statement.type_ in (3, 7) else "name"} "{statement.name}"'
        case NoTrack():
            return "notrack"
        case XtMatch():
            return f'xt match "{statement.name}"'
        case XtTarget():
            return f'xt target "{statement.name}"'
    assert_never(statement)


def verdict_text(verdict: Verdict) -> str:
    """A verdict, with the chain it leads to."""
    # Above the low octet stands a queue's number, or an errno for the sender.
    code = verdict.code & 0xFF if verdict.code >= 0 else verdict.code
    words = _VERDICTS.get(code, f"verdict {verdict.code}")
    return f"{words} {verdict.chain}" if verdict.chain else words


def _reject(reject: Reject, family: str) -> str:
    if reject.type_ == 1:
        return "reject with tcp reset"
    if reject.type_ == 2:
        code = symbols.ICMPX_UNREACHABLE.get(reject.code, str(reject.code))
        return "reject" if reject.code == 1 else f"reject with icmpx {code}"
    if not family:
        return "reject"
    word, names = ("icmp", symbols.ICMP_UNREACHABLE)
    if family == "ip6":
        word, names = ("icmpv6", symbols.ICMPV6_UNREACHABLE)
    return f"reject with {word} {names.get(reject.code, reject.code)}"


def _limit(limit: Limit) -> str:
    rate = _amount(limit.rate) if limit.is_octets else str(limit.rate)
    unit = _UNITS.get(limit.unit_s, f"{limit.unit_s} seconds")
    words = f"limit rate {'over ' * limit.is_over}{rate}/{unit}"
    if limit.is_octets:
        return words + (f" burst {_amount(limit.burst)}" if limit.burst else "")
    return words + (f" burst {limit.burst} packets" if limit.burst != _DEFAULT_BURST else "")


def _log(log: Log) -> str:
    words = ["log"]
    words += [f'prefix "{log.prefix}"'] if log.prefix else []
    words += [f"group {log.group}"] if log.group is not None else []
    words += [f"snaplen {log.snap_length}"] if log.snap_length else []
    words += [f"queue-threshold {log.queue_threshold}"] if log.queue_threshold else []
    if log.level is not None and log.level != _DEFAULT_LOG_LEVEL:
        level = log.level
        words.append(f"level {_LOG_LEVELS[level] if level < len(_LOG_LEVELS) else level}")
    if log.flags == _ALL_LOG_FLAGS:
        return " ".join([*words, "flags all"])
    return " ".join([*words, *(f"flags {w}" for b, w in _LOG_FLAGS.items() if log.flags & b)])


def _set(statement: MetaSet | CtSet | PayloadSet, operand: Operand) -> str:
    field = _target(statement)
    if operand.constant is None:
        return f"{field.text} set {operand.masked_text}"
    value = operand.constant[::-1] if field.is_native else operand.constant
    return f"{field.text} set {format_value(field.kind, value)}"


def _target(statement: MetaSet | CtSet | PayloadSet) -> Field:
    match statement:
        case MetaSet():
            return META.get(statement.key, unknown_field("meta", statement.key))
        case CtSet():
            field = CT.get(statement.key, unknown_field("ct", statement.key))
            return replace(field, text=f"ct {field.text}")
        case PayloadSet():
            return raw_field(statement.base, statement.offset, statement.length)
    assert_never(statement)


def _queue(queue: Queue) -> str:
    flags = [word for bit, word in ((1, "bypass"), (2, "fanout")) if queue.flags & bit]
    last = queue.first + queue.count - 1
    numbers = str(queue.first) if queue.count <= 1 else f"{queue.first}-{last}"
    return f"queue {'flags ' + ','.join(flags) + ' ' if flags else ''}to {numbers}"


def _amount(octets: int) -> str:
    for size, unit in ((1 << 20, "mbytes"), (1 << 10, "kbytes")):
        if octets and octets % size == 0:
            return f"{octets // size} {unit}"
    return f"{octets} bytes"
