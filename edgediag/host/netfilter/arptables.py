"""The words of arptables-save for a rule of arptables-legacy."""

from edgediag.host.netfilter.arp_header import ArpHeader, arp_header_words
from edgediag.host.netfilter.iptables import verdict_option
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Verdict, XtTarget
from edgediag.host.netfilter.xt.words import target_words


def arptables_text(rule: FilterRule) -> str:
    """The rule without its chain: "-j DROP -i eth0 -s 192.0.2.1"; its target's options come last.

    A match is not told: arptables has none, and the kernel asks none.
    """
    head: list[str] = []
    target, options = "", ""
    for expression in rule.expressions:
        match expression:
            case ArpHeader():
                head += arp_header_words(expression)
            case Verdict():
                target = verdict_option(expression)
            case XtTarget():
                words = target_words(expression, rule.family).split(" ", 2)
                target, options = " ".join(words[:2]), " ".join(words[2:])
            case _:
                pass
    return " ".join(word for word in (target, *head, options) if word)
