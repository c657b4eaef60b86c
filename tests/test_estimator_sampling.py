"""Sampled episodes and their estimates: tables of paths exactly, samples within standard errors, and REINFORCE."""

import numpy as np
import pytest

from pycode.corridor import corridor, policy, score
from pycode.estimator_sampling import Paths, estimates, paths, sample, variances
from pycode.estimator_variance import ScoredPolicy, estimators, softmax_score
from pycode.mdp import EpisodicMDP
from pycode.policy_gradient import softmax_policy
from pycode.rollouts import Step, episodes, reinforce, returns

COUNT = 20_000


def example(exit_: float = 0.3) -> ScoredPolicy:
    rng = np.random.default_rng(3)
    outcomes = (1 - exit_) * rng.dirichlet(np.ones(4), size=(3, 2)) + exit_ * np.eye(4)[3]
    outcomes[0, 1] = [0.5, 0, 0, 0.5]
    mdp = EpisodicMDP(outcomes[..., :3], outcomes[..., 3], rng.normal(size=(3, 2)), start=1)
    pi = softmax_policy(rng.normal(size=(3, 2)))
    return ScoredPolicy(mdp, pi, softmax_score(pi))


def totals(steps: list[Step], n: int, m: int) -> np.ndarray:
    """Rows [N, W, reward] of drawn episodes, step by step."""
    G = returns(steps)
    count = len(G)
    N, W, left = np.zeros((count, n * m)), np.zeros((count, n * m)), G.copy()
    for episode, s_t, a_t, r_tp1 in steps:
        N[episode, s_t * m + a_t] += 1
        W[episode, s_t * m + a_t] += left[episode]
        left[episode] -= r_tp1
    return np.concatenate([N, W, G[:, None]], axis=1)


def walked(policy: ScoredPolicy, s: int, steps: int) -> list[tuple[int, float, np.ndarray]]:
    """Last state, probability and totals of all paths of that many steps from s, by plain recursion."""
    n, m = policy.pi.shape
    if steps == 0 or s == n:
        return [(s, 1.0, np.zeros(2 * n * m + 1))]
    found = []
    for a in range(m):
        chances = [*policy.mdp.transition[s, a], policy.mdp.exit[s, a]]
        for x, chance in enumerate(chances):
            if chance > 0:
                for last, later, total in walked(policy, x, steps - 1):
                    row = total.copy()
                    row[-1] += policy.mdp.reward[s, a]
                    row[s * m + a] += 1
                    row[n * m + s * m + a] += row[-1]
                    found.append((last, policy.pi[s, a] * chance * later, row))
    return found


@pytest.mark.parametrize("doublings", [0, 1, 2])
def test_tables_hold_all_paths(doublings: int) -> None:
    policy = example()
    found = paths(policy, doublings)
    assert (np.diff(found.first) >= 0).all()
    for s in range(4):
        of_s = found.first == s
        expected = walked(policy, s, 2**doublings)
        assert of_s.sum() == len(expected)
        rows = np.column_stack([found.last[of_s], found.probability[of_s], found.totals[of_s]])
        wanted = np.array([[last, chance, *total] for last, chance, total in expected])
        order, other = (np.lexsort(np.round(table, 9).T) for table in (rows, wanted))
        assert rows[order] == pytest.approx(wanted[other], abs=1e-12)


def test_the_table_of_long_paths_has_the_exact_variances() -> None:
    """After eight steps with exit probability at least 0.9 all but 1e-8 of the episodes have ended."""
    mdp = corridor()
    mdp = EpisodicMDP(0.1 * mdp.transition, 0.9 + 0.1 * mdp.exit, np.arange(6.0).reshape(3, 2))
    of = ScoredPolicy(mdp, policy(0.3), score(0.3))
    found = paths(of, 3)
    chosen = estimators(of)
    begun = found.first == mdp.start
    value = estimates(list(chosen.values()), of.psi, found.totals[begun])
    for k, estimator in enumerate(chosen.values()):
        mean = value[k] @ found.probability[begun]
        assert mean == pytest.approx(of.mean(estimator)[mdp.start], abs=1e-5)
        square = ((value[k] - mean[:, None]) ** 2).sum(axis=0) @ found.probability[begun]
        assert square == pytest.approx(of.variance(estimator), rel=1e-5)


def test_reward_to_go_is_reinforce_on_the_same_episodes() -> None:
    policy = example()
    steps = episodes(policy.mdp, policy.pi, 200, np.random.default_rng(0))
    chosen = estimators(policy)
    value = estimates(list(chosen.values()), policy.psi, totals(steps, 3, 2))
    row = dict(zip(chosen, value, strict=True))
    assert row["reward_to_go"].T.reshape(200, 3, 2) == pytest.approx(reinforce(policy.pi, steps), abs=1e-11)
    score_sum = np.zeros((200, 6))
    for episode, s_t, a_t, _ in steps:
        score_sum[episode] += policy.psi[s_t, a_t]
    assert pytest.approx(returns(steps)[:, None] * score_sum, abs=1e-11) == row["total_return"].T
    assert pytest.approx(row["reward_to_go"].T - policy.v[1] * score_sum, abs=1e-11) == row["minus_J"].T


@pytest.mark.parametrize("doublings", [0, 2])
def test_samples_have_the_moments_of_rollouts(doublings: int) -> None:
    """Two samples: their means of totals and of squared totals differ by less than four standard errors."""
    policy = example()
    one = sample(paths(policy, doublings), 1, COUNT, np.random.default_rng(1))
    other = totals(episodes(policy.mdp, policy.pi, COUNT, np.random.default_rng(2)), 3, 2)
    assert one.shape == other.shape == (COUNT, 13)
    for f in (np.abs, np.square):
        a, b = f(one), f(other)
        error = np.sqrt((a.var(axis=0) + b.var(axis=0)) / COUNT)
        assert (abs(a.mean(axis=0) - b.mean(axis=0)) < 4 * error + 1e-12).all()


def test_a_draw_beyond_the_last_rounded_probability_takes_the_last_path() -> None:
    class Highest:
        def random(self, count: int) -> np.ndarray:
            return np.full(count, 1 - 2.0**-53)

    found = Paths(np.array([0, 0, 1]), np.array([1, 1, 1]), np.array([0.5, 0.5 - 1e-12, 1.0]), np.eye(3), example())
    drawn = sample(found, 0, 2, Highest())  # type: ignore[arg-type]
    assert drawn.tolist() == [[0, 1, 0], [0, 1, 0]]


def test_variances_and_errors_are_those_of_the_pooled_sample() -> None:
    of = ScoredPolicy(corridor(), policy(0.4), score(0.4))
    chosen, found = list(estimators(of).values()), paths(of, 2)
    got = variances(of, chosen, found, 5, 300, np.random.default_rng(6))
    rng = np.random.default_rng(6)
    value = np.concatenate([estimates(chosen, of.psi, sample(found, 0, 300, rng)) for _ in range(5)], axis=-1)[:, 0]
    assert got.variance == pytest.approx(value.var(axis=-1, ddof=1))
    mean = np.array([[of.mean(estimator)[0, 0]] for estimator in chosen])
    fourth = ((value - mean) ** 4).mean(axis=-1)
    assert got.error == pytest.approx(np.sqrt((fourth - got.variance**2) / 1500))


def test_sampled_variances_are_the_exact_ones() -> None:
    policy = example()
    chosen = list(estimators(policy).values())
    got = variances(policy, chosen, paths(policy, 2), 4, COUNT, np.random.default_rng(9))
    assert (abs(got.variance - [policy.variance(each) for each in chosen]) < 4 * got.error).all()


@pytest.mark.parametrize(
    ("doublings", "message"),
    [
        (-1, "^doublings is -1; give a whole number, at least 0$"),
        (1.5, "^doublings is 1.5; give a whole number, at least 0$"),
        (6, r"^\d+ paths are too many for a table; take fewer doublings$"),
    ],
)
def test_tables_that_cannot_be_are_refused(doublings: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paths(ScoredPolicy(corridor(), policy(0.4), score(0.4)), doublings)


@pytest.mark.parametrize(("blocks", "block"), [(0, 5), (5, 0), (1, 1), (-1, -5)])
def test_a_variance_needs_two_episodes(blocks: int, block: int) -> None:
    of = example()
    with pytest.raises(ValueError, match=f"^{blocks} blocks of {block} episodes have no variance; give at least 2"):
        variances(of, list(estimators(of).values()), paths(of, 0), blocks, block, np.random.default_rng(0))


def test_paths_of_another_policy_are_refused() -> None:
    of = example()
    with pytest.raises(ValueError, match=r"^the paths are those of another policy"):
        variances(of, list(estimators(of).values()), paths(example(0.4), 1), 1, 5, np.random.default_rng(0))
