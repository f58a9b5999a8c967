"""A router that loses a part of all that it forwards to the cloud."""

from random import Random

from edgediag.lab.scenario import GROUPS, Truth
from tests.lab.drawn.faults import Fault, load
from tests.lab.drawn.nft_rules import chain, table
from tests.lab.drawn.segments import HOPS

# What holds of packets from the site. The router at the site is its switch as well, and where the
# machine has br_netfilter, its forward chain meets the frames between the site's hosts, too.
_FROM_THE_SITE = {"cpe": 'oifname "wan"', "isp1": 'iifname "site"', "isp2": 'iifname "to1"'}
LEAST, MOST = 30, 50


def draw(dice: Random) -> Fault:
    """Thirty to fifty of a hundred packets to the cloud are lost.

    Nothing is lost up to the router, which answers what expires in it, and the same share is behind
    it: so the segment is the router's forwarding or the next one's entrance. It is not the last
    router: behind that one the host itself is possible, and one end has no hop to count at. Nor is
    it one flow alone: of the few packets of a check none may be lost, and then nothing tells.
    """
    hop = dice.choice(tuple(_FROM_THE_SITE))
    share = dice.randrange(LEAST, MOST + 1)
    rule = f'{_FROM_THE_SITE[hop]} numgen random mod 100 < {share} drop'
    head = f"type filter hook forward priority {dice.choice((-5, 0, 10))};"
    return Fault(
        steps=load(hop, table("inet filtering", chain("through", head, rule))),
        truth=Truth(
            where=("on-path",),
            certainty="bounded",
            after=hop,
            upto=HOPS[HOPS.index(hop) + 1],
            mechanism=("loss",),
            affected=(*GROUPS["@cloud"], "resolver-53", *GROUPS["@names"]),
            culprit={},
        ),
        says=f"{hop} forward: {rule}",
    )
