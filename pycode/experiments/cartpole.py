"""CartPole solved by REINFORCE with a leave-one-out baseline: learning, evaluation and re-test of twenty seeds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pycode import cartpole
from pycode.progress import bar
from pycode.reinforce_training import Settings, Trained, returns, side_by_side, train
from pycode.seeds import require_disjoint

SEEDS = range(1000, 1020)
TUNING = range(50)  # on which all settings, the input's scale and the rule that stops were chosen
SETTINGS = Settings()
LEVEL = 475.0  # mean return at which gymnasium calls this environment solved
EVALUATED, RETESTED = 100, 1_000  # episodes
UNCAPPED, UNCAPPED_EPISODES = 5_000, 5  # steps instead of the cap of 500, episodes of each seed
GRID = 121
NORMAL_95 = 1.959964


def on_grid(trained: Trained, after: float, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean return of the batches against steps, linear between their ends; behind the last of them ``after``."""
    curve = np.interp(grid, trained.steps, trained.returns)
    return np.where(grid > trained.steps[-1], after, curve)


def _interval(sample: NDArray[np.float32]) -> tuple[float, float]:
    """Mean and half-width of its 95 % interval."""
    return float(sample.mean()), float(NORMAL_95 * sample.std(ddof=1) / np.sqrt(len(sample)))


def measure() -> dict[str, Any]:
    r"""Each seed once: training, then one evaluation on 100 new episodes, then the re-test on 1,000 further ones.

    By seed: ``steps`` of the environments until training stopped, ``used`` without the masked ones, ``batches``,
    ``stopped`` by the rule (else by the limit), ``evaluations`` and ``retests`` (means, with ``_halfwidths`` of 95 %),
    ``solved`` (evaluation at least 475), ``uncapped`` (mean length where the cap is 5,000). ``curves`` are
    mean returns of a training's batches on the grid ``curve_steps``, continued by the evaluation after it stopped;
    ``curve_quartiles`` are theirs, low, median, high. All actions are drawn from the policy.
    """
    require_disjoint(SEEDS, TUNING)
    trainings, evaluations, retests = [], [], []
    with bar(len(SEEDS), "CartPole") as step:
        for seed in SEEDS:
            trainings.append(train(seed, SETTINGS))
            policy = trainings[-1].policy
            evaluations.append(_interval(returns(policy, EVALUATED, [seed, 1])))
            retests.append(_interval(returns(policy, RETESTED, [seed, 2])))
            step()
    (evaluation, evaluation_halfwidth), (retest, retest_halfwidth) = np.transpose(evaluations), np.transpose(retests)
    lengths = side_by_side([t.policy for t in trainings], UNCAPPED_EPISODES, [SEEDS[0], 3], UNCAPPED)
    steps = np.array([t.steps[-1] for t in trainings])
    grid = np.linspace(0, steps.max(), GRID)
    curves = np.array([on_grid(t, after, grid) for t, after in zip(trainings, evaluation, strict=True)])
    solved = evaluation >= LEVEL
    return {
        "seeds": list(SEEDS),
        "tuning_seeds": list(TUNING),
        "solved_share": float(solved.mean()),
        "median_steps": float(np.median(steps)),
        "retest_min": float(retest.min()),
        "solved": solved.astype(int),
        "stopped": [int(t.stopped) for t in trainings],
        "steps": steps,
        "steps_quartiles": np.quantile(steps, (0.25, 0.5, 0.75)),
        "used": [t.used[-1] for t in trainings],
        "batches": [len(t.steps) for t in trainings],
        "evaluations": evaluation,
        "evaluation_halfwidths": evaluation_halfwidth,
        "retests": retest,
        "retest_halfwidths": retest_halfwidth,
        "uncapped": lengths.mean(axis=1),
        "uncapped_median": float(np.median(lengths.mean(axis=1))),
        "uncapped_share": float((lengths >= UNCAPPED).mean()),
        "uncapped_horizon": UNCAPPED,
        "uncapped_episodes": UNCAPPED_EPISODES,
        "curve_steps": grid,
        "curves": curves,
        "curve_quartiles": np.quantile(curves, (0.25, 0.5, 0.75), axis=0),
        "evaluated": EVALUATED,
        "retested": RETESTED,
        "level": LEVEL,
        "horizon": cartpole.HORIZON,
        "hidden": SETTINGS.hidden,
        "batch": SETTINGS.episodes,
        "learning_rate": SETTINGS.learning_rate,
        "decay": SETTINGS.decay,
        "full_batches": SETTINGS.full_batches,
        "limit": SETTINGS.limit,
    }
