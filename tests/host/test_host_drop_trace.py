"""Lines of the kernel's trace file, as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.drop_trace import MAX_KINDS, decode_drops
from edgediag.model.drops import ProcessDrop

HEAD = "            bash-19766   [001] ..s1. 14026.970963: kfree_skb: skbaddr=000000008f858af6 "


def line(
    location: str = "__udp4_lib_rcv+0x4bc/0xd00", reason: str = "NO_SOCKET", protocol: int = 2048
) -> str:
    tail = f"rx_sk=0000000000000000 protocol={protocol} location={location} reason: {reason}"
    return f"{HEAD}{tail}\n"


def told(location: str = "__udp4_lib_rcv", reason: str = "NO_SOCKET") -> ProcessDrop:
    return ProcessDrop(reason=reason, location=location)


@pytest.mark.parametrize(
    ("text", "drops"),
    [
        pytest.param("# tracer: nop\n#\n" + line(), (told(),), id="reason and function"),
        pytest.param(line() + line(), (told(),), id="the same twice is one kind"),
        pytest.param(
            line("vxlan_rcv+0x1a/0x90 [vxlan]", "VXLAN_INVALID_HDR"),
            (told("vxlan_rcv", "VXLAN_INVALID_HDR"),),
            id="a function of a module",
        ),
        pytest.param(line("vxlan_rcv+0x1a/0x90 vxlan"), (), id="a line that is odd"),
        pytest.param(
            line("nf_hook_slow.cold+0x1/0x2", "NETFILTER_DROP"),
            (told("nf_hook_slow", "NETFILTER_DROP"),),
            id="without what compilers add",
        ),
        pytest.param(line("00000000f3d5a1c2"), (told(""),), id="an address that is hashed"),
        pytest.param(line(protocol=34525), (), id="another protocol"),
        pytest.param(line().replace(" reason: NO_SOCKET", ""), (), id="a kernel without reasons"),
        pytest.param("", (), id="nothing"),
    ],
)
def test_what_a_trace_tells(text: str, drops: tuple[ProcessDrop, ...]) -> None:
    assert decode_drops(text) == drops


def test_kinds_are_bounded() -> None:
    assert len(decode_drops("".join(line(reason=f"R{n}") for n in range(99)))) == MAX_KINDS


@given(text=st.text(max_size=300))
def test_drops_or_none_and_never_an_exception(text: str) -> None:
    assert isinstance(decode_drops(HEAD + text), tuple)
