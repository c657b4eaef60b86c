r"""REINFORCE on the short corridor: Figures 13.1 and 13.2 of Sutton and Barto beside the exact gradient ascent."""

from typing import Any

import numpy as np

from pycode.corridor import J_STAR, objective
from pycode.corridor_learning import (
    LONGEST,
    THETA_LEFT,
    THETA_RIGHT,
    Learning,
    ascent,
    mean_baseline_after,
    preference,
    probability,
    reinforce,
    slope_in_h,
)
from pycode.experiments import NORMAL_95
from pycode.mdp import Array
from pycode.policy_gradient import COMPLEX_STEP

SEED = 0
RUNS, EPISODES, LAST = 100, 1000, 100  # the book's; the last ones are averaged
EXPONENTS = (12, 13, 14)  # alpha = 2^-12, … : Figure 13.1; the middle one is Figure 13.2's without baseline
BASELINE_EXPONENT, W_EXPONENT = 9, 6  # alpha and alpha_w with baseline: Figure 13.2
MORE_RUNS, MORE_EPISODES = 2000, 40  # of the setting with baseline, to count the runaways


def _z(sums: Array) -> float:
    """Distance of the mean of runs from 0, in its standard errors."""
    return float(sums.mean() / (sums.std(ddof=1) / np.sqrt(len(sums))))


def _centred_returns(found: Learning) -> Array:
    r"""Sum over each run's episodes of :math:`G_0-J(p)`, each of mean 0 given what came before."""
    return (found.G_0 - objective(found.p[:, :-1])).sum(axis=1)


def _centred_updates(found: Learning, alpha: float) -> Array:
    r"""Sum over each run's episodes of h's change minus :math:`\alpha` times the exact slope at its p."""
    change = preference(found.p[:, -1]) - preference(found.p[:, 0])
    return change - alpha * slope_in_h(found.p[:, :-1]).sum(axis=1)


def _runaways(rng: np.random.Generator) -> dict[str, Any]:
    """Share of many runs with baseline that are stopped, and its 95 % half-width."""
    alpha = np.full(MORE_RUNS, 2.0**-BASELINE_EXPONENT)
    found = reinforce(alpha, MORE_EPISODES, rng, 2.0**-W_EXPONENT)
    share = np.isnan(found.G_0).any(axis=1).mean()
    return {
        "longest": LONGEST,
        "more_runs": MORE_RUNS,
        "more_episodes": MORE_EPISODES,
        "runaway_percent": 100 * share,
        "runaway_percent_halfwidth": 100 * NORMAL_95 * np.sqrt(share * (1 - share) / MORE_RUNS),
    }


def _share_taken() -> float:
    """Share of the first exact step that a baseline which has seen the episode would take away."""
    p = float(probability(np.array(THETA_RIGHT - THETA_LEFT)))
    derivative = mean_baseline_after(p + 1j * COMPLEX_STEP, 2.0**-W_EXPONENT).imag / COMPLEX_STEP
    return float(2 * derivative * p * (1 - p) / slope_in_h(np.array(p)))


def measure() -> dict[str, Any]:
    r"""Learning curves of four settings: alpha = 2^-12, 2^-13, 2^-14, and 2^-9 with a learned baseline.

    By setting: ``mean`` of G_0 over the runs and its standard ``error`` for each episode; ``ascent``, J of the exact
    ascent before each episode and after the last; ``p_final`` by run; ``returns_z`` and ``updates_z``, distances in
    standard errors of the mean over runs of two sums of mean 0 (:func:`_centred_returns`,
    :func:`_centred_updates`). By name, 12, 13, 14 or baseline: ``last_<name>`` with ``_halfwidth`` (95 %), mean return
    over the last episodes, and ``ascent_<name>``, the exact ascent's mean over the same ones.
    ``stopped``: runs among these that had an episode of more than ``longest`` steps; ``runaway_percent``: the same of
    many more runs with baseline. ``peeking_percent``: see :func:`_share_taken`.
    """
    rng = np.random.default_rng(SEED)
    together = reinforce(np.repeat(2.0 ** -np.array(EXPONENTS), RUNS), EPISODES, rng)
    with_baseline = reinforce(np.full(RUNS, 2.0**-BASELINE_EXPONENT), EPISODES, rng, 2.0**-W_EXPONENT)
    exponents = (*EXPONENTS, BASELINE_EXPONENT)
    parts = [slice(k * RUNS, (k + 1) * RUNS) for k in range(len(EXPONENTS))]
    settings = [*(Learning(together.G_0[part], together.p[part]) for part in parts), with_baseline]
    exact = np.array([ascent(2.0**-exponent, EPISODES) for exponent in exponents])
    steps = [-float(np.nansum(found.G_0)) for found in settings]
    result: dict[str, Any] = {
        "runs": RUNS,
        "episodes": EPISODES,
        "last": LAST,
        "theta_left": THETA_LEFT,
        "theta_right": THETA_RIGHT,
        "p_start": settings[0].p[0, 0],
        "j_start": exact[0, 0],
        "j_star": J_STAR,
        "steps_millions": sum(steps) / 1e6,
        "steps_three_millions": sum(steps[:-1]) / 1e6,
        "mean": [found.G_0.mean(axis=0) for found in settings],
        "error": [found.G_0.std(axis=0, ddof=1) / np.sqrt(RUNS) for found in settings],
        "ascent": exact,
        "p_final": [found.p[:, -1] for found in settings],
        "returns_z": [_z(_centred_returns(found)) for found in settings],
        "updates_z": [_z(_centred_updates(f, 2.0**-k)) for f, k in zip(settings, exponents, strict=True)],
        "stopped": sum(int(np.isnan(found.G_0).any(axis=1).sum()) for found in settings),
        "peeking_percent": 100 * _share_taken(),
        "w_exponent": W_EXPONENT,
    }
    for name, found, J in zip((*EXPONENTS, "baseline"), settings, exact, strict=True):
        by_run = found.G_0[:, -LAST:].mean(axis=1)
        result[f"last_{name}"] = by_run.mean()
        result[f"last_{name}_halfwidth"] = NORMAL_95 * by_run.std(ddof=1) / np.sqrt(RUNS)
        result[f"ascent_{name}"] = J[-LAST - 1 : -1].mean()
    return result | _runaways(rng)
