"""A rehearsal in words and as JSON."""

from typing import Final

from edgediag.compat import assert_never
from edgediag.host.netfilter.chains import Backend
from edgediag.model.answer import Answer, NotChecked
from edgediag.model.rehearsal import (
    Decider,
    FixFailed,
    RehearsalAnswer,
    Rehearsed,
    Sent,
    Walked,
)
from edgediag.report.escape import escaped

_WORDS: Final = {Answer.YES: "yes", Answer.NO: "no", Answer.NOT_CHECKED: "undetermined"}
_MOST_LINES: Final = 12


def rehearsal_text(answer: RehearsalAnswer) -> str:
    """The fixes, what becomes of the packet before and after them, and what that rests on."""
    return "".join(f"{escaped(line)}\n" for line in _lines(answer))


def rehearsal_object(answer: RehearsalAnswer) -> dict[str, object]:
    """What an explanation holds in its member `rehearsal`."""
    match answer:
        case Rehearsed():
            return {
                "status": "rehearsed",
                "fixes": [escaped(fix) for fix in answer.fixes],
                "before": _walked_object(answer.before),
                "after": _walked_object(answer.after),
                "flips": _WORDS[answer.flips],
                "sent_before": _sent_object(answer.sent_before),
                "sent_after": _sent_object(answer.sent_after),
                "not_copied": [escaped(what) for what in answer.not_copied],
            }
        case FixFailed():
            return {
                "status": "fix-failed",
                "fix": escaped(answer.fix),
                "exit_status": answer.status,
                "said": escaped(answer.said),
            }
        case NotChecked():
            return {"status": "not-checked", "reason": escaped(answer.reason)}
        case _:
            assert_never(answer)


def _lines(answer: RehearsalAnswer) -> list[str]:
    match answer:
        case Rehearsed():
            return [
                "rehearsed in a copy of this host's network, which is gone:",
                f"  before: {_walked(answer.before)}{_sent(answer.sent_before)}",
                *(f"  fix: {fix}" for fix in answer.fixes),
                f"  after: {_walked(answer.after)}{_sent(answer.sent_after)}",
                f"  flips: {_WORDS[answer.flips]}",
                f"not copied: {', '.join(answer.not_copied)}",
            ]
        case FixFailed():
            head = f"the fix fails in a copy of this host's network: {answer.fix}"
            said = (f"  {line}" for line in answer.said.splitlines()[:_MOST_LINES])
            return [head, f"  exit status {answer.status}", *said]
        case NotChecked():
            return [f"not rehearsed: {answer.reason}"]
        case _:
            assert_never(answer)


def _walked(found: Walked) -> str:
    if found.deciders:
        waits = "; it waits for its next hop's MAC" if found.is_waiting else ""
        by = "; or by ".join(map(_decided, found.deciders))
        return f"{found.disposition.value} by {by}{waits}"
    hangs = f"; hangs on {', '.join(found.hangs_on)}" if found.hangs_on else ""
    return f"{found.disposition.value}{hangs}"


def _decided(decider: Decider) -> str:
    backend = decider.backend if decider.backend == Backend.LEGACY.value else ""
    words = (backend, decider.family, decider.table, decider.chain)
    place = " ".join(word for word in words if word)
    number = f" rule {decider.number}" if decider.number else ""
    handle = f" (handle {decider.handle})" if decider.handle else ""
    head = f"{decider.hook}: {place}" if place else decider.hook
    return f"{head}{number}{handle}: {decider.text}"


def _sent(sent: Sent | NotChecked) -> str:
    if isinstance(sent, NotChecked):
        return f" (not sent: {sent.reason})"
    by = f" by {sent.by}" if sent.by else ""
    return f" (the kernel's trace: {'sent' if sent.is_passed else 'stopped'}{by})"


def _walked_object(found: Walked) -> dict[str, object]:
    return {
        "disposition": found.disposition.value,
        "deciders": [
            {
                "hook": each.hook,
                "backend": each.backend or None,
                "family": each.family or None,
                "table": escaped(each.table) or None,
                "chain": escaped(each.chain) or None,
                "handle": each.handle,
                "number": each.number or None,
                "text": escaped(each.text),
            }
            for each in found.deciders
        ],
        "hangs_on": [escaped(reason) for reason in found.hangs_on],
    }


def _sent_object(sent: Sent | NotChecked) -> dict[str, object]:
    if isinstance(sent, NotChecked):
        return {"status": "not-checked", "reason": escaped(sent.reason)}
    return {"status": "passed" if sent.is_passed else "stopped", "by": escaped(sent.by) or None}
