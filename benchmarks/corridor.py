"""The runs of Figure 13.1, in steps per CPU-second, against two loops that take one step of one run at a time.

All play the same three step sizes for as many episodes, the loops with fewer runs of each: early episodes are longer,
so it is the steps that are counted, and of ours only those that episodes are made of.
"""

from collections.abc import Callable
from statistics import median

import numpy as np

from benchmarks.plain import corridor as plain
from benchmarks.timing import Bar, alternate, ratio
from pycode.corridor_learning import reinforce
from pycode.experiments.reinforce import EPISODES, EXPONENTS, RUNS

ALPHAS = tuple(2.0**-exponent for exponent in EXPONENTS)
REPEATS = 15
PLAIN_RUNS, PURE_PYTHON_RUNS = 1, 10  # of each step size


def measure(bar: Bar) -> dict[str, float]:
    """Ratios of the rates, the rates themselves, and what was run."""
    rng = np.random.default_rng(0)

    def ours() -> float:
        return -float(reinforce(np.repeat(ALPHAS, RUNS), EPISODES, rng).G_0.sum())

    def loop(train: Callable[[float], list[float]], runs: int) -> float:
        return -sum(sum(train(alpha)) for alpha in ALPHAS for _ in range(runs))

    contestants = {
        "vectorised": ours,
        "plain": lambda: loop(lambda alpha: plain.train(alpha, EPISODES, rng), PLAIN_RUNS),
        "pure_python": lambda: loop(lambda alpha: plain.train_without_numpy(alpha, EPISODES), PURE_PYTHON_RUNS),
    }
    rates = alternate(contestants, REPEATS, bar, "Figure 13.1")
    found: dict[str, float] = {
        "repeats": REPEATS,
        "runs": RUNS,
        "episodes": EPISODES,
        "step_sizes": len(ALPHAS),
        "plain_runs": PLAIN_RUNS,
        "pure_python_runs": PURE_PYTHON_RUNS,
    }
    for name, rate in rates.items():
        found[f"{name}_steps_per_cpu_s"] = median(rate)
    found |= ratio("speedup_pure_python", rates["vectorised"], rates["pure_python"])
    return found | ratio("speedup", rates["vectorised"], rates["plain"])
