"""The whole command pulls as a stranger, and writes nothing down that it was given for that."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgediag.lab import scenario
from edgediag.lab.network import Lab
from edgediag.lab.run import run_scenario
from edgediag.lab.score import Grade
from edgediag.lab.services.registry import TOKEN
from edgediag.lab.summary import describe

STORY = '''
claim = "c"
family = "healthy"
why = "w"

[[inject]]
action = "file"
node = "edge"
path = "run/systemd/system/kubelet.service"
text = """
[Service]
ExecStart=/usr/bin/kubelet \\
    --pod-infra-container-image=registry-cn-hangzhou-vpc.ack.aliyuncs.com/acs/pause:3.9
"""
'''


@pytest.mark.netns
def test_the_layers_have_a_row_and_the_token_is_nowhere(
    prefixes: Iterator[str], tmp_path: Path
) -> None:
    story = scenario.parse("test-story", STORY.replace("\\", "\\\\"))
    result = run_scenario(Lab(prefix=next(prefixes)), story, tmp_path / "out")
    assert result.score is not None and result.score.grade is Grade.RIGHT, describe(result)
    (row,) = (check for check in result.checks if check["id"] == "registry-blob-443")
    assert (row["status"], row["flow"]["address"]) == ("ok", "198.51.100.37")
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {"report.json", "evidence.json"}
    assert [path for path in written if TOKEN.encode() in path.read_bytes()] == []
    assert [path for path in written if b"Signature=of-the-lab" in path.read_bytes()] == []
