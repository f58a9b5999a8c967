"""Waiting on one descriptor, whatever its number: select(2) takes none from 1024 on."""

import select


def is_readable(descriptor: int, timeout_s: float) -> bool:
    """Whether something can be read within the time.

    timeout_s  0.0 or less for what waits already
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0.0, timeout_s) * 1000))
