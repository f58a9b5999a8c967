"""What a short answer of HTTP says, and that no octets of one are more than a value or None."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.wire.http_answer import MAX_ANSWER_OCTETS, MAX_TEXT, decode_answer

OK = b"HTTP/1.0 200 OK\r\n"


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        pytest.param(OK + b"Content-Type: text/plain\r\n\r\nOK", (200, "OK"), id="whole"),
        pytest.param(
            b"HTTP/1.1 500 \r\n\r\n could not ready\nat 7", (500, "could not ready"), id="a line"
        ),
        pytest.param(OK + b"\r\n", (200, ""), id="no text"),
        pytest.param(OK + b"a: b", (200, ""), id="cut in the head"),
        pytest.param(OK + b"\r\n" + b"a" * 5000, (200, "a" * MAX_TEXT), id="long"),
        pytest.param(OK + b"\r\n\xff\x1b[31m", (200, "\ufffd\x1b[31m"), id="no text at all"),
        pytest.param(b"SSH-2.0-x\r\n\r\nOK", None, id="another protocol"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_reads_the_status_and_how_the_text_begins(
    octets: bytes, answer: tuple[int, str] | None
) -> None:
    assert decode_answer(octets) == answer


@given(
    octets=st.binary(max_size=MAX_ANSWER_OCTETS + 8),
    head=st.sampled_from([b"", OK, OK + b"\r\n"]),
)
def test_any_octets_are_a_bounded_value_or_none(octets: bytes, head: bytes) -> None:
    answer = decode_answer(head + octets)
    assert answer is None or len(answer[1]) <= MAX_TEXT
