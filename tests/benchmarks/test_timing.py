"""Contestants run in turn, the first round does not count, and a ratio is that of neighbours."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks import timing


def test_contestants_alternate_and_rates_are_work_per_cpu_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    order: list[str] = []
    steps: list[tuple[int, str]] = []

    def work(name: str, seconds: float, done: float) -> float:
        nonlocal clock
        # The first round is slower: what is read or compiled then does not count.
        clock += seconds * (10 if name not in order else 1)
        order.append(name)
        return done

    @contextmanager
    def bar(total: int, name: str) -> Iterator[object]:
        yield lambda: steps.append((total, name))

    monkeypatch.setattr(timing.time, "process_time", lambda: clock)
    contestants = {"plain": lambda: work("plain", 2.0, 10), "ours": lambda: work("ours", 0.5, 8)}
    rates = timing.alternate(contestants, 3, bar, "loop")
    assert order == ["plain", "ours"] * 4
    assert rates == {"plain": [5.0] * 3, "ours": [16.0] * 3}
    assert steps == [(8, "loop")] * 8


def test_ratio_is_the_median_of_neighbours_not_the_ratio_of_medians() -> None:
    found = timing.ratio("speedup", [2.0, 30.0, 5.0], [1.0, 10.0, 5.0])
    assert found == {"speedup": 2.0, "speedup_lowest": 1.0, "speedup_highest": 3.0}
