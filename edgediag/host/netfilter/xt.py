"""The structs of iptables' matches and targets, in the words of iptables-save.

A rule that decides a packet's fate is found by its addresses, ports, state and comment; these
are read here, any other match shows by its name alone.

source  include/uapi/linux/netfilter/xt_*.h, netfilter_ipv4/ipt_REJECT.h,
        netfilter_ipv6/ip6t_REJECT.h: the kernel's own layout, in this machine's byte order
"""

import struct
from collections.abc import Callable, Mapping
from typing import Final

from edgediag.host.attributes import native, text

_PORTS: Final = struct.Struct("=HHHH")
_ALL_PORTS: Final = (0, 0xFFFF)
_PLAIN: Final = frozenset("_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_TCP_FLAGS: Final = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")
_MULTIPORT_WORDS: Final = ("--sports", "--dports", "--ports")
_MULTIPORT: Final = struct.Struct("=BB15H15BB")
_MARK: Final = struct.Struct("=IIB")
_CONNTRACK_FLAGS: Final = struct.Struct("=HHH")
_CONNTRACK_FLAGS_AT: Final = 146
_CONNTRACK_STATES: Final = {1: "INVALID", 8: "NEW", 4: "RELATED", 2: "ESTABLISHED"}
_REJECT_WITH: Final = {
    "ip": (
        "icmp-net-unreachable",
        "icmp-host-unreachable",
        "icmp-proto-unreachable",
        "icmp-port-unreachable",
        "echo-reply",
        "icmp-net-prohibited",
        "icmp-host-prohibited",
        "tcp-reset",
        "icmp-admin-prohibited",
    ),
    "ip6": (
        "icmp6-no-route",
        "icmp6-adm-prohibited",
        "icmp6-not-neighbour",
        "icmp6-addr-unreachable",
        "icmp6-port-unreachable",
        "echo-reply",
        "tcp-reset",
        "icmp6-policy-fail",
        "icmp6-reject-route",
    ),
}


def match_words(name: str, info: bytes) -> str:
    """A match with its options, or with its name alone where its struct is not read."""
    decode = _MATCHES.get(name)
    options = decode(info) if decode else None
    return f"-m {name} {options}" if options else f"-m {name}"


def target_words(name: str, info: bytes, family: str) -> str:
    """A target with its options, or with its name alone where its struct is not read."""
    if name != "REJECT" or len(info) < 4:
        return f"-j {name}"
    codes, code = _REJECT_WITH.get(family, ()), native(info[:4])
    return f"-j REJECT --reject-with {codes[code] if code < len(codes) else code}"


def quoted(words: str) -> str:
    """A text as iptables-save prints it: bare where it needs no quotes."""
    if words and set(words) <= _PLAIN:
        return words
    escaped = "".join(f"\\{letter}" if letter in "\"\\'" else letter for letter in words)
    return f'"{escaped}"'


def flag_words(bits: int) -> str:
    """TCP flags as iptables names them."""
    names = [name for bit, name in enumerate(_TCP_FLAGS) if bits >> bit & 1]
    return "ALL" if len(names) == len(_TCP_FLAGS) else ",".join(names) or "NONE"


def port_words(option: str, first: int, last: int, *, is_negated: bool) -> str:
    """A port or a range of ports."""
    ports = str(first) if first == last else f"{first}:{last}"
    return f"{'! ' * is_negated}{option} {ports}"


def _comment(info: bytes) -> str:
    return f"--comment {quoted(text(info))}"


def _udp(info: bytes) -> str | None:
    return _ports(info, info[8]) if len(info) > 8 else None


def _tcp(info: bytes) -> str | None:
    if len(info) < 12:
        return None
    _, mask, flags, inverted = info[8:12]
    words = [_ports(info, inverted)]
    if mask:
        negation = "! " * bool(inverted & 4)
        words.append(f"{negation}--tcp-flags {flag_words(mask)} {flag_words(flags)}")
    return " ".join(word for word in words if word)


def _ports(info: bytes, inverted: int) -> str:
    source_first, source_last, first, last = _PORTS.unpack_from(info)
    words = []
    if (source_first, source_last) != _ALL_PORTS:
        is_negated = bool(inverted & 1)
        words.append(port_words("--sport", source_first, source_last, is_negated=is_negated))
    if (first, last) != _ALL_PORTS:
        words.append(port_words("--dport", first, last, is_negated=bool(inverted & 2)))
    return " ".join(words)


def _multiport(info: bytes) -> str | None:
    if len(info) < _MULTIPORT.size:
        return None
    which, count, *rest = _MULTIPORT.unpack_from(info)
    ports, is_range_start, inverted = rest[:15], rest[15:30], rest[30]
    words = ""
    for index, port in enumerate(ports[:count]):
        words += f"{port}{':' if is_range_start[index] else ','}"
    option = _MULTIPORT_WORDS[min(which, 2)]
    return f"{'! ' * bool(inverted)}{option} {words.rstrip(',:')}"


def _mark(info: bytes) -> str | None:
    if len(info) < _MARK.size:
        return None
    mark, mask, inverted = _MARK.unpack_from(info)
    bits = "" if mask == 0xFFFFFFFF else f"/0x{mask:x}"
    return f"{'! ' * bool(inverted)}--mark 0x{mark:x}{bits}"


def _conntrack(info: bytes) -> str | None:
    if len(info) < _CONNTRACK_FLAGS_AT + _CONNTRACK_FLAGS.size:
        return None
    looked_at, inverted, states = _CONNTRACK_FLAGS.unpack_from(info, _CONNTRACK_FLAGS_AT)
    if looked_at != 1 or states & ~sum(_CONNTRACK_STATES):
        return None
    names = ",".join(name for bit, name in _CONNTRACK_STATES.items() if states & bit)
    return f"{'! ' * bool(inverted & 1)}--ctstate {names}"


_MATCHES: Final[Mapping[str, Callable[[bytes], str | None]]] = {
    "comment": _comment,
    "conntrack": _conntrack,
    "mark": _mark,
    "multiport": _multiport,
    "tcp": _tcp,
    "udp": _udp,
}
