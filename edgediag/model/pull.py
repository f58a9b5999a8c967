"""How far the pull of an image gets that a stranger asks for."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from edgediag.model.answer import NotChecked


class PullPart(Enum):
    """What a pull asks for, in this order; a manifest twice where the first is a list of them.

    TOKEN     of the host that the registry names
    MANIFEST  of the registry, with the token
    BLOB      of the registry, which sends its clients on for it or has it itself
    """

    TOKEN = "token"
    MANIFEST = "manifest"
    BLOB = "blob"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullStep:
    """One question of a pull, and the status of HTTP, or why there is none that can be used."""

    part: PullPart
    status: int | NotChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobPlace:
    """Where a registry sends its clients for a blob; what else its URL holds is not kept."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What came of the pull of one image; no blob is fetched, and no token kept.

    image  its reference
    steps  in the order asked; the first that is no success is the last
    blobs  where the blob lies, or why that is not known
    """

    image: str
    steps: tuple[PullStep, ...]
    blobs: BlobPlace | NotChecked


NOT_PULLED: Final = NotChecked(reason="no image was asked for")
