"""The measured learning curves: against the exact ascent, by a second way to their numbers, and what is in them."""

import json
import math
from typing import Any

import numpy as np
import pytest

from pycode.corridor import J_STAR, objective
from pycode.corridor_learning import Learning, reinforce
from pycode.experiments import reinforce as experiment
from pycode.results import _plain


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """As it is read back from its file."""
    return json.loads(json.dumps(experiment.measure(), default=_plain))


def test_sizes_are_the_books(result: dict[str, Any]) -> None:
    assert (result["runs"], result["episodes"]) == (100, 1000)
    assert (experiment.EXPONENTS, experiment.BASELINE_EXPONENT, experiment.W_EXPONENT) == ((12, 13, 14), 9, 6)
    assert np.shape(result["mean"]) == np.shape(result["error"]) == (4, 1000)
    assert np.shape(result["ascent"]) == (4, 1001)
    assert np.shape(result["p_final"]) == (4, 100)


def test_steps_are_the_returns_that_the_curves_average(result: dict[str, Any]) -> None:
    steps = -result["runs"] * np.sum(result["mean"], axis=1) / 1e6
    assert result["steps_three_millions"] == pytest.approx(steps[:3].sum(), rel=1e-12)
    assert result["steps_millions"] == pytest.approx(steps.sum(), rel=1e-12)
    assert result["steps_three_millions"] == pytest.approx(6.1, abs=0.2)  # 100 runs vary by 1 %


def test_all_begin_at_the_same_return(result: dict[str, Any]) -> None:
    first, error = np.array(result["mean"])[:, 0], np.array(result["error"])[:, 0]
    assert result["p_start"] == pytest.approx(1 / (1 + math.exp(2.94)), rel=1e-14)
    assert result["j_start"] == pytest.approx(objective(result["p_start"]), rel=1e-12)
    assert (abs(first - result["j_start"]) < 4 * error).all()


def test_last_returns_are_near_the_exact_ascent_and_not_above_the_optimum(result: dict[str, Any]) -> None:
    for row, name in enumerate(("12", "13", "14", "baseline")):
        mean, halfwidth = result[f"last_{name}"], result[f"last_{name}_halfwidth"]
        assert mean == pytest.approx(np.mean(result["mean"][row][900:]), rel=1e-12)
        assert result[f"ascent_{name}"] == pytest.approx(np.mean(result["ascent"][row][900:1000]), rel=1e-12)
        assert mean < J_STAR + 2 * halfwidth
        assert abs(mean - result[f"ascent_{name}"]) < 1
        # Episodes of different runs are independent, those of one run nearly so where p moves little.
        error = np.array(result["error"][row][900:])
        assert halfwidth == pytest.approx(1.96 * math.sqrt((error**2).sum()) / 100, rel=0.5)


def test_longer_steps_learn_faster_and_the_baseline_more_so(result: dict[str, Any]) -> None:
    at_100 = [np.mean(mean[80:120]) for mean in result["mean"]]
    assert at_100[3] > at_100[0] > at_100[1] > at_100[2]


def test_sums_of_mean_zero_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(1)
    found = Learning(-rng.integers(3, 99, (2, 5)).astype(float), rng.uniform(0.1, 0.9, (2, 6)))
    for run in range(2):
        G_0, p = found.G_0[run], found.p[run]
        returns = sum(G - objective(x) for G, x in zip(G_0, p[:-1], strict=True))
        h = np.log(p) - np.log1p(-p)
        J = [objective(1 / (1 + np.exp(-h - 1j * 1e-30))).imag / 1e-30 for h in h]
        updates = sum(h[k + 1] - h[k] - 0.3 * 2 * J[k] for k in range(5))
        assert experiment._centred_returns(found)[run] == pytest.approx(returns, rel=1e-12)
        assert experiment._centred_updates(found, 0.3)[run] == pytest.approx(updates, rel=1e-10)
    assert experiment._z(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 * math.sqrt(3))


def test_runaways_are_rare_with_baseline_and_none_is_hidden(result: dict[str, Any]) -> None:
    assert result["stopped"] == 0 or np.isnan(result["mean"]).any()
    share, halfwidth = result["runaway_percent"] / 100, result["runaway_percent_halfwidth"] / 100
    assert 0 < share < 0.02
    assert halfwidth == pytest.approx(1.96 * math.sqrt(share * (1 - share) / 2000), rel=1e-4)
    # Other runs, other numbers: the two shares agree within their errors.
    alpha = np.full(2000, 2.0**-9)
    other = np.isnan(reinforce(alpha, 40, np.random.default_rng(99), 2.0**-6).G_0).any(axis=1).mean()
    assert abs(other - share) < 3 * math.sqrt(2) * halfwidth / 1.96


def test_share_taken_by_a_baseline_that_has_seen_the_episode(result: dict[str, Any]) -> None:
    """Central differences of sum of -a j (1 - a)^(j - 1) Pr(T >= j), over those of J."""
    from pycode.corridor import corridor, policy
    from pycode.mdp import tail

    a, step, p = 2.0**-6, 1e-5, result["p_start"]
    j = np.arange(1, 4001)
    weights = -a * j * (1 - a) ** (j - 1)
    mean = [weights @ tail(corridor(), policy(p + d), 3999)[:, 0] for d in (step, -step)]
    share = (mean[0] - mean[1]) / (objective(p + step) - objective(p - step))
    assert result["peeking_percent"] / 100 == pytest.approx(share, rel=1e-5)
