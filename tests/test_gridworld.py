"""The grid against moves made one by one."""

import numpy as np
import pytest

from pycode.gridworld import MOVES, gridworld, parameters


@pytest.mark.parametrize(("k", "slip"), [(2, 0.0), (3, 0.25), (5, 0.0), (4, 0.6)])
def test_the_tables_are_those_of_moves_made_one_by_one(k: int, slip: float) -> None:
    n = k * k - 1
    outcomes = np.zeros((n, 4, n + 1))
    for s in range(n):
        for a in range(4):
            for b, (down, right) in enumerate(MOVES):
                y, x = s // k + down, s % k + right
                stays = min(y, x) < 0 or max(y, x) == k
                outcomes[s, a, s if stays else k * y + x] += (1 - slip) * (a == b) + slip / 4
    process = gridworld(k, slip)
    assert process.transition.toarray().reshape(n, 4, n) == pytest.approx(outcomes[..., :n], abs=1e-15)
    assert process.exit == pytest.approx(outcomes[..., n], abs=1e-15)
    assert (process.reward == -1).all()
    assert process.start == 0


def test_the_large_grid_has_its_states_and_few_entries() -> None:
    process = gridworld(304)
    assert len(process.exit) == 92_415
    assert process.transition.nnz == 4 * 92_415 - 2


def test_drift_is_towards_the_exit() -> None:
    theta = parameters(30, 2.0, 0.5, np.random.default_rng(0))
    # 899 values a column, so their mean is right to 0.5/30, and 4 of these.
    assert theta.mean(axis=0) == pytest.approx([0, 2, 0, 2], abs=0.07)
    assert theta.std(axis=0) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("k", "slip", "message"), [(1, 0.0, "side 1 has no state"), (3, 1.0, "slip is 1.0")])
def test_what_is_no_grid_is_refused(k: int, slip: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gridworld(k, slip)


def test_parameters_of_no_grid_are_refused() -> None:
    with pytest.raises(ValueError, match="side 1 has no state"):
        parameters(1, 0.0, 1.0, np.random.default_rng(0))
