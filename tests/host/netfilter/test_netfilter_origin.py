"""Who wrote a rule: by its table, its chain and its comment, never by where it jumps to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.netfilter.origin import Writer, writer_of


@pytest.mark.parametrize(
    ("table", "chain", "text", "name"),
    [
        pytest.param("filter", "KUBE-SERVICES", "-j REJECT", "kube-proxy", id="a Service"),
        pytest.param("nat", "KUBE-SEP-ABC", "-j DNAT", "kube-proxy", id="an endpoint"),
        pytest.param("filter", "KUBE-FIREWALL", "-j DROP", "kubelet", id="the kubelet's firewall"),
        pytest.param("filter", "KUBE-NWPLCY-X", "-j MARK", "kube-router", id="a policy"),
        pytest.param(
            "filter",
            "OUTPUT",
            '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
            "kube-proxy",
            id="a jump with its comment",
        ),
        pytest.param(
            "filter", "INPUT", "-j KUBE-FIREWALL", None, id="anybody may jump to a chain"
        ),
        pytest.param(
            "filter", "OUTPUT", '-m comment --comment "kubernetes api" -j DROP', None,
            id="a comment in somebody's own words",
        ),
        pytest.param("kube-proxy", "filter-output", "drop", "kube-proxy", id="nftables mode"),
        pytest.param("nat", "FLANNEL-POSTRTG", "-j MASQUERADE", "flannel", id="flannel"),
        pytest.param(
            "nat", "POSTROUTING", '-m comment --comment "flanneld masq" -j FLANNEL-POSTRTG',
            "flannel", id="flannel's jump",
        ),
        pytest.param("mangle", "RAVEN-MARK-CHAIN", "-j MARK", "Raven", id="Raven"),
        pytest.param(
            "mangle", "OUTPUT",
            '-m comment --comment "raven traffic rules for mark" -j RAVEN-MARK-CHAIN',
            "Raven", id="Raven's jump",
        ),
        pytest.param(
            "nat", "POSTROUTING",
            '-m comment --comment "raven traffic should skip NAT" -j RAVEN-POSTROUTING',
            "Raven", id="Raven's other jump",
        ),
        pytest.param("filter", "DOCKER-ISOLATION-STAGE-2", "-j DROP", "Docker", id="Docker"),
        pytest.param("filter", "DOCKER-USER", "-j DROP", None, id="the place for one's own"),
        pytest.param(
            "filter", "INPUT", "-m comment --comment cali:Xyz -j cali-INPUT", "Calico", id="Calico"
        ),
        pytest.param("calico", "filter-cali-OUTPUT", "drop", "Calico", id="Calico in nftables"),
        pytest.param("filter", "CILIUM_INPUT", "-j DROP", "Cilium", id="Cilium"),
        pytest.param(
            "filter", "INPUT",
            '-m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT',
            "Cilium", id="Cilium's jump",
        ),
        pytest.param(
            "mangle", "PREROUTING",
            '-m comment --comment "cilium: NOTRACK for proxy traffic" -j CT',
            "Cilium", id="Cilium's comment elsewhere",
        ),
        pytest.param("filter", "f2b-sshd", "-j REJECT", "fail2ban", id="fail2ban"),
        pytest.param("f2b-table", "f2b-chain", "drop", "fail2ban", id="fail2ban in nftables"),
        pytest.param("filter", "ufw-user-output", "-j DROP", "ufw", id="ufw"),
        pytest.param("filter", "LIBVIRT_FWO", "-j REJECT", "libvirt", id="libvirt"),
        pytest.param("filter", "NETAVARK_FORWARD", "-j DROP", "podman (netavark)", id="podman"),
        pytest.param("nat", "CNI-DN-abc", "-j DNAT", "a CNI plugin", id="a host port"),
        pytest.param(
            "raw", "OUTPUT", '-m comment --comment "NodeLocal DNS Cache: skip conntrack" -j CT',
            "node-local-dns", id="node-local-dns",
        ),
        pytest.param(
            "filter", "IN_public_deny", "-j DROP", "firewalld (zone public)", id="a zone"
        ),
        pytest.param(
            "firewalld", "filter_IN_drop-all_deny", "drop", "firewalld (zone drop-all)",
            id="a zone in nftables",
        ),
        pytest.param(
            "firewalld", "filter_OUT_policy_edge_deny", "drop", "firewalld (policy edge)",
            id="a policy",
        ),
        pytest.param("firewalld", "filter_OUTPUT", "drop", "firewalld", id="firewalld itself"),
        pytest.param("filter", "FORWARD_IN_ZONES", "-j X", "firewalld", id="its dispatch"),
        pytest.param("filter", "IN", "-j DROP", None, id="no zone"),
        pytest.param("filter", "IN_WEB", "-j DROP", None, id="a chain that begins like a zone's"),
        pytest.param("fw", "IN_lan", "drop", None, id="one in a table of nft"),
        pytest.param(
            "filter", "OUTPUT", 'drop comment "raven tunnel closed by ops 2026"', None,
            id="a comment about Raven",
        ),
        pytest.param(
            "filter", "OUTPUT", 'drop comment "cilium was here"', None, id="one about Cilium"
        ),
        pytest.param(
            "filter", "OUTPUT", 'drop comment "kubernetes services kept out"', None,
            id="one about Services",
        ),
        pytest.param(
            "filter", "OUTPUT", 'drop comment "flanneld stopped 2026"', None, id="one about flannel"
        ),
        pytest.param("filter", "ts-servers", "-j DROP", None, id="a chain of terminal servers"),
        pytest.param("filter", "ts-input", "-j DROP", "Tailscale", id="Tailscale"),
        pytest.param("calico_mine", "out", "drop", None, id="a table that begins like Calico's"),
        pytest.param("filter", "INPUT", '-m comment --comment "!fw3" -j DROP',
                     "OpenWrt's firewall", id="OpenWrt"),
        pytest.param("t", "o", 'udp dport 4500 drop comment "cali:x"', "Calico", id="nft's words"),
        pytest.param("filter", "OUTPUT", "-p udp --dport 4500 -j DROP", None, id="by hand"),
    ],
)  # fmt: skip
def test_a_rule_has_a_writer_or_none(table: str, chain: str, text: str, name: str | None) -> None:
    writer = writer_of(table, chain, text)
    assert (writer and writer.name) == name


def test_a_writer_says_what_to_change_instead() -> None:
    assert writer_of("filter", "KUBE-SERVICES", "-j REJECT") == Writer(
        name="kube-proxy", remedy="change the Service, or see to its endpoints"
    )


@given(st.text(), st.text(), st.text())
def test_any_words_have_a_writer_or_none(table: str, chain: str, text: str) -> None:
    assert isinstance(writer_of(table, chain, text), Writer | None)
