"""How often the walk of a loss says a wrong place, and after how many questions.

`PYTHONPATH=tests python -m tests.bench.bench_loss_walk`: losses made up by chance on a
path of four routers, with the rule by which the walk ends and the rule that names the place.
"""

from random import Random
from statistics import mean

from made_up_losses import HOPS, walk_of

RUNS = 2000
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)


def main() -> None:
    """Print a line for each share."""
    for share in SHARES:
        chance = Random(11)
        said = [walk_of(share, run % (len(HOPS) + 1), chance) for run in range(RUNS)]
        wrong, narrow = (
            sum(picked) / RUNS
            for picked in ((one.is_wrong for one in said), (one.is_narrow for one in said))
        )
        asked = mean(one.asked for one in said)
        print(f"{share:4.0%}  wrong {wrong:.2%}  narrow {narrow:.1%}  questions {asked:.1f}")


if __name__ == "__main__":
    main()
