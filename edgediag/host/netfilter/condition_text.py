"""The conditions of a rule in the words of nft(8): a register against a value, a range or a set."""

from typing import Final

from edgediag.host.netfilter.expression import InRange
from edgediag.host.netfilter.formats import (
    BIT_KINDS,
    format_prefix,
    format_range,
    mask_length,
)
from edgediag.host.netfilter.register import Operand, SetElement, Sets, split_key

_OPERATORS: Final = ("==", "!=", "<", "<=", ">", ">=")
_EQUAL, _NOT_EQUAL = 0, 1
_MOST_ELEMENTS: Final = 24


def comparison_text(operand: Operand, operator: int, value: bytes) -> str:
    """A register against one value (struct nft_cmp_expr)."""
    if operand.parts:
        values = zip(operand.parts, _cut(value, operand.parts))
        return " ".join(comparison_text(part, operator, octets) for part, octets in values)
    ordered = operand.network_order(value)
    if operand.mask is not None:
        return _masked(operand, operator, ordered)
    sign = _sign(operator)
    if operand.kind == "address" and 0 < len(value) < operand.octets:
        # A network of whole octets is compared by its leading octets alone.
        whole = ordered + bytes(operand.octets - len(value))
        return f"{operand.text} {sign}{format_prefix('address', whole, 8 * len(value))}"
    if operand.kind in BIT_KINDS and operator == _EQUAL and not operand.is_native:
        sign = "== "
    return f"{operand.text} {sign}{operand.written(ordered)}"


def range_text(operand: Operand, condition: InRange) -> str:
    """A register against two values, both inclusive."""
    first, last = (operand.network_order(value) for value in (condition.first, condition.last))
    sign = "!= " if condition.is_negated else ""
    return f"{operand.text} {sign}{operand.written(first)}-{operand.written(last)}"


def set_text(operands: tuple[Operand, ...], name: str, sets: Sets) -> str:
    """A set by its name, or by its elements where it has no name of its own."""
    if name not in sets or not name.startswith("__"):
        return f"@{name}"
    # Of an interval set's leading "everything below" only real members are left by now.
    members = sorted(sets[name], key=lambda element: _ordered(element.first, operands))
    words = [_element(element, operands) for element in members[:_MOST_ELEMENTS]]
    more = ["..."] if len(members) > _MOST_ELEMENTS else []
    return f"{{ {', '.join([*words, *more])} }}"


def _cut(value: bytes, parts: tuple[Operand, ...]) -> list[bytes]:
    cut: list[bytes] = []
    for part in parts:
        cut.append(value[: part.octets])
        value = value[part.octets :]
    return cut


def _masked(operand: Operand, operator: int, value: bytes) -> str:
    mask = operand.mask or b""
    is_zero = not any(value)
    if operand.kind in BIT_KINDS:
        bits = operand.written(mask)
        if is_zero:
            return f"{operand.text} {'! ' * (operator == _EQUAL)}{bits}"
        return f"{operand.text} {_sign(operator)}{operand.written(value)} / {bits}"
    length = mask_length(mask) if operand.kind == "address" else None
    if length is not None and operator in (_EQUAL, _NOT_EQUAL):
        return f"{operand.text} {_sign(operator)}{format_prefix('address', value, length)}"
    sign = _OPERATORS[operator] if operator < len(_OPERATORS) else f"operator {operator}"
    return f"{operand.masked_text} {sign} {operand.written(value)}"


def _sign(operator: int) -> str:
    if operator == _EQUAL:
        return ""
    return f"{_OPERATORS[operator] if operator < len(_OPERATORS) else operator} "


def _element(element: SetElement, operands: tuple[Operand, ...]) -> str:
    if not element.first:
        words = "*"
    else:
        bounds = zip(
            operands,
            _ordered(element.first, operands),
            _ordered(element.last, operands),
        )
        words = " . ".join(_bounds(operand, first, last) for operand, first, last in bounds)
    return f"{words} : {element.data}" if element.data else words


def _bounds(operand: Operand, first: bytes, last: bytes) -> str:
    return operand.written(first) if first == last else format_range(operand.kind, first, last)


def _ordered(key: bytes, operands: tuple[Operand, ...]) -> tuple[bytes, ...]:
    parts = split_key(key, operands)
    return tuple(operand.network_order(part) for operand, part in zip(operands, parts))
