"""The native conditions of an iptables-nft rule, as the options of iptables(8)."""

from dataclasses import dataclass
from typing import Final

from edgediag.host.netfilter.expression import Compare, InRange
from edgediag.host.netfilter.formats import mask_length
from edgediag.host.netfilter.register import Operand
from edgediag.host.netfilter.xt.option import port_words
from edgediag.host.netfilter.xt.ports import flag_words

_EQUAL: Final = 0
_ADDRESSES: Final = {"ip saddr": "-s", "ip6 saddr": "-s", "ip daddr": "-d", "ip6 daddr": "-d"}
_DEVICES: Final = {"iifname": "-i", "oifname": "-o"}
_PORTS: Final = {"sport": "--sport", "dport": "--dport"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition; `option` is what it begins with, or the match it is an option of."""

    option: str
    words: str


def condition_words(operand: Operand, test: Compare | InRange) -> tuple[Condition, ...]:
    """What a comparison says; several where fields that lie side by side are compared at once."""
    if operand.parts and isinstance(test, Compare):
        found: list[Condition] = []
        value = test.value
        for part in operand.parts:
            slice_ = Compare(operator=test.operator, slot=0, value=value[: part.octets])
            found += condition_words(part, slice_)
            value = value[part.octets :]
        return tuple(found)
    header, _, field = operand.text.partition(" ")
    if operand.text in _ADDRESSES and isinstance(test, Compare):
        return (_address(operand, test),)
    if operand.text in _DEVICES and isinstance(test, Compare):
        return (_device(operand, test),)
    if field in _PORTS:
        return (_port(header, _PORTS[field], operand, test),)
    return (_other(operand, test),)


def _address(operand: Operand, test: Compare) -> Condition:
    option = _ADDRESSES[operand.text]
    whole = (test.value + bytes(operand.octets))[: operand.octets]
    length = 8 * len(test.value) if operand.mask is None else mask_length(operand.mask)
    mask = length if length is not None else operand.written(operand.mask or b"")
    written = f"{operand.written(whole)}/{mask}"
    return Condition(option=option, words=f"{_negation(test)}{option} {written}")


def _device(operand: Operand, test: Compare) -> Condition:
    option = _DEVICES[operand.text]
    name = operand.written(test.value).strip('"').replace("*", "+")
    return Condition(option=option, words=f"{_negation(test)}{option} {name}")


def _port(header: str, option: str, operand: Operand, test: Compare | InRange) -> Condition:
    first, last = (test.value, test.value) if isinstance(test, Compare) else (test.first, test.last)
    bounds = [int.from_bytes(operand.network_order(value), "big") for value in (first, last)]
    words = port_words(option, bounds[0], bounds[1], is_negated=bool(_negation(test)))
    return Condition(option=header, words=words)


def _other(operand: Operand, test: Compare | InRange) -> Condition:
    value = test.value if isinstance(test, Compare) else test.first
    ordered, negation = operand.network_order(value), _negation(test)
    number = int.from_bytes(ordered, "big")
    mask = int.from_bytes(operand.mask or b"", "big")
    match operand.text:
        case "meta l4proto":
            return Condition(option="-p", words=f"{negation}-p {operand.written(ordered)}")
        case "ip frag-off":
            return Condition(option="-f", words="! -f" if _asks_for_value(test) else "-f")
        case "tcp flags":
            words = f"{negation}--tcp-flags {flag_words(mask)} {flag_words(number)}"
            return Condition(option="tcp", words=words)
        case "meta mark":
            bits = f"/0x{mask:x}" if operand.mask else ""
            return Condition(option="mark", words=f"{negation}--mark 0x{number:x}{bits}")
        case _:
            return Condition(option=f"[{operand.masked_text}]", words="")


def _negation(test: Compare | InRange) -> str:
    return "" if _asks_for_value(test) else "! "


def _asks_for_value(test: Compare | InRange) -> bool:
    """Whether the condition asks for the value, and not for any other."""
    return test.operator == _EQUAL if isinstance(test, Compare) else not test.is_negated
