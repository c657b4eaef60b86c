"""The benchmark times what it says on each process, and has the numbers that it promises."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from benchmarks import scaling as benchmark
from pycode.sparse_gradient import policy_gradient


@contextmanager
def bar(total: int, name: str) -> Iterator[object]:
    yield lambda: None


def test_the_contestants_compute_the_same_gradient() -> None:
    process, theta = benchmark.grid(6)
    dense = benchmark.by_dense_lu(benchmark.densely(process), theta)
    for method in benchmark.METHODS.values():
        # E[T] is about 50: a few hundred roundings.
        assert policy_gradient(process, theta, method).gradient == pytest.approx(dense, abs=1e-12 * abs(dense).max())


def test_each_contestant_has_its_own_method(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(benchmark, "policy_gradient", lambda process, theta, method: seen.append(method))
    for work in benchmark.sparse(*benchmark.grid(2)).values():
        work()
    assert seen == list(benchmark.METHODS.values())


def test_the_slope_is_the_exponent() -> None:
    states = [10.0, 100.0, 1000.0]
    assert benchmark.slope(states, [3e-6 * n**1.25 for n in states]) == pytest.approx(1.25)


def test_medians_are_taken_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.cumsum([0, 1, 5, 10, 0, 3, 0, 20, 0, 2, 0, 30.0]))
    monkeypatch.setattr(benchmark.time, "process_time", lambda: next(clock))
    found = benchmark.timed({"a": lambda: None, "b": lambda: None}, 3, lambda: None)
    assert found == {"a": 2, "b": 20}


def test_measure_gives_the_promised_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SIDES": (4, 8), "DENSE_SIDES": (3, 4), "BEYOND": 9, "REPEATS": 1}.items():
        monkeypatch.setattr(benchmark, name, value)
    found = benchmark.measure(bar)
    assert set(found) == {
        "repeats", "states", "sparse_cpu_s", "iterative_cpu_s", "best_slope", "sparse_slope", "iterative_slope",
        "dense_states", "dense_cpu_s", "dense_slope", "beyond_states", "beyond_cpu_s", "beyond_sparse_cpu_s",
        "beyond_iterative_cpu_s", "sparse_cpu_s_15", "sparse_cpu_s_63", "iterative_cpu_s_15", "iterative_cpu_s_63",
    }  # fmt: skip
    assert (found["states"], found["dense_states"], found["beyond_states"]) == (63, 15, 80)
    assert found["best_slope"] in (found["sparse_slope"], found["iterative_slope"])
    assert found["beyond_cpu_s"] == min(found["beyond_sparse_cpu_s"], found["beyond_iterative_cpu_s"])
    assert all(isinstance(value, int | float) for value in found.values())
