"""`edgediag schema` prints the schema that the report is tested against."""

from importlib.resources import files

import pytest

from edgediag.cli import ExitStatus, run


def test_schema_is_printed_as_it_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) is ExitStatus.PASSED
    shipped = files("edgediag.report").joinpath("report.schema.json").read_text()
    assert capsys.readouterr().out == shipped
