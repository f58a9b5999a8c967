"""Who is asked for a certificate, and what the others that show the same issuer add."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.checked import NO_CERTIFICATE, Checked, is_doubtful
from edgediag.model.certificate import Above, Audience, Chain, Presented
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.reply import Connected, Reply, TlsAnswer, TlsReply
from edgediag.stages.certificates import (
    MAX_SERVERS,
    TOO_MANY,
    ask_for_certificates,
    with_certificates,
)
from rig import RigCertificates, RigWire, rig
from story import (
    HOST,
    NEIGHBOUR_HOST,
    addresses,
    answered,
    flow,
    presented,
    probe,
    registry_says,
    target,
)

SERVED = TlsReply(answer=TlsAnswer.SERVER_HELLO, alert=0, hop_limit=None)
STRANGE = presented("a.example", chain=Chain.UNKNOWN_ISSUER)


def check(
    name: str, *, id_: str = "registry-443", host: str = HOST, said: Reply = SERVED
) -> Checked:
    hello = probe(ProbeKind.TLS_CLIENT_HELLO, on=flow(Protocol.TCP, host=host, port=443))
    row = target(id_, kinds=(hello.kind,), host=name, address=host, port=443)
    return Checked(target=row, attempts=(answered(hello, said),), nobody=())


def asked(
    *checks: Checked, shown: dict[str, Presented] | None = None
) -> tuple[RigCertificates, tuple[Checked, ...]]:
    certificates = RigCertificates(shown=shown or {})
    found = ask_for_certificates(rig(RigWire(), certificates=certificates), checks)
    return certificates, with_certificates(checks, found)


def test_a_server_is_asked_once_whatever_it_is_checked_for() -> None:
    found, checks = asked(
        check("a.example", id_="dockerauth-443"), check("a.example", id_="cs-anony-443")
    )
    (server,) = found.asked
    assert (str(server.address), server.port, server.name) == (HOST, 443, "a.example")
    assert checks[0].certificate == checks[1].certificate != NO_CERTIFICATE


@pytest.mark.parametrize(
    ("name", "audience"), [(HOST, Audience.GATEWAY), ("gateway.example", Audience.OTHER)]
)
def test_ravens_proxy_is_the_clusters_where_it_is_asked_by_its_address(
    name: str, audience: Audience
) -> None:
    found, _ = asked(check(name, id_="raven-proxy-10280"))
    assert [server.audience for server in found.asked] == [audience]


def test_nobody_is_asked_once_the_run_is_interrupted() -> None:
    certificates = RigCertificates()
    bench = rig(RigWire(), is_stopped=lambda: True, certificates=certificates)
    assert ask_for_certificates(bench, [check("a.example")]) == {}
    assert certificates.asked == []


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(Connected(hop_limit=60), id="a port that is open, and no TLS was asked"),
        pytest.param(replace(SERVED, answer=TlsAnswer.ALERT), id="an alert"),
        pytest.param(replace(SERVED, answer=TlsAnswer.NOT_TLS), id="no TLS"),
    ],
)
def test_who_did_not_say_hello_is_not_asked(said: Reply) -> None:
    found, (checked,) = asked(check("a.example", said=said))
    assert (found.asked, checked.certificate) == ([], NO_CERTIFICATE)


@pytest.mark.parametrize(
    ("id_", "audience"),
    [
        ("api-server-6443", Audience.CLUSTER),
        ("raven-proxy-10280", Audience.OTHER),
        ("tunnel-server-10262", Audience.OTHER),
        ("package-source-443", Audience.OTHER),
        ("registry-443", Audience.PUBLIC),
        ("registry-token-443", Audience.PUBLIC),
        ("registry-blob-443", Audience.PUBLIC),
        ("mine-443", Audience.OTHER),
    ],
)
def test_who_signs_for_a_server_follows_from_who_names_it(id_: str, audience: Audience) -> None:
    found, _ = asked(check("a.example", id_=id_))
    assert [server.audience for server in found.asked] == [audience]


def test_a_registry_that_says_it_cannot_serve_must_be_explained() -> None:
    shown = {"a.example": presented("a.example", registry=registry_says(503))}
    found, (checked,) = asked(check("a.example"), shown=shown)
    assert [server.above for server in found.asked] == [Above.REGISTRY]
    assert is_doubtful(checked)


def test_a_registry_is_held_against_who_gives_tokens_by_the_matrix() -> None:
    shown = {"a.example": presented("a.example", registry=registry_says(401, "b.example"))}
    _, (checked, *_) = asked(
        check("a.example"),
        check("b.example", id_="dockerauth-443", host=NEIGHBOUR_HOST),
        check("c.example", id_="cs-anony-443", host="203.0.113.7"),
        shown=shown,
    )
    assert isinstance(checked.certificate, Presented)
    assert checked.certificate.registry == registry_says(401, "b.example", "b.example")
    assert not is_doubtful(checked)


def test_hosts_that_show_the_same_stranger_are_told_of_each_other() -> None:
    _, checks = asked(
        check("a.example"),
        check("b.example", id_="b-443", host=NEIGHBOUR_HOST),
        check("c.example", id_="c-443", host="203.0.113.7"),
        check("d.example", id_="d-443", host="203.0.113.8"),
        shown={
            "a.example": STRANGE,
            "b.example": STRANGE,
            "c.example": presented(
                "c.example", chain=Chain.UNKNOWN_ISSUER, issuer="CN=another one"
            ),
            "d.example": presented("d.example"),
        },
    )
    shown = [one.certificate for one in checks if isinstance(one.certificate, Presented)]
    assert [one.alike for one in shown] == [addresses(NEIGHBOUR_HOST), addresses(HOST), (), ()]
    # The first is of those that everybody trusts, the others are named by the operator.
    good = addresses("203.0.113.8")
    assert [one.vouching for one in shown] == [(), good, good, ()]
    assert [is_doubtful(one) for one in checks] == [True, True, True, False]


def test_only_servers_that_the_same_authorities_sign_for_vouch_for_the_list_of_them() -> None:
    _, (checked, *_) = asked(
        check("a.example", id_="api-server-6443"),
        check("d.example", id_="d-443", host="203.0.113.8"),
        shown={"a.example": STRANGE, "d.example": presented("d.example")},
    )
    assert isinstance(checked.certificate, Presented)
    assert checked.certificate.vouching == ()


def test_more_than_so_many_are_not_asked() -> None:
    first = int(ip_address("198.51.100.1"))
    many = [
        check(f"{n}.example", id_=f"check{n}-443", host=str(ip_address(first + n)))
        for n in range(MAX_SERVERS + 1)
    ]
    found, checks = asked(*many)
    assert len(found.asked) == MAX_SERVERS
    assert checks[-1].certificate == TOO_MANY
