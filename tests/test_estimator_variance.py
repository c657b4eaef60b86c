"""Exact variances against enumerated episodes, closed forms, the reference table and properties."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycode.corridor import corridor, policy, score, slope
from pycode.estimator_variance import Estimator, ScoredPolicy, estimators, softmax_score
from pycode.mdp import EpisodicMDP
from pycode.policy_gradient import softmax_policy, theorem_sum

seeds = st.integers(0, 10**6)
sampled = settings(max_examples=15, deadline=None)
LEAST = 1e-12  # paths of smaller probability are left out


def random_policy(seed: int, exit_: float = 0.2) -> tuple[ScoredPolicy, np.ndarray]:
    """A process that ends with at least that probability a step, under a random softmax policy; and its parameters."""
    rng = np.random.default_rng(seed)
    n, m = 2, 2
    outcomes = (1 - exit_) * rng.dirichlet(np.ones(n + 1), size=(n, m)) + exit_ * np.eye(n + 1)[n]
    mdp = EpisodicMDP(outcomes[..., :n], outcomes[..., n], rng.normal(size=(n, m)), start=int(rng.integers(n)))
    theta = rng.normal(size=(n, m))
    pi = softmax_policy(theta)
    return ScoredPolicy(mdp, pi, softmax_score(pi)), theta


Path = list[tuple[int, int]]


def enumerated(policy: ScoredPolicy) -> Iterator[tuple[float, Path]]:
    """Every episode with its probability, as states and actions."""
    mdp, n = policy.mdp, len(policy.pi)
    waiting: list[tuple[float, int, Path]] = [(1.0, mdp.start, [])]
    while waiting:
        chance, s, path = waiting.pop()
        for a in range(policy.pi.shape[1]):
            taken = chance * policy.pi[s, a]
            yield taken * mdp.exit[s, a], [*path, (s, a)]
            for x in range(n):
                if taken * mdp.transition[s, a, x] > LEAST:
                    waiting.append((taken * mdp.transition[s, a, x], x, [*path, (s, a)]))


def by_definition(policy: ScoredPolicy, path: Path, constant: float, best: np.ndarray) -> list[np.ndarray]:
    """The nine estimates from one episode, each as its formula reads."""
    psi, v, q = policy.psi, policy.v, policy.q
    r = [policy.mdp.reward[s, a] for s, a in path]
    G = [sum(r[t:]) for t in range(len(r))]
    steps = list(enumerate(path))
    return [
        G[0] * sum(psi[s, a] for _, (s, a) in steps),
        sum(G[t] * psi[s, a] for t, (s, a) in steps),
        sum((G[t] - v[policy.mdp.start]) * psi[s, a] for t, (s, a) in steps),
        sum((G[t] - constant) * psi[s, a] for t, (s, a) in steps),
        sum((G[t] - v[s]) * psi[s, a] for t, (s, a) in steps),
        sum((G[t] - best[s]) * psi[s, a] for t, (s, a) in steps),
        sum(q[s, a] * psi[s, a] for _, (s, a) in steps),
        sum((q[s, a] - v[s]) * psi[s, a] for _, (s, a) in steps),
        sum(sum(policy.pi[s, b] * q[s, b] * psi[s, b] for b in range(len(q[s]))) for _, (s, _) in steps),
    ]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_moments_are_those_of_all_episodes(seed: int) -> None:
    policy, _ = random_policy(seed, exit_=0.95)
    best, weight = policy.best_baseline(), policy.baseline_weight()
    constant = float(weight @ best / weight.sum())
    chance, paths = zip(*enumerated(policy), strict=True)
    estimate = np.array([by_definition(policy, path, constant, best) for path in paths])
    mean = np.einsum("e,ekd->kd", chance, estimate)
    square = np.einsum("e,ekd->k", chance, (estimate - mean) ** 2)
    chosen = estimators(policy)
    left_out = 1 - sum(chance)
    assert left_out < 1e-9
    for k, estimator in enumerate(chosen.values()):
        # An episode that is left out has some eight steps: the square of its estimate is some thousand variances.
        assert policy.mean(estimator)[policy.mdp.start] == pytest.approx(mean[k], abs=1e4 * left_out + 1e-13)
        assert policy.variance(estimator) == pytest.approx(square[k], rel=1e4 * left_out + 1e-12)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_one_state_with_a_geometric_length(p: float) -> None:
    """T is geometric: Z = 1 - pT, and the other sums are polynomials in T too; reward -1 a step, actions stay, end."""
    mdp = EpisodicMDP(np.array([[[1.0], [0.0]]]), np.array([[0.0, 1.0]]), -np.ones((1, 2)))
    policy = ScoredPolicy(mdp, np.array([[1 - p, p]]), np.array([[[-p], [1 - p]]]))
    T = np.arange(1.0, 2001)
    chance = p * (1 - p) ** (T - 1)
    to_go = p * (T * (T + 1) / 2 - 1) - (1 - p)
    baseline = 1 - p * T
    cut = chance @ ((to_go - chance @ to_go) * baseline) / (chance @ baseline**2)
    values = {
        "total_return": -T * (1 - p * T),
        "reward_to_go": to_go,
        "minus_J": to_go + baseline / p,
        "best_constant": to_go - cut * baseline,
        "minus_v": to_go + baseline / p,
        "best_baseline": to_go - cut * baseline,
        "advantage": (1 - p) ** 2 / p + p * (T - 1),
        "all_action": (1 - p) * T,
    }
    chosen = estimators(policy)
    for name, value in values.items():
        mean = chance @ value
        assert mean == pytest.approx((1 - p) / p)
        assert policy.mean(chosen[name])[0, 0] == pytest.approx(mean)
        assert policy.variance(chosen[name]) == pytest.approx(chance @ (value - mean) ** 2, rel=1e-11)
    assert policy.variance(chosen["advantage"]) == pytest.approx(1 - p)
    assert policy.variance(chosen["all_action"]) == pytest.approx((1 - p) ** 3 / p**2)


def test_the_corridors_shares_are_the_reference_ones() -> None:
    policy_ = ScoredPolicy(corridor(), policy(0.05), score(0.05))
    chosen = estimators(policy_)
    share = {name: policy_.variance(e) / policy_.variance(chosen["total_return"]) for name, e in chosen.items()}
    reference = {"reward_to_go": 0.356, "minus_J": 0.1455, "minus_v": 0.1515, "best_constant": 0.1435, "q": 0.138}
    reference |= {"advantage": 0.00003, "all_action": 0.027}
    for name, value in reference.items():
        digits = len(str(f"{value:.5f}".rstrip("0"))) - 2
        assert round(share[name], digits) == value


@pytest.mark.parametrize("p", [0.05, 0.3, 0.9])
def test_the_corridors_score_and_mean_are_the_derivatives(p: float) -> None:
    h = 1e-30
    theta = np.log(p / (1 - p)) + 1j * h
    numeric = np.log(policy(1 / (1 + np.exp(-theta)))).imag / h
    assert score(p)[..., 0] == pytest.approx(numeric)
    policy_ = ScoredPolicy(corridor(), policy(p), score(p))
    for estimator in estimators(policy_).values():
        assert policy_.mean(estimator)[0, 0] == pytest.approx(p * (1 - p) * float(slope(np.array(p))), rel=1e-9)


@sampled
@given(seeds)
def test_all_means_are_the_theorems_sum(seed: int) -> None:
    policy, theta = random_policy(seed)
    for estimator in estimators(policy).values():
        mean = policy.mean(estimator)[policy.mdp.start]
        assert mean == pytest.approx(theorem_sum(policy.mdp, theta).ravel(), abs=1e-12)


@sampled
@given(seeds)
def test_a_baseline_costs_its_weighted_distance_from_the_best(seed: int) -> None:
    policy, _ = random_policy(seed)
    best, weight = policy.best_baseline(), policy.baseline_weight()
    chosen = estimators(policy)
    b = np.random.default_rng(seed).normal(size=len(best))
    estimator = Estimator(0, 1, -b[:, None, None] * policy.psi)
    excess = policy.variance(estimator) - policy.variance(chosen["best_baseline"])
    assert excess == pytest.approx(weight @ (b - best) ** 2, rel=1e-9)


@sampled
@given(seeds)
def test_the_best_constant_is_the_quadratics_vertex(seed: int) -> None:
    policy, _ = random_policy(seed)
    at = [policy.variance(Estimator(0, 1, -c * policy.psi)) for c in (-1.0, 0.0, 1.0)]
    curvature, tilt = at[0] + at[2] - 2 * at[1], (at[2] - at[0]) / 2
    assert policy.variance(estimators(policy)["best_constant"]) == pytest.approx(at[1] - tilt**2 / (2 * curvature))


@sampled
@given(seeds)
def test_variances_scale_with_the_square_of_the_reward(seed: int) -> None:
    policy, _ = random_policy(seed)
    mdp = policy.mdp
    scaled = ScoredPolicy(EpisodicMDP(mdp.transition, mdp.exit, -3 * mdp.reward, mdp.start), policy.pi, policy.psi)
    for (_, one), (_, other) in zip(estimators(policy).items(), estimators(scaled).items(), strict=True):
        assert scaled.variance(other) == pytest.approx(9 * policy.variance(one), rel=1e-10)


@sampled
@given(seeds)
def test_the_noise_of_drawn_actions_is_the_difference_of_the_variances(seed: int) -> None:
    policy, _ = random_policy(seed)
    chosen = estimators(policy)
    for name in ("q", "advantage"):
        own, later = policy.action_noise(chosen[name])
        difference = policy.variance(chosen[name]) - policy.variance(chosen["all_action"])
        assert own > 0
        assert own + later == pytest.approx(difference, abs=1e-12)


def test_a_probability_of_zero_has_no_score() -> None:
    with pytest.raises(ValueError, match="action 1 has probability 0 in state 2, so no score"):
        softmax_score(np.array([[0.5, 0.5], [0.1, 0.9], [1.0, 0.0]]))


@pytest.mark.parametrize(
    ("p", "psi", "message"),
    [
        (1.0, score(0.5), "the episode may never end"),
        (0.5, score(0.4), "in state 0 the score has a mean of size 0.1; give the gradient of log pi"),
        (0.5, score(0.5)[..., 0], r"the score \(3, 2\); give \(n, m\) and \(n, m, d\) with \(n, m\) = \(3, 2\)"),
        (0.5, score(0.5)[..., :0], r"the score \(3, 2, 0\); give .* d at least 1$"),
        (0.5, 0 * score(0.5), "every score is 0"),
        (0.5, np.nan * score(0.5), "the score has a mean of size nan"),
    ],
)
def test_bad_policies_and_scores_are_refused(p: float, psi: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScoredPolicy(corridor(), policy(p), psi)


def test_several_policies_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^the policy has shape \(4, 3, 2\) and the score \(3, 2, 1\); give \(n, m\)"):
        ScoredPolicy(corridor(), np.tile(policy(0.5), (4, 1, 1)), score(0.5))


@pytest.mark.parametrize(
    ("pi", "message"),
    [
        (2 * policy(0.5), "the policy's row of state 0 is not a probability; make it nonnegative, sum 1"),
        (np.array([[0.5, 0.5], [np.nan, 0.5]]), "row of state 1 is not a probability"),
        (np.array([[0.5, 0.5], [1.5, -0.5]]), "row of state 1 is not a probability"),
        (np.array([0.5, 0.5]), r"the policy has shape \(2,\); give \(n, m\)"),
    ],
)
def test_a_score_is_that_of_probabilities(pi: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        softmax_score(pi)
