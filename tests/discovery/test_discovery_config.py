"""The config file's keys are the options, and its types are judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.config import parse_config
from edgediag.errors import UsageError


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        pytest.param('region = "cn-hangzhou"\n', [("region", "cn-hangzhou")], id="a string"),
        pytest.param(
            'peer = ["192.0.2.1", "192.0.2.2"]\n',
            [("peer", "192.0.2.1"), ("peer", "192.0.2.2")],
            id="a list",
        ),
        pytest.param('peer = "192.0.2.1"\n', [("peer", "192.0.2.1")], id="a list of one"),
        pytest.param("peer = []\n", [], id="an empty list states nothing"),
        pytest.param("self-hosted-ntp = true\n", [("self-hosted-ntp", "yes")], id="true"),
        pytest.param("tunnel-mode = false\n", [("tunnel-mode", "no")], id="false"),
        pytest.param('proxy-mode = "yes"\n', [("proxy-mode", "yes")], id="yes in words"),
        pytest.param("# nothing\n", [], id="an empty file"),
    ],
)
def test_what_a_config_file_states(text: str, stated: list[tuple[str, str]]) -> None:
    facts = parse_config(text, "c.toml")
    assert [(fact.name, fact.value) for fact in facts] == stated
    assert {fact.source for fact in facts} <= {"c.toml"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "colour = 1\n",
            "config file c.toml: unknown key 'colour'; known are region, k8s-version, phase,"
            " api-server, raven-gateway, raven-proxy, raven-tunnel, tunnel-server, peer,"
            " self-hosted-ntp, proxy-mode, tunnel-mode, role, services, gateways, ca",
            id="an unknown key lists the known ones",
        ),
        pytest.param(
            "k8s-version = 1.30\n",
            "config file c.toml: k8s-version must be a string in quotes: a Kubernetes version"
            " such as 1.26.3 or v1.26.3-aliyun.1",
            id="1.30 without quotes would be 1.3",
        ),
        pytest.param(
            "peer = [1]\n",
            "config file c.toml: peer must be a string or a list of strings: an IP address",
            id="a list of numbers",
        ),
        pytest.param(
            'region = ["cn-hangzhou"]\n',
            "config file c.toml: region must be a string in quotes: a region ID such as"
            " cn-hangzhou",
            id="a list where one is wanted",
        ),
        pytest.param(
            "region = true\n",
            "config file c.toml: region must be a string in quotes: a region ID such as"
            " cn-hangzhou",
            id="a truth where a string is wanted",
        ),
        pytest.param(
            "proxy-mode = 1\n",
            "config file c.toml: proxy-mode must be true or false",
            id="a number where a truth is wanted",
        ),
        pytest.param(
            "[region]\n",
            "config file c.toml: region must be a string in quotes: a region ID such as"
            " cn-hangzhou",
            id="a table",
        ),
    ],
)
def test_what_a_config_file_may_not_say(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_config(text, "c.toml")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("region\n", id="no assignment"),
        pytest.param("peer = " + "[" * 20_000, id="nested too deep"),
    ],
)
def test_what_is_not_toml_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="cannot read config file c.toml: not TOML"):
        parse_config(text, "c.toml")


@given(st.text() | st.from_regex(r"((region|peer|x) = [\"\[\]a-z0-9.,]*\n)*"))
def test_any_text_states_facts_or_is_a_usage_error(text: str) -> None:
    try:
        facts = parse_config(text, "c.toml")
    except UsageError:
        return
    assert all(fact.source == "c.toml" for fact in facts)
