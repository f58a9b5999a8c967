"""The rule that `edgediag explain --why-not` names, in the words of nft or of iptables."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgediag.errors import CannotRunError, UsageError
from edgediag.host.netfilter.chains import Backend, ChainName
from edgediag.host.netfilter.register import Names
from edgediag.host.netfilter.rule import FAMILY_NUMBERS, FilterRule
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.journal import Journal, Watched
from edgediag.host.walk.why_not import Reason, why_not
from edgediag.model.answer import NotChecked
from edgediag.net.rule_tables import names_in
from edgediag.net.walk_answers import rules_of
from edgediag.report.why_not import why_not_object, why_not_text

_FAMILIES = {4: "ip", 6: "ip6"}
_BACKENDS = {backend.value: backend for backend in Backend}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A rule that is there, and what it holds by number; `words` as it was asked for."""

    words: str
    watched: Watched
    names: Names

    def text(self, journal: Journal, courses: Sequence[Course]) -> str:
        """The answer for a person."""
        return why_not_text(self.words, self._reasons(journal, courses), self.names)

    def document(self, journal: Journal, courses: Sequence[Course]) -> dict[str, object]:
        """The answer for a program."""
        return why_not_object(self.words, self._reasons(journal, courses), self.names)

    def _reasons(self, journal: Journal, courses: Sequence[Course]) -> tuple[Reason, ...]:
        return why_not(journal, courses, self.watched.chain)


def question(text: str, version: int) -> Question:
    """The rule by `FAMILY TABLE CHAIN HANDLE`, or by `[BACKEND:]TABLE CHAIN NUMBER` of iptables.

    version  of IP: iptables has tables for each; `legacy:arp TABLE CHAIN NUMBER` is of arptables
    raises   UsageError where the words name no rule that is there
    """
    watched = _watched(text, _FAMILIES[version])
    try:
        chain = rules_of(watched.chain)
        if isinstance(chain, NotChecked):
            raise UsageError(f"--why-not {text}: {chain.reason}")
        rule = _found(watched, chain.rules)
        if rule is None:
            rules = len(chain.rules)
            raise UsageError(f"--why-not {text}: no such rule; the chain has {rules}")
        return Question(words=text, watched=watched, names=names_in(rule))
    except OSError as exc:
        raise CannotRunError(f"cannot read the packet filters: {exc.strerror}") from exc


def _watched(text: str, of_iptables: str) -> Watched:
    prefix, colon, rest = text.partition(":")
    backend = _BACKENDS.get(prefix) if colon else Backend.NFT
    words = (rest if colon else text).split()
    if backend is None or len(words) not in (3, 4) or not words[-1].isdecimal():
        raise UsageError(
            f"--why-not {text} is neither FAMILY TABLE CHAIN HANDLE nor TABLE CHAIN NUMBER"
        )
    is_whole = len(words) == 4
    is_nft = is_whole and backend is Backend.NFT
    family, table, chain, place = words if is_whole else (of_iptables, *words)
    if family not in FAMILY_NUMBERS:
        raise UsageError(f"--why-not {text}: no family is called {family}")
    return Watched(
        chain=ChainName(backend=backend, family=family, table=table, chain=chain),
        number=None if is_nft else int(place),
        handle=int(place) if is_nft else None,
    )


def _found(watched: Watched, rules: Sequence[FilterRule]) -> FilterRule | None:
    for number, rule in enumerate(rules, start=1):
        if number == watched.number or rule.handle == watched.handle:
            return rule
    return None
