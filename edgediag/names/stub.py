"""The servers behind a stub resolver of this host, asked directly where the stub does not serve."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from edgediag.discovery.systemd_resolved import STUBS
from edgediag.endpoints.naming import with_check_ids
from edgediag.meaning import is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import ResolverLine
from edgediag.model.endpoint import HostSource, Target
from edgediag.model.outcome import Outcome

UPSTREAM: Final = f"{HostSource.RESOLVER.value}-upstream"
"""The endpoint of a server that a stub forwards to."""


def targets_behind_stub(
    targets: Sequence[Target],
    heard: Mapping[str, Sequence[Outcome]],
    upstreams: tuple[ResolverLine, ...] | NotChecked,
) -> tuple[Target, ...]:
    """A check for each server behind a stub that gave no name an address, in their order.

    Of IPv4 alone: a stub has servers of IPv6 on its list that the host may have no way to, and asks
    the others then.

    heard  what came of everything that was asked of a name server, by its check
    """
    stub = next((target for target in targets if is_stub(target)), None)
    if stub is None or isinstance(upstreams, NotChecked):
        return ()
    if any(map(is_answered_well, heard.get(stub.check, ()))):
        return ()
    known = {target.address for target in targets if target.endpoint == stub.endpoint}
    return with_check_ids(
        replace(
            stub,
            endpoint=UPSTREAM,
            purpose=f"{stub.purpose}, behind the stub resolver",
            host=str(line.address),
            address=line.address,
        )
        for line in upstreams
        if line.address.version == 4 and line.address not in known
    )


def is_stub(target: Target) -> bool:
    """True for the stub of systemd-resolved, as this host asks it."""
    return target.endpoint == HostSource.RESOLVER.value and target.address in STUBS
