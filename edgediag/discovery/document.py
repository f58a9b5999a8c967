"""JSON and YAML documents, bounded, and a way through them that no shape of theirs makes fail."""

import json

from edgediag.model.answer import NotChecked

MAX_ITEMS = 2048
MAX_TEXT = 1024
# A kubeconfig has 6 kB and a static pod 3; PyYAML takes a second for 64 kB.
MAX_YAML = 64 * 1024
_TOO_DEEP = NotChecked(reason="nested too deeply")


def parse_documents(text: str) -> tuple[object, ...] | NotChecked:
    """The documents of a JSON or YAML text, or why there are none; YAML scalars stay text.

    A text in braces or brackets is taken for JSON.

    source  RFC 8259; YAML 1.1 without tags, so that nothing is constructed but text, lists, maps
    """
    if text.lstrip().startswith(("{", "[")):
        return parse_json(text)
    if len(text) > MAX_YAML:
        return NotChecked(reason=f"larger than {MAX_YAML} characters of YAML")
    # A host without a cluster has no YAML to read.
    import yaml

    try:
        return tuple(yaml.load_all(text, Loader=yaml.BaseLoader))
    except RecursionError:
        return _TOO_DEEP
    except (ValueError, yaml.YAMLError):
        # The text of the error quotes the file, and the file may hold a token.
        return NotChecked(reason="neither JSON nor YAML")


def parse_json(text: str) -> tuple[object] | NotChecked:
    """The one document of a JSON text, or why there is none.

    source  RFC 8259
    """
    try:
        return (json.loads(text),)
    except RecursionError:
        return _TOO_DEEP
    except ValueError:
        return NotChecked(reason="not JSON")


def at(value: object, *path: str) -> object:
    """What stands below these keys, None where a key or a map is not there."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def text_at(value: object, *path: str) -> str:
    """The text or number below these keys as text, "" for anything else and for long ones."""
    found = at(value, *path)
    if isinstance(found, int) and not isinstance(found, bool):
        # An integer may have more digits than Python is willing to print.
        return str(found) if abs(found) < 1 << 63 else ""
    return found if isinstance(found, str) and len(found) <= MAX_TEXT else ""


def number_at(value: object, *path: str) -> int | None:
    """The number below these keys, as JSON or as YAML writes it."""
    text = text_at(value, *path)
    is_number = text.isascii() and text.isdigit() and len(text) <= 9
    return int(text) if is_number else None


def items_at(value: object, *path: str) -> tuple[object, ...]:
    """The first MAX_ITEMS of the list below these keys, none for anything else."""
    found = at(value, *path)
    return tuple(found[:MAX_ITEMS]) if isinstance(found, list) else ()


def texts_at(value: object, *path: str) -> tuple[str, ...]:
    """The texts of the list below these keys."""
    return tuple(item for item in items_at(value, *path) if isinstance(item, str))
