"""What one place of one source says of the cluster, and where two of them differ."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One fact as one place states it.

    name       the fact's name: "region", "api-server", "raven-proxy", ...
    node       the node it is about, "" for the cluster and for this very node
    path       the file, or the option or config file that the operator used
    where      the place in it: "--server-addr", "status.activeEndpoints[0]"; "" for all of it
    written_s  when it was written, in seconds since the epoch; None where nothing says so
    """

    name: str
    node: str
    value: str
    path: str
    where: str
    written_s: float | None

    @property
    def source(self) -> str:
        """Path and place in one text, as a Fact carries it."""
        return f"{self.path}: {self.where}" if self.where else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two sources that say different things; the stronger one holds."""

    kept: Statement
    other: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that could not be read or used.

    is_missing  there simply is no such file: of interest only to who asks where facts are from
    refused     the kubeconfig whose client certificate a server does not take for anybody's
    """

    reason: str
    is_missing: bool
    refused: str = ""
