"""The finite episodic process against step-by-step sums, sampled properties and its error messages."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycode.adverse_walk import adverse_walk, exact_gradient, relative_error
from pycode.mdp import (
    EpisodicMDP,
    action_value,
    advantage,
    condition,
    length_transform,
    limited_value,
    mean_length,
    occupancy,
    policy_transition,
    require_termination,
    restarted_transition,
    state_value,
    tail,
    visitation,
)

seeds = st.integers(0, 10**6)
sampled = settings(max_examples=25, deadline=None)
STEPS = 400


def random_process(seed: int) -> tuple[EpisodicMDP, np.ndarray]:
    """A process that ends with probability at least 0.1 a step, and a policy on it."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 6), rng.integers(1, 4)
    outcomes = rng.dirichlet(np.ones(n + 1), size=(n, m))
    outcomes = 0.9 * outcomes + 0.1 * np.eye(n + 1)[n]
    mdp = EpisodicMDP(outcomes[..., :n], outcomes[..., n], rng.normal(size=(n, m)), start=int(rng.integers(n)))
    return mdp, rng.dirichlet(np.ones(m), size=n)


def geometric(p: float) -> EpisodicMDP:
    """One state, one action, exit with probability p, reward 1 a step."""
    return EpisodicMDP(np.array([[[1 - p]]]), np.array([[p]]), np.array([[1.0]]))


def step_by_step(mdp: EpisodicMDP, pi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distribution over the nonterminal states and expected next reward at each time, by plain loops."""
    n, m = mdp.exit.shape
    distribution, rewards = np.zeros((STEPS + 1, n)), np.zeros(STEPS)
    distribution[0, mdp.start] = 1
    for k in range(STEPS):
        for s in range(n):
            for a in range(m):
                chance = distribution[k, s] * pi[s, a]
                rewards[k] += chance * mdp.reward[s, a]
                distribution[k + 1] += chance * mdp.transition[s, a]
    return distribution, rewards


@sampled
@given(seeds)
def test_values_visits_and_length_are_sums_over_the_steps(seed: int) -> None:
    mdp, pi = random_process(seed)
    distribution, rewards = step_by_step(mdp, pi)
    assert state_value(mdp, pi)[mdp.start] == pytest.approx(rewards.sum(), abs=1e-12)
    assert visitation(mdp, pi) == pytest.approx(distribution.sum(axis=0), abs=1e-12)
    assert mean_length(mdp, pi)[mdp.start] == pytest.approx(distribution.sum(), abs=1e-11)
    assert tail(mdp, pi, STEPS)[:, mdp.start] == pytest.approx(distribution.sum(axis=1), abs=1e-12)


@sampled
@given(seeds)
def test_the_state_value_is_the_policy_mean_of_the_action_value(seed: int) -> None:
    mdp, pi = random_process(seed)
    assert (pi * action_value(mdp, pi)).sum(axis=-1) == pytest.approx(state_value(mdp, pi), abs=1e-12)


@sampled
@given(seeds, st.floats(1e-3, 1))
def test_the_discounted_process_weighs_each_step_by_its_power_of_gamma(seed: int, gamma: float) -> None:
    mdp, pi = random_process(seed)
    distribution, rewards = step_by_step(mdp, pi)
    weight = gamma ** np.arange(STEPS + 1)
    discounted = mdp.discounted(gamma)
    assert state_value(discounted, pi)[mdp.start] == pytest.approx(weight[:-1] @ rewards, abs=1e-12)
    assert visitation(discounted, pi) == pytest.approx(weight @ distribution, abs=1e-12)
    survival = distribution.sum(axis=1)
    transform = (weight[1:] * (survival[:-1] - survival[1:])).sum()
    assert length_transform(mdp, pi, gamma)[mdp.start] == pytest.approx(transform, abs=1e-12)


@sampled
@given(seeds)
def test_occupancy_is_stationary_for_the_restarted_chain(seed: int) -> None:
    mdp, pi = random_process(seed)
    mu, restarted = occupancy(mdp, pi), restarted_transition(mdp, pi)
    assert mu.sum() == pytest.approx(1)
    assert restarted.sum(axis=-1) == pytest.approx(1)
    assert mu @ restarted == pytest.approx(mu, abs=1e-13)


@sampled
@given(seeds)
def test_the_tail_obeys_the_geometric_bound(seed: int) -> None:
    mdp, pi = random_process(seed)
    n = len(pi)
    survival = tail(mdp, pi, 5 * n)
    beta = survival[n].max()
    assert beta < 1
    for k in range(5 * n + 1):
        assert survival[k].max() <= beta ** (k // n) * (1 + 1e-12)


@pytest.mark.parametrize(
    "function", [policy_transition, state_value, action_value, visitation, mean_length, occupancy, condition]
)
def test_leading_axes_run_over_policies(function: Any) -> None:
    mdp, pi = random_process(7)
    other = np.roll(pi, 1, axis=-1)
    both = function(mdp, np.stack([pi, other]))
    assert both[0] == pytest.approx(function(mdp, pi), abs=1e-14)
    assert both[1] == pytest.approx(function(mdp, other), abs=1e-14)


def test_one_state_has_a_geometric_length() -> None:
    mdp, pi = geometric(0.25), np.ones((1, 1))
    assert mean_length(mdp, pi) == pytest.approx([4])
    assert state_value(mdp, pi) == pytest.approx([4])
    assert tail(mdp, pi, 5)[:, 0] == pytest.approx(0.75 ** np.arange(6))


def test_tables_are_copied_and_read_only() -> None:
    exit_ = np.array([[0.5]])
    mdp = EpisodicMDP(np.array([[[0.5]]]), exit_, np.array([[1.0]]))
    exit_[0, 0] = 7
    assert mdp.exit[0, 0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        mdp.exit[0, 0] = 1


def chain_with_trap() -> EpisodicMDP:
    """At the start action 0 leads to state ``pit`` and 1 ends the episode; in ``pit`` only action 1 leads out."""
    transition, exit_ = np.zeros((2, 2, 2)), np.zeros((2, 2))
    exit_[:, 1] = 1
    transition[:, 0, 1] = 1
    return EpisodicMDP(transition, exit_, np.zeros((2, 2)), names=("top", "pit"))


def test_a_state_that_is_never_reached_must_end_too() -> None:
    mdp = chain_with_trap()
    stuck = np.array([[0.0, 1.0], [1.0, 0.0]])
    with pytest.raises(ValueError, match="from state pit the episode may never end"):
        require_termination(mdp, stuck)
    require_termination(mdp, np.array([[0.0, 1.0], [1 - 1e-9, 1e-9]]))


@pytest.mark.parametrize("function", [state_value, action_value, visitation, occupancy, mean_length])
def test_what_needs_the_end_says_so(function: Any) -> None:
    with pytest.raises(ValueError, match="give positive probability to the actions on a path to the exit"):
        function(chain_with_trap(), np.array([[0.5, 0.5], [1.0, 0.0]]))


def test_the_offending_one_among_many_policies_is_found() -> None:
    good, bad = np.full((2, 2), 0.5), np.array([[0.5, 0.5], [1.0, 0.0]])
    with pytest.raises(ValueError, match="state pit"):
        require_termination(chain_with_trap(), np.stack([good, bad, good]))


def build(**changes: Any) -> EpisodicMDP:
    tables: dict[str, Any] = {
        "transition": np.array([[[0.5, 0.25]], [[0.0, 0.5]]]),
        "exit": np.array([[0.25], [0.5]]),
        "reward": np.zeros((2, 1)),
    }
    return EpisodicMDP(**(tables | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"exit": np.array([[0.25], [0.4]])}, r"state 1, action 0: .* sum to 0.9 "),
        ({"exit": np.array([[0.25], [0.5 + 1e-9]])}, r"state 1, action 0: .* sum to 1.000000001 "),
        ({"exit": np.array([[0.25], [0.4]]), "names": ("a", "b")}, r"state b, action 0"),
        ({"transition": np.array([[[1.0, -0.25]], [[0.0, 0.5]]])}, r"state 0, action 0: .* the least is -0.25"),
        ({"reward": np.zeros((1, 2))}, r"reward \(1, 2\); with exit of shape \(2, 1\)"),
        ({"transition": np.zeros((2, 2))}, r"must be \(2, 1, 2\) and \(2, 1\)"),
        ({"exit": np.zeros(2)}, r"exit has shape \(2,\); give \(n, m\)"),
        ({"exit": np.zeros((0, 1))}, r"exit has shape \(0, 1\); give \(n, m\)"),
        ({"reward": np.array([[0.0], [np.nan]])}, "reward holds a value that is not finite"),
        ({"start": 2}, "start is 2; give the index of a nonterminal state, 0 to 1"),
        ({"start": -1}, "start is -1"),
        ({"start": 0.5}, "start is 0.5; give the index"),
        ({"start": True}, "start is True; give the index"),
        ({"reward": np.array([[0.0], [1j]])}, "reward holds complex numbers; give real ones"),
        ({"start": np.nan}, "start is nan; give the index"),
        ({"names": ("a",)}, "1 names for 2 states"),
        ({"start": 1, "names": ("a", "b")}, "no policy leads from the start to state a; leave that state out"),
        (
            {"transition": np.array([[[0.5, 0.25]], [[0.0, 1.0]]]), "exit": np.array([[0.25], [0.0]])},
            "no policy leads from state 1 to the end; make it terminal",
        ),
    ],
)
def test_bad_tables_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**changes)


@pytest.mark.parametrize(
    ("pi", "message"),
    [
        (np.ones((1, 2)), r"the policy has shape \(1, 2\); give \(n, m\) = \(2, 1\)"),
        (np.array([[1.0], [1 + 1e-9]]), "the policy's row of state 1 is not a probability"),
        (np.array([[1.0], [0.9]]), "the policy's row of state 1 is not a probability"),
        (np.array([[1.0], [np.nan]]), "the policy's row of state 1 is not a probability"),
    ],
)
def test_bad_policies_are_refused(pi: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        policy_transition(build(), pi)


@pytest.mark.parametrize("function", [limited_value, tail])
def test_negative_numbers_of_steps_are_refused(function: Any) -> None:
    with pytest.raises(ValueError, match="the number of steps is -1; give 0 or more"):
        function(build(), np.ones((2, 1)), -1)


@pytest.mark.parametrize("function", [policy_transition, state_value, advantage])
def test_what_is_no_process_is_refused(function: Any) -> None:
    with pytest.raises(ValueError, match=r"is no EpisodicMDP; pycode\.environments reads one"):
        function(object(), np.ones((2, 1)))


@sampled
@given(seeds)
def test_the_advantage_is_q_minus_v(seed: int) -> None:
    mdp, pi = random_process(seed)
    expected = action_value(mdp, pi) - state_value(mdp, pi)[:, None]
    assert advantage(mdp, pi) == pytest.approx(expected, abs=1e-12)
    both = advantage(mdp, np.stack([pi, pi[:, ::-1]]))
    assert both[0] == pytest.approx(expected, abs=1e-12)


def test_the_advantage_keeps_digits_that_q_and_v_share() -> None:
    """A walk that drifts away from the exit, E[T] = 2e10: its gradient, in fractions, is 1e-10 of its values."""
    n = 42
    mdp, pi = adverse_walk(n), np.full((n, 2), 0.5)
    gradient = visitation(mdp, pi)[:, None] * pi * advantage(mdp, pi)
    assert relative_error(gradient, exact_gradient(n)) < 1e-14


@pytest.mark.parametrize("gamma", [-0.1, 0.0, 1.1, np.nan])
def test_bad_discounts_are_refused(gamma: float) -> None:
    with pytest.raises(ValueError, match="gamma is"):
        build().discounted(gamma)
