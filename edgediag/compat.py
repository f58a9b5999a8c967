"""What newer Pythons carry in their standard library, for the oldest one supported (3.10)."""

import sys

if sys.version_info >= (3, 11):
    from typing import assert_never
else:
    from typing_extensions import assert_never

__all__ = ["assert_never"]
