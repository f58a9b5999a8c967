"""The sysctls that a network namespace shows and that are nevertheless those of the whole host.

Until Linux 5.13 whoever is in a namespace may write them, and writes them for all: a copy that
took them along, or a fix tried there, would change the host.

source  Linux commits 2671fa4dc010 (net.netfilter) and 97684f0970f6 (net.ipv4)
"""

import re
from typing import Final

_OF_THE_HOST: Final = frozenset(
    {
        "nf_conntrack_buckets",
        "nf_conntrack_expect_max",
        "nf_conntrack_max",
        "tcp_allowed_congestion_control",
    }
)


def is_of_the_host(key: str) -> bool:
    """Whether a key is one of these; dots or slashes are between its words.

    Its last word decides: sysctl(8) takes the others in several spellings (net//netfilter/...).
    """
    words = [word for word in re.split(r"[./]", key) if word]
    return bool(words) and words[-1] in _OF_THE_HOST
