"""REINFORCE on the corridor: by a step-by-step program on the same numbers, by exact means, and by algebra."""

import math

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp
from scipy.special import expit
from scipy.stats import chi2

from pycode import mdp
from pycode.corridor import J_STAR, corridor, objective, policy
from pycode.corridor_learning import (
    BLOCK,
    LEAST_ALPHA_W,
    SATURATED,
    THETA_LEFT,
    THETA_RIGHT,
    WORD,
    ascent,
    baseline_after,
    mean_baseline_after,
    preference,
    probability,
    reinforce,
    slope_in_h,
)
from pycode.policy_gradient import softmax_policy, theorem_sum
from pycode.rollouts import episodes

H = THETA_RIGHT - THETA_LEFT
P_0 = float(probability(np.array(H)))


class Plain:
    """One run, step by step: both parameters, both actions' probabilities, every return and every score."""

    def __init__(self, alpha: float, alpha_w: float) -> None:
        self.alpha, self.alpha_w = alpha, alpha_w
        self.theta, self.w = np.array([THETA_LEFT, THETA_RIGHT]), 0.0
        self.s = 0
        self.actions: list[int] = []
        self.returns: list[float] = []
        self.p = [self.pi[1]]

    @property
    def pi(self) -> np.ndarray:
        return softmax_policy(self.theta)

    def play(self, word: np.ndarray) -> None:
        """Steps with these uniform numbers; what the end of an episode leaves over is not looked at."""
        for uniform in word:
            a = int(uniform < self.pi[1])
            self.actions.append(a)
            forward = a == 0 if self.s == 1 else a == 1
            self.s = self.s + 1 if forward else max(self.s - 1, 0)
            if self.s == 3:
                self.learn()
                break

    def learn(self) -> None:
        T, pi = len(self.actions), self.pi
        G = [-float(T - t) for t in range(T)]
        for G_t, a in zip(G, self.actions, strict=True):
            self.theta = self.theta + self.alpha * (G_t - self.w) * (np.eye(2)[a] - pi)
        for G_t in G:
            self.w += self.alpha_w * (G_t - self.w)
        self.returns.append(G[0])
        self.p.append(self.pi[1])
        self.s, self.actions = 0, []


class Recorded:
    """A generator that remembers the uniform numbers it gave."""

    def __init__(self, seed: int) -> None:
        self.rng, self.blocks = np.random.default_rng(seed), list[np.ndarray]()

    def random(self, shape: tuple[int, ...]) -> np.ndarray:
        self.blocks.append(self.rng.random(shape))
        return self.blocks[-1]


@pytest.mark.parametrize(("alpha_w", "largest"), [(0.0, -11), (2.0**-6, -10)])
def test_many_runs_at_once_are_the_step_by_step_program_on_the_same_numbers(alpha_w: float, largest: int) -> None:
    alpha, count, rng = 2.0 ** np.arange(largest - 5, largest + 1), 60, Recorded(0)
    found = reinforce(alpha, count, rng, alpha_w)  # type: ignore[arg-type]
    runs = [Plain(a, alpha_w) for a in alpha]
    for block in rng.blocks:
        active = [run for run in runs if len(run.returns) < count]
        assert block.shape == (BLOCK, len(active), WORD)
        for words, run in zip(block.swapaxes(0, 1), active, strict=True):
            for word in words:
                run.play(word)
    assert len({len(run.returns) for run in runs}) > 1  # they did not end together
    assert found.G_0.tolist() == [run.returns[:count] for run in runs]
    # Sums of some hundred products of size up to 500² are rounded in another order.
    assert found.p == pytest.approx(np.array([run.p[: count + 1] for run in runs]), rel=1e-10)


def test_every_run_has_all_its_episodes_and_none_else() -> None:
    found = reinforce(np.full(7, 1e-4), 33, np.random.default_rng(0))
    assert found.G_0.shape == (7, 33)
    assert found.p.shape == (7, 34)
    assert (found.G_0 <= -3).all()  # no way out is shorter
    assert (found.G_0 % 1 == 0).all()
    assert ((found.p > 0) & (found.p < 1)).all()


def test_the_first_episode_has_the_exact_distribution() -> None:
    runs = 4000
    T = -reinforce(np.full(runs, 1e-6), 1, np.random.default_rng(1)).G_0[:, 0]
    survival = mdp.tail(corridor(), policy(P_0), 400)[:, 0]
    edges = np.array([0, 5, 10, 20, 30, 45, 60, 80, 100, 130, 170, 220, 300])
    expected = runs * -np.diff(np.append(survival[edges], 0))
    observed = np.histogram(T, np.append(edges + 0.5, np.inf))[0]
    assert ((observed - expected) ** 2 / expected).sum() < chi2.ppf(1 - 1e-4, len(expected) - 1)


@pytest.mark.parametrize("alpha_w", [0.0, 2.0**-6])
@pytest.mark.parametrize("p", [0.05, 0.4, 0.8])
def test_the_mean_update_is_the_exact_gradient(p: float, alpha_w: float) -> None:
    """The second update has a baseline that is not 0; steps so small leave p where it is."""
    runs, alpha = 20_000, 1e-7
    h = float(preference(np.array(p)))
    found = reinforce(np.full(runs, alpha), 2, np.random.default_rng(2), alpha_w, h)
    updates = np.diff(preference(found.p), axis=1) / alpha
    error = updates.std(axis=0, ddof=1) / math.sqrt(runs)
    exact = slope_in_h(np.array(p))
    assert (abs(updates.mean(axis=0) - exact) < 4 * error).all()
    if p < 0.1:  # enough draws to see the share, a quarter, that a baseline which has seen the episode takes away
        assert (error < 0.04 * exact).all()


def test_slope_in_h_is_the_theorems_sum_over_the_shared_preferences() -> None:
    for h in (-3.0, 0.0, 1.5):
        theta = np.tile([-h / 2, h / 2], (3, 1))
        left, right = theorem_sum(corridor(), theta).sum(axis=0)
        assert left == pytest.approx(-right, rel=1e-10)
        assert slope_in_h(probability(np.array(h))) == pytest.approx(right - left, rel=1e-10)


def test_mean_of_the_baseline_is_that_of_the_lengths_transform_by_algebra() -> None:
    """From E[g^T], three equations solved symbolically: E[w_T] = E[(T + 1/a) g^T] - 1/a at g = 1 - a."""
    p, g, f0, f1, f2 = sp.symbols("p g f0 f1 f2")
    equations = [
        sp.Eq(f0, g * ((1 - p) * f0 + p * f1)),
        sp.Eq(f1, g * (p * f0 + (1 - p) * f2)),
        sp.Eq(f2, g * ((1 - p) * f1 + p)),
    ]
    f = sp.solve(equations, [f0, f1, f2])[f0]
    a = sp.Rational(1, 64)
    mean = (g * sp.diff(f, g) + f / a).subs(g, 1 - a) - 1 / a
    for value in (0.05, 0.5, 0.9):
        found = mean_baseline_after(value + 1e-30j, 2.0**-6)
        assert found.real == pytest.approx(float(mean.subs(p, value)), rel=1e-11)
        assert found.imag / 1e-30 == pytest.approx(float(sp.diff(mean, p).subs(p, value)), rel=1e-10)


def test_a_baseline_that_has_seen_the_episode_takes_its_own_gradient_away() -> None:
    alpha_w, runs = 2.0**-6, 20_000
    steps = episodes(corridor(), policy(P_0), runs, np.random.default_rng(3))
    T, score = np.zeros((2, runs))
    for step in steps:
        T[step.episode] += 1
        score[step.episode] += step.a_t - P_0
    lost = 2 * baseline_after(np.zeros(runs), T, alpha_w) * score
    error = lost.std(ddof=1) / math.sqrt(runs)
    exact = 2 * mean_baseline_after(P_0 + 1e-30j, alpha_w).imag / 1e-30 * P_0 * (1 - P_0)
    assert abs(lost.mean() - exact) < 4 * error
    assert lost.mean() > 20 * error
    assert abs(score.mean()) < 4 * score.std(ddof=1) / math.sqrt(runs)  # any number fixed before takes nothing


def test_closed_form_of_the_baseline_is_its_recursion() -> None:
    for alpha_w, T, w in ((2.0**-6, 82, 0.0), (0.3, 5, -40.0), (2.0**-6, 700, -11.0), (0.9, 1, 3.0)):
        moved = w
        for t in range(T):
            moved += alpha_w * (-(T - t) - moved)
        assert baseline_after(np.array(w), np.array(T), alpha_w) == pytest.approx(moved, rel=1e-12)


def test_ascent_is_eulers_method_of_the_gradient_flow() -> None:
    """dh/dtau = slope_in_h, tau = alpha k, by a solver of its own; Euler's error halves with the step."""
    tau = 0.05

    def flow(_: float, h: np.ndarray) -> np.ndarray:
        return np.array([slope_in_h(1 / (1 + np.exp(-h[0])))])

    end = solve_ivp(flow, (0, tau), [H], rtol=1e-11, atol=1e-12).y[0, -1]
    exact = objective(1 / (1 + math.exp(-end)))
    errors = [ascent(tau / count, count)[-1] - exact for count in (1000, 2000, 4000)]
    assert abs(errors[0]) < 0.5
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.1)
    assert errors[1] / errors[2] == pytest.approx(2, abs=0.05)


def test_ascent_takes_the_theorems_steps_and_ends_at_the_optimum() -> None:
    theta, curve = np.tile([THETA_LEFT, THETA_RIGHT], (3, 1)), ascent(2.0**-9, 2000)
    for J in curve[:50]:
        pi = softmax_policy(theta)
        assert pytest.approx(mdp.state_value(corridor(), pi)[0], rel=1e-9) == J
        theta = theta + 2.0**-9 * theorem_sum(corridor(), theta).sum(axis=0)  # the states share their preferences
    assert (np.diff(curve) >= -1e-12).all()
    assert curve[-1] == pytest.approx(J_STAR, rel=1e-12)


def test_start_is_that_of_the_books_program() -> None:
    assert pytest.approx(softmax_policy(np.array([1.47, -1.47]))[1], rel=1e-14) == P_0
    assert ascent(1e-3, 1)[0] == pytest.approx(objective(P_0))
    assert reinforce(np.ones(1), 1, np.random.default_rng(0)).p[0, 0] == P_0


def test_no_preference_overflows() -> None:
    h = np.array([-1e6, -30, 0.0, 30, 1e6])
    assert probability(h) == pytest.approx(expit(h), abs=1e-15)
    assert preference(probability(h[2:3])) == 0


def test_a_run_that_comes_to_no_end_is_stopped_and_the_others_go_on() -> None:
    found = reinforce(np.array([1e-4, 10.0, 1e-4]), 20, np.random.default_rng(0))
    assert np.isnan(found.G_0).any(axis=1).tolist() == [False, True, False]
    first = int(np.isnan(found.G_0[1]).argmax())
    assert np.isnan(found.G_0[1, first:]).all()
    assert np.isfinite(found.p[1, :first]).all()
    assert np.isnan(found.p[1, first:]).all()


@pytest.mark.parametrize(
    ("alpha", "count", "alpha_w", "message"),
    [
        (np.array([1e-3, 0.0]), 5, 0.0, r"^alpha is \[0.001, 0.0\]; give positive step sizes$"),
        (np.array([np.nan]), 5, 0.0, "give positive step sizes$"),
        (np.array([]), 5, 0.0, "give positive step sizes$"),
        (np.array([1e-3]), 0, 0.0, "^there are 0 episodes; give a whole number, at least 1$"),
        (np.array([1e-3]), 5, 1.0, "^alpha_w is 1.0; give a step size"),
        (np.array([1e-3]), 5, -0.1, "^alpha_w is -0.1; give a step size"),
        (np.array([1e-3]), 5, 1e-320, "^alpha_w is 1e-320; give a step size from 1e-06 to below 1, or 0"),
        (np.array([1e-3]), 1.5, 0.0, "^there are 1.5 episodes; give a whole number, at least 1$"),
        (np.array(1e-3), 5, 0.0, r"^alpha has shape \(\); give \(runs,\)"),
        (np.full((2, 3), 1e-3), 5, 0.0, r"^alpha has shape \(2, 3\); give \(runs,\)"),
    ],
)
def test_senseless_settings_are_told(alpha: np.ndarray, count: float, alpha_w: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reinforce(alpha, count, np.random.default_rng(0), alpha_w)  # type: ignore[arg-type]


@pytest.mark.parametrize("h", [math.nan, math.inf, -math.inf, 36.0])
def test_a_preference_without_a_probability_is_told(h: float) -> None:
    message = f"^h is {h}; give a preference between -36 and 36$"
    with pytest.raises(ValueError, match=message):
        reinforce(np.array([1e-3]), 5, np.random.default_rng(0), h=h)
    with pytest.raises(ValueError, match=message):
        ascent(1e-3, 5, h)


def test_the_closed_form_of_the_baseline_keeps_its_digits_down_to_the_least_step_size() -> None:
    """Numbers of size 1/alpha_w are subtracted, each rounded by half a unit: some 1e-10 is left."""
    T, w = 700, -3.0
    moved = w
    for t in range(T):
        moved += LEAST_ALPHA_W * (-(T - t) - moved)
    assert baseline_after(np.array(w), np.array(T), LEAST_ALPHA_W) == pytest.approx(moved, abs=1e-9)


@pytest.mark.parametrize("side", [-1, 1])
def test_every_preference_that_is_taken_has_a_probability_inside(side: int) -> None:
    p = probability(np.nextafter(side * SATURATED, 0.0))
    assert 0 < p < 1
    assert np.isfinite([objective(p), slope_in_h(p)]).all()


@pytest.mark.parametrize(
    ("alpha", "count", "message"),
    [
        (0.0, 5, "^alpha is 0.0; give positive step sizes$"),
        (1e-3, -1, "^there are -1 episodes; give a whole number, at least 1$"),
        (1e6, 5, r"^step size 1000000.0 is too large at step 1: h is .*; give a smaller one$"),
        (1e308, 5, r"^step size 1e\+308 is too large at step 1: h is inf; give a smaller one$"),
        (1.0, 5, r"^step size 1.0 is too large at step \d: h is .*; give a smaller one$"),
    ],
)
def test_ascent_tells_senseless_settings_too(alpha: float, count: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ascent(alpha, count)
