"""`edgediag facts`: text for people, JSON for programs, sources with both."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edgediag.cli.facts import age_in_words, command
from edgediag.errors import UsageError
from kin import certificate, pem
from node_trees import TREES


def facts(tree: str, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--root", str(TREES / tree / "root"), *arguments])


def document(tree: str, *arguments: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(facts(tree, "--json", *arguments).stdout)
    return result


def test_a_fact_is_printed_with_its_source_and_its_age() -> None:
    lines = facts("openyurt-systemd").stdout.splitlines()
    place = lines.index("  api-server: 198.51.100.8:6443")
    unit = "/etc/systemd/system/yurthub.service.d/10-yurthub.conf"
    assert lines[place + 1].startswith(f"      {unit}: ExecStart --server-addr, ")
    assert lines[place + 1].endswith(" old")


def test_conflicts_are_printed_with_both_sources() -> None:
    text = facts("openyurt-systemd").stdout.partition("CONFLICTS\n")[2]
    assert "api-server: 198.51.100.8:6443 holds" in text
    assert "not 198.51.100.6:6443 (/var/lib/yurthub/yurthub.conf" in text


def test_files_that_were_looked_for_in_vain_are_named() -> None:
    missing = facts("empty-host").stdout.partition("NOT THERE\n")[2]
    assert "  /etc/kubernetes/kubelet.conf\n" in missing
    assert "NOTES" not in facts("empty-host").stdout


def test_json_has_all_of_it() -> None:
    found = document("ack-tunnel-member")
    assert sorted(found) == ["conflicts", "facts", "missing", "notes", "schema"]
    [role] = [fact for fact in found["facts"] if fact["name"] == "tunnel-role"]
    assert (role["value"], role["where"]) == ("member", "gw-hangzhou-site status.activeEndpoints")
    assert role["age_s"] >= 0


def test_the_time_of_the_lease_is_that_of_the_fact() -> None:
    found = document("ack-tunnel-member")["facts"]
    [last] = [fact for fact in found if fact["name"] == "api-last-reached"]
    assert (last["value"], last["written"]) == ("2026-11-22T20:58:01Z", "2026-11-22T20:58:01Z")


def test_a_certificate_is_a_fact_with_its_dates_and_its_signer(tmp_path: Path) -> None:
    root = ("kubernetes", "kubernetes", b"one", b"one")
    files = {
        "etc/kubernetes/pki/ca.crt": pem(certificate(*root)),
        "var/lib/yurthub/pki/yurthub-current.pem": pem(
            certificate("node", "kubernetes", b"leaf", b"one")
        ),
        "etc/systemd/system/yurthub.service": "[Service]\nExecStart=/usr/bin/yurthub\n",
        "etc/kubernetes/kubelet.conf": "clusters: [{cluster: {server: 'http://127.0.0.1:10261'}}]",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = CliRunner().invoke(command, ["--root", str(tmp_path)]).stdout
    assert (
        "  certificate: yurthub: valid 2024-01-01 to 2026-01-01, signed by CN=kubernetes"
        " (the authority in /etc/kubernetes/pki/ca.crt)\n"
        "      /var/lib/yurthub/pki/yurthub-current.pem\n"
    ) in found


def test_facts_that_are_not_weighed_are_there_too() -> None:
    names = {fact["name"] for fact in document("empty-host")["facts"]}
    assert {"resolver", "hosts-entry", "os", "phase", "node-name"} <= names


def test_no_fact_is_printed_twice() -> None:
    stated = ("--region", "cn-beijing", "--role", "member")
    found = [json.dumps(fact) for fact in document("ack-proxy-mode", *stated)["facts"]]
    assert len(found) == len(set(found))


def test_conflicts_do_not_change_the_exit_status() -> None:
    result = facts("openyurt-systemd")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("option", "expected"),
    [("--gateways", "proxy-mode"), ("--services", "raven-proxy")],
)
def test_saved_objects_are_a_source(tmp_path: Path, option: str, expected: str) -> None:
    cache = TREES / "ack-proxy-mode/root/etc/kubernetes/cache"
    of_service = cache / "kubelet/services.v1.core/kube-system/x-raven-proxy-svc-gw-cloud-1a2b3c4d"
    of_gateway = cache / "raven-agent-ds/gateways.v1beta1.raven.openyurt.io/gw-cloud"
    item = json.loads((of_gateway if option == "--gateways" else of_service).read_text())
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps({"kind": "List", "items": [item]}))
    found = document("empty-host", option, str(saved))["facts"]
    assert {fact["source"] for fact in found if fact["name"] == expected} == {str(saved)}


def test_a_saved_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    with saved.open("wb") as stream:
        stream.truncate(1 << 24)
    result = facts("empty-host", "--services", str(saved))
    assert isinstance(result.exception, UsageError)
    assert "is not a file that kubectl get svc -o json was saved in" in str(result.exception)


def test_a_config_file_may_name_the_saved_objects(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f'gateways = "{tmp_path / "none.json"}"\n')
    result = facts("empty-host", "--config", str(config))
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).endswith("was saved in: there is no such file")


@pytest.mark.parametrize(
    ("age_s", "words"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3725, "1 h 2 min"),
        (86_400 + 59, "1 d 59 s"),
    ],
)
def test_an_age_in_words(age_s: float, words: str) -> None:
    assert age_in_words(age_s) == words
