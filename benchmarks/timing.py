"""Contestants that run in turn, so that what disturbs the machine disturbs all of them."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from statistics import median

Bar = Callable[[int, str], AbstractContextManager[Callable[[], None]]]


def alternate(
    contestants: Mapping[str, Callable[[], float]], repeats: int, bar: Bar, name: str
) -> dict[str, list[float]]:
    """Work per CPU-second of each contestant, ``repeats`` times in turn, after one run of each that does not count.

    A contestant works and says how much it did. ``bar(total, name)`` shows how many runs are done.
    """
    rates: dict[str, list[float]] = {contestant: [] for contestant in contestants}
    with bar((1 + repeats) * len(contestants), name) as step:
        for run in range(1 + repeats):
            for contestant, work in contestants.items():
                start = time.process_time()
                done = work()
                rate = done / (time.process_time() - start)
                if run > 0:
                    rates[contestant].append(rate)
                step()
    return rates


def ratio(name: str, rates: list[float], plain: list[float]) -> dict[str, float]:
    """Median, lowest and highest of the ratios of runs that stood side by side, as numbers by name."""
    ratios = [ours / other for ours, other in zip(rates, plain, strict=True)]
    return {name: median(ratios), f"{name}_lowest": min(ratios), f"{name}_highest": max(ratios)}
