"""The kernel's description of its types, from a small one made here."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.btf import Btf, enumerators, offset_of, parameters, read_btf

INT, PTR, STRUCT, UNION, ENUM, TYPEDEF, FUNC_PROTO = 1, 2, 4, 5, 6, 8, 13
BIT_FIELDS = 1 << 31


class Description:
    """Types one after the other; a type is referred to by its number, from 1 on."""

    def __init__(self) -> None:
        self.types = b""
        self.strings = b"\0"
        self._known: dict[str, int] = {"": 0}

    def name(self, text: str) -> int:
        """Where the name is."""
        if text not in self._known:
            self._known[text] = len(self.strings)
            self.strings += text.encode() + b"\0"
        return self._known[text]

    def add(self, name: str, info: int, size: int, *rest: int) -> None:
        """One type: its head, and what follows."""
        self.types += struct.pack(f"<{3 + len(rest)}I", self.name(name), info, size, *rest)

    def blob(self) -> bytes:
        """As /sys/kernel/btf/vmlinux has it."""
        types, strings = len(self.types), len(self.strings)
        head = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, types, types, strings)
        return head + self.types + self.strings


def info(kind: int, count: int, flags: int = 0) -> int:
    return kind << 24 | count | flags


def described() -> bytes:
    """struct packet { long head; union { struct { int dev; char flags:4; }; }; } and its enum."""
    made = Description()
    name = made.name
    made.add("long", info(INT, 0), 8, 64)
    made.add("packet", info(STRUCT, 2), 16, name("head"), 1, 0, 0, 3, 64)
    made.add("", info(UNION, 1), 8, 0, 4, 0)
    made.add(
        "", info(STRUCT, 2, BIT_FIELDS), 8, name("dev"), 1, 32, name("flags"), 1, 4 << 24 | 4
    )
    made.add("reason", info(ENUM, 2), 4, name("NO"), 0, name("REASON_YES"), 2)
    made.add("trace", info(TYPEDEF, 0), 7)
    made.add("", info(PTR, 0), 8)
    made.add("", info(FUNC_PROTO, 2), 0, 0, 2, 0, 1)
    # A structure of the same name as a member elsewhere, and one inside itself.
    made.add("dev", info(STRUCT, 1), 8, 0, 9, 0)
    return made.blob()


def read(blob: bytes) -> Btf:
    btf = read_btf(blob)
    assert btf is not None
    return btf


@pytest.mark.parametrize(
    ("structure", "member", "offset"),
    [
        pytest.param("packet", "head", 0, id="the first member"),
        pytest.param("packet", "dev", 12, id="a member two unnamed parts deep"),
        pytest.param("packet", "flags", None, id="a member that begins within an octet"),
        pytest.param("packet", "gone", None, id="no such member"),
        pytest.param("gone", "head", None, id="no such structure"),
        pytest.param("reason", "NO", None, id="no structure"),
        pytest.param("dev", "head", None, id="a structure that holds itself ends"),
    ],
)
def test_where_a_member_is(structure: str, member: str, offset: int | None) -> None:
    assert offset_of(read(described()), structure, member) == offset


def test_what_enumerators_are_called() -> None:
    btf = read(described())
    assert enumerators(btf, "reason") == {0: "NO", 2: "REASON_YES"}
    assert enumerators(btf, "packet") == {}


def test_how_many_parameters_a_function_takes() -> None:
    btf = read(described())
    # The second of `trace` is of a pointer to a prototype that follows it.
    assert parameters(btf, "trace") == 2
    assert [parameters(btf, name) for name in ("packet", "gone")] == [None, None]


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(described()[:-1], id="cut in the names"),
        pytest.param(described()[:60], id="cut in the types"),
        pytest.param(b"\xeb\x9f" + described()[2:], id="of the other byte order"),
        pytest.param(
            described().replace(struct.pack("<I", info(PTR, 0)), struct.pack("<I", 25 << 24)),
            id="a kind that is not known",
        ),
    ],
)
def test_what_is_malformed_is_no_description(blob: bytes) -> None:
    assert read_btf(blob) is None


@given(place=st.integers(0, len(described()) - 1), octets=st.binary(min_size=1, max_size=4))
def test_a_value_or_none_and_never_an_exception(place: int, octets: bytes) -> None:
    blob = described()
    btf = read_btf((blob[:place] + octets + blob[place + len(octets) :])[: len(blob)])
    if btf is not None:
        assert isinstance(offset_of(btf, "packet", "dev"), int | None)
        assert isinstance(parameters(btf, "trace"), int | None)
        assert all(isinstance(name, str) for name in enumerators(btf, "reason").values())


@given(blob=st.binary(max_size=80))
def test_noise_is_no_description_or_one_of_nothing(blob: bytes) -> None:
    head = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(blob), len(blob), 0)
    btf = read_btf(head + blob)
    assert btf is None or offset_of(btf, "packet", "dev") is None
