"""Who signed a certificate, by names and the identifiers of keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.lineage import NO_KEYS, UNREADABLE, signer_of
from edgediag.model.answer import NotChecked
from edgediag.model.node_certificate import Signer
from kin import certificate

ROOT = certificate("kubernetes", "kubernetes", b"one", b"one")
ANEW = certificate("kubernetes", "kubernetes", b"two", b"two")
NAMELESS = certificate("kubernetes", "kubernetes")
LEAF = certificate("node", "kubernetes", b"leaf", b"one")
MIDDLE = certificate("nodes", "kubernetes", b"middle", b"one")
BELOW = certificate("node", "nodes", b"leaf", b"middle")


@pytest.mark.parametrize(
    ("chain", "authorities", "signer"),
    [
        pytest.param([LEAF], [ROOT], Signer.AUTHORITY, id="the authority"),
        pytest.param([LEAF], [ANEW, ROOT], Signer.AUTHORITY, id="one of two of its name"),
        pytest.param([LEAF], [ANEW], Signer.OTHER_KEY, id="the one before, of the same name"),
        pytest.param([LEAF, ROOT], [ANEW], Signer.OTHER_KEY, id="which the file has as well"),
        pytest.param([BELOW, MIDDLE], [ROOT], Signer.AUTHORITY, id="one in between"),
        pytest.param([BELOW, MIDDLE], [ANEW], Signer.OTHER_KEY, id="one in between of another"),
        pytest.param([BELOW], [MIDDLE], Signer.AUTHORITY, id="the authority is one in between"),
        pytest.param([BELOW], [ROOT], Signer.STRANGER, id="one in between that nobody has"),
        pytest.param(
            [certificate("node", "other", b"leaf", b"x")], [ROOT], Signer.STRANGER, id="a stranger"
        ),
        pytest.param([ROOT], [ROOT], Signer.AUTHORITY, id="itself"),
        pytest.param([LEAF], [NAMELESS], NO_KEYS, id="an authority without an identifier"),
        pytest.param(
            [certificate("node", "kubernetes")], [ROOT], NO_KEYS, id="a signer without one"
        ),
        pytest.param([LEAF], [], UNREADABLE, id="no authority"),
        pytest.param([b"", LEAF], [ROOT], UNREADABLE, id="no certificate before one"),
        pytest.param([], [ROOT], UNREADABLE, id="no certificate"),
    ],
)
def test_a_signer_is_told(
    chain: list[bytes], authorities: list[bytes], signer: Signer | NotChecked
) -> None:
    assert signer_of(chain, authorities) == signer


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([LEAF, ROOT, MIDDLE, BELOW]))))
def test_any_chain_has_a_signer_or_a_reason(chain: list[bytes]) -> None:
    assert isinstance(signer_of(chain, [ROOT]), Signer | NotChecked)
