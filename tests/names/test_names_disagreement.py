"""When two name servers cannot both be right for this host."""

from ipaddress import ip_address

import pytest

from edgediag.inside import is_inside
from edgediag.model.endpoint import ProbeKind
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Purpose
from edgediag.model.reply import DnsReply
from edgediag.names.addresses import resolved
from edgediag.names.disagreement import Word, disagrees, words_of
from story import addresses, answered, probe, unanswered

QUERY = probe(ProbeKind.DNS, purpose=Purpose.RESOLVE, name="oss.example")


def said(*texts: str, rcode: int = 0) -> Outcome:
    """A server's answer."""
    reply = DnsReply(rcode=rcode, addresses=addresses(*texts), is_truncated=False, hop_limit=60)
    return answered(QUERY, reply)


def word(*texts: str) -> Word:
    """What a server says for good."""
    return Word(outcome=said(*texts), addresses=addresses(*texts))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.77.0.10", True),
        ("172.31.255.255", True),
        ("172.32.0.0", False),
        ("192.168.50.1", True),
        ("100.64.0.0", True),
        ("100.128.0.0", False),
        ("198.51.100.7", False),
        ("fd00::1", True),
        ("2001:db8::1", False),
    ],
)
def test_an_address_is_of_one_network_alone_or_public(text: str, expected: bool) -> None:
    assert is_inside(ip_address(text)) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(word(), word("198.51.100.7"), True, id="one denies the name"),
        pytest.param(word("10.0.0.1"), word("198.51.100.7"), True, id="one leads inside"),
        pytest.param(
            word("198.51.100.7"), word("203.0.113.7"), False, id="a service with many addresses"
        ),
        pytest.param(
            word("10.0.0.1", "198.51.100.7"), word("198.51.100.7"), False, id="one public suffices"
        ),
        pytest.param(word("10.0.0.1"), word("100.64.0.1"), False, id="both lead inside"),
        pytest.param(word(), word(), False, id="both deny it"),
    ],
)
def test_two_words_disagree(one: Word, other: Word, expected: bool) -> None:
    assert (disagrees(one, other), disagrees(other, one)) == (expected, expected)


def test_who_fails_or_is_silent_has_no_say() -> None:
    queries = (said(rcode=2), unanswered(QUERY), said(rcode=3), said("198.51.100.7"))
    assert [one.addresses for one in words_of(queries)] == [(), addresses("198.51.100.7")]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param(
            (said("10.0.0.1"), said("198.51.100.7")),
            ("10.0.0.1", "198.51.100.7"),
            id="what leads inside is asked beside what is public",
        ),
        pytest.param(
            (said("198.51.100.7"), said("10.0.0.1")), ("198.51.100.7",), id="the first is public"
        ),
        pytest.param(
            (said("198.51.100.7"), said("203.0.113.7")), ("198.51.100.7",), id="both are public"
        ),
        pytest.param((said("10.0.0.1"), said("10.0.0.2")), ("10.0.0.1",), id="both lead inside"),
        pytest.param(
            (said("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"), said("198.51.100.7")),
            ("10.0.0.1", "10.0.0.2", "198.51.100.7"),
            id="no more than are checked",
        ),
    ],
)
def test_which_addresses_of_a_name_are_checked(
    outcomes: tuple[Outcome, ...], expected: tuple[str, ...]
) -> None:
    assert resolved(outcomes) == {"oss.example": addresses(*expected)}
