"""Arithmetic on named axes against numpy's own, and derivatives against complex steps and differences."""

from fractions import Fraction
from functools import reduce
from operator import mul

import numpy as np
import pytest

from pycode.proofread.arithmetic import values
from pycode.proofread.arithmetic.values import GRADIENT, LIMIT, ONE, Dual, TooLargeError, Value, primal, tangent

RNG = np.random.default_rng(0)
EXACT = {"rtol": 1e-14, "atol": 1e-14}  # a few roundings
# Of derivatives: complex steps have no cancellation, so both sides differ by roundings only.
STEP, CLOSE = 1e-30, {"rtol": 1e-12, "atol": 1e-13}


def test_values_combine_by_name_and_not_by_position():
    a, b = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 4, 2))
    x, y = Value(a, ("s", "a")), Value(b, ("a", "t", "s"))
    for found, expected in (
        (x * y, np.einsum("sa,ats->ast", a, b)),
        (x + y, a.T[:, :, None] + np.einsum("ats->ast", b)),
        (x - y, a.T[:, :, None] - np.einsum("ats->ast", b)),
        (x / y, a.T[:, :, None] / np.einsum("ats->ast", b)),
        (2.0 - x, (2.0 - a).T),
        (2.0 / x, (2.0 / a).T),
    ):
        assert found.axes == ("a", "s", "t")[: found.data.ndim]
        np.testing.assert_allclose(found.data, expected, **EXACT)


def test_sums_over_an_axis():
    a = RNG.normal(size=(2, 3))
    x = Value(a, ("s", "a"))
    np.testing.assert_allclose(values.total(x, "a", 3).data, a.sum(1), **EXACT)
    np.testing.assert_allclose(values.total(x, "t", 5).data, 5 * a.T, **EXACT)  # what lacks the axis counts as often
    assert values.total(x, "a", 3).axes == ("s",)


def test_renamed_axes_are_sorted_again():
    a = RNG.normal(size=(2, 3))
    x = values.rename(Value(a, ("s", "a")), {"a": "z"})
    assert x.axes == ("s", "z")
    np.testing.assert_array_equal(x.data, a)


def test_entries_of_an_axis():
    a = RNG.normal(size=(4, 3))
    x = Value(a, ("a", "s"))
    np.testing.assert_array_equal(values.select(x, "a", 2).data, a[2])
    np.testing.assert_array_equal(values.select(x, "a", slice(1, 3)).data, a[1:3])
    np.testing.assert_array_equal(values.select(x, "a", [3, 0]).data, a[[3, 0]])
    assert values.select(x, "t", 2) is x


def test_entries_of_a_table_at_indices_on_axes():
    a = RNG.normal(size=(4, 3))
    table = Dual(Value(a, ("0", "1")), Value(RNG.normal(size=(4, 3, 2)), ("0", "1", GRADIENT)))
    s, t = Value(np.array([3, 1]), ("s",)), Value(np.array([0, 2, 2]), ("t",))
    found = values.take(table, [s, t])
    np.testing.assert_array_equal(primal(found).data, a[[[3], [1]], [[0, 2, 2]]])
    along = found.tangent
    assert along.axes == ("s", "t", GRADIENT)
    np.testing.assert_array_equal(along.data[1, 2], table.tangent.data[1, 2])
    one = values.take(Dual(table.value, ONE), [s, t])  # a derivative that lacks the table's axes
    np.testing.assert_array_equal(one.tangent.data, np.ones((2, 3)))


FUNCTIONS = {
    "exp": (values.exp, np.exp),
    "log": (values.log, np.log),
    "sqrt": (values.sqrt, np.sqrt),
    "sin": (values.sin, np.sin),
    "cos": (values.cos, np.cos),
    "cube": (lambda x: values.power(x, 3), lambda x: x**3),
    "inverse square": (lambda x: values.power(x, -2), lambda x: x**-2),
    "zeroth power": (lambda x: values.power(x, 0) * x, lambda x: x),
    "rational": (lambda x: (1.0 - x * x) / (2.0 + x) - 3.0 / x, lambda x: (1 - x * x) / (2 + x) - 3 / x),
    "density": (lambda x: values.exp(-0.5 * x * x) * values.log(x + 1.0), lambda x: np.exp(-x * x / 2) * np.log(x + 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_against_complex_steps(name):
    ours, theirs = FUNCTIONS[name]
    x = RNG.uniform(0.3, 2.0, size=7)
    found = ours(Dual(Value(x, ("s",)), ONE))
    np.testing.assert_allclose(primal(found).data, theirs(x), **CLOSE)
    np.testing.assert_allclose(primal(tangent(found)).data, theirs(x + 1j * STEP).imag / STEP, **CLOSE)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives_by_nesting(name):
    """A dual in a dual against the difference of complex-step derivatives; its error is the step's square."""
    ours, theirs = FUNCTIONS[name]
    x, h = 0.9, 1e-4
    found = ours(Dual(Dual(Value(x), ONE, 1), ONE, 2))
    second = primal(tangent(tangent(found, 2), 1)).data
    slope = [theirs(x + sign * h + 1j * STEP).imag / STEP for sign in (-1, 1)]
    np.testing.assert_allclose(second, (slope[1] - slope[0]) / (2 * h), rtol=1e-5, atol=1e-7)


def test_mixed_derivative_of_two_letters():
    x, y = Dual(Value(0.7), ONE, 1), Dual(Value(1.3), ONE, 2)
    found = values.exp(x * y) + x * x * y
    mixed = primal(tangent(tangent(found, 2), 1)).data
    np.testing.assert_allclose(mixed, np.exp(0.91) * (1 + 0.91) + 1.4, **CLOSE)
    assert primal(tangent(found, 3)).data == 0.0


def test_a_gradient_has_an_axis_of_its_own():
    theta = RNG.normal(size=3)
    x = Dual(Value(theta, ("s",)), Value(np.eye(3), ("s", GRADIENT)))
    total = values.log(values.total(values.exp(x), "s", 3))
    np.testing.assert_allclose(primal(tangent(total)).data, np.exp(theta) / np.exp(theta).sum(), **EXACT)


def test_absolute_and_integer_powers_on_axes():
    x = Dual(Value(np.array([-2.0, 3.0]), ("s",)), ONE)
    np.testing.assert_array_equal(primal(tangent(values.absolute(x))).data, [-1.0, 1.0])
    n = Value(np.array([0, 1, 3]), ("k",))
    powers = values.raised(x, n)
    np.testing.assert_allclose(primal(powers).data, np.array([-2.0, 3.0]) ** np.array([[0], [1], [3]]), **EXACT)
    np.testing.assert_allclose(primal(tangent(powers)).data, [[0, 0], [1, 1], [12, 27]], **EXACT)


def test_a_condition_hides_what_is_not_finite():
    x = Value(np.array([1.0, np.inf, np.nan]), ("s",))
    kept = values.where(Value(np.array([True, False, False]), ("s",)), x)
    np.testing.assert_array_equal(kept.data, [1.0, 0.0, 0.0])


@pytest.mark.parametrize("count", [2, 3, 6])
def test_too_many_indices_are_refused_before_memory_is_taken(count):
    n = int(LIMIT ** (1 / count)) + 10
    axes = [Value(np.arange(n), (f"k{i}",)) for i in range(count)]
    with pytest.raises(TooLargeError, match="indices at once"):
        reduce(mul, axes)


def test_a_number_beyond_floats_is_refused():
    with pytest.raises(OverflowError) as told:
        Value(1.0).number(Fraction(10**400))
    assert str(told.value) == "a number beyond 10^308, the largest in floating point"
