"""The standard library's reader of TOML, for the oldest Python supported (3.10) as well.

It is no part of `compat`, which every command loads: it takes longer to load than all of that.
"""

import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["tomllib"]
