"""What a real server is told: its files, its command line, its orders."""

import os
from pathlib import Path

import pytest

from edgediag.lab.certificates import Certificate
from edgediag.lab.daemons import place, wireguard
from edgediag.lab.daemons.catalog import DAEMONS
from edgediag.lab.daemons.daemon import Order, Site
from edgediag.lab.services.catalog import ZONE, service_of

FOLDER = Path("/lab/ike")
WHACK = ("/usr/libexec/ipsec/whack", "--ctlsocket", "/lab/ike/pluto.ctl")


def site(node: str = "cloud", variant: str = "") -> Site:
    files = {"authority": Path("/c/a"), "chain": Path("/c/c"), "key": Path("/c/k")}
    certificate = Certificate(**files, faulty={})
    return Site(node=node, variant=variant, folder=FOLDER, certificate=certificate)


def text(program: str, name: str, where: Site) -> str:
    return DAEMONS[program].texts(where)[name]


def lines(program: str, name: str, where: Site) -> list[str]:
    return [line.strip() for line in text(program, name, where).splitlines()]


@pytest.mark.parametrize("program", DAEMONS)
def test_a_daemon_stands_in_for_services_that_there_are(program: str) -> None:
    daemon = DAEMONS[program]
    unknown = [
        name
        for node, names in daemon.services.items()
        for name in names
        if service_of(node, name) is None
    ]
    assert (daemon.program, unknown, daemon.variants[0]) == (program, [], "")


@pytest.mark.parametrize("program", DAEMONS)
def test_a_daemon_s_files_are_named_in_its_folder_alone(program: str) -> None:
    daemon = DAEMONS[program]
    names = [name for node in daemon.services for name in daemon.texts(site(node))]
    assert [name for name in names if os.path.basename(name) != name] == []


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        pytest.param(
            "cloud",
            {
                "local_addrs = 198.51.100.21",
                "remote_addrs = %any",
                "local_ts = 10.244.0.0/24",
                "remote_ts = 10.244.1.0/24",
                "id = cloud.lab.example",
            },
            id="the gateway takes anybody",
        ),
        pytest.param(
            "edge",
            {
                "local_addrs = 192.168.50.10",
                "remote_addrs = 198.51.100.21",
                "local_ts = 10.244.1.0/24",
                "remote_ts = 10.244.0.0/24",
                "id = edge.lab.example",
            },
            id="the edge node dials the gateway",
        ),
    ],
)
def test_charon_s_two_ends_mirror_each_other(node: str, expected: set[str]) -> None:
    assert expected - set(lines("charon", "swanctl.conf", site(node))) == set()


def test_charon_asks_the_user_space_kernel_first() -> None:
    load = next(
        line for line in lines("charon", "strongswan.conf", site()) if line.startswith("load")
    )
    plugins = load.split()
    assert plugins.index("kernel-libipsec") < plugins.index("kernel-netlink")


def test_a_wrong_secret_is_another_secret() -> None:
    right, wrong = (
        [line for line in lines("charon", "swanctl.conf", site(variant=variant)) if "secret =" in
         line]
        for variant in ("", "wrong-psk")
    )
    assert right != wrong


@pytest.mark.parametrize(
    ("node", "variant", "verbs"),
    [
        pytest.param("cloud", "", [("--load-all", False)], id="the gateway waits"),
        pytest.param(
            "edge",
            "",
            [("--load-all", False), ("--initiate", True)],
            id="the edge node asks, and may be refused",
        ),
        pytest.param("cloud", "no-connection", [], id="a gateway without a connection"),
    ],
)
def test_charon_gets_its_orders(node: str, variant: str, verbs: list[tuple[str, bool]]) -> None:
    orders = DAEMONS["charon"].orders(site(node, variant))
    assert [(order.argv[4], order.may_fail) for order in orders] == verbs


@pytest.mark.parametrize(
    ("node", "variant", "words"),
    [
        pytest.param("cloud", "", set(), id="the gateway waits to be asked"),
        pytest.param("edge", "no-connection", set(), id="who has no connection asks for none"),
        pytest.param("edge", "wrong-psk", {"sleep 5", "--list-sas", "--initiate"}, id="again"),
        pytest.param(
            "edge", "busy", {"ping", "10.244.1.1", "10.244.0.1", "10.244.0.2"}, id="it is used"
        ),
    ],
)
def test_what_runs_beside_charon(node: str, variant: str, words: set[str]) -> None:
    command = " ".join(DAEMONS["charon"].companion(site(node, variant)))
    assert {word for word in words if word in command} == words
    assert bool(command) is bool(words)


def test_another_proposal_is_proposed_by_one_end_alone() -> None:
    proposed = [
        line
        for variant in ("", "other-proposal")
        for line in lines("charon", "swanctl.conf", site("edge", variant))
        if line.startswith("proposals")
    ]
    assert proposed == [
        "proposals = aes128-sha256-modp2048", "proposals = aes192-sha384-modp3072"
    ]


def test_the_edge_node_s_charon_never_gives_up_and_repeats_as_pluto_does() -> None:
    edge = site("edge")
    paces = [line for line in lines("charon", "strongswan.conf", edge) if "retransmit" in line]
    tries = [line for line in lines("charon", "swanctl.conf", edge) if "keyingtries" in line]
    assert (paces, tries) == (
        ["retransmit_timeout = 0.5", "retransmit_base = 2", "retransmit_tries = 7"],
        ["keyingtries = 0"],
    )


def test_charon_reads_nothing_of_the_machine_s_own() -> None:
    assert DAEMONS["charon"].command(site()) == (
        "env",
        "STRONGSWAN_CONF=/lab/ike/strongswan.conf",
        "/usr/sbin/charon-systemd",
    )


def test_pluto_s_secret_is_for_everybody() -> None:
    assert text("pluto", "raven.secrets", site()).startswith('%any %any : PSK "')


def test_pluto_s_connection_is_told_in_raven_s_words() -> None:
    (connection, listen) = DAEMONS["pluto"].orders(site())
    words = (
        "--ikev2 --psk --encrypt --forceencaps --name raven "
        "--id @198.51.100.21-10.244.0.0/24-10.244.1.0/24 --host 198.51.100.21 "
        "--client 10.244.0.0/24 --ikeport 4500 "
        "--to --id @192.168.50.10-10.244.1.0/24-10.244.0.0/24 --host %any --client 10.244.1.0/24"
    )
    assert (connection, listen) == (
        Order(argv=(*WHACK, *words.split())),
        Order(argv=(*WHACK, "--listen")),
    )


def test_pluto_without_a_connection_listens_all_the_same() -> None:
    orders = DAEMONS["pluto"].orders(site(variant="no-connection"))
    assert orders == (Order(argv=(*WHACK, "--listen")),)


def test_pluto_becomes_the_process_that_the_lab_has_on_file() -> None:
    shell, option, script = DAEMONS["pluto"].command(site())
    assert (shell, option, " && exec /usr/libexec/ipsec/pluto --nofork " in script) == (
        "sh",
        "-c",
        True,
    )


@pytest.mark.parametrize(
    ("node", "variant", "expected"),
    [
        pytest.param("edge", "", "cloud", id="the edge node believes the gateway"),
        pytest.param("cloud", "", "edge", id="the gateway believes the edge node"),
        pytest.param("cloud", "wrong-key", "nobody", id="or somebody else"),
    ],
)
def test_wireguard_s_two_ends_believe_each_other(node: str, variant: str, expected: str) -> None:
    written = lines("wireguard", "wg.conf", site(node, variant))
    assert f"PrivateKey = {wireguard.KEYS[node][0]}" in written
    assert f"PublicKey = {wireguard.KEYS[expected][1]}" in written
    assert ("Endpoint = 198.51.100.21:4500" in written) == (node == "edge")


def test_wireguard_keeps_its_socket_to_itself() -> None:
    script = DAEMONS["wireguard"].command(site("edge"))[2]
    assert "mount -t tmpfs none /run" in script
    assert script.endswith("exec /usr/bin/wireguard-go -f raven-wg0")
    assert "ip route add 10.244.0.0/24 dev raven-wg0 table 9028" in script


@pytest.mark.parametrize(("node", "word"), [("edge", "ping"), ("cloud", "")])
def test_what_runs_beside_wireguard(node: str, word: str) -> None:
    assert (DAEMONS["wireguard"].companion(site(node)) or ("",))[0] == word


@pytest.mark.parametrize(
    ("variant", "is_synchronised"), [("", True), ("unsynchronised", False)]
)
def test_chronyd_trusts_its_own_clock_or_none(variant: str, is_synchronised: bool) -> None:
    written = lines("chronyd", "chrony.conf", site(variant=variant))
    assert ("local stratum 3" in written) == is_synchronised


def test_chronyd_leaves_the_clock_alone() -> None:
    assert "-x" in DAEMONS["chronyd"].command(site())


def test_dnsmasq_knows_the_whole_zone() -> None:
    written = lines("dnsmasq", "dnsmasq.conf", site())
    records = {f"host-record={name},{address}" for name, address in ZONE.items()}
    assert records - set(written) == set()


def test_nginx_serves_the_lab_s_certificate_where_the_api_server_listens() -> None:
    written = set(lines("nginx", "nginx.conf", site()))
    expected = {
        "listen 198.51.100.10:6443 ssl;",
        "ssl_certificate /c/c;",
        "ssl_certificate_key /c/k;",
        "daemon off;",
    }
    assert expected - written == set()


def put(root: Path, program: str) -> None:
    for file in DAEMONS[program].files:
        path = Path(f"{root}/{program}{file}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.skipif(os.path.exists("/usr/sbin/dnsmasq"), reason="dnsmasq is installed here")
def test_an_unpacked_daemon_is_found_and_a_missing_one_is_not(tmp_path: Path) -> None:
    before = place.find(DAEMONS["dnsmasq"], (tmp_path,))
    put(tmp_path, "dnsmasq")
    after = place.find(DAEMONS["dnsmasq"], (tmp_path / "elsewhere", tmp_path))
    assert (before, after) == (None, place.Place(root=tmp_path / "dnsmasq"))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({"HOME": "/h"}, "/h/.cache/edgediag/daemons", id="below the home folder"),
        pytest.param(
            {"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/edgediag/daemons", id="where XDG says"
        ),
        pytest.param({}, "/.cache/edgediag/daemons", id="without a home folder"),
    ],
)
def test_the_user_s_cache_comes_after_the_system_s(
    environment: dict[str, str], expected: str
) -> None:
    assert place.folders(environment) == (place.SYSTEM_FOLDER, Path(expected))


def test_a_program_that_is_nowhere_is_absent() -> None:
    assert place.absent(("sh", "no-such-program")) == ("no-such-program",)
