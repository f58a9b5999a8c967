"""Actions of traffic control, and what becomes of a packet for which they are carried out.

source  include/uapi/linux/pkt_cls.h (TC_ACT_*, struct tc_police), linux/tc_act/tc_*.h; net/sched/
        act_api.c (tcf_action_exec): one that says "pipe" hands on to the next
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from edgediag.host.attributes import attribute_list, attributes, native, nested, text
from edgediag.model.answer import NotChecked
from edgediag.model.program import ProgramWord

_ACT_KIND, _ACT_OPTIONS = 1, 2
_PARMS: Final = 2
# TCA_ACT_MAX_PRIO
_MOST_ACTIONS: Final = 32
_GACT_PROB, _POLICE_TBF, _SKBEDIT_MARK, _BPF_NAME = 3, 1, 5, 6
# tc_gen, whose third number is the verdict; behind it, of mirred, what it does and where to.
_GENERAL: Final = struct.Struct("=8xi8x")
_MIRRED: Final = struct.Struct("=8xi8xiI")
_RANDOM: Final = struct.Struct("=HHi")
# struct tc_police as far as the rate, in octets a second.
_POLICE: Final = struct.Struct("=28xI")
_UNSPEC, _OK, _SHOT, _PIPE = -1, 0, 2, 3
_NAMES: Final = {
    -1: "continue",
    0: "pass",
    1: "reclassify",
    2: "drop",
    3: "pipe",
    4: "stolen",
    5: "queued",
    6: "repeat",
    7: "redirect",
    8: "trap",
}
_WORDS: Final = {
    _UNSPEC: ProgramWord.LEAVES,
    _OK: ProgramWord.PASSES,
    _SHOT: ProgramWord.DROPS,
    4: ProgramWord.TAKES,
    5: ProgramWord.TAKES,
    7: ProgramWord.REDIRECTS,
    8: ProgramWord.TAKES,
}
_MIRRED_DOES: Final = {
    1: "Egress Redirect",
    2: "Egress Mirror",
    3: "Ingress Redirect",
    4: "Ingress Mirror",
}
_REDIRECTS: Final = frozenset({1, 3})


@dataclass(frozen=True, slots=True, kw_only=True)
class TcAction:
    """One action.

    words       as tc(8) shows it, shortened
    code        what it says of the packet (TC_ACT_*), where nothing speaks against that
    doubt       why that is not known, "" where it is
    is_changing  the packet that goes on is another
    """

    words: str
    code: int
    doubt: str
    is_changing: bool


_Decoder: TypeAlias = Callable[[dict[int, bytes]], TcAction | None]


def decode_actions(octets: bytes) -> tuple[TcAction, ...]:
    """The actions of a filter in the order in which they are carried out."""
    listed = sorted(attribute_list(octets), key=lambda each: each[0])[:_MOST_ACTIONS]
    return tuple(_action(attributes(value)) for _, value in listed)


def word_of_actions(actions: tuple[TcAction, ...]) -> ProgramWord | NotChecked:
    """What becomes of a packet that a filter with these actions matches."""
    is_changed = False
    for action in actions:
        if action.doubt:
            return NotChecked(reason=action.doubt)
        is_changed = is_changed or action.is_changing
        if action.code == _PIPE:
            continue
        word = _WORDS.get(action.code)
        if word is None:
            return NotChecked(reason=f"where {action.words} leads to")
        passes = word in (ProgramWord.PASSES, ProgramWord.LEAVES)
        return ProgramWord.REWRITES if passes and is_changed else word
    return ProgramWord.REWRITES if is_changed else ProgramWord.PASSES


def _action(found: dict[int, bytes]) -> TcAction:
    kind, options = text(found.get(_ACT_KIND)), nested(found, _ACT_OPTIONS)
    decode = _KINDS.get(kind)
    action = decode(options) if decode else None
    return action or _unknown(kind)


def _unknown(kind: str) -> TcAction:
    return TcAction(words=kind, code=_PIPE, doubt=f"what action {kind} does", is_changing=False)


def _general(kind: str, options: dict[int, bytes]) -> TcAction | None:
    parameters = options.get(_PARMS, b"")
    if len(parameters) < _GENERAL.size:
        return None
    (code,) = _GENERAL.unpack_from(parameters)
    words = f"{kind} {_NAMES.get(code, hex(code & 0xFFFFFFFF))}"
    return TcAction(words=words, code=code, doubt="", is_changing=False)


def _gact(options: dict[int, bytes]) -> TcAction | None:
    action = _general("gact", options)
    chance = options.get(_GACT_PROB, b"")
    if action is None or len(chance) < _RANDOM.size or not _RANDOM.unpack_from(chance)[0]:
        return action
    words = f"{action.words} random"
    return TcAction(words=words, code=action.code, doubt="what is drawn", is_changing=False)


def _mirred(options: dict[int, bytes]) -> TcAction | None:
    parameters = options.get(_PARMS, b"")
    if len(parameters) < _MIRRED.size:
        return None
    code, does, index = _MIRRED.unpack_from(parameters)
    words = f"mirred ({_MIRRED_DOES.get(does, str(does))} to device {index})"
    redirect = 7 if does in _REDIRECTS else code
    return TcAction(words=words, code=redirect, doubt="", is_changing=False)


def _police(options: dict[int, bytes]) -> TcAction | None:
    parameters = options.get(_POLICE_TBF, b"")
    if len(parameters) < _POLICE.size:
        return None
    (rate,) = _POLICE.unpack_from(parameters)
    words = f"police rate {rate * 8}bit"
    return TcAction(words=words, code=_PIPE, doubt="whether it is too fast", is_changing=False)


def _skbedit(options: dict[int, bytes]) -> TcAction | None:
    action = _general("skbedit", options)
    if action is None or _SKBEDIT_MARK not in options:
        return action
    words = f"skbedit mark {native(options[_SKBEDIT_MARK])}"
    return TcAction(words=words, code=action.code, doubt="", is_changing=True)


def _pedit(options: dict[int, bytes]) -> TcAction | None:
    # Its keys follow tc_gen; the newer kind has them in an attribute of another number.
    action = _general("pedit", {_PARMS: options.get(4, options.get(_PARMS, b""))})
    if action is None:
        return None
    return TcAction(words=action.words, code=action.code, doubt="", is_changing=True)


def _bpf(options: dict[int, bytes]) -> TcAction | None:
    name = text(options.get(_BPF_NAME))
    words = f"bpf {name}".rstrip()
    return TcAction(words=words, code=_PIPE, doubt=f"what action {words} does", is_changing=False)


_KINDS: Final[Mapping[str, _Decoder]] = {
    "gact": _gact,
    "mirred": _mirred,
    "police": _police,
    "skbedit": _skbedit,
    "pedit": _pedit,
    "bpf": _bpf,
}
