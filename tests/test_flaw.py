"""What clients find wrong with a certificate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.flaw import Flaw, covers, flaw_of
from edgediag.model.certificate import Chain, Presented
from story import HOST, SEEN_S, YEAR_S, presented

NAME = "cs.example"


@pytest.mark.parametrize(
    ("shown", "host", "flaw"),
    [
        pytest.param(presented(NAME), NAME, None, id="in order"),
        pytest.param(presented(NAME, until_s=SEEN_S), NAME, None, id="its last second"),
        pytest.param(presented(NAME, until_s=SEEN_S - 1), NAME, Flaw.EXPIRED, id="expired"),
        pytest.param(
            presented(NAME, since_s=SEEN_S + 1), NAME, Flaw.NOT_YET_VALID, id="not yet valid"
        ),
        pytest.param(presented("other.example"), NAME, Flaw.OTHER_NAME, id="another name"),
        pytest.param(presented("192.0.2.7"), HOST, Flaw.OTHER_NAME, id="another address"),
        pytest.param(presented(), NAME, None, id="no name at all: old clients take the subject"),
        pytest.param(
            presented("other.example", chain=Chain.NOT_CHECKED),
            NAME,
            None,
            id="another name, and its signers are not known: nor is what clients ask for",
        ),
        pytest.param(
            presented(NAME, chain=Chain.NOT_CHECKED, until_s=SEEN_S - 1),
            NAME,
            Flaw.EXPIRED,
            id="dates are dates, whoever signed them",
        ),
        pytest.param(
            presented("other.example", chain=Chain.UNKNOWN_ISSUER, until_s=SEEN_S - YEAR_S),
            NAME,
            Flaw.UNKNOWN_ISSUER,
            id="a stranger may have written all the rest",
        ),
    ],
)
def test_the_first_flaw_is_told(shown: Presented, host: str, flaw: Flaw | None) -> None:
    assert flaw_of(shown, host) is flaw


@pytest.mark.parametrize(
    ("name", "host", "is_covered"),
    [
        ("cs.example", "cs.example", True),
        ("CS.example.", "cs.EXAMPLE", True),
        ("cs.example", "cs.example.", True),
        ("*.example", "cs.example", True),
        ("*.example", "a.cs.example", False),
        ("*.example", "example", False),
        ("*", "example", False),
        ("c*.example", "cs.example", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("2001:db8::1", "2001:db8:0::1", True),
        ("*.0.2.1", "192.0.2.1", False),
        ("", "", True),
    ],
)
def test_a_name_covers_a_host(name: str, host: str, is_covered: bool) -> None:
    assert covers(presented(name).certificate, host) is is_covered


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_text_is_an_exception(name: str, host: str) -> None:
    assert covers(presented(name).certificate, host) in (True, False)
