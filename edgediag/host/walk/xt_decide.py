"""What decides a match of iptables for a packet."""

from collections.abc import Callable
from typing import TypeAlias

from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.octets import Truth
from edgediag.host.walk.parcel import Parcel

# None where the match or one of its options is not read; struct.error where octets are missing.
Decide: TypeAlias = Callable[[XtMatch, Parcel, Inquiry], Truth | None]
