"""The kernel's word behind the sentences of other rules, and its absence."""

import pytest

from edgediag.inference.combine import find
from edgediag.inference.kernel_word import support
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import NftRule
from edgediag.model.drops import UNWATCHED, KernelDrop, KernelDrops, ProcessDrop, TraceDropped
from story import NOT_ASKED, flow_evidence, host_state, probe, unanswered

LOST = unanswered(probe(), has_left=False)
RULE = NftRule(family="inet", table="f", chain="out", handle=4, text="udp dport 4500 drop")


def drop(reason: str, location: str, *, is_reply: bool = False) -> KernelDrop:
    return KernelDrop(reason=reason, location=location, interface="eth0", is_reply=is_reply)


@pytest.mark.parametrize(
    ("drops", "words"),
    [
        pytest.param(
            (drop("NETFILTER_DROP", "nf_hook_slow"),),
            "; the kernel says NETFILTER_DROP in nf_hook_slow",
            id="reason and function",
        ),
        pytest.param(
            (drop("TC_EGRESS", ""),), "; the kernel says TC_EGRESS", id="addresses are kept secret"
        ),
        pytest.param(
            (ProcessDrop(reason="TC_EGRESS", location="__dev_queue_xmit"),),
            "; the kernel dropped a packet of this process meanwhile, not told which: TC_EGRESS in "
            "__dev_queue_xmit",
            id="a drop whose owner is not told",
        ),
        pytest.param(
            NotChecked(reason=f"{UNWATCHED}: no tracefs is mounted"),
            "; the kernel's own reason is not known (cannot watch for drops: no "
            "tracefs is mounted)",
            id="nobody could look",
        ),
        pytest.param(NOT_ASKED, "", id="it was not asked"),
        pytest.param((), "", id="it said nothing"),
        pytest.param((drop("NO_SOCKET", "tcp_v4_rcv"),), "", id="what our own way causes"),
        pytest.param(
            (drop("NETFILTER_DROP", "nf_hook_slow", is_reply=True),), "", id="a drop of the answer"
        ),
    ],
)
def test_what_is_said_behind_a_sentence(drops: KernelDrops | NotChecked, words: str) -> None:
    assert support(flow_evidence(LOST, kernel_drops=drops), is_reply=False) == words


def test_where_kernel_and_trace_differ_the_finding_says_so() -> None:
    evidence = flow_evidence(
        LOST,
        trace=TraceDropped(culprit=RULE, hook="output", is_reject=False, is_reply=False),
        kernel_drops=(drop("QDISC_DROP", "__dev_queue_xmit"),),
    )
    first, *_ = find(evidence, host_state())
    assert first.text == (
        "the kernel dropped the packet and says QDISC_DROP in __dev_queue_xmit: a queueing "
        "discipline; the trace blames nft rule inet f out handle 4 (udp dport 4500 drop), and the "
        "kernel's word holds"
    )
