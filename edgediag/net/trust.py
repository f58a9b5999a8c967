"""Whom the TLS library trusts, and what its refusals say of a chain."""

import ssl
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Anchors, Audience, Chain

NO_ANCHORS: Final = "the authorities that sign for it are not known"

# <openssl/x509_vfy.h>: dates are judged in the inference, beside what other clocks say.
_NO_CHECK_TIME: Final = 0x200000
# The same: a wrong signature (7) is an issuer of the right name with another key, as the authority
# of a cluster that was built anew; 18 to 21 are chains that end at nobody known.
_UNKNOWN_ISSUER: Final = frozenset((2, 7, 18, 19, 20, 21))


def open_context() -> ssl.SSLContext:
    """A client that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Names are compared in the inference, on the certificate itself.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A key that this library finds too short is no fault of the path.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def trust(context: ssl.SSLContext, anchors: Anchors) -> frozenset[Audience]:
    """Let it trust all of them; whose servers are judged: those whose authorities are all known."""
    judged: set[Audience] = set()
    for pem, audiences in (
        (anchors.stated, tuple(Audience)),
        (anchors.cluster, (Audience.CLUSTER, Audience.GATEWAY)),
        (anchors.public, (Audience.PUBLIC,)),
    ):
        if _is_loaded(context, pem):
            judged.update(audiences)
    if judged:
        # As Go's crypto/x509, which the node's own programs use: any certificate of the store ends
        # a chain.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
        context.verify_mode = ssl.CERT_REQUIRED
    return frozenset(judged)


def _is_loaded(context: ssl.SSLContext, pem: str | NotChecked) -> bool:
    if isinstance(pem, NotChecked):
        return False
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        return False
    return True


def chain_of(
    refusal: ssl.SSLCertVerificationError | None, is_judged: bool
) -> tuple[Chain, str]:
    """What a handshake says of the chain, and why it is not trusted.

    refusal    how this end ended it, None where it did not
    is_judged  all who may sign for the server are known
    """
    if refusal is not None and refusal.verify_code not in _UNKNOWN_ISSUER:
        return Chain.NOT_CHECKED, refusal.verify_message
    if not is_judged:
        return Chain.NOT_CHECKED, NO_ANCHORS
    if refusal is not None:
        return Chain.UNKNOWN_ISSUER, refusal.verify_message
    return Chain.TRUSTED, ""
