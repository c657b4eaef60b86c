"""The walk's gradient in fractions against dual numbers and complex steps."""

from fractions import Fraction

import numpy as np
import pytest

from pycode.adverse_walk import adverse_walk, exact_gradient, relative_error
from pycode.mdp import mean_length
from pycode.policy_gradient import softmax_policy, value_gradient


def by_dual_numbers(n: int) -> list[list[Fraction]]:
    """Each derivative carried along by the product rule through the times from state to state."""
    steps, half = (Fraction(1, 4), Fraction(1, 2)), Fraction(1, 2)
    p, gradient = Fraction(3, 8), []
    for state in range(n):
        row = []
        for action in range(2):
            # Softmax: the chance of action b changes by π(b)(1{b = action} - π(action)).
            change = sum(half * ((b == action) - half) * steps[b] for b in range(2))
            h = dh = total = Fraction(0)
            for s in range(n):
                dp = change if s == state else Fraction(0)
                dh = ((1 - p) * dh - dp * h) / p - (1 + (1 - p) * h) / p**2 * dp
                h = (1 + (1 - p) * h) / p
                total += dh
            row.append(-total)
        gradient.append(row)
    return gradient


@pytest.mark.parametrize("n", [1, 2, 3, 12, 30])
def test_the_closed_form_is_the_product_rule(n: int) -> None:
    assert exact_gradient(n) == by_dual_numbers(n)


def test_the_process_has_this_gradient() -> None:
    process = adverse_walk(8)
    gradient = value_gradient(process, np.zeros((8, 2)))[0]
    # E[T] = 490 steps, and a solve's error in a gradient grows with it.
    assert relative_error(gradient, exact_gradient(8)) < 1e-12


def test_episodes_get_longer_by_two_thirds_a_state() -> None:
    lengths = [mean_length(adverse_walk(n), softmax_policy(np.zeros((n, 2))))[0] for n in (20, 21)]
    assert lengths[1] / lengths[0] == pytest.approx(5 / 3, rel=1e-3)


def test_an_error_is_seen_without_rounding_and_no_number_is_infinitely_wrong() -> None:
    exact = [[Fraction(1, 3), Fraction(-1)]]
    assert relative_error(np.array([[1 / 3, -1 + 2**-40]]), exact) == 2.0**-40
    assert 0 < relative_error(np.array([[1 / 3, -1]]), exact) < 2.0**-53
    assert relative_error(np.array([[np.nan, -1]]), exact) == np.inf


def test_a_walk_without_states_is_refused() -> None:
    with pytest.raises(ValueError, match="a walk of 0 states has none to start from; give at least 1"):
        adverse_walk(0)
