"""Matrices and linear systems on named axes against numpy on plain arrays, derivatives against complex steps."""

import numpy as np
import pytest

from pycode.proofread.arithmetic import linear, values
from pycode.proofread.arithmetic.values import COLUMN, GRADIENT, ONE, ROW, Dual, Value, primal, tangent

RNG = np.random.default_rng(1)
CLOSE = {"rtol": 1e-12, "atol": 1e-13}  # systems of three equations lose two or three digits
A, B = RNG.normal(size=(2, 3, 3)) + 3 * np.eye(3)
MATRIX = (ROW, COLUMN)


def as_array(x):
    """Rows first."""
    x = primal(x)
    return x.data.transpose([x.axes.index(a) for a in (ROW, COLUMN) if a in x.axes])


def test_products_of_matrices_and_vectors():
    a, b, v = Value(A, MATRIX), Value(B, MATRIX), Value(A[0], (ROW,))
    np.testing.assert_allclose(as_array(linear.matrix_product(a, b)), A @ B, **CLOSE)
    np.testing.assert_allclose(as_array(linear.matrix_product(a, v)), A @ A[0], **CLOSE)
    np.testing.assert_allclose(as_array(linear.matrix_product(linear.transpose(v), v)), A[0] @ A[0], **CLOSE)
    np.testing.assert_allclose(as_array(linear.transpose(a)), A.T, **CLOSE)


def test_products_over_other_axes():
    many = RNG.normal(size=(3, 4, 3))
    found = linear.matrix_product(Value(A, MATRIX), Value(many, (ROW, "j", COLUMN)))
    assert found.axes == tuple(sorted((ROW, "j", COLUMN)))
    np.testing.assert_allclose(found.data, np.einsum("rk,kjc->cjr", A, many), **CLOSE)


def test_functions_of_a_matrix():
    a = Value(A, MATRIX)
    np.testing.assert_allclose(linear.determinant(a).data, np.linalg.det(A), **CLOSE)
    np.testing.assert_allclose(as_array(linear.inverse(a)) @ A, np.eye(3), **CLOSE)
    np.testing.assert_allclose(linear.trace(a).data, A[0, 0] + A[1, 1] + A[2, 2], **CLOSE)


def test_a_number_is_a_matrix_of_its_own():
    x = Value(4.0)
    assert (linear.determinant(x).data, linear.trace(x).data, linear.inverse(x).data) == (4.0, 4.0, 0.25)


def test_derivatives_of_matrix_functions_are_refused():
    with pytest.raises(ValueError, match="derivatives of matrix functions"):
        linear.determinant(Dual(Value(A, MATRIX), Value(B, MATRIX)))


@pytest.mark.parametrize(("row", "column"), [("s", "x"), ("x", "s")])
def test_a_system_between_named_axes(row, column):
    right = RNG.normal(size=(3, 2))
    found = linear.solve(Value(A, (row, column)), Value(right, (row, "a")), row, column)
    assert set(found.axes) == {column, "a"}
    expected = np.linalg.solve(A, right)
    np.testing.assert_allclose(found.data, expected if found.axes[0] == column else expected.T, **CLOSE)


@pytest.mark.parametrize(("of_matrix", "of_right"), [(True, False), (False, True), (True, True)])
def test_derivatives_of_a_system(of_matrix, of_right):
    dA, right, dr = RNG.normal(size=(3, 3)), RNG.normal(size=3), RNG.normal(size=3)
    matrix, b = Value(A, ("s", "x")), Value(right, ("s",))
    found = linear.solve(
        Dual(matrix, Value(dA, ("s", "x"))) if of_matrix else matrix,
        Dual(b, Value(dr, ("s",))) if of_right else b,
        "s",
        "x",
    )
    step = 1e-30j
    moved = np.linalg.solve(A + step * dA * of_matrix, right + step * dr * of_right)
    np.testing.assert_allclose(primal(found).data, moved.real, **CLOSE)
    np.testing.assert_allclose(primal(tangent(found)).data, moved.imag / 1e-30, **CLOSE)


def test_gradient_of_a_system_and_of_its_sum():
    """The resolvent of a chain whose matrix depends on three parameters."""
    dP = 0.05 * RNG.normal(size=(3, 3, 3))
    P = np.full((3, 3), 0.2)
    x = Value(np.eye(3) - P, ("s", "x"))
    found = linear.solve(Dual(x, Value(-dP, ("s", "x", GRADIENT))), Value(np.ones(3), ("s",)), "s", "x")
    total = values.total(found, "x", 3)
    for i in range(3):
        moved = np.linalg.solve(np.eye(3) - P - 1e-30j * dP[:, :, i], np.ones(3)).sum()
        np.testing.assert_allclose(primal(tangent(total)).data[i], moved.imag / 1e-30, **CLOSE)


def test_second_derivative_of_a_system():
    """(A + tB)^{-1}: the second derivative in t at 0 is 2 A^{-1}BA^{-1}BA^{-1}."""
    t = Dual(Dual(Value(0.0), ONE, 1), ONE, 2)
    found = linear.solve(t * Value(B, ("s", "x")) + Value(A, ("s", "x")), Value(np.eye(3), ("s", "y")), "s", "x")
    second = primal(tangent(tangent(found, 2), 1))
    inverse = np.linalg.inv(A)
    np.testing.assert_allclose(second.data, 2 * inverse @ B @ inverse @ B @ inverse, rtol=1e-11, atol=1e-12)
