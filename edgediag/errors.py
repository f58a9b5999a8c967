"""Exceptions for our own inability only: nothing that the network does is an exception.

Every message says what was being done, to what, what happened and what to do about it.
"""


class EdgediagError(Exception):
    """Anything that keeps edgediag itself from doing its work."""


class UsageError(EdgediagError):
    """What the caller gave cannot be used; exit status 2."""


class CannotRunError(EdgediagError):
    """Privilege, kernel or environment forbid the work; exit status 4."""
