"""What this host would do with a packet, worked out from its tables without sending one."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ArptablesRule, ChainPolicy, IptablesRule, NftRule
from edgediag.model.flow import Flow

RuleObject: TypeAlias = NftRule | IptablesRule | ArptablesRule | ChainPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A packet that somebody of a network sends to this host.

    interface      by which it comes in
    prefix_length  of the network; who of it sends is not known
    flow           from one of them, who stands for all; port 0 for one that is not known
    """

    interface: str
    prefix_length: int
    flow: Flow


class Disposition(Enum):
    """What this host does with the packet; the value is the word of the output."""

    PASSES = "passes"
    DROPPED = "dropped"
    REJECTED = "rejected"
    UNDETERMINED = "undetermined"


class End(Enum):
    """Which end of a flow a translation rewrites."""

    SOURCE = "source"
    DESTINATION = "destination"


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A rule that gives the packet another address or port at one end."""

    end: End
    rule: RuleObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The end of a packet on this host, and what decides it.

    deciders      the rules or policies that end it; several where it hangs on something which does
    translations  by rules that the packet meets whichever way it takes, in the order met
    marks         the rules that give it the mark with which it is routed again, likewise
    hangs_on      what is not known; () where the end does not hang on it
    """

    disposition: Disposition
    deciders: tuple[RuleObject, ...]
    translations: tuple[Translation, ...]
    marks: tuple[RuleObject, ...] | NotChecked
    hangs_on: tuple[str, ...]
