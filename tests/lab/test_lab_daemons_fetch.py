"""Fetching says what it cannot do, and never fails a build."""

from pathlib import Path

import pytest

from edgediag.lab.daemons import fetch
from edgediag.lab.daemons.catalog import DAEMONS


def test_a_machine_without_apt_get_is_told_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    fetch.main(str(tmp_path / "daemons"))
    assert (capsys.readouterr().out, list(tmp_path.iterdir())) == (
        "no daemons fetched: there is no apt-get here; the embedded services serve\n",
        [],
    )


def test_what_is_unpacked_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for daemon in DAEMONS.values():
        for file in daemon.files:
            path = Path(f"{tmp_path}/{daemon.program}{file}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    # Any program that were run now would be missing.
    monkeypatch.setenv("PATH", "/nowhere")
    fetch.fetch_all(tmp_path)
    assert capsys.readouterr().out == ""
