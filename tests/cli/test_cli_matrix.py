"""`edgediag matrix`, and the fact options that it shares with other commands."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from edgediag.cli.facts_options import facts_options
from edgediag.cli.matrix import command, csv_cell
from edgediag.discovery.given import EXPECTED, Given
from edgediag.errors import UsageError
from node_trees import TREES

ROW_IDS = (
    "kubelet-10250 kubelet-10255 node-exporter-9100 node-exporter-9445 flannel-vxlan-8472"
    " oss-443 oss-80 system-tools package-source cs-anony-443 cs-anony-80 cs-anony-region-443"
    " cs-anony-region-80 api-server-6443 raven-proxy-10280 raven-proxy-10281 raven-proxy-10282"
    " raven-proxy-10283 raven-proxy-10284 raven-tunnel-4500 raven-vxlan-4472"
    " tunnel-server-10262 tunnel-server-10263"
    " dockerauth-443 dockerauth-ee-443 registry-443 ntp-aliyun-123"
    " ntp-cn-pool-123 resolver-53"
).split()
FACTS = (
    *("--region", "cn-hangzhou", "--k8s-version", "v1.26.3-aliyun.1"),
    *("--api-server", "198.51.100.6", "--raven-gateway", "198.51.100.7"),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    etc = tmp_path / "node/etc"
    etc.mkdir(parents=True)
    (etc / "resolv.conf").write_text("nameserver 198.51.100.53\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    return tmp_path / "node"


def matrix(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--root", str(root), *arguments])


def rows(result: Result) -> list[dict[str, Any]]:
    document: dict[str, Any] = json.loads(result.stdout)
    found: list[dict[str, Any]] = document["rows"]
    return found


def test_without_facts_every_row_is_printed(root: Path) -> None:
    result = matrix(root, "--format", "json")
    assert result.exit_code == 0
    assert [row["check"] for row in rows(result)] == ROW_IDS


def test_without_facts_the_region_stays_open(root: Path) -> None:
    result = matrix(root)
    assert "registry-{region}.ack.aliyuncs.com" in result.stdout
    assert "not checked: region is not known; give --region" in result.stdout


def test_the_table_fits_80_columns_and_has_no_colour(root: Path) -> None:
    result = matrix(root, *FACTS)
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in result.stdout
    assert "  aliacs-k8s-cn-hangzhou.oss-cn-hangzhou.aliyuncs.com" in lines
    assert lines[-1] == "does not apply: tunnel-server"


@pytest.mark.parametrize(
    ("arguments", "is_shown"),
    [
        pytest.param((), True, id="all phases by default"),
        pytest.param(("--phase", "install"), True, id="the phase asked for"),
        pytest.param(("--phase", "run"), False, id="not the other phase"),
    ],
)
def test_what_only_the_installation_needs(
    root: Path, arguments: tuple[str, ...], is_shown: bool
) -> None:
    checks = [row["check"] for row in rows(matrix(root, "--json", *FACTS, *arguments))]
    assert ("oss-443" in checks) is is_shown


def test_a_row_as_json(root: Path) -> None:
    row = next(row for row in rows(matrix(root, "--json", *FACTS)) if row["port"] == 4500)
    assert row == {
        "check": "raven-tunnel-4500",
        "direction": "outbound",
        "protocol": "udp",
        "host": "198.51.100.7",
        "port": 4500,
        "phase": ["install", "run"],
        "required": True,
        "purpose": "Raven tunnel (IKE and ESP in UDP)",
        "omitted": None,
    }


def test_json_says_where_its_facts_are_from(root: Path) -> None:
    document = json.loads(matrix(root, "--json", *FACTS).stdout)
    assert document["schema"] == "edgediag.matrix/1"
    assert {"name": "region", "value": "cn-hangzhou", "source": "--region"} in document["facts"]
    assert document["not_applicable"] == ["tunnel-server"]


def test_csv_has_a_header_and_a_line_per_row(root: Path) -> None:
    lines = list(csv.reader(io.StringIO(matrix(root, "--format", "csv").stdout)))
    assert lines[0] == [
        *("check", "direction", "protocol", "host", "port", "phase", "required", "purpose"),
        "omitted",
    ]
    assert [line[0] for line in lines[1:]] == ROW_IDS
    assert lines[1] == [
        *("kubelet-10250", "inbound", "tcp", "this node", "10250", "run", "yes"),
        *("kubelet: logs, exec and metrics", ""),
    ]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        pytest.param("=cmd()", "'=cmd()", id="an equals sign"),
        pytest.param("+1", "'+1", id="a plus"),
        pytest.param("-1", "'-1", id="a minus"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", id="an at sign"),
        pytest.param("a\r\n=b", "a\\x0d\\x0a=b", id="a line end starts no cell"),
        pytest.param("\t=a", "\\x09=a", id="a tab hides no formula"),
        pytest.param("\x1b[31m", "\\x1b[31m", id="an escape sequence"),
        pytest.param("a=b-c@d", "a=b-c@d", id="nothing to neutralise"),
    ],
)
def test_a_csv_cell_is_no_formula_and_has_no_control_characters(text: str, cell: str) -> None:
    assert csv_cell(text) == cell


def test_a_warning_goes_to_standard_error(root: Path) -> None:
    result = matrix(root, "--json", "--region", "cn-atlantis")
    assert result.stderr == (
        "warning: region cn-atlantis is not a known region ID; host names made from it may not"
        " exist\n"
    )
    assert json.loads(result.stdout)["warnings"]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--region", "X"), id="region"),
        pytest.param(("--k8s-version", "new"), id="version"),
        pytest.param(("--api-server", "https://a"), id="API server"),
        pytest.param(("--peer", "node1"), id="peer"),
    ],
)
def test_a_value_that_cannot_be_used_is_a_usage_error(
    root: Path, arguments: tuple[str, str]
) -> None:
    result = matrix(root, *arguments)
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith(f"{arguments[0]}: '{arguments[1]}' is not ")


def test_a_conflict_between_sources_is_told() -> None:
    result = CliRunner().invoke(command, ["--root", str(TREES / "openyurt-systemd/root")])
    assert "warning: api-server: 198.51.100.8:6443 holds (/etc/systemd/" in result.stderr


def test_what_a_member_does_without_is_printed_with_the_reason() -> None:
    result = CliRunner().invoke(
        command, ["--root", str(TREES / "ack-tunnel-member/root"), "--json"]
    )
    [row] = [row for row in rows(result) if row["check"] == "raven-tunnel-4500"]
    assert (row["required"], row["omitted"][:26]) == (False, "not needed on this node: a")


@click.command()
@facts_options
def show(given: Given) -> None:
    """A command with nothing but the fact options."""
    for fact in given.stated:
        click.echo(f"{fact.name}={fact.value} ({fact.source})")
    click.echo(f"root={given.root}")


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        pytest.param("", "root=/\n", id="nothing is stated"),
        pytest.param(
            "--raven-gateway g --raven-tunnel t1 --raven-tunnel t2",
            "raven-tunnel=t1 (--raven-tunnel)\nraven-tunnel=t2 (--raven-tunnel)\n"
            "raven-proxy=g (--raven-gateway)\nroot=/\n",
            id="a gateway is what its parts do not say otherwise",
        ),
        pytest.param(
            "--self-hosted-ntp --tunnel-mode no",
            "self-hosted-ntp=yes (--self-hosted-ntp)\ntunnel-mode=no (--tunnel-mode)\nroot=/\n",
            id="yes and no",
        ),
        pytest.param(
            "--no-self-hosted-ntp",
            "self-hosted-ntp=no (--self-hosted-ntp)\nroot=/\n",
            id="a flag can be taken back",
        ),
    ],
)
def test_options_become_what_is_stated(arguments: str, output: str) -> None:
    assert CliRunner().invoke(show, arguments).output == output


def test_an_option_beats_the_config_file(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('region = "cn-beijing"\nself-hosted-ntp = true\n')
    arguments = ["--config", str(path), "--region", "cn-hangzhou", "--no-self-hosted-ntp"]
    assert CliRunner().invoke(show, arguments).output == (
        "region=cn-hangzhou (--region)\nself-hosted-ntp=no (--self-hosted-ntp)\nroot=/\n"
    )


def test_what_only_the_config_file_states_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('peer = ["192.0.2.1"]\n')
    result = CliRunner().invoke(show, ["--config", str(path)])
    assert result.output == f"peer=192.0.2.1 ({path})\nroot=/\n"


def test_a_config_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("colour = 1\n")
    result = CliRunner().invoke(show, ["--config", str(path)])
    assert isinstance(result.exception, UsageError)


@pytest.mark.parametrize("name", EXPECTED)
def test_everything_that_can_be_stated_is_an_option(name: str) -> None:
    assert f"--{name}" in CliRunner().invoke(show, ["--help"]).output
