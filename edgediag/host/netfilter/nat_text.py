"""Address translation in the words of nft(8) "NAT STATEMENTS"."""

from collections.abc import Mapping
from typing import Final

from edgediag.compat import assert_never
from edgediag.host.netfilter.formats import format_value
from edgediag.host.netfilter.register import UNREAD, Operand
from edgediag.host.netfilter.rule import FAMILY_NAMES
from edgediag.host.netfilter.statement import Masquerade, Nat, Redirect

# include/uapi/linux/netfilter/nf_nat.h NF_NAT_RANGE_*
_FLAGS: Final = {0x04: "random", 0x10: "fully-random", 0x08: "persistent"}
_Registers = tuple[int | None, int | None]


def nat_text(
    statement: Nat | Masquerade | Redirect, registers: Mapping[int, Operand], family: str
) -> str:
    """A translation with its target; constants in words, else what the register was loaded from."""
    ports = _span(statement.port, registers, "number")
    match statement:
        case Nat():
            addresses = _span(statement.address, registers, "address")
            target = f"[{addresses}]" if ports and ":" in addresses else addresses
            word = "dnat" if statement.type_ == 1 else "snat"
            own = FAMILY_NAMES.get(statement.family, "")
            words = f"{word} {own} to " if family == "inet" else f"{word} to "
        case Masquerade():
            target, words = "", "masquerade" + " to " * bool(ports)
        case Redirect():
            target, words = "", "redirect" + " to " * bool(ports)
        case _:
            assert_never(statement)
    flags = ",".join(word for bit, word in _FLAGS.items() if statement.flags & bit)
    return f"{words}{target}{':' * bool(ports)}{ports} {flags}".rstrip()


def _span(slots: _Registers, registers: Mapping[int, Operand], kind: str) -> str:
    first, last = slots
    if first is None:
        return ""
    lower = _written(registers.get(first, UNREAD), kind)
    upper = lower if last is None else _written(registers.get(last, UNREAD), kind)
    return lower if upper == lower else f"{lower}-{upper}"


def _written(operand: Operand, kind: str) -> str:
    return operand.text if operand.constant is None else format_value(kind, operand.constant)
