"""What a rule of the host's state finds wrong, whoever asks."""

from dataclasses import dataclass

from edgediag.model.verdict import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something of this host that is not as its own parts want it."""

    claim: Claim
    text: str
    remedy: str
