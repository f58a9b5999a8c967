"""What a hub is asked of itself: whether it lives, and whether it can serve this node's agents."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.hub import HUB_NOT_ASKED, HubDoor, HubEnd, HubSilent, HubWord

HUB_ADDRESS: Final = ip_address("127.0.0.1")
HUB_PORT: Final = 10267
# An old hub knows the first path alone and says 404 to the other.
PATHS: Final = ("/v1/healthz", "/v1/readyz")

DOORS: Final = tuple(HubDoor(address=HUB_ADDRESS, port=HUB_PORT, path=path) for path in PATHS)


def ask_hub(bench: Bench, ends: Sequence[HubEnd]) -> tuple[HubWord, ...] | NotChecked:
    """What the hub of this node says of itself; nobody is asked where none is known.

    source  openyurt cmd/yurthub/app/options/options.go (--bind-address 127.0.0.1, --serve-port
            10267), pkg/yurthub/server/server.go (/v1/healthz, /v1/readyz)
    """
    if not ends or bench.loop.is_interrupted():
        return HUB_NOT_ASKED
    words = bench.host.ask_hub(DOORS)
    # A node that is busy for a moment is no silent hub.
    return bench.host.ask_hub(DOORS) if is_silent(words) else words


def is_silent(words: tuple[HubWord, ...] | NotChecked) -> bool:
    """True where the hub was asked and gave no answer to anything."""
    if isinstance(words, NotChecked) or not words:
        return False
    return all(isinstance(word, HubSilent) for word in words)
