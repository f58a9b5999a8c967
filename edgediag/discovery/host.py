"""Hosts in text form: a name, an address, either with a port."""

import re
from ipaddress import ip_address

from edgediag.model.cluster import HostPort
from edgediag.model.flow import Address

_LITERAL = re.compile(r"[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9_.-]{1,15})?")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::([0-9]{1,5}))?")
_PLAIN = re.compile(r"([^:\[\]]*)(?::([0-9]{1,5}))?")
_NAME_OCTETS = 253


def parse_address(text: str) -> Address | None:
    """The address a literal stands for, or None; IPv6 may carry a zone (RFC 4007 §11)."""
    if not _LITERAL.fullmatch(text):
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def parse_host(text: str) -> str | None:
    """A name in lower case or an address in its usual spelling, or None for anything else.

    source  RFC 1123 §2.1: labels of letters, digits and hyphens, the last one not all digits.
            Underscores are let through, because private networks use them.
    """
    address = parse_address(text)
    if address is not None:
        return str(address)
    name = text.removesuffix(".")
    labels = name.split(".")
    if len(name) > _NAME_OCTETS or labels[-1].isdigit():
        return None
    if not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return name.lower()


def parse_port(text: str) -> int | None:
    """A port from 1 to 65535, or None."""
    if not re.fullmatch(r"[0-9]{1,5}", text):
        return None
    port = int(text)
    return port if 1 <= port <= 65535 else None


def parse_host_port(text: str, default_port: int) -> HostPort | None:
    """HOST, HOST:PORT, [ADDRESS]:PORT or a bare IPv6 address; None for anything else."""
    if parse_address(text) is not None:
        return HostPort(host=str(parse_address(text)), port=default_port)
    shape = _BRACKETED.fullmatch(text) or _PLAIN.fullmatch(text)
    if shape is None:
        return None
    is_bracketed = text.startswith("[")
    literal = parse_address(shape[1])
    if is_bracketed and (literal is None or literal.version != 6):
        return None
    host = parse_host(shape[1])
    port = default_port if shape[2] is None else parse_port(shape[2])
    if host is None or port is None:
        return None
    return HostPort(host=host, port=port)


def format_host_port(place: HostPort) -> str:
    """The text that `parse_host_port` reads back."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{host}:{place.port}"
