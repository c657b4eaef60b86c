"""Both solvers against numpy's, the lumped chain against a loop, and what they do where there is no solution."""

import numpy as np
import pytest
import scipy.sparse as sp

from pycode.gridworld import gridworld, parameters
from pycode.policy_gradient import softmax_policy
from pycode.sparse import policy_transition
from pycode.sparse_solvers import LU, MAX_ITERATIONS, BiCGSTAB, factorise, lump, multiplications, pair


def grid_matrix(k: int, drift: float = 0.3) -> sp.csr_array:
    pi = softmax_policy(parameters(k, drift, 0.5, np.random.default_rng(0)))
    return sp.csr_array(sp.eye_array(k * k - 1) - policy_transition(gridworld(k), pi))


@pytest.mark.parametrize("method", [LU, BiCGSTAB])
@pytest.mark.parametrize("transposed", [False, True])
def test_solutions_are_numpys(method: type[LU] | type[BiCGSTAB], transposed: bool) -> None:
    A = grid_matrix(15)
    solver = method(A)
    for b in (np.ones(224), np.eye(224)[0], np.random.default_rng(1).normal(size=224)):
        exact = np.linalg.solve(A.toarray().T if transposed else A.toarray(), b)
        # The condition is about 1,000.
        assert solver.solve(b, 1e-12, transposed) == pytest.approx(exact, abs=1e-9 * abs(exact).max())
    assert solver.converged
    assert solver.nonzeros > 0


def test_multiplications_of_a_path_are_two_for_each_state_but_the_last() -> None:
    """No entry fills in, and each pivot has one neighbour left: a division, then a multiplication."""
    n = 50
    path = sp.csr_array(sp.diags_array([-0.5, 2.0, -0.25], offsets=[-1, 0, 1], shape=(n, n)))
    assert multiplications(factorise(path)) == 2 * (n - 1)
    lu = LU(path)
    lu.solve(np.ones(n), 0.0)
    assert lu.work() == 2 * (n - 1) + lu.nonzeros


def test_the_residual_is_reduced_as_asked_and_iterations_are_counted() -> None:
    A, b = grid_matrix(30), np.ones(899)
    counts = []
    for reduction in (1e-2, 1e-6, 1e-10):
        solver = BiCGSTAB(A)
        assert abs(b - A @ solver.solve(b, reduction)).sum() <= 1.01 * reduction * 899
        counts.append(solver.iterations)
    assert 0 < counts[0] < counts[1] < counts[2] < 60


def test_iterations_hardly_grow_with_the_grid() -> None:
    counts = []
    for k in (15, 60):
        solver = BiCGSTAB(grid_matrix(k))
        solver.solve(np.ones(k * k - 1), 1e-8)
        counts.append(solver.iterations)
    # Without the lumped chain information goes a cell a step: four times as many.
    assert counts[1] < 2 * counts[0]


def test_states_are_paired_with_neighbours() -> None:
    A = grid_matrix(20)
    group = pair(A)
    sizes = np.bincount(group)
    assert sizes.max() == 2
    assert (sizes == 2).mean() > 0.7
    for members in (np.flatnonzero(group == g) for g in np.flatnonzero(sizes == 2)):
        assert A[members[0], members[1]] != 0


def test_the_lumped_matrix_sums_over_groups() -> None:
    A = grid_matrix(12)
    member, lumped = lump(A)
    group = member.toarray().argmax(axis=1)
    assert (member.toarray().sum(axis=1) == 1).all()
    dense, total = A.toarray(), np.zeros(lumped.shape)
    for s in range(143):
        for x in range(143):
            total[group[s], group[x]] += dense[s, x]
    assert lumped.toarray() == pytest.approx(total, abs=1e-14)
    assert len(total) < 143 / 4


def test_a_dense_lumped_chain_is_lumped_until_it_is_small() -> None:
    rng = np.random.default_rng(0)
    n = 30_000
    links = sp.csr_array((np.full(4 * n, 0.2), rng.integers(n, size=4 * n), np.arange(0, 4 * n + 1, 4)), shape=(n, n))
    lumped = lump(sp.csr_array(sp.eye_array(n) - links))[1]
    assert lumped.shape[0] <= 2000


def test_one_state_needs_no_group() -> None:
    A = sp.csr_array([[0.25]])
    assert BiCGSTAB(A).solve(np.ones(1), 1e-12) == pytest.approx([4])


def test_where_there_is_no_solution_the_iteration_says_so() -> None:
    solver = BiCGSTAB(grid_matrix(10))
    solver._A = sp.csr_array(np.diag(np.append(np.ones(98), 0)))
    x = solver.solve(np.ones(99), 1e-12)
    assert not solver.converged
    assert solver.iterations <= MAX_ITERATIONS
    assert x.shape == (99,)


def test_a_singular_matrix_has_no_factors() -> None:
    with pytest.raises(RuntimeError, match="singular"):
        LU(sp.csr_array([[0.5, -0.5], [-0.5, 0.5]]))
