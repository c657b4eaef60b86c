"""When a check passes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycode.check import Check

RELATIONS = ("=", "<=", ">=")
finite = st.floats(-1e100, 1e100)


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("place", range(3))
def test_what_is_not_a_number_never_passes(relation, place):
    numbers = [1.0, 1.0, 1.0]
    numbers[place] = math.nan
    assert not Check(*numbers, "", relation).passed


@pytest.mark.parametrize(("relation", "value"), [("<=", -math.inf), (">=", math.inf)])
@pytest.mark.parametrize("tolerance", [1.0, math.inf])
def test_an_infinite_value_never_passes(relation, value, tolerance):
    """On the side where any finite value would pass."""
    assert not Check(value, 1.0, tolerance, "", relation).passed


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinite_value_is_equal_to_nothing(value):
    """Not even where the tolerance is infinite too."""
    assert not Check(value, 1.0, math.inf, "").passed


@pytest.mark.parametrize(
    ("relation", "values"),
    [("=", [False, True, True, True, False]), ("<=", [True, True, True, True, False]),
     (">=", [False, True, True, True, True])],
)  # fmt: skip
def test_the_boundary_belongs_to_what_passes(relation, values):
    assert [Check(value, 4.0, 0.5, "", relation).passed for value in (3.25, 3.5, 4.0, 4.5, 4.75)] == values


@given(finite, finite, st.floats(0, 1e100))
def test_equal_means_both_bounds(value, reference, tolerance):
    equal, below, above = (Check(value, reference, tolerance, "", relation).passed for relation in RELATIONS)
    assert equal == (below and above)


@given(finite, st.floats(0, 1e100))
def test_an_exact_value_passes(value, tolerance):
    assert all(Check(value, value, tolerance, "", relation).passed for relation in RELATIONS)
