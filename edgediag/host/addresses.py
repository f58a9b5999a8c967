"""Addresses of this host (RTM_NEWADDR; rtnetlink(7))."""

from collections.abc import Mapping

from edgediag.host.dumped import Dumped, address, number
from edgediag.model.host import InterfaceAddress


def decode_address(message: Dumped, names: Mapping[int, str]) -> InterfaceAddress | None:
    """The address of one message, or None where it carries none.

    names  interface names by index
    """
    # On a point-to-point link IFA_ADDRESS is the other end's, and IFA_LOCAL ours.
    own = address(message, "IFA_LOCAL") or address(message, "IFA_ADDRESS")
    if own is None:
        return None
    index = number(message, "index")
    return InterfaceAddress(
        interface=names.get(index, str(index)),
        address=own,
        prefix_length=number(message, "prefixlen"),
    )
