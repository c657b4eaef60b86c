r"""What Gymnasium plays beside what the theorem means: the objective under a time limit, and the share of steps μ."""

from typing import Any

import numpy as np

from pycode.environments import load, make
from pycode.experiments import NORMAL_95
from pycode.mdp import Array, EpisodicMDP, limited_value, mean_length, occupancy, state_value
from pycode.optimal import optimal_action_value
from pycode.play import play
from pycode.policy_gradient import COMPLEX_STEP, softmax_policy, theorem_sum

SEED = 0
IDENTIFIER, OPTIONS = "FrozenLake-v1", {"map_name": "4x4", "is_slippery": True}
LIMIT = 100  # gymnasium's for this map
HORIZON = 300
LIMITED_EPISODES, LONG_RUN = 5000, 5000
TEMPERATURE = 0.1  # of the softmax policy in q of the best one


def limited_gradients(mdp: EpisodicMDP, theta: Array, H: int) -> Array:
    """Gradients of the objectives with at most 0, …, H steps by complex steps, shape ``(H + 1, n, m)``."""
    directions = np.eye(theta.size).reshape(theta.size, *theta.shape)
    values = limited_value(mdp, softmax_policy(theta + 1j * COMPLEX_STEP * directions), H)
    return values[..., mdp.start].imag.reshape(H + 1, *theta.shape) / COMPLEX_STEP


def shares_of_steps(visits: Array) -> tuple[Array, Array]:
    """Share of all steps in each state from the visits of episodes (N, n); its standard error by linearisation."""
    length = visits.sum(axis=-1)
    shares = visits.mean(axis=0) / length.mean()
    error = (visits - shares * length[:, None]).std(axis=0, ddof=1) / np.sqrt(len(visits)) / length.mean()
    return shares, error


def measure() -> dict[str, Any]:
    r"""The best policy with and without a limit, the gradient's bias by limit, and shares of steps in a long run.

    ``J`` and ``limited`` (by limit 0 … 300) of the best policy are exact, ``length`` is its mean length in steps;
    ``J_limit`` is that at Gymnasium's own limit, ``sampled`` and ``sampled_error`` (standard error) are of episodes
    played there with it. ``bias`` is
    :math:`\|\nabla J_H-\nabla J\|/\|\nabla J\|` by limit H of a soft policy, :math:`\theta=q/0.1` of the best one.
    ``mu`` is exact, ``shares`` and ``shares_error`` are of a long run under the uniform policy without a limit.
    """
    rng = np.random.default_rng(SEED)
    lake = load("frozenlake4")
    q = optimal_action_value(lake)
    # At the start all four actions are worth the same: the first of equals is also the one of the shortest episodes.
    best = np.eye(q.shape[1])[q.round(12).argmax(axis=-1)]
    limited = limited_value(lake, best, HORIZON)[:, lake.start]
    J = state_value(lake, best)[lake.start]
    env = make(IDENTIFIER, **OPTIONS, disable_env_checker=True)
    returns = play(env, lake, best, LIMITED_EPISODES, rng).returns
    error_of_mean = returns.std(ddof=1) / np.sqrt(LIMITED_EPISODES)

    theta = q / TEMPERATURE
    gradient = theorem_sum(lake, theta)
    bias = np.linalg.norm(limited_gradients(lake, theta, HORIZON) - gradient, axis=(-2, -1)) / np.linalg.norm(gradient)

    uniform = np.full(lake.exit.shape, 1 / lake.exit.shape[1])
    mu = occupancy(lake, uniform)
    visits = play(env.unwrapped, lake, uniform, LONG_RUN, rng).visits
    shares, error = shares_of_steps(visits)
    return {
        "H": LIMIT,
        "episodes": LIMITED_EPISODES,
        "J": J,
        "length": mean_length(lake, best)[lake.start],
        "J_limit": limited[LIMIT],
        "limited": limited,
        "sampled": returns.mean(),
        "sampled_error": error_of_mean,
        "sampled_halfwidth": NORMAL_95 * error_of_mean,
        "temperature": TEMPERATURE,
        "bias": bias,
        "bias_limit": bias[LIMIT],
        "bias_percent": 100 * bias[LIMIT],
        "soft_length": mean_length(lake, softmax_policy(theta))[lake.start],
        "long_run": LONG_RUN,
        "steps": int(visits.sum()),
        "mu": mu,
        "shares": shares,
        "shares_error": error,
        "largest_difference": abs(shares - mu).max(),
    }
