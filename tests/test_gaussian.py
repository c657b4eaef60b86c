"""The Gaussian and its divergences: second routes and properties."""

import math

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from torch import Tensor

from pycode.gaussian import (
    Real,
    kl,
    kl_diagonal,
    kl_full,
    kl_gradient,
    kl_hessian,
    kl_log_variance,
    kl_standard,
    log_density,
)

F64 = torch.float64
MEANS, SIGMAS = st.floats(-5, 5), st.floats(0.1, 10)
gaussians = settings(max_examples=60, deadline=None)


def tensor(*values: float) -> Tensor:
    return torch.tensor(values, dtype=F64)


@gaussians
@given(MEANS, MEANS, SIGMAS)
def test_log_density_is_that_of_mpmath(z: float, mu: float, sigma: float) -> None:
    exact = float(mpmath.log(mpmath.npdf(z, mu, sigma)))
    assert log_density(z, mu, sigma).item() == pytest.approx(exact, rel=1e-13, abs=1e-13)


def test_kl_is_the_integral_of_its_definition() -> None:
    mu_q, sigma_q, mu_p, sigma_p = 0.3, 0.7, -0.5, 1.9

    def integrand(z: float) -> float:
        log_q = log_density(z, mu_q, sigma_q).item()
        return math.exp(log_q) * (log_q - log_density(z, mu_p, sigma_p).item())

    integral, _ = integrate.quad(integrand, mu_q - 12 * sigma_q, mu_q + 12 * sigma_q)
    assert kl(mu_q, sigma_q, mu_p, sigma_p).item() == pytest.approx(integral, rel=1e-9)


@gaussians
@given(MEANS, SIGMAS, MEANS, SIGMAS)
def test_kl_is_never_negative_and_zero_for_equal_arguments(
    mu_q: float, sigma_q: float, mu_p: float, sigma_p: float
) -> None:
    assert kl(mu_q, sigma_q, mu_p, sigma_p) >= -1e-15 * (1 + (mu_q - mu_p) ** 2 / sigma_p**2)
    assert kl(mu_q, sigma_q, mu_q, sigma_q).abs() <= 1e-15
    assert kl_log_variance(mu_q, 2 * math.log(sigma_q), mu_q, 2 * math.log(sigma_q)) == 0


def test_kl_is_not_symmetric() -> None:
    assert kl(0.0, 1.0, 0.0, 2.0) != kl(0.0, 2.0, 0.0, 1.0)


@gaussians
@given(MEANS, SIGMAS)
def test_standard_form_is_the_general_one_at_zero_and_one(mu_q: float, sigma_q: float) -> None:
    general = kl(mu_q, sigma_q, 0.0, 1.0).item()
    assert kl_standard(mu_q, sigma_q).item() == pytest.approx(general, rel=1e-13, abs=1e-14)


@gaussians
@given(MEANS, SIGMAS, MEANS, SIGMAS)
def test_log_variance_form_is_the_general_one(mu_q: float, sigma_q: float, mu_p: float, sigma_p: float) -> None:
    stable = kl_log_variance(mu_q, 2 * math.log(sigma_q), mu_p, 2 * math.log(sigma_p)).item()
    # The series ends at r⁴: its error for abs(r) < 0.01 is r⁵/240 < 5e-13.
    assert stable == pytest.approx(kl(mu_q, sigma_q, mu_p, sigma_p).item(), rel=1e-12, abs=5e-13)


def test_log_variance_form_has_the_standard_normal_as_its_default_prior() -> None:
    assert kl_log_variance(0.4, -0.6) == pytest.approx(kl_standard(0.4, math.exp(-0.3)).item(), rel=1e-14)


@pytest.mark.parametrize("r", [1e-8, -1e-6, 1e-4, 0.0099, -0.0099])
def test_log_variance_form_keeps_the_terms_of_its_series(r: float) -> None:
    with mpmath.workdps(40):
        exact = float((mpmath.expm1(mpmath.mpf(r)) - r) / 2)
    # Next term of the series over its first: 2 r³/120.
    assert kl_log_variance(0.0, r).item() == pytest.approx(exact, rel=1.1 * abs(r) ** 3 / 60 + 1e-15)


@pytest.mark.parametrize("r", [-100.0, -0.01, -1e-8, 0.0, 1e-8, 0.01, 80.0, 100.0])
def test_log_variance_form_has_no_nan_gradient_in_float32(r: float) -> None:
    rho_q = torch.tensor(r, requires_grad=True)
    (slope,) = torch.autograd.grad(kl_log_variance(0.0, rho_q), rho_q)
    assert slope.item() == pytest.approx(math.expm1(r) / 2 if r < 88 else math.inf, rel=1e-4)


def test_log_variance_form_has_the_hessian_of_the_page() -> None:
    at = [tensor(0.3, -1, 2).requires_grad_(), tensor(0.5, -0.203, -2).requires_grad_()]
    prior = 0.4, -0.2
    first = torch.autograd.grad(kl_log_variance(*at, *prior).sum(), at, create_graph=True)
    # The Hessian is diagonal: the gradient of each part's sum is what stands on the diagonal.
    second = [torch.autograd.grad(part.sum(), argument)[0] for part, argument in zip(first, at, strict=True)]
    exact = kl_hessian(at[0], at[1], prior[0], math.exp(prior[1] / 2)).diagonal(0, -2, -1)
    assert torch.allclose(torch.stack(second, -1), exact, rtol=1e-14)


def test_diagonal_form_sums_over_the_last_axis_only() -> None:
    mu_q, sigma_q = torch.zeros(4, 3, dtype=F64), torch.full((4, 3), 2.0, dtype=F64)
    assert kl_diagonal(mu_q, sigma_q, 1.0, 3.0).tolist() == pytest.approx([3 * kl(0.0, 2.0, 1.0, 3.0).item()] * 4)


def random_covariance(generator: torch.Generator, D: int) -> Tensor:
    A = torch.randn(D, D, generator=generator, dtype=F64)
    return A @ A.mT + torch.eye(D, dtype=F64)


def test_full_form_of_diagonal_matrices_is_the_diagonal_form() -> None:
    mu_q, sigma_q, mu_p, sigma_p = tensor(1, -2, 0), tensor(1, 0.5, 2), tensor(0, 1, 1), tensor(2, 1, 0.3)
    full = kl_full(mu_q, torch.diag(sigma_q**2), mu_p, torch.diag(sigma_p**2))
    assert full.item() == pytest.approx(kl_diagonal(mu_q, sigma_q, mu_p, sigma_p).item(), rel=1e-14)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.integers(0, 10**6))
def test_full_form_is_the_same_in_any_coordinates(D: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    mu_q, mu_p, b = torch.randn(3, D, generator=generator, dtype=F64)
    Sigma_q, Sigma_p = random_covariance(generator, D), random_covariance(generator, D)
    A = random_covariance(generator, D)
    moved = kl_full(A @ mu_q + b, A @ Sigma_q @ A.mT, A @ mu_p + b, A @ Sigma_p @ A.mT)
    assert moved.item() == pytest.approx(kl_full(mu_q, Sigma_q, mu_p, Sigma_p).item(), rel=1e-8, abs=1e-10)


def test_full_form_broadcasts_over_leading_axes() -> None:
    generator = torch.Generator().manual_seed(0)
    Sigma = random_covariance(generator, 2)
    mu_q = torch.randn(5, 2, generator=generator, dtype=F64)
    each = [kl_full(mu, Sigma, tensor(0, 0), Sigma).item() for mu in mu_q]
    assert kl_full(mu_q, Sigma, tensor(0, 0), Sigma).tolist() == pytest.approx(each, rel=1e-13)


@gaussians
@given(MEANS, st.floats(-4, 4), MEANS, SIGMAS)
def test_gradient_is_the_central_difference_and_hessian_is_positive(
    mu_q: float, rho_q: float, mu_p: float, sigma_p: float
) -> None:
    h = 1e-5

    def at(mu: float, rho: float) -> float:
        return kl(mu, math.exp(rho / 2), mu_p, sigma_p).item()

    slopes = [
        (at(mu_q + h, rho_q) - at(mu_q - h, rho_q)) / (2 * h),
        (at(mu_q, rho_q + h) - at(mu_q, rho_q - h)) / (2 * h),
    ]
    size = 1 + (math.exp(rho_q) + mu_q**2 + mu_p**2) / sigma_p**2
    assert kl_gradient(mu_q, rho_q, mu_p, sigma_p).tolist() == pytest.approx(slopes, abs=1e-9 * size)
    assert torch.linalg.eigvalsh(kl_hessian(mu_q, rho_q, mu_p, sigma_p)).min() > 0


def test_gradient_vanishes_at_the_prior_only() -> None:
    assert kl_gradient(1.5, 2 * math.log(0.7), 1.5, 0.7).abs().max() < 1e-15
    assert kl_gradient(1.6, 2 * math.log(0.7), 1.5, 0.7).abs().max() > 0.1


def test_gradient_and_hessian_broadcast() -> None:
    assert kl_gradient(torch.zeros(4, 1), torch.zeros(3), 0.0, 1.0).shape == (4, 3, 2)
    assert kl_hessian(torch.zeros(4, 1), torch.zeros(3), 0.0, 1.0).shape == (4, 3, 2, 2)


def test_numbers_are_float64_and_tensors_keep_their_type() -> None:
    assert kl(0, 1, 0, 2).dtype == F64
    assert kl(torch.zeros(2), 1.0, 0.0, 0.5).dtype == torch.float32
    assert kl(torch.zeros(2), torch.ones(2, dtype=F64), 0.0, 0.5).dtype == F64
    assert kl(torch.tensor(0), 0.5, 0.0, 1.0).item() == kl(0.0, 0.5, 0.0, 1.0).item()


@pytest.mark.parametrize("sigma", [0.0, -1.0, tensor(1, 0)])
def test_a_sigma_that_is_not_positive_is_named(sigma: Real) -> None:
    for name, call in {
        "sigma": lambda: log_density(0.0, 0.0, sigma),
        "sigma_q": lambda: kl(0.0, sigma, 0.0, 1.0),
        "sigma_p": lambda: kl_gradient(0.0, 0.0, 0.0, sigma),
    }.items():
        with pytest.raises(ValueError, match=f"^{name} must be positive"):
            call()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, tensor(1, math.inf)])
def test_what_is_not_finite_is_named(bad: Real) -> None:
    for name, call in {
        "z": lambda: log_density(bad, 0.0, 1.0),
        "mu": lambda: log_density(0.0, bad, 1.0),
        "sigma": lambda: log_density(0.0, 0.0, bad),
        "mu_q": lambda: kl_standard(bad, 1.0),
        "sigma_p": lambda: kl(0.0, 1.0, 0.0, bad),
        "rho_q": lambda: kl_gradient(0.0, bad, 0.0, 1.0),
        "mu_p": lambda: kl_hessian(0.0, 0.0, bad, 1.0),
        "rho_p": lambda: kl_log_variance(0.0, 0.0, 0.0, bad),
    }.items():
        with pytest.raises(ValueError, match=f"^{name} must be finite, and an entry is not"):
            call()


def test_shapes_that_do_not_broadcast_are_named() -> None:
    with pytest.raises(ValueError, match=r"mu_q \(3,\), sigma_q \(\), mu_p \(2,\), sigma_p \(\); give equal ones"):
        kl(torch.zeros(3), 1.0, torch.zeros(2), 1.0)
    with pytest.raises(ValueError, match="do not broadcast"):
        kl_log_variance(torch.zeros(3), torch.zeros(2))


@pytest.mark.parametrize(
    "Sigma",
    [
        torch.diag(tensor(1, 0)),
        torch.diag(tensor(1, -1)),
        tensor(1, 0.5, 0, 1).reshape(2, 2),
        torch.full((2, 2), math.nan, dtype=F64),
    ],
)
def test_a_covariance_that_is_not_symmetric_positive_definite_is_named(Sigma: Tensor) -> None:
    mu, identity = tensor(0, 0), torch.eye(2, dtype=F64)
    with pytest.raises(ValueError, match=r"^Sigma_q is not symmetric positive definite"):
        kl_full(mu, Sigma, mu, identity)
    with pytest.raises(ValueError, match=r"^Sigma_p is not symmetric positive definite"):
        kl_full(mu, identity, mu, Sigma)


def test_covariances_of_wrong_shape_are_named() -> None:
    mu, identity = tensor(0, 0), torch.eye(2, dtype=F64)
    with pytest.raises(ValueError, match=r"^Sigma_p has shape \(2,\); give square matrices"):
        kl_full(mu, identity, mu, tensor(1, 1))
    with pytest.raises(ValueError, match=r"^dimensions differ: mu_q \(2,\), Sigma_q \(2, 2\), mu_p \(3,\)"):
        kl_full(mu, identity, tensor(0, 0, 0), identity)
    with pytest.raises(ValueError, match=r"^dimensions differ: mu_q \(\), Sigma_q \(2, 2\)"):
        kl_full(torch.tensor(0.0, dtype=F64), identity, mu, identity)


def test_full_form_names_leading_axes_that_do_not_broadcast() -> None:
    mu, identity = tensor(0, 0), torch.eye(2, dtype=F64)
    with pytest.raises(ValueError, match=r"^leading axes do not broadcast: mu_q \(3,\), Sigma_q \(\), mu_p \(4,\)"):
        kl_full(mu.expand(3, 2), identity, mu.expand(4, 2), identity)
    with pytest.raises(ValueError, match=r"Sigma_q \(3,\), mu_p \(\), Sigma_p \(4,\); give equal ones"):
        kl_full(mu, identity.expand(3, 2, 2), mu, identity.expand(4, 2, 2))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_full_form_names_a_mean_that_is_not_finite(bad: float) -> None:
    mu, identity = tensor(0, 0), torch.eye(2, dtype=F64)
    with pytest.raises(ValueError, match=r"^mu_q must be finite"):
        kl_full(tensor(0, bad), identity, mu, identity)
    with pytest.raises(ValueError, match=r"^mu_p must be finite"):
        kl_full(mu, identity, tensor(0, bad), identity)


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_symmetry_is_judged_relative_to_the_covariance(size: float) -> None:
    mu, skew = tensor(0, 0), tensor(0, 1, 0, 0).reshape(2, 2)
    Sigma = size * torch.eye(2, dtype=F64)
    rounded = kl_full(mu, Sigma + 1e-12 * size * skew, mu, Sigma)
    assert rounded.item() == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="Sigma_q is not symmetric"):
        kl_full(mu, Sigma + 0.5 * size * skew, mu, Sigma)
