r"""The exact gradient by sparse methods: how they agree, how their work grows, and where each ends."""

from typing import Any

import numpy as np
from scipy.linalg import lu_factor, lu_solve

from pycode import mdp as dense
from pycode.adverse_walk import adverse_walk, exact_gradient, relative_error
from pycode.certified import InaccurateError
from pycode.combination_lock import combination_lock
from pycode.experiments.pg import processes, relative
from pycode.gridworld import gridworld, parameters
from pycode.mdp import Array, EpisodicMDP
from pycode.policy_gradient import gradient_autograd, softmax_policy, theorem_sum, weighted_gradient
from pycode.sparse import from_dense
from pycode.sparse_gradient import TOLERANCE, Gradient, directional_derivative, gradient_of, policy_gradient, prepare

SEED = 0
METHODS = ("lu", "bicgstab")
SIDES = (10, 20, 40, 90, 304)
DRIFT, NOISE = 0.5, 0.5
LOCKS = range(900, 1101, 20)  # states of combination locks
LENGTHS = (2, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70)  # states of the adverse walk


def by_dense_lu(process: EpisodicMDP, theta: Array) -> Array:
    """The theorem's sum from one factorisation of the rounded I - P."""
    pi = softmax_policy(theta)
    factors = lu_factor(np.eye(len(pi)) - dense.policy_transition(process, pi))
    v = lu_solve(factors, (pi * process.reward).sum(axis=1))
    eta = lu_solve(factors, np.eye(len(pi))[process.start], trans=1)
    return eta[:, None] * weighted_gradient(pi, process.reward + process.transition @ v)


def on_environments() -> dict[str, Any]:
    """Errors relative to the largest entry, as ``<environment>_<method>``: all against the elimination."""
    result: dict[str, Any] = {}
    for name, process, theta, _ in processes():
        reference, rows = theorem_sum(process, theta), from_dense(process)
        for method in METHODS:
            found = policy_gradient(rows, theta, method)
            result[f"{name}_{method}"] = relative(found.gradient, reference)
            result[f"{name}_{method}_bound"] = found.error
        result[f"{name}_dense"] = relative(by_dense_lu(process, theta), reference)
        result[f"{name}_autograd"] = relative(gradient_autograd(process, theta), reference)
    return result


def growth() -> dict[str, Any]:
    """Multiplications by size of the grid; on the largest one how LU, BiCGSTAB and an extra solve agree."""
    rng = np.random.default_rng(SEED)
    names = ("states", "entries", "lu_work", "iterations", "bicgstab_work")
    columns: dict[str, list[float]] = {key: [] for key in names}
    columns |= {"grid_length": [], "grid_lu_bound": [], "grid_bicgstab_bound": []}
    for k in SIDES:
        grid, theta = gridworld(k), parameters(k, DRIFT, NOISE, rng)
        system, other = prepare(grid, theta, "lu"), prepare(grid, theta, "bicgstab")
        lu, iterative = gradient_of(system), gradient_of(other)
        row = (len(theta), system.narrow.nnz, system.solver.work(), iterative.iterations, other.solver.work())
        for column, value in zip(columns.values(), (*row, lu.length, lu.error, iterative.error), strict=True):
            column.append(value)
    direction = rng.normal(size=theta.shape)
    along, bound = directional_derivative(system, direction)
    return columns | {
        "grid_states": len(theta),
        "grid_T": columns["grid_length"][-1],
        "grid_bound": max(columns["grid_lu_bound"][-1], columns["grid_bicgstab_bound"][-1]),
        "grid_difference": relative(iterative.gradient, lu.gradient),
        **against_extra_solve(lu, direction, along, bound),
    }


def against_extra_solve(found: Gradient, direction: Array, along: float, bound: float) -> dict[str, float]:
    r"""Difference of :math:`\langle\nabla J,d\rangle` and the extra solve's dv(s_0), and what the bounds allow."""
    inner = float((found.gradient * direction).sum())
    # The gradient's bound holds entry by entry; the sum of 370,000 products is rounded too, pairwise.
    size = abs(found.gradient * direction).sum()
    allowed = bound + found.error * abs(found.gradient).max() * abs(direction).sum() + 32 * dense.EPS * size
    return {
        "directional": along,
        "directional_error": abs(inner - along),
        "directional_relative": abs(inner - along) / abs(inner),
        "directional_bound": float(allowed),
    }


def endurance() -> dict[str, Any]:
    """True errors and bounds on the walk that drifts away, against E[T]; None where a method has no number to give."""
    methods = ("dense", "elimination", *METHODS)
    columns: dict[str, list[Any]] = {"length": [], "condition": []}
    columns |= {f"{name}_error": [] for name in methods} | {f"{name}_bound": [] for name in METHODS}
    for n in LENGTHS:
        process, theta, exact = adverse_walk(n), np.zeros((n, 2)), exact_gradient(n)
        lengths = dense.mean_length(process, softmax_policy(theta))
        columns["length"].append(lengths[0])
        columns["condition"].append(2 * lengths.max())
        columns["dense_error"].append(relative_error(by_dense_lu(process, theta), exact))
        columns["elimination_error"].append(relative_error(theorem_sum(process, theta), exact))
        for method in METHODS:
            try:
                found = policy_gradient(from_dense(process), theta, method, tolerance=np.inf)
            except InaccurateError:
                error = bound = None
            else:
                error, bound = relative_error(found.gradient, exact), found.error
            columns[f"{method}_error"].append(error)
            columns[f"{method}_bound"].append(bound)
    walk: dict[str, Any] = {f"walk_{key}": value for key, value in columns.items()}
    walk |= {
        "walks": len(LENGTHS),
        "walk_longest": columns["length"][-1],
        "walk_elimination_worst": max(columns["elimination_error"]),
    }
    return walk | {f"walk_{method}_last": last_certain(columns, method) for method in METHODS}


def last_certain(columns: dict[str, list[Any]], method: str, tolerance: float = TOLERANCE) -> float:
    """Largest E[T] of the walk at which the method is certain to the tolerance; it refuses at all longer ones."""
    bound = np.array(columns[f"{method}_bound"], dtype=np.float64)
    refused = np.flatnonzero(~(bound <= tolerance))
    return float(columns["length"][int(refused[0]) - 1 if len(refused) else -1])


def rare_rewards() -> dict[str, int]:
    """Longest of some combination locks whose gradient by LU is certain and right; the next, refused as underflow."""
    certain, refused = 0, 0
    for n in LOCKS:
        try:
            found = policy_gradient(combination_lock(n), np.zeros((n, 2)), "lu")
        except InaccurateError as error:
            refused = n if "underflows" in str(error) else 0
            break
        certain = n if abs(np.ldexp(found.gradient, n + 1) - [1, -1]).max() <= found.error else 0
    return {"lock_certain": certain, "lock_refused": refused}


def measure() -> dict[str, Any]:
    """Errors on the environments; columns of work by size of the grid; columns ``walk_…`` by length of episodes."""
    return {**on_environments(), **growth(), **endurance(), **rare_rewards(), "tolerance": TOLERANCE}
