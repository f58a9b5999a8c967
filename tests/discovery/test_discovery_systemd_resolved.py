"""The servers behind the stub of systemd-resolved, where a plain query meets what it meets."""

from ipaddress import ip_address

import pytest

from edgediag.discovery.systemd_resolved import UPSTREAM_FILE, upstreams_of
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import NO_UPSTREAMS, ResolverLine
from node_files import Files


def line(address: str, path: str = "/etc/resolv.conf") -> ResolverLine:
    """The only line of a file."""
    text = f"nameserver {address}"
    return ResolverLine(address=ip_address(address), path=path, line=1, text=text)


STUB = (line("127.0.0.53"),)
BEHIND = {UPSTREAM_FILE: "nameserver 198.51.100.53\nsearch example.com\n"}
SERVER = (line("198.51.100.53", UPSTREAM_FILE),)
CONF = "/etc/systemd/resolved.conf"
LINK = "/run/systemd/netif/links/2"
TOLD = "/run/systemd/resolve/netif/3"


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        pytest.param(STUB, BEHIND, SERVER, id="the server behind the stub"),
        pytest.param((line("127.0.0.54"),), BEHIND, SERVER, id="behind the other stub"),
        pytest.param(
            STUB,
            {UPSTREAM_FILE: "nameserver 127.0.0.1\n"},
            (),
            id="another stub is nobody's server",
        ),
        pytest.param(STUB, {UPSTREAM_FILE: "# none\n"}, (), id="it knows of no server"),
        pytest.param(
            (line("198.51.100.53"),), BEHIND, NO_UPSTREAMS, id="a host that asks no stub"
        ),
        pytest.param(
            NotChecked(reason="no such file"), BEHIND, NO_UPSTREAMS, id="nobody knows whom it asks"
        ),
        pytest.param(
            STUB, {**BEHIND, CONF: "[Resolve]\nDNSOverTLS=no\n#DNSSEC=yes\n"}, SERVER, id="plain"
        ),
        pytest.param(
            STUB, {**BEHIND, LINK: "DNS_OVER_TLS=no\nDNSSEC=no\n"}, SERVER, id="a plain link"
        ),
        pytest.param(
            STUB,
            {
                **BEHIND,
                CONF: "[Resolve]\nDNSOverTLS=yes\n",
                "/etc/systemd/resolved.conf.d/10.conf": "[Resolve]\nDNSOverTLS=no\n",
            },
            SERVER,
            id="a drop-in outweighs the file",
        ),
    ],
)
def test_who_stands_behind_the_stub(
    lines: tuple[ResolverLine, ...] | NotChecked,
    files: dict[str, str],
    expected: tuple[ResolverLine, ...] | NotChecked,
) -> None:
    assert upstreams_of(lines, Files(files)) == expected


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param({}, f"cannot read {UPSTREAM_FILE}: no such file", id="no file names them"),
        pytest.param(
            {**BEHIND, LINK: "ADMIN_STATE=configured\nDNS_OVER_TLS=opportunistic\n"},
            f"{LINK} sets DNS_OVER_TLS=opportunistic: a plain query does not meet what that meets",
            id="it asks one link's servers over TLS",
        ),
        pytest.param(
            {**BEHIND, TOLD: "LLMNR=yes\nDNSSEC=allow-downgrade\n"},
            f"{TOLD} sets DNSSEC=allow-downgrade: a plain query does not meet what that meets",
            id="it validates what one link's servers say",
        ),
        pytest.param(
            {**BEHIND, CONF: "[Resolve]\nDNSOverTLS=yes\n"},
            f"{CONF} sets DNSOverTLS=yes: a plain query does not meet what that meets",
            id="it asks over TLS",
        ),
        pytest.param(
            {**BEHIND, "/run/systemd/resolved.conf.d/a.conf": "[Resolve]\nDNSSEC=True\n"},
            "/run/systemd/resolved.conf.d/a.conf sets DNSSEC=true: a plain query does not meet "
            "what that meets",
            id="it validates",
        ),
        pytest.param(
            {**BEHIND, CONF: "[Resolve]\nDNSSEC=allow-downgrade\n"},
            f"{CONF} sets DNSSEC=allow-downgrade: a plain query does not meet what that meets",
            id="it validates where it can",
        ),
    ],
)
def test_where_they_cannot_stand_for_the_stub(files: dict[str, str], reason: str) -> None:
    assert upstreams_of(STUB, Files(files)) == NotChecked(reason=reason)
