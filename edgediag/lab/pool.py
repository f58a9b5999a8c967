"""Do the same with many scenarios, in as many labs at once as there are prefixes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from edgediag.lab.network import Lab
from edgediag.lab.scenario import Scenario

T = TypeVar("T")


def over_labs(
    work: Callable[[Lab, Scenario], T],
    scenarios: Sequence[Scenario],
    prefixes: Sequence[str],
    *,
    tell: Callable[[T], None],
) -> tuple[T, ...]:
    """What the work gave for each scenario, in their order.

    work  gets a lab that no other work uses meanwhile; it builds it and takes it down
    tell  is called with each result as soon as it is there
    """
    free: SimpleQueue[str] = SimpleQueue()
    for prefix in prefixes:
        free.put(prefix)

    def work_on(scenario: Scenario) -> T:
        prefix = free.get()
        try:
            result = work(Lab(prefix=prefix), scenario)
        finally:
            free.put(prefix)
        tell(result)
        return result

    with ThreadPoolExecutor(max_workers=len(prefixes)) as pool:
        return tuple(pool.map(work_on, scenarios))
