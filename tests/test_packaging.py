"""What is installed: every file that the code reads beside itself comes with it."""

import configparser
from pathlib import Path

import edgediag

PACKAGE = Path(edgediag.__file__).parent
ROOT = Path(__file__).parent.parent


def installed() -> set[Path]:
    """The files beside the modules that setup.cfg names, by package and pattern."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    found: set[Path] = set()
    for package, patterns in settings["options.package_data"].items():
        folders = (
            [path.parent for path in PACKAGE.rglob("__init__.py")]
            if package == "*"
            else [PACKAGE.parent.joinpath(*package.split("."))]
        )
        for pattern in patterns.replace("\n", ",").split(","):
            found |= {path for folder in folders for path in folder.glob(pattern.strip())}
    return found


def test_no_file_that_the_code_reads_stays_behind() -> None:
    every = {
        path
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert every - installed() == set()


def test_the_lab_has_its_stories() -> None:
    stories = set(PACKAGE.joinpath("lab", "scenarios").glob("*.toml"))
    assert stories and stories <= installed()
