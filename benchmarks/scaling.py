"""The exact policy gradient in CPU-seconds against the number of states: dense, sparse LU and BiCGSTAB, on the grid.

Each time is that of the whole gradient of a process that stands ready: policy, solves, bound on the error.
"""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch

from benchmarks.timing import Bar
from pycode.experiments.scaling import DRIFT, NOISE, SEED, by_dense_lu
from pycode.gridworld import gridworld, parameters
from pycode.mdp import Array, EpisodicMDP
from pycode.sparse import SparseMDP
from pycode.sparse_gradient import policy_gradient

SIDES = (32, 64, 128, 200, 304)
DENSE_SIDES = (24, 36, 56)
BEYOND = 500
REPEATS = 5
METHODS = {"sparse": "lu", "iterative": "bicgstab"}


def densely(process: SparseMDP) -> EpisodicMDP:
    """The same process with a number for each state, action and successor."""
    n, m = process.exit.shape
    return EpisodicMDP(process.transition.toarray().reshape(n, m, n), process.exit, process.reward)


def grid(k: int) -> tuple[SparseMDP, Array]:
    """Process and parameters of a side."""
    return gridworld(k), parameters(k, DRIFT, NOISE, np.random.default_rng(SEED))


def slope(states: list[float], seconds: list[float]) -> float:
    """Exponent of the power of the number of states that fits the times best, by least squares of logarithms."""
    return float(np.polyfit(np.log(states), np.log(seconds), 1)[0])


def timed(contestants: dict[str, Callable[[], object]], repeats: int, step: Callable[[], None]) -> dict[str, float]:
    """Median CPU-seconds of each, taken in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, work in contestants.items():
            start = time.process_time()
            work()
            seconds[name].append(time.process_time() - start)
            step()
    return {name: median(values) for name, values in seconds.items()}


def measure(bar: Bar) -> dict[str, float]:
    """Times at the largest size, at the largest dense one and beyond, and slopes over the sizes."""
    torch.set_num_threads(1)
    times: dict[str, list[float]] = {name: [] for name in (*METHODS, "dense")}
    found: dict[str, float] = {"repeats": REPEATS}
    with bar(REPEATS * (len(SIDES) * len(METHODS) + len(DENSE_SIDES)) + len(METHODS), "scaling") as step:
        for k in DENSE_SIDES:
            process, theta = grid(k)
            dense = densely(process)
            times["dense"].append(timed({"": lambda: by_dense_lu(dense, theta)}, REPEATS, step)[""])  # noqa: B023
        for k in SIDES:
            process, theta = grid(k)
            for name, seconds in timed(sparse(process, theta), REPEATS, step).items():
                times[name].append(seconds)
                found[f"{name}_cpu_s_{k * k - 1}"] = seconds
        process, theta = grid(BEYOND)
        beyond = timed(sparse(process, theta), 1, step)
    states, small = [k * k - 1.0 for k in SIDES], [k * k - 1.0 for k in DENSE_SIDES]
    slopes = {f"{name}_slope": slope(states, times[name]) for name in METHODS}
    best = min(METHODS, key=lambda name: times[name][-1])
    return found | {
        "states": SIDES[-1] ** 2 - 1,
        "sparse_cpu_s": times["sparse"][-1],
        "iterative_cpu_s": times["iterative"][-1],
        **slopes,
        "best_slope": slopes[f"{best}_slope"],
        "dense_states": DENSE_SIDES[-1] ** 2 - 1,
        "dense_cpu_s": times["dense"][-1],
        "dense_slope": slope(small, times["dense"]),
        "beyond_states": BEYOND**2 - 1,
        **{f"beyond_{name}_cpu_s": seconds for name, seconds in beyond.items()},
        "beyond_cpu_s": min(beyond.values()),
    }


def sparse(process: SparseMDP, theta: Array) -> dict[str, Callable[[], object]]:
    """The gradient by each sparse method, to be timed."""
    return {
        name: lambda method=method: policy_gradient(process, theta, method)  # type: ignore[misc]
        for name, method in METHODS.items()
    }
