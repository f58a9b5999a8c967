"""A container image by the name that a node pulls it by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The parts of an image's reference.

    registry    host of the registry, with its port where the reference states one
    repository  such as "acs/pause"
    reference   a tag, or a digest such as "sha256:…"
    """

    registry: str
    repository: str
    reference: str

    @property
    def text(self) -> str:
        """All of it, as it stands in a configuration."""
        separator = "@" if ":" in self.reference else ":"
        return f"{self.registry}/{self.repository}{separator}{self.reference}"
