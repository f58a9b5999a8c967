"""Responses with their content, and that no octets are more than a value or None."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.wire.http_message import MAX_CONTENT_OCTETS, Message, decode_message

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("octets", "content", "is_whole"),
    [
        pytest.param(OK + b"Content-Length: 3\r\n\r\nabcd", b"abc", True, id="a length"),
        pytest.param(OK + b"Content-Length: 3\r\n\r\nab", b"ab", False, id="less than a length"),
        pytest.param(OK + b"Content-Length: 0\r\n\r\n", b"", True, id="nothing"),
        pytest.param(OK + b"\r\nabc", b"abc", False, id="until the connection ends"),
        pytest.param(OK + b"Content-Length: -3\r\n\r\nabc", b"abc", False, id="a bad length"),
        pytest.param(
            OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nabc",
            b"abc",
            False,
            id="two lengths",
        ),
        pytest.param(CHUNKED + b"3;a=b\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", b"abcd", True, id="chunks"),
        pytest.param(CHUNKED + b"3\r\nabc\r\n1\r\n", b"abc", False, id="half of the chunks"),
        pytest.param(CHUNKED + b"x\r\nabc\r\n", b"", False, id="a chunk without a size"),
        pytest.param(
            OK + b"\r\n" + b"a" * (MAX_CONTENT_OCTETS + 1),
            b"a" * MAX_CONTENT_OCTETS,
            True,
            id="more than is read",
        ),
    ],
)
def test_content_is_read(octets: bytes, content: bytes, is_whole: bool) -> None:
    message = decode_message(octets)
    assert message is not None
    assert (message.content, message.is_whole) == (content, is_whole)


def test_fields_have_their_names_in_lower_case_and_one_value() -> None:
    message = decode_message(OK + b"Location:  https://a.example/ \r\nA: 1\r\na: 2\r\n\r\n")
    assert message == Message(
        status=200,
        fields=(("location", "https://a.example/"), ("a", "1"), ("a", "2")),
        content=b"",
        is_whole=False,
    )
    assert [message.field(name) for name in ("location", "a", "b")] == [
        "https://a.example/", "", ""
    ]


@pytest.mark.parametrize("octets", [b"", OK, b"SSH-2.0\r\n\r\n", OK + b"a" * 20_000 + b"\r\n\r\n"])
def test_what_has_no_head_is_none(octets: bytes) -> None:
    assert decode_message(octets) is None


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_octets_are_a_message_or_none(head: bytes, rest: bytes) -> None:
    for octets in (head + rest, OK + head + b"\r\n\r\n" + rest, CHUNKED + rest):
        message = decode_message(octets)
        assert message is None or len(message.content) <= len(octets)
