"""What the registers of a rule hold while its expressions are read in order."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from edgediag.compat import assert_never
from edgediag.host.netfilter.expression import (
    Bitwise,
    Byteorder,
    Change,
    CtLoad,
    FibLoad,
    ImmediateLoad,
    Load,
    MetaLoad,
    PayloadLoad,
)
from edgediag.host.netfilter.fields import CT, META, Field, fib_field, raw_field, unknown_field
from edgediag.host.netfilter.layers import Layers
from edgediag.host.netfilter.masks import masked
from edgediag.host.netfilter.register import UNREAD, Operand

_DIRECTIONS: Final = {0: "original ", 1: "reply "}


class RegisterFile:
    """The registers, and what is known of the packet's headers.

    interfaces  names by index
    held        operands by slot
    """

    def __init__(self, family: str, interfaces: Mapping[int, str]) -> None:
        self._interfaces = interfaces
        self.layers = Layers(family)
        self.held: dict[int, Operand] = {}

    def load(self, load: Load) -> tuple[int, ...]:
        """Fill a register; returns the places of conditions that its name makes needless."""
        needless: tuple[int, ...] = ()
        match load:
            case PayloadLoad():
                fields, needless = self.layers.fields_of(load)
                operand = self._packet_operand(load, fields)
            case MetaLoad():
                operand = self._operand(META.get(load.key, unknown_field("meta", load.key)))
            case CtLoad():
                operand = self._operand(_ct_field(load))
            case FibLoad():
                operand = self._operand(fib_field(load.result, load.flags))
            case ImmediateLoad():
                text, octets = f"0x{load.value.hex()}", len(load.value)
                operand = Operand(text=text, octets=octets, constant=load.value)
            case _:
                assert_never(load)
        self.held[load.slot] = operand
        return needless

    def change(self, change: Change) -> tuple[int, ...]:
        """Work on a register; returns the places of conditions that become needless."""
        operand, is_named = self.get(change.source), False
        match change:
            case Byteorder():
                operand = replace(operand, is_native=not change.is_to_network)
            case Bitwise():
                operand, is_named = masked(operand, change, self.layers.network)
            case _:
                assert_never(change)
        self.held[change.slot] = operand
        return tuple(self.layers.use("network")) if is_named else ()

    def get(self, slot: int) -> Operand:
        """What a register holds; something unread where nothing was loaded."""
        return self.held.get(slot, UNREAD)

    def _packet_operand(self, load: PayloadLoad, fields: tuple[Field, ...]) -> Operand:
        if len(fields) == 1:
            return self._operand(fields[0])
        raw = self._operand(raw_field(load.base, load.offset, load.length))
        return replace(raw, parts=tuple(self._operand(field) for field in fields))

    def _operand(self, field: Field) -> Operand:
        return Operand(
            text=field.text,
            kind=field.kind,
            octets=field.octets,
            is_native=field.is_native,
            names=self._interfaces if field.kind == "interface" else {},
        )


def _ct_field(load: CtLoad) -> Field:
    known = CT.get(load.key, unknown_field("ct", load.key))
    direction = "" if load.direction is None else _DIRECTIONS.get(load.direction, "")
    return replace(known, text=f"ct {direction}{known.text}")
