"""What a filter of traffic control does with the packet that is walked, in three values."""

from edgediag.compat import assert_never
from edgediag.host.tc_actions import TcAction, word_of_actions
from edgediag.host.tc_keys import Part, TcKey
from edgediag.host.walk.copies import REWRITTEN
from edgediag.host.walk.octets import (
    Octets,
    Truth,
    Unsure,
    big_number,
    both,
    equals,
    known,
    masked,
    stretch,
)
from edgediag.host.walk.parcel import Parcel, network_header, transport_header
from edgediag.model.answer import NotChecked
from edgediag.model.program import ProgramWord


def filter_word(
    keys: tuple[TcKey, ...], actions: tuple[TcAction, ...], parcel: Parcel
) -> ProgramWord | NotChecked:
    """What becomes of the packet at a filter that asks this and does that, or why it is open."""
    if parcel.blurred or parcel.arp is not None:
        return REWRITTEN
    is_met = both(*(_holds(key, parcel) for key in keys))
    if is_met is False:
        return ProgramWord.LEAVES
    word = word_of_actions(actions)
    if isinstance(is_met, Unsure) and word is not ProgramWord.LEAVES:
        return NotChecked(reason=f"whether it matches hangs on {is_met.reason}")
    return word


def _holds(key: TcKey, parcel: Parcel) -> Truth:
    if key.part is Part.OTHER:
        return Unsure(reason=key.words)
    octets = _compared(key, parcel)
    if octets is None:
        # The dissector has zeros where the packet has no such header.
        octets = known(bytes(len(key.value)))
    wanted = bytes(value & bits for value, bits in zip(key.value, key.mask))
    return equals(masked(octets, key.mask, bytes(len(key.mask))), wanted)


def _compared(key: TcKey, parcel: Parcel) -> Octets | None:
    """The octets of the packet that a key is about, None where it has no such header."""
    match key.part:
        case Part.ETHERTYPE:
            return big_number(parcel.ethertype)
        case Part.PROTOCOL:
            return known(bytes([parcel.number]))
        case Part.HEADERS:
            headers = (*network_header(parcel), *transport_header(parcel))
            return stretch(headers, key.offset, len(key.value))
        case Part.SOURCE_4 | Part.SOURCE_6:
            return _of_version(key, parcel, parcel.source)
        case Part.DESTINATION_4 | Part.DESTINATION_6:
            return _of_version(key, parcel, parcel.destination)
        case Part.SOURCE_PORT:
            return parcel.source_port
        case Part.DESTINATION_PORT:
            return parcel.destination_port
        case Part.OTHER:
            return None
        case _ as never:
            assert_never(never)


def _of_version(key: TcKey, parcel: Parcel, address: Octets) -> Octets | None:
    is_of_4 = key.part in (Part.SOURCE_4, Part.DESTINATION_4)
    return address if is_of_4 is (parcel.version == 4) else None
