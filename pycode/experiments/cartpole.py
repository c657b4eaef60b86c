"""CartPole solved by REINFORCE with a leave-one-out baseline: learning, evaluation and re-test of twenty seeds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from pycode import cartpole
from pycode.experiments import NORMAL_95
from pycode.progress import bar
from pycode.reinforce_training import Settings, Trained, train
from pycode.seeds import require_disjoint

SEEDS = range(1000, 1020)
# On these seeds the settings, the input's scale, the rule that stops and how to act afterwards were chosen.
TUNING = range(50)
SETTINGS = Settings()
LEVEL = 475.0  # mean return at which gymnasium calls this environment solved
EVALUATED, RETESTED, SAMPLED = 100, 1_000, 100  # episodes
UNCAPPED, UNCAPPED_EPISODES = 2_500, 5  # steps instead of the cap of 500, episodes of each seed
GRID = 121


def on_grid(trained: Trained, after: float, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean return of the batches against steps, linear between their ends; behind the last of them ``after``."""
    curve = np.interp(grid, trained.steps, trained.returns)
    return np.where(grid > trained.steps[-1], after, curve)


def _interval(sample: NDArray[np.float32]) -> tuple[float, float]:
    """Mean and half-width of its 95 % interval."""
    return float(sample.mean()), float(NORMAL_95 * sample.std(ddof=1) / np.sqrt(len(sample)))


def _of_each(acts: list[cartpole.Act], count: int, purpose: int, horizon: int) -> NDArray[np.float32]:
    """Returns of new episodes of all policies side by side, shape ``(len(acts), count)``."""
    found = cartpole.returns(cartpole.side_by_side(acts), len(acts) * count, [SEEDS[0], purpose], horizon)
    return found.reshape(len(acts), count)


def measure() -> dict[str, Any]:
    r"""Each seed once: training, then one evaluation on 100 new episodes and the re-test on 1,000 further ones.

    By seed: ``steps`` of the environments until training stopped, ``used`` without the masked ones, ``batches``,
    ``stopped`` by the rule (else by the limit), ``evaluations`` and ``retests`` (means, with ``_halfwidths`` of 95 %)
    of the most probable actions, ``solved`` (evaluation at least 475), ``sampled`` (mean return, with
    ``_halfwidths``, of actions drawn as in training: an estimate of J) and ``uncapped`` (mean length where the cap is
    2,500, most probable actions). ``curves`` are mean returns of a training's batches on the grid ``curve_steps``,
    continued by ``sampled`` after its end; ``curve_quartiles`` are theirs, low, median, high.
    """
    require_disjoint(SEEDS, TUNING)
    trainings, intervals, full = [], [], []
    with bar(len(SEEDS), "CartPole") as step:
        for seed in SEEDS:
            trainings.append(train(seed, SETTINGS))
            # Both at once: the environment's time is mostly that of its calls.
            new = cartpole.returns(trainings[-1].policy.greedy(), EVALUATED + RETESTED, [seed, 1])
            intervals.append((*_interval(new[:EVALUATED]), *_interval(new[EVALUATED:])))
            full.append(float((new[EVALUATED:] >= cartpole.HORIZON).mean()))
            step()
    evaluation, evaluation_error, retest, retest_error = np.transpose(intervals)
    policies = [trained.policy for trained in trainings]
    rng = np.random.default_rng([SEEDS[0], 2])
    drawn = _of_each([policy.sampler(rng) for policy in policies], SAMPLED, 2, cartpole.HORIZON)
    sampled, sampled_error = np.transpose([_interval(row) for row in drawn])
    lengths = _of_each([policy.greedy() for policy in policies], UNCAPPED_EPISODES, 3, UNCAPPED)
    by_seed = lengths.mean(axis=1)
    steps = np.array([t.steps[-1] for t in trainings])
    grid = np.linspace(0, steps.max(), GRID)
    curves = np.array([on_grid(t, after, grid) for t, after in zip(trainings, sampled, strict=True)])
    solved = evaluation >= LEVEL
    return {
        "seeds": len(SEEDS),
        "seed_range": f"{SEEDS[0]} to {SEEDS[-1]}",
        "solved_share": float(solved.mean()),
        "solved_count": int(solved.sum()),
        "solved_least_percent": 100 * binomtest(int(solved.sum()), len(SEEDS)).proportion_ci().low,
        "median_steps": float(np.median(steps)),
        "retest_min": float(retest.min()),
        "retest_full_percent": 100 * float(np.mean(full)),
        "sampled_min": float(sampled.min()),
        "sampled_median": float(np.median(sampled)),
        "solved": solved.astype(int),
        "stopped": [int(t.stopped) for t in trainings],
        "steps": steps,
        "steps_quartiles": np.quantile(steps, (0.25, 0.5, 0.75)),
        "used": [t.used[-1] for t in trainings],
        "median_used": round(float(np.median([t.used[-1] for t in trainings]))),
        "batches": [len(t.steps) for t in trainings],
        "evaluations": evaluation,
        "evaluation_halfwidths": evaluation_error,
        "retests": retest,
        "retest_halfwidths": retest_error,
        "sampled": sampled,
        "sampled_halfwidths": sampled_error,
        "uncapped": by_seed,
        "uncapped_median": float(np.median(by_seed)),
        "uncapped_count": lengths.size,
        "uncapped_reached": int((lengths >= UNCAPPED).sum()),
        "uncapped_horizon": UNCAPPED,
        "uncapped_episodes": UNCAPPED_EPISODES,
        "curve_steps": grid,
        "curves": curves,
        "curve_quartiles": np.quantile(curves, (0.25, 0.5, 0.75), axis=0),
        "evaluated": EVALUATED,
        "retested": RETESTED,
        "sampled_episodes": SAMPLED,
        "level": LEVEL,
        "horizon": cartpole.HORIZON,
        "hidden": SETTINGS.hidden,
        "batch": SETTINGS.episodes,
        "learning_rate": SETTINGS.learning_rate,
        "decay": SETTINGS.decay,
        "full_batches": SETTINGS.full_batches,
        "limit": SETTINGS.limit,
    }
