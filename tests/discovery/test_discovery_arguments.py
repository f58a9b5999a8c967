"""Command lines: the flags that are facts, and nothing of the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.arguments import AGENTS, facts_of_arguments


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "/usr/bin/edge-hub --server-addr=https://198.51.100.6:6443 --node-name=edge-1",
            [
                ("api-server", "198.51.100.6:6443", "--server-addr"),
                ("node-name", "edge-1", "--node-name"),
            ],
            id="ACK's hub",
        ),
        pytest.param(
            "yurthub --server-addr https://198.51.100.6:6443,https://api.example",
            [
                ("api-server", "198.51.100.6:6443", "--server-addr"),
                ("api-server", "api.example:443", "--server-addr"),
            ],
            id="several servers, the value a word of its own",
        ),
        pytest.param(
            "yurthub -node-name=edge-1", [("node-name", "edge-1", "--node-name")], id="one dash"
        ),
        pytest.param("yurthub --node-name=$(NODE_NAME)", [], id="a variable nobody filled in"),
        pytest.param("yurthub --server-addr=https://127.0.0.1:6443", [], id="this node itself"),
        pytest.param("yurthub --server-addr", [], id="a flag without its value"),
        pytest.param("yurthub --server-addr --v=2", [], id="a flag instead of the value"),
        pytest.param("yurthub --join-token=abcdef.0123456789abcdef", [], id="a token"),
        pytest.param("nginx --server-addr=https://198.51.100.6", [], id="another program"),
        pytest.param(
            "/usr/libexec/ipsec/pluto --nofork", [("vpn-driver", "libreswan", "pluto")], id="pluto"
        ),
        pytest.param(
            "raven-agent-ds --vpn-driver=wireguard",
            [("vpn-driver", "wireguard", "--vpn-driver")],
            id="Raven",
        ),
        pytest.param(
            "kubelet --pod-infra-container-image=registry-cn-beijing.ack.aliyuncs.com/acs/pause:3",
            [
                ("region", "cn-beijing", "--pod-infra-container-image"),
                (
                    "pod-infra-image",
                    "registry-cn-beijing.ack.aliyuncs.com/acs/pause:3",
                    "--pod-infra-container-image",
                ),
            ],
            id="the region of the pause image",
        ),
        pytest.param(
            "edge-tunnel-agent --tunnelserver-addr=u:secret@198.51.100.30:10262",
            [("tunnel-server", "198.51.100.30:10262", "--tunnelserver-addr")],
            id="the tunnel agent before 1.26, without what is secret",
        ),
        pytest.param("", [], id="no words"),
    ],
)
def test_what_a_command_line_states(line: str, expected: list[tuple[str, str, str]]) -> None:
    found = facts_of_arguments(line.split())
    assert [fact for fact in found if fact[0] != "hub"] == expected


@pytest.mark.parametrize(
    ("program", "hubs"),
    [("/usr/bin/edge-hub", ["edge-hub"]), ("yurthub", ["yurthub"]), ("kubelet", [])],
)
def test_which_hub_runs(program: str, hubs: list[str]) -> None:
    assert [value for name, value, _ in facts_of_arguments([program]) if name == "hub"] == hubs


@given(st.lists(st.sampled_from(sorted(AGENTS)) | st.text(max_size=40), max_size=12))
def test_any_words_are_facts_or_nothing_never_an_exception(words: list[str]) -> None:
    assert isinstance(list(facts_of_arguments(words)), list)
