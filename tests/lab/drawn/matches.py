"""What a rule looks at in a packet, and the checks whose packets it finds so."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address, ip_network
from random import Random

from tests.lab.drawn.networks import Row


class Way(Enum):
    """Which packets of a flow: those to its host, or those from it; by the letter of that end."""

    OUT = "d"
    BACK = "s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Conditions on the far end of a flow, all of which must hold.

    protocol  "" for any
    prefix    of its address, "" for any
    ports     the first and the last, None for any
    """

    protocol: str = ""
    prefix: str = ""
    ports: tuple[int, int] | None = None

    @property
    def host(self) -> str:
        """The address, where it is only one; else ""."""
        is_one = bool(self.prefix) and ip_network(self.prefix).num_addresses == 1
        return self.prefix.partition("/")[0] if is_one else ""

    @property
    def port(self) -> int:
        """The port, where it is only one; else 0."""
        return self.ports[0] if self.ports and self.ports[0] == self.ports[1] else 0

    def finds(self, row: Row) -> bool:
        """Whether all conditions hold of the check's flow."""
        return (
            self.protocol in ("", row.protocol)
            and (not self.prefix or ip_address(row.address) in ip_network(self.prefix))
            and (not self.ports or self.ports[0] <= row.port <= self.ports[1])
        )

    def span(self, mark: str) -> str:
        """The ports as tools write them, with the mark between first and last."""
        first, last = self.ports or (0, 65535)
        return str(first) if first == last else f"{first}{mark}{last}"


def touched(match: Match, rows: Sequence[Row]) -> tuple[str, ...]:
    """The checks that the match finds, in the order of the rows: each of them, and no other.

    Holds for whatever looks at nothing but the far end's address, protocol and port, because the
    tool's own packets have these as the checks' clients have them.
    """
    return tuple(row.check for row in rows if match.finds(row))


def draw_match(dice: Random, rows: Sequence[Row]) -> Match:
    """A match that finds one check at least."""
    row = dice.choice(rows)
    host = str(ip_network(row.address))
    port = (row.port, row.port)
    around = (row.port - dice.randrange(20), row.port + dice.randrange(1, 20))
    return dice.choice(
        (
            *(Match(protocol=row.protocol, ports=port),) * 2,
            *(Match(protocol=row.protocol, prefix=host, ports=port),) * 2,
            Match(protocol=row.protocol, prefix=network_around(dice, row), ports=port),
            Match(protocol=row.protocol, ports=around),
            Match(protocol=row.protocol, prefix=host),
            Match(prefix=host),
        )
    )


def draw_service(dice: Random, rows: Sequence[Row], protocol: str = "") -> Match:
    """A match on one port, of one host or of all."""
    row = dice.choice([row for row in rows if protocol in ("", row.protocol)])
    prefix = str(ip_network(row.address)) if dice.random() < 0.6 else ""
    return Match(protocol=row.protocol, prefix=prefix, ports=(row.port, row.port))


def network_around(dice: Random, row: Row) -> str:
    """A prefix of four to 32 addresses with the check's host in it."""
    length = ip_address(row.address).max_prefixlen - dice.randrange(2, 6)
    return str(ip_network(f"{row.address}/{length}", strict=False))
