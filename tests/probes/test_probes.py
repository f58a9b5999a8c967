"""The registry: every kind has one codec, and every codec is listed."""

from pathlib import Path

import pytest

import edgediag.probes
from edgediag.model.endpoint import ProbeKind
from edgediag.probes import PACKET_CODECS, STREAM_CODECS, packet_codec, stream_codec

PACKET_KINDS = [codec.kind for codec in PACKET_CODECS]
STREAM_KINDS = [codec.kind for codec in STREAM_CODECS]


def test_every_kind_has_exactly_one_codec() -> None:
    kinds = [kind.value for kind in (*PACKET_KINDS, *STREAM_KINDS)]
    assert sorted(kinds) == sorted(kind.value for kind in ProbeKind)


@pytest.mark.parametrize("kind", ProbeKind, ids=lambda kind: str(kind.value))
def test_every_kind_has_a_module_of_its_name(kind: ProbeKind) -> None:
    folder = Path(edgediag.probes.__file__).parent
    assert (folder / f"{kind.value.replace('-', '_')}.py").is_file()


@pytest.mark.parametrize("kind", PACKET_KINDS, ids=lambda kind: str(kind.value))
def test_finds_the_codec_of_a_kind_of_packet(kind: ProbeKind) -> None:
    assert (packet_codec(kind).kind, stream_codec(kind)) == (kind, None)


@pytest.mark.parametrize("kind", STREAM_KINDS, ids=lambda kind: str(kind.value))
def test_finds_the_codec_of_a_kind_of_stream(kind: ProbeKind) -> None:
    codec = stream_codec(kind)
    assert codec is not None
    assert codec.kind == kind


@pytest.mark.parametrize("kind", STREAM_KINDS, ids=lambda kind: str(kind.value))
def test_a_kind_of_stream_is_no_packet(kind: ProbeKind) -> None:
    with pytest.raises(KeyError):
        packet_codec(kind)
