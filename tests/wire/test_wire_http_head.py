"""What a registry's answer says, and that no octets of an answer are more than a value or None."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Challenge, RegistryAnswer
from edgediag.wire.http_head import (
    MAX_HEAD_OCTETS,
    NO_CHALLENGE,
    decode_place,
    decode_registry_answer,
    is_whole,
)
from story import registry_says

REFUSED = b"HTTP/1.1 401 Unauthorized\r\n"
BEARER = b'WWW-Authenticate: Bearer realm="https://tokens.example/auth",service="a:b"\r\n'
ASKS = replace(
    registry_says(401, "tokens.example"), challenge=Challenge(path="/auth", service="a:b")
)


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        pytest.param(REFUSED + BEARER + b"\r\n", ASKS, id="asks"),
        pytest.param(
            REFUSED
            + b"www-authenticate:Basic realm=\"a, Bearer realm=b\", "
            + b'bearer service="x" ,realm = "HTTP://u:p@T.example:8443?a"\r\n\r\n',
            replace(registry_says(401, "t.example"), token_port=8443),
            id="the second scheme of a list, in other letters and without its password",
        ),
        pytest.param(
            REFUSED + b'WWW-Authenticate: Basic realm="https://a.example"\r\n' + BEARER + b"\r\n",
            ASKS,
            id="the second of two fields",
        ),
        pytest.param(
            REFUSED + b'WWW-Authenticate: Bearer realm="tokens"\r\n\r\n',
            registry_says(401),
            id="a realm that is no URL",
        ),
        pytest.param(
            REFUSED + b'WWW-Authenticate: Bearer realm="http://a.example/"\r\n\r\n',
            replace(registry_says(401, "a.example"), token_port=80),
            id="a realm without TLS",
        ),
        pytest.param(
            REFUSED + b'WWW-Authenticate: Bearer realm="https://a.example:99999/"\r\n\r\n',
            registry_says(401),
            id="a port that cannot be",
        ),
        pytest.param(
            REFUSED + b'WWW-Authenticate: Bearer realm="https://a.example:0/"\r\n\r\n',
            registry_says(401),
            id="port 0",
        ),
        pytest.param(
            REFUSED + b'WWW-Authenticate: Bearer realm="https://a\x1b[31m/"\r\n\r\n',
            registry_says(401),
            id="a host with a control character",
        ),
        pytest.param(
            REFUSED + b'WWW-Authenticate: Bearer realm="https://' + b"a" * 254 + b'"\r\n\r\n',
            registry_says(401),
            id="a host longer than a name can be",
        ),
        pytest.param(REFUSED + b"\r\n" + BEARER, registry_says(401), id="a body is no head"),
        pytest.param(REFUSED + BEARER[:-9], registry_says(401), id="cut in a line"),
        pytest.param(
            REFUSED + b"a: " + b"b" * MAX_HEAD_OCTETS + b"\r\n" + BEARER + b"\r\n",
            registry_says(401),
            id="behind where reading ends",
        ),
        pytest.param(b"HTTP/1.1 200\r\n\r\n", registry_says(200), id="a status without a word"),
        pytest.param(b"HTTP/1.1 20", None, id="half a status"),
        pytest.param(b"HTTP/2 200 OK\r\n\r\n", None, id="another version"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_reads_the_status_and_who_gives_tokens(
    octets: bytes, answer: RegistryAnswer | None
) -> None:
    assert decode_registry_answer(octets) == answer


@pytest.mark.parametrize(
    ("challenge", "expected"),
    [
        pytest.param(
            'realm="https://t.example/a?b=c#d",service="s"',
            Challenge(path="/a?b=c", service="s"),
            id="a path with a query, without a fragment",
        ),
        pytest.param('realm="https://t.example"', Challenge(path="/", service=""), id="no path"),
        pytest.param(
            'realm="https://t.example?b=c"', Challenge(path="/?b=c", service=""), id="only a query"
        ),
        pytest.param('realm="http://t.example/a"', NO_CHALLENGE, id="no TLS"),
        pytest.param('realm="https://u:p@t.example/a"', NO_CHALLENGE, id="a user"),
        pytest.param('realm="https://t.example/a b"', NO_CHALLENGE, id="a space in the path"),
        pytest.param('realm="https://t.example/\x7f"', NO_CHALLENGE, id="a control character"),
        pytest.param('realm="https://t.example/' + "a" * 600, NO_CHALLENGE, id="a long path"),
        pytest.param(
            'realm="https://t.example/a",service="\t"', NO_CHALLENGE, id="a service of a tab"
        ),
        pytest.param(
            'realm="https://t.example/a", Basic realm="b", Bearer service="c"',
            Challenge(path="/a", service=""),
            id="a service of another challenge",
        ),
    ],
)
def test_a_challenge_is_kept_that_a_stranger_may_meet(
    challenge: str, expected: Challenge | NotChecked
) -> None:
    head = REFUSED + f"WWW-Authenticate: Bearer {challenge}\r\n\r\n".encode()
    found = decode_registry_answer(head)
    assert found is not None and found.challenge == expected


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://a.example/b?c", ("a.example", 443)),
        ("HTTPS://A.example:8443", ("a.example", 8443)),
        ("http://a.example/", None),
        ("https://u@a.example/", None),
        ("https://a.example:0/", None),
        ("https://[2001:db8::1]/", None),
        ("//a.example/", None),
        ("/path", None),
        ("", None),
    ],
)
def test_a_place_is_one_of_tls_without_a_user(url: str, place: tuple[str, int] | None) -> None:
    assert decode_place(url) == place


@given(st.text(max_size=80))
def test_any_text_is_a_place_or_none(text: str) -> None:
    for url in (text, f"https://{text}"):
        place = decode_place(url)
        assert place is None or len(place[0]) <= 253


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(REFUSED, False, id="a line"),
        pytest.param(REFUSED + b"\r\n", True, id="an empty line"),
        pytest.param(b"a" * MAX_HEAD_OCTETS, True, id="as much as is read"),
    ],
)
def test_a_head_ends(octets: bytes, expected: bool) -> None:
    assert is_whole(octets) is expected


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_octets_are_an_answer_or_none(start: bytes, rest: bytes) -> None:
    assert decode_registry_answer(start + rest) is None or start + rest
    found = decode_registry_answer(REFUSED + b"WWW-Authenticate: " + start + b"\r\n" + rest)
    assert found is not None and len(found.token_host) <= 253
