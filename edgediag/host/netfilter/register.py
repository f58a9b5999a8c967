"""The registers while a rule is read in order: what each holds, in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from edgediag.host.attributes import NATIVE
from edgediag.host.netfilter.formats import format_value

_SLOT_OCTETS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """What a register holds.

    text      its name in a rule, or a constant in words
    kind      how values it is compared with are written
    octets    of the whole value
    mask      the bits of it that are looked at, in network byte order; None for all
    shift     bits below the field, which values in a rule do not count
    constant  the octets themselves, where a rule loads a constant
    parts     the fields, where it holds several that lie side by side in a header
    names     what numbers are called here: the interfaces by their index
    """

    text: str
    kind: str = "raw"
    octets: int = _SLOT_OCTETS
    is_native: bool = False
    mask: bytes | None = None
    shift: int = 0
    constant: bytes | None = None
    parts: tuple["Operand", ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def masked_text(self) -> str:
        """Its name, with the bits that are looked at."""
        return self.text if self.mask is None else f"{self.text} & {self.written(self.mask)}"

    def network_order(self, value: bytes) -> bytes:
        """Octets of the register turned into network byte order."""
        return value[::-1] if self.is_native and NATIVE == "little" else value

    def written(self, value: bytes) -> str:
        """A value in network byte order, in words."""
        number = int.from_bytes(value, "big") >> self.shift
        if number in self.names:
            return f'"{self.names[number]}"'
        return format_value(self.kind, number.to_bytes(len(value), "big"))


UNREAD: Final = Operand(text="[register]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetElement:
    """A member of a set: a range of keys, both ends inclusive, and what a map makes of it.

    data  the value in words where it is a verdict, else "0x..."; "" where the set is no map
    """

    first: bytes
    last: bytes
    data: str


Sets: TypeAlias = Mapping[str, tuple[SetElement, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a rule itself holds only by number: its anonymous sets, and devices by their index."""

    sets: Sets
    interfaces: Mapping[int, str]


NO_NAMES: Final = Names(sets={}, interfaces={})


def spanned(registers: Mapping[int, Operand], slot: int) -> tuple[Operand, ...]:
    """The operands that lie side by side from a slot on: the parts of a concatenation."""
    found: list[Operand] = []
    while slot in registers:
        found.append(registers[slot])
        slot += _slots_of(registers[slot])
    return tuple(found)


def split_key(key: bytes, operands: tuple[Operand, ...]) -> tuple[bytes, ...]:
    """A set's key cut into its parts; each begins at a slot of its own."""
    parts: list[bytes] = []
    offset = 0
    for operand in operands:
        parts.append(key[offset : offset + operand.octets])
        offset += _slots_of(operand) * _SLOT_OCTETS
    return tuple(parts)


def _slots_of(operand: Operand) -> int:
    return max(1, -(-operand.octets // _SLOT_OCTETS))
