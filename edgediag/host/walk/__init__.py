"""The walk of one packet through this host's rule sets, in thought: nothing is sent.

A condition that cannot be decided has both outcomes, and what hangs on it says so.
"""
