"""Who signed a certificate, as far as names and the identifiers of keys tell."""

from collections.abc import Sequence
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.node_certificate import Signer
from edgediag.wire.x509 import Kin, decode_kin

UNREADABLE: Final = NotChecked(reason="who signed it cannot be read")
NO_KEYS: Final = NotChecked(reason="its signer has the authority's name, and no key is named")

# An authority signs for one that signs for nodes, and seldom for more.
_MOST_STEPS: Final = 8


def signer_of(chain: Sequence[bytes], authorities: Sequence[bytes]) -> Signer | NotChecked:
    """Who signed the first of a chain: one of the authorities, one of their names, or a stranger.

    chain        the certificate, and those that a file has beside it, in DER
    authorities  the cluster's, in DER

    source  RFC 5280 §4.2.1.1 (the identifier tells several keys of one name apart), §6.1
    """
    known = [kin for kin in map(decode_kin, authorities) if kin is not None]
    kins = [kin for kin in map(decode_kin, chain) if kin is not None]
    if not known or not kins or kins[0] != decode_kin(chain[0]):
        return UNREADABLE
    last = _last_of(kins)
    named = [kin for kin in known if kin.subject == last.issuer]
    if not named:
        # It may stand in the file of the authorities itself, or be one of them.
        return Signer.AUTHORITY if last in known else Signer.STRANGER
    keyed = [kin for kin in named if kin.key]
    if not last.authority_key or not keyed:
        return NO_KEYS
    is_one = any(kin.key == last.authority_key for kin in keyed)
    return Signer.AUTHORITY if is_one else Signer.OTHER_KEY


def _last_of(kins: Sequence[Kin]) -> Kin:
    """The certificate at which the file's own chain ends."""
    last = kins[0]
    for _ in range(_MOST_STEPS):
        above = next((kin for kin in kins if kin is not last and _has_signed(kin, last)), None)
        if above is None:
            return last
        last = above
    return last


def _has_signed(signer: Kin, signed: Kin) -> bool:
    is_named = signer.subject == signed.issuer and signer.subject != signer.issuer
    are_keys_known = bool(signer.key and signed.authority_key)
    return is_named and (not are_keys_known or signer.key == signed.authority_key)
