"""What a program's value makes of a packet, by where the program stands."""

import pytest

from edgediag.host.program_word import number_of, word_of
from edgediag.model.culprit import CgroupProgramObject, TcFilterObject, XdpProgramObject
from edgediag.model.program import PacketProgram, ProgramWord

XDP = XdpProgramObject(interface="eth0", program=3, name="x", mode="native")
TCX = TcFilterObject(
    interface="eth0", direction="ingress", classifier="tcx", preference=0, handle=4, name="t"
)
CLSACT = TcFilterObject(
    interface="eth0", direction="ingress", classifier="bpf", preference=1, handle=1, name="c"
)
GROUP = CgroupProgramObject(program=5, name="g", group="/", attach="egress")
PASSES, LEAVES, DROPS = ProgramWord.PASSES, ProgramWord.LEAVES, ProgramWord.DROPS
REDIRECTS, TAKES = ProgramWord.REDIRECTS, ProgramWord.TAKES


@pytest.mark.parametrize(
    ("program", "words"),
    [
        pytest.param(
            XDP,
            {0: DROPS, 1: DROPS, 2: PASSES, 3: ProgramWord.RETURNS, 4: REDIRECTS, 9: DROPS},
            id="XDP",
        ),
        pytest.param(TCX, {-1: LEAVES, 0: PASSES, 2: DROPS, 4: LEAVES, 7: REDIRECTS}, id="tcx"),
        pytest.param(
            CLSACT,
            {-1: LEAVES, 0: PASSES, 2: DROPS, 3: LEAVES, 4: TAKES, 7: REDIRECTS, 8: TAKES},
            id="a filter of clsact",
        ),
        pytest.param(GROUP, {0: DROPS, 1: LEAVES, 2: DROPS, 3: LEAVES}, id="a control group"),
    ],
)
def test_a_value_is_read_as_the_kernel_reads_it(
    program: PacketProgram, words: dict[int, ProgramWord]
) -> None:
    assert {value: word_of(program, value) for value in words} == words


def test_a_program_is_known_by_its_id() -> None:
    assert [number_of(program) for program in (XDP, TCX, GROUP)] == [3, 4, 5]
