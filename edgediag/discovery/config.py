"""The config file: TOML, its keys the names of the options."""

from edgediag.discovery.given import EXPECTED, REPEATABLE
from edgediag.errors import UsageError
from edgediag.model.cluster import Fact
from edgediag.toml import tomllib

_YES_NO = frozenset(("self-hosted-ntp", "proxy-mode", "tunnel-mode"))


def parse_config(text: str, path: str) -> tuple[Fact, ...]:
    """What the file states, in its order; only the keys and types are judged here.

    raises  UsageError, naming the file and the key
    source  TOML 1.0.0
    """
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise UsageError(f"cannot read config file {path}: not TOML: {exc}") from exc
    return tuple(
        Fact(name=key, value=value, source=path)
        for key, raw in table.items()
        for value in _values(key, raw, path)
    )


def _values(key: str, raw: object, path: str) -> tuple[str, ...]:
    if key not in EXPECTED:
        known = ", ".join(EXPECTED)
        raise UsageError(f"config file {path}: unknown key {key!r}; known are {known}")
    if isinstance(raw, bool) and key in _YES_NO:
        return ("yes" if raw else "no",)
    if isinstance(raw, str):
        return (raw,)
    if isinstance(raw, list) and key in REPEATABLE:
        texts = tuple(value for value in raw if isinstance(value, str))
        if len(texts) == len(raw):
            return texts
    # A bare 1.30 would be the number 1.3: numbers are refused rather than turned into text.
    raise UsageError(f"config file {path}: {key} must be {_type_wanted(key)}")


def _type_wanted(key: str) -> str:
    if key in _YES_NO:
        return "true or false"
    if key in REPEATABLE:
        return f'a string or a list of strings: {EXPECTED[key]}'
    return f'a string in quotes: {EXPECTED[key]}'
