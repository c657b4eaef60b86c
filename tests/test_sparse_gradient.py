"""The sparse gradient against dense and exact rational ones, its bound, and what it refuses."""

import numpy as np
import pytest

from pycode import mdp as dense
from pycode.adverse_walk import adverse_walk, exact_gradient, relative_error
from pycode.certified import InaccurateError
from pycode.combination_lock import combination_lock as lock
from pycode.corridor import corridor
from pycode.environments import ENVIRONMENTS, load
from pycode.gridworld import gridworld, parameters
from pycode.mdp import EpisodicMDP
from pycode.policy_gradient import gradient_autograd, objective, softmax_policy, theorem_sum
from pycode.sparse import SparseMDP, from_dense
from pycode.sparse_gradient import directional_derivative, policy_gradient, prepare
from tests.test_certified import in_sixty_digits
from tests.test_sparse import random_process

METHODS = ("lu", "bicgstab")
both = pytest.mark.parametrize("method", METHODS)


@both
@pytest.mark.parametrize("seed", range(20))
def test_random_processes_have_the_gradient_of_the_dense_sum(method: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    process = random_process(rng)
    theta = rng.normal(size=process.exit.shape)
    found = policy_gradient(from_dense(process), theta, method)
    exact, J = theorem_sum(process, theta), objective(process, theta)
    if theta.shape[1] == 1:
        assert (found.gradient == 0).all()
    else:
        # The dense sum has errors of its own, n roundings.
        assert abs(found.gradient - exact).max() <= (found.error + 1e-14) * abs(exact).max()
    assert abs(found.J - J) <= found.J_error + 1e-14 * abs(process.reward).max() * found.length
    length = dense.mean_length(process, softmax_policy(theta))[process.start]
    assert found.length == pytest.approx(length, rel=1e-13)


@both
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_environments_against_automatic_differentiation(method: str, name: str) -> None:
    process = load(name)
    theta = np.random.default_rng(5).normal(size=process.exit.shape)
    found, autograd = policy_gradient(from_dense(process), theta, method), gradient_autograd(process, theta)
    unit = dense.EPS * dense.condition(process, softmax_policy(theta))
    assert abs(found.gradient - autograd).max() <= 10 * unit * abs(autograd).max()
    assert found.error < 1e-6


@both
@pytest.mark.parametrize("n", [2, 10, 25])
def test_the_bound_holds_against_exact_fractions(method: str, n: int) -> None:
    exact = exact_gradient(n)
    found = policy_gradient(from_dense(adverse_walk(n)), np.zeros((n, 2)), method)
    assert relative_error(found.gradient, exact) <= found.error <= 1e-6


@both
@pytest.mark.parametrize("scale", [0.1, 5.0, 20.0])
@pytest.mark.parametrize("seed", [1000, 1001, 1002])
def test_the_bound_holds_against_sixty_digits(method: str, scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    process = random_process(rng)
    theta = scale * rng.normal(size=process.exit.shape)
    exact, found = in_sixty_digits(process, theta).gradient, policy_gradient(from_dense(process), theta, method)
    error = float(abs(found.gradient - exact).max() / abs(exact).max())
    assert error <= found.error < 1e-9


@both
def test_the_bound_is_not_empty(method: str) -> None:
    theta = parameters(20, 0.5, 0.5, np.random.default_rng(0))
    found = policy_gradient(gridworld(20), theta, method)
    assert 0 < found.error < 1e-10
    assert found.length == pytest.approx(-found.J, rel=1e-12)
    assert found.nonzeros > 0
    assert (found.iterations > 0) == (method == "bicgstab")


@both
def test_noise_is_refused_and_never_returned(method: str) -> None:
    returned, messages = 0, []
    for n in (20, 25, 30, 40, 50, 60, 70, 100):
        try:
            found = policy_gradient(from_dense(adverse_walk(n)), np.zeros((n, 2)), method)
        except InaccurateError as error:
            messages.append(str(error))
        else:
            returned += 1
            assert relative_error(found.gradient, exact_gradient(n)) <= found.error <= 1e-6
    assert returned >= 2
    assert len(messages) >= 2
    for message in messages:
        assert "\n" not in message
        assert "shorter episodes" in message
        assert ('method="lu"' in message) == (method == "bicgstab")


def test_the_refusal_names_length_condition_and_method() -> None:
    with pytest.raises(
        InaccurateError, match=r"by lu is certain to .*, tolerance 1e-18: E\[T\] = .* steps, the condition"
    ):
        policy_gradient(gridworld(5), np.zeros((24, 4)), "lu", tolerance=1e-18)


@both
def test_a_tolerance_that_no_double_meets_is_told_from_long_episodes(method: str) -> None:
    theta = np.zeros((24, 4))
    with pytest.raises(InaccurateError, match=r"give a tolerance above [0-9.e-]+$") as refusal:
        policy_gradient(gridworld(5), theta, method, tolerance=1e-18)
    found = policy_gradient(gridworld(5), theta, method, tolerance=float(str(refusal.value).split()[-1]))
    assert 0 < found.error < 1e-14


@both
@pytest.mark.parametrize("reward", [[1.7e308], [1.7e308, -1.7e308]])
def test_values_that_overflow_are_refused(method: str, reward: list[float]) -> None:
    m = len(reward)
    process = from_dense(EpisodicMDP(np.full((1, m, 1), 0.75), np.full((1, m), 0.25), np.array([reward])))
    with pytest.raises(InaccurateError, match="overflow; scale the rewards down"):
        policy_gradient(process, np.zeros((1, m)), method)


@both
@pytest.mark.parametrize(("reward", "direction"), [(1.7e308, 8.0), (1.0, 1e308)])
def test_derivatives_that_overflow_are_refused(method: str, reward: float, direction: float) -> None:
    rewards = reward * np.array([[1, -1]])
    process = from_dense(EpisodicMDP(np.full((1, 2, 1), 0.75), np.full((1, 2), 0.25), rewards))
    with pytest.raises(InaccurateError, match="overflow; scale the rewards down"):
        directional_derivative(prepare(process, np.zeros((1, 2)), method), direction * np.array([[1, -1]]))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("preference", [37.0, 40.0, 60.0, 700.0])
def test_a_nearly_improper_policy_is_refused_without_warnings(preference: float) -> None:
    theta = np.zeros((3, 2))
    theta[:, 0] = preference
    with pytest.raises(InaccurateError, match=r'take method="lu" or a policy with shorter episodes'):
        policy_gradient(from_dense(corridor()), theta)


@pytest.mark.parametrize("other", [corridor(), "FrozenLake-v1"])
def test_what_is_no_sparse_process_is_refused(other: object) -> None:
    with pytest.raises(ValueError, match=f"type {type(other).__name__}; give a SparseMDP; from_dense makes one of"):
        policy_gradient(other, np.zeros((3, 2)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("direction", "message"),
    [
        (np.ones(4), r"the direction has shape \(4,\); give \(n, m\) = \(3, 4\)"),
        (np.diag([0, 0, np.inf, 0])[:3], "the direction's row of state 2 holds a value that is not finite"),
        (1j * np.ones((3, 4)), "the direction is complex"),
    ],
)
def test_a_direction_that_does_not_fit_is_refused(direction: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        directional_derivative(prepare(gridworld(2), np.zeros((3, 4))), direction)


def test_a_lock_without_states_is_refused() -> None:
    with pytest.raises(ValueError, match="a lock of 0 states has none to start from; give at least 1"):
        lock(0)


def test_a_lock_of_a_thousand_states_is_opened_exactly() -> None:
    found = policy_gradient(lock(1000), np.zeros((1000, 2)), "lu")
    assert found.J == 2.0**-1000
    # In each state: visits 2^-s, value of going on 2^(s+1-1000), of leaving 0; half of half the difference.
    assert abs(found.gradient / 2.0**-1001 - [1, -1]).max() <= found.error <= 1e-6


@pytest.mark.parametrize("n", [1060, 1100])
def test_a_lock_that_underflows_says_so(n: int) -> None:
    with pytest.raises(InaccurateError, match=r"underflows: .*; multiply the rewards by a constant, or work with log"):
        policy_gradient(lock(n), np.zeros((n, 2)), "lu")


def test_larger_rewards_help_where_values_underflow() -> None:
    found = policy_gradient(lock(1040, 2.0**200), np.zeros((1040, 2)), "lu")
    assert found.J == 2.0**-840
    assert abs(found.gradient / 2.0**-841 - [1, -1]).max() <= 1e-6


@pytest.mark.parametrize("n", [100, 1000, 1100])
def test_the_iteration_refers_a_long_lock_to_elimination(n: int) -> None:
    with pytest.raises(InaccurateError, match=r'not told from 0.*method="lu"'):
        policy_gradient(lock(n), np.zeros((n, 2)), "bicgstab")


@both
def test_no_rewards_no_gradient(method: str) -> None:
    process = gridworld(4)
    free = SparseMDP(process.transition, process.exit, np.zeros((15, 4)))
    found = policy_gradient(free, np.zeros((15, 4)), method)
    assert (found.gradient == 0).all()
    assert (found.J, found.error) == (0, 0)
    assert found.length > 1


@both
def test_a_single_action_has_no_gradient(method: str) -> None:
    process = EpisodicMDP(np.full((1, 1, 1), 0.75), np.full((1, 1), 0.25), np.full((1, 1), 3.0))
    found = policy_gradient(from_dense(process), np.zeros((1, 1)), method)
    assert (found.gradient.tolist(), found.error, found.J) == ([[0]], 0, pytest.approx(12))


@both
def test_a_gradient_that_is_not_told_from_zero_is_refused(method: str) -> None:
    # Two actions that do the same: the true gradient is 0, but that is not what rounding can show.
    same = EpisodicMDP(np.full((1, 2, 1), 0.9), np.full((1, 2), 0.1), np.ones((1, 2)))
    with pytest.raises(InaccurateError, match="not told from 0"):
        policy_gradient(from_dense(same), np.array([[0.3, 0.1]]), method)


@both
def test_nearly_deterministic_policies_keep_their_digits(method: str) -> None:
    process = load("frozenlake4")
    theta = np.zeros(process.exit.shape)
    theta[:, 1] = 60
    found = policy_gradient(from_dense(process), theta, method)
    assert 0 < abs(found.gradient).max() < 1e-20
    assert found.error < 1e-9


@both
def test_the_extra_solve_gives_the_gradient_along_a_direction(method: str) -> None:
    theta = parameters(12, 0.2, 0.5, np.random.default_rng(3))
    direction = np.random.default_rng(4).normal(size=theta.shape)
    found = policy_gradient(gridworld(12), theta, method)
    along, bound = directional_derivative(prepare(gridworld(12), theta, method), direction)
    assert (
        abs(along - (found.gradient * direction).sum())
        <= bound + found.error * abs(found.gradient).max() * abs(direction).sum()
    )
    step = 1e-5
    ends = [policy_gradient(gridworld(12), theta + sign * step * direction, method).J for sign in (1, -1)]
    # Central difference: the third derivative times step²/6, and rounding of J over the step.
    assert along == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6)


@pytest.mark.parametrize(
    ("theta", "arguments", "message"),
    [
        (np.zeros((3, 4)), {"method": "qr"}, "there is no method 'qr'; take one of lu, bicgstab"),
        (np.zeros((3, 3)), {}, r"theta has shape \(3, 3\); give \(n, m\) = \(3, 4\)"),
        (np.diag([0, np.nan, 0, 0])[:3], {}, "theta's row of state 1 holds a value that is not finite"),
        (np.zeros((3, 4)) + 0j, {}, "theta is complex; give real numbers"),
        (np.zeros((3, 4)), {"tolerance": 0.0}, "tolerance is 0.0"),
        (np.zeros((3, 4)), {"tolerance": np.nan}, "tolerance is nan"),
        (1e4 * np.array([[1.0, 0, 0, 0]] * 3), {}, "from state 0 the episode may never end under this policy"),
    ],
)
def test_what_does_not_fit_is_refused(theta: np.ndarray, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        policy_gradient(gridworld(2), theta, **arguments)


@both
def test_episodes_beyond_double_precision_are_refused(method: str) -> None:
    n = 400
    with pytest.raises(InaccurateError, match="shorter episodes"):
        policy_gradient(from_dense(adverse_walk(n)), np.zeros((n, 2)), method)
