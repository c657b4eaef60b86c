"""CPU time from nothing to a policy that solves CartPole, each loop by its own rule, against the common example's.

The seeds are tuning seeds, not those that the document reports.
"""

import time
from statistics import median

import torch

from benchmarks.plain import cartpole as plain
from benchmarks.timing import Bar, ratio
from pycode.experiments.cartpole import SETTINGS, TUNING
from pycode.reinforce_training import train

SEEDS = TUNING[:3]
LIMIT = 200_000  # steps after which the plain loop gives up and counts as it is


def measure(bar: Bar) -> dict[str, float]:
    """Ratios of CPU-seconds, for a solution and for a step, and their parts: medians over the seeds.

    ``speedup`` is the ratio of the medians, ``_lowest`` and ``_highest`` are ratios of single seeds.
    """
    torch.set_num_threads(1)
    plain.train(SEEDS[0], 1)  # what is loaded or compiled the first time does not count
    train(SEEDS[0], SETTINGS)
    steps: dict[str, list[float]] = {"plain": [], "ours": []}
    seconds: dict[str, list[float]] = {"plain": [], "ours": []}
    solved = 0
    with bar(len(SEEDS), "CartPole") as step:
        for seed in SEEDS:
            start = time.process_time()
            plain_steps, reached = plain.train(seed, LIMIT)
            middle = time.process_time()
            trained = train(seed, SETTINGS)
            end = time.process_time()
            solved += reached
            for name, number, cpu in (
                ("plain", plain_steps, middle - start),
                ("ours", trained.steps[-1], end - middle),
            ):
                steps[name].append(number)
                seconds[name].append(cpu)
            step()
    per_step = {name: sum(seconds[name]) / sum(steps[name]) for name in steps}
    spread = ratio("speedup", seconds["plain"], seconds["ours"])
    return {
        "runs": len(SEEDS),
        "plain_solved": solved,
        **spread,
        "speedup": median(seconds["plain"]) / median(seconds["ours"]),
        "speedup_per_step": per_step["plain"] / per_step["ours"],
        **{f"{name}_cpu_s": median(seconds[name]) for name in seconds},
        **{f"{name}_steps": median(steps[name]) for name in steps},
    }
