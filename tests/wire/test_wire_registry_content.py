"""Tokens and manifests, and that no octets are more than a value or None."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.wire.registry_content import Pointer, decode_pointer, decode_token

ONE, TWO = (f"sha256:{digit * 64}" for digit in "12")


@pytest.mark.parametrize(
    ("document", "token"),
    [
        pytest.param({"token": "a.b-c_d=="}, "a.b-c_d==", id="a token"),
        pytest.param({"access_token": "abc"}, "abc", id="by its other name"),
        pytest.param({"token": "", "access_token": "abc"}, "abc", id="an empty one beside another"),
        pytest.param({"token": "a\r\nHost: b"}, None, id="one that would be another field"),
        pytest.param({"token": "a b"}, None, id="a space"),
        pytest.param({"token": "a" * 20_000}, None, id="longer than any"),
        pytest.param({"token": 1}, None, id="a number"),
        pytest.param(["token"], None, id="a list"),
    ],
)
def test_a_token_is_read(document: object, token: str | None) -> None:
    assert decode_token(json.dumps(document).encode()) == token


def platform(digest: str, architecture: str, system: str = "linux") -> dict[str, object]:
    return {"digest": digest, "platform": {"os": system, "architecture": architecture}}


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        pytest.param(
            {"manifests": [platform(ONE, "amd64", "windows"), platform(TWO, "amd64")]},
            Pointer(digest=TWO, is_manifest=True),
            id="this platform's of a list",
        ),
        pytest.param(
            {"manifests": [platform(ONE, "riscv64")]},
            Pointer(digest=ONE, is_manifest=True),
            id="the first of a list without this platform",
        ),
        pytest.param(
            {"config": {"digest": ONE}, "layers": [{"digest": TWO}]},
            Pointer(digest=TWO, is_manifest=False),
            id="the first layer",
        ),
        pytest.param(
            {"config": {"digest": ONE}, "layers": []},
            Pointer(digest=ONE, is_manifest=False),
            id="an image without a layer",
        ),
        pytest.param({"layers": [{"digest": "sha256:../x"}]}, None, id="no digest"),
        pytest.param({"schemaVersion": 1, "fsLayers": [{"blobSum": ONE}]}, None, id="an old one"),
        pytest.param("manifests", None, id="a text"),
    ],
)
def test_a_manifest_leads_on(document: object, pointer: Pointer | None) -> None:
    assert decode_pointer(json.dumps(document).encode(), "amd64") == pointer


@given(st.binary(max_size=200))
def test_any_octets_are_a_value_or_none(octets: bytes) -> None:
    assert decode_token(octets) is None or octets
    assert decode_pointer(octets, "amd64") is None or octets
