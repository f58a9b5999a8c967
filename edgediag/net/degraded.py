"""What the kernel does not give is said, and the rest goes on."""

from collections.abc import Callable
from typing import TypeVar

from edgediag.host.messages import errno_name
from edgediag.model.answer import NotChecked

_Table = TypeVar("_Table")


def degraded(name: str, read: Callable[[], _Table]) -> _Table | NotChecked:
    """What `read` reads, or why it cannot."""
    try:
        return read()
    except OSError as error:
        return NotChecked(reason=f"cannot read {name}: {errno_name(error.errno or 0)}")
    except Exception as error:
        # Here, for it brings in all of pyroute2, which few readers need.
        from pyroute2.netlink.exceptions import NetlinkError

        if not isinstance(error, NetlinkError):
            raise
        return NotChecked(reason=f"cannot read {name}: {errno_name(error.code)}")
