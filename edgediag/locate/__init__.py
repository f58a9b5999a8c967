"""From what failed to what must be asked next: whom to suspect, what to walk, beside which control.

A flow that never left this host, or whose answer was seen but not delivered, is looked for on this
host. Every other failing flow is walked hop by hop beside a flow that works.
"""
