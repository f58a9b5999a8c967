"""The tables of iptables-legacy of one network namespace, read once for many walks."""

from edgediag.host.netfilter.legacy import LegacyEntries
from edgediag.net.xtables import Placed, open_tables, placed, read_info, read_table


class LegacyReadings:
    """Before each use the kernel is asked where a table's chains begin and how long it is.

    x_tables counts no generations: another answer means another table, which is read anew, and a
    rule or policy that took the place of one as long gives the same answer. So whoever wants the
    tables as they are now begins with new readings.
    """

    def __init__(self) -> None:
        self._read: dict[tuple[str, str], tuple[bytes, LegacyEntries]] = {}

    def placed(self, family: str) -> Placed:
        """What `read_placed` reads, of the moment when it was read first or found changed.

        raises  OSError where not even the list of tables can be read
        """
        return placed(family, self._table)

    def _table(self, family: str, name: str) -> LegacyEntries:
        with open_tables(family) as sock:
            told = read_info(sock, family, name)
        known = self._read.get((family, name))
        if known is None or known[0] != told:
            known = self._read[family, name] = read_table(family, name)
        return known[1]
