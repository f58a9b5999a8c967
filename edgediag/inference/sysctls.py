"""The sysctls that were read, by key."""

from collections.abc import Mapping

from edgediag.model.answer import NotChecked
from edgediag.model.host import HostState


def sysctls_of(host: HostState) -> Mapping[str, str]:
    """The values by key as sysctl(8) writes it; none where they were not read."""
    sysctls = () if isinstance(host.sysctls, NotChecked) else host.sysctls
    return {sysctl.key: sysctl.value for sysctl in sysctls}


def number_of(host: HostState, key: str) -> int | None:
    """A value that is one number, None where it was not read or is of another form."""
    value = sysctls_of(host).get(key, "")
    return int(value) if value.isascii() and value.isdecimal() else None
