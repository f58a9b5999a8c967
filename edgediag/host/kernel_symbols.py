"""Addresses in the kernel's code, by the functions they lie in."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

_DIGITS: Final = 16
_CODE: Final = frozenset("tTwW")
# Names of functions are no longer (KSYM_NAME_LEN).
_MAX_NAME: Final = 512


def functions_at(text: str, addresses: Iterable[int]) -> dict[int, str]:
    """The functions that addresses lie in, those that are not known left out.

    text    of /proc/kallsyms: address, type, name; all addresses are 0 where they are kept secret
    returns names without what compilers add to them: "nf_hook_slow.cold" is nf_hook_slow
    """
    # Modules follow the kernel, so lines are sorted but in two parts. Addresses have one length
    # and small letters: as text they sort as the numbers do.
    lines = sorted(text.splitlines())
    found = {address: _function(lines, address) for address in addresses}
    return {address: name for address, name in found.items() if name}


def _function(lines: list[str], address: int) -> str:
    place = bisect_right(lines, f"{address:016x}~") - 1
    words = lines[place].split(maxsplit=3) if place >= 0 else []
    is_code = len(words) > 2 and len(words[0]) == _DIGITS and words[1] in _CODE
    if not is_code or not words[0].strip("0"):
        return ""
    return words[2].partition(".")[0][:_MAX_NAME]
