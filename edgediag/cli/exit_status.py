"""The exit status that a report asks for."""

from edgediag.cli import ExitStatus
from edgediag.model.report import Report
from edgediag.model.verdict import Status


def exit_status(report: Report) -> ExitStatus:
    """What a run says to the script that started it; an interruption outweighs all it found."""
    found = {check.status for check in report.checks}
    if report.run.is_interrupted:
        return ExitStatus.INTERRUPTED
    if found & {Status.BLOCKED, Status.DEGRADED}:
        return ExitStatus.FAULT_FOUND
    if Status.UNDETERMINED in found:
        return ExitStatus.UNDETERMINED
    return ExitStatus.PASSED
