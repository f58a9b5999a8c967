"""Silent flows whose answers a program may take before any tap sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from edgediag.checked import Checked, name_of
from edgediag.locate.planned import Search
from edgediag.meaning import decisive
from edgediag.model.answer import NotChecked
from edgediag.model.host import Link
from edgediag.model.outcome import Unanswered

# What a program of a device drops is dropped for all alike.
MAX_MASKED: Final = 8


def with_masked(
    search: Search, checks: Sequence[Checked], links: Mapping[str, Link | NotChecked]
) -> Search:
    """The search, with the drops of some silent flows to be watched where the tap cannot see them.

    links  by check: the devices that they leave by
    """
    programs = {
        name
        for name, link in links.items()
        if isinstance(link, Link) and link.xdp_program is not None
    }
    silent = (
        check
        for check in checks
        if check not in search.suspects and isinstance(decisive(check.attempts), Unanswered)
    )
    masked = tuple(check for check in silent if name_of(check) in programs)
    return replace(search, masked=masked[:MAX_MASKED])
