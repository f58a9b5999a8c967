"""The way of a flow: what the kernel answers, and the policy rules that lead there."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import PolicyRuleObject, RouteObject
from edgediag.model.flow import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The kernel's own answer for one flow (RTM_GETROUTE with the flow's attributes).

    gateway    None where the destination is on the link
    source     the address the kernel would choose
    table      the routing table that decided
    prefix     the matching route's destination with its length, "default" for 0.0.0.0/0
    is_local   the kernel would deliver the packet to this very host
    """

    interface: str
    gateway: Address | None
    source: Address | None
    table: int
    prefix: str
    mtu: int | None
    is_local: bool


NOT_CHOSEN: Final = NotChecked(reason="the kernel chose no source")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRefused:
    """The kernel has no way for the flow, and the object that says so where it was found.

    source  that the kernel chose before it refused the flow with it
    """

    errno_name: str
    culprit: RouteObject | PolicyRuleObject | None
    source: Address | NotChecked = NOT_CHOSEN


RouteAnswer: TypeAlias = Route | RouteRefused | NotChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """A routing policy rule, as `ip rule` lists it (rtnetlink(7), FRA_*).

    action  "lookup", "blackhole", "unreachable" or "prohibit"
    text    the selector in the words of ip-rule(8): "from all fwmark 0x40 lookup 9027"
    """

    priority: int
    action: str
    table: int
    text: str
