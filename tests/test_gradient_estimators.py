"""The estimators against autograd, draw by draw, and against exact means by quadrature or enumeration."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pycode.gaussian import log_density
from pycode.gradient_estimators import (
    Gradient,
    best_baseline,
    leave_one_out,
    leave_one_out_variance,
    pathwise,
    score,
    score_function,
    sgvb_a,
    sgvb_b,
    sticking_the_landing,
)

F64 = torch.float64
MU, SIGMA = torch.tensor([0.4, -1.1], dtype=F64), torch.tensor([0.7, 1.6], dtype=F64)


def f(z: Tensor) -> Tensor:
    return z.sin().prod(-1) + z.square().sum(-1)


@pytest.fixture
def eps() -> Tensor:
    return torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=F64)


def parameters(eps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """mu, sigma and rho repeated for each draw, so that autograd gives a gradient for each draw."""
    mu, sigma = (p.expand_as(eps).clone().requires_grad_() for p in (MU, SIGMA))
    rho = (2 * SIGMA.log()).expand_as(eps).clone().requires_grad_()
    return mu, sigma, rho


def test_pathwise_is_autograd_through_the_sample(eps: Tensor) -> None:
    mu, sigma, rho = parameters(eps)
    expected = torch.autograd.grad(f(mu + sigma * eps).sum(), (mu, sigma))
    (in_rho,) = torch.autograd.grad(f(mu.detach() + (rho / 2).exp() * eps).sum(), rho)
    for estimate, exact in zip(pathwise(f, MU, SIGMA, eps), (*expected, in_rho), strict=True):
        assert torch.allclose(estimate, exact, rtol=1e-13)


def test_score_function_is_f_times_autograd_of_the_log_density(eps: Tensor) -> None:
    z, (mu, sigma, rho) = MU + SIGMA * eps, parameters(eps)
    scores = torch.autograd.grad(log_density(z, mu, sigma).sum(), (mu, sigma))
    (in_rho,) = torch.autograd.grad(log_density(z, mu.detach(), (rho / 2).exp()).sum(), rho)
    for estimate, expected in zip(score_function(f, MU, SIGMA, eps), (*scores, in_rho), strict=True):
        assert torch.allclose(estimate, f(z)[:, None] * expected, rtol=1e-12, atol=1e-14)


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(0.2, 3))
def test_both_have_the_exact_mean_by_quadrature(mu: float, sigma: float) -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    eps, weights = torch.tensor(nodes)[:, None], torch.tensor(weights)[:, None] / math.sqrt(2 * math.pi)

    def cubic(z: Tensor) -> Tensor:
        return (z**3).sum(-1)

    # E[z³] = mu³ + 3 mu sigma², differentiated by hand.
    exact = (3 * mu**2 + 3 * sigma**2, 6 * mu * sigma, 3 * mu * sigma**2)
    for estimator in (score_function, pathwise):
        means = [(weights * part).sum().item() for part in estimator(cubic, mu, sigma, eps)]
        assert means == pytest.approx(exact, rel=1e-10, abs=1e-10)


def test_parameters_that_require_gradients_are_left_alone(eps: Tensor) -> None:
    mu = MU.clone().requires_grad_()
    assert not pathwise(f, mu, SIGMA, eps).mu.requires_grad
    assert mu.grad is None


# The ELBO of a prior that is not standard and a likelihood that is not Gaussian in z.
MU_P, SIGMA_P = torch.tensor([-0.3, 0.5], dtype=F64), torch.tensor([1.3, 0.6], dtype=F64)


def log_likelihood(z: Tensor) -> Tensor:
    return -z.sin().exp().sum(-1) - z.prod(-1).square()


def log_joint(z: Tensor) -> Tensor:
    return log_likelihood(z) + torch.distributions.Normal(MU_P, SIGMA_P).log_prob(z).sum(-1)


def objective_a(mu: Tensor, sigma: Tensor, eps: Tensor) -> Tensor:
    z = mu + sigma * eps
    return log_joint(z) - torch.distributions.Normal(mu, sigma).log_prob(z).sum(-1)


def objective_b(mu: Tensor, sigma: Tensor, eps: Tensor) -> Tensor:
    q, p = torch.distributions.Normal(mu, sigma), torch.distributions.Normal(MU_P, SIGMA_P)
    return log_likelihood(mu + sigma * eps) - torch.distributions.kl_divergence(q, p).sum(-1)


def objective_with_q_held(mu: Tensor, sigma: Tensor, eps: Tensor) -> Tensor:
    z = mu + sigma * eps
    return log_joint(z) - torch.distributions.Normal(mu.detach(), sigma.detach()).log_prob(z).sum(-1)


@pytest.mark.parametrize(
    ("found", "objective"),
    [
        (lambda eps: sgvb_a(log_joint, MU, SIGMA, eps), objective_a),
        (lambda eps: sgvb_b(log_likelihood, MU, SIGMA, eps, MU_P, SIGMA_P), objective_b),
        (lambda eps: sticking_the_landing(log_joint, MU, SIGMA, eps), objective_with_q_held),
    ],
)
def test_elbo_estimators_are_autograd_of_what_they_estimate(found, objective, eps: Tensor) -> None:
    mu, sigma, rho = parameters(eps)
    expected = torch.autograd.grad(objective(mu, sigma, eps).sum(), (mu, sigma))
    (in_rho,) = torch.autograd.grad(objective(mu.detach(), (rho / 2).exp(), eps).sum(), rho)
    for estimate, exact in zip(found(eps), (*expected, in_rho), strict=True):
        assert torch.allclose(estimate, exact, rtol=1e-11, atol=1e-12)


def test_estimator_a_is_sticking_the_landing_less_the_score(eps: Tensor) -> None:
    a, s = sgvb_a(log_joint, MU, SIGMA, eps), score(SIGMA, eps)
    for estimate, of_a, of_score in zip(sticking_the_landing(log_joint, MU, SIGMA, eps), a, s, strict=True):
        assert torch.allclose(estimate, of_a + of_score, rtol=1e-12, atol=1e-12)


def test_sticking_the_landing_has_no_variance_at_the_posterior(eps: Tensor) -> None:
    """A joint that is q times a constant evidence."""
    for part in sticking_the_landing(lambda z: log_density(z, MU, SIGMA).sum(-1) - 7, MU, SIGMA, eps):
        assert part.abs().max() == 0


def test_leave_one_out_is_the_score_function_with_the_mean_of_the_others(eps: Tensor) -> None:
    few = eps[:4]
    values = f(MU + SIGMA * few)
    for n, row in enumerate(zip(*leave_one_out(f, MU, SIGMA, few), strict=True)):
        others = torch.stack([values[k] for k in range(4) if k != n]).mean()
        baseline = Gradient(others, others, others)
        alone = score_function(f, MU, SIGMA, few[n : n + 1], baseline)
        for estimate, expected in zip(row, alone, strict=True):
            assert torch.allclose(estimate, expected[0], rtol=1e-11, atol=1e-12)


def test_leave_one_out_averages_to_the_sample_covariance(eps: Tensor) -> None:
    value = f(MU + SIGMA * eps).numpy()
    for part, s in zip(leave_one_out(f, MU, SIGMA, eps), score(SIGMA, eps), strict=True):
        expected = [np.cov(value, s[:, j].numpy())[0, 1] for j in range(2)]
        assert part.mean(0).tolist() == pytest.approx(expected, rel=1e-11)


def test_leave_one_out_needs_two_draws(eps: Tensor) -> None:
    with pytest.raises(
        ValueError, match=r"leave_one_out has draws = 1; give eps of shape \(L, \.\.\., Z\), L at least 2"
    ):
        leave_one_out(f, MU, SIGMA, eps[:1])
    with pytest.raises(ValueError, match="leave_one_out_variance has draws = 1; give at least 2"):
        leave_one_out_variance(f(eps), eps, 1 / len(eps), draws=1)


@pytest.mark.parametrize("draws", [2, 3, 4])
def test_leave_one_out_variance_is_that_over_all_outcomes(draws: int) -> None:
    """Noise of three values in place of a normal one: all their sequences are enumerated."""
    nodes, weights = torch.tensor([-1.2, 0.3, 2.0], dtype=F64), torch.tensor([0.5, 0.3, 0.2], dtype=F64)
    mu, sigma = 0.4, torch.tensor(0.7, dtype=F64)
    sequences = list(product(range(3), repeat=draws))
    chance = torch.stack([weights[list(sequence)].prod() for sequence in sequences])
    eps = torch.stack([nodes[list(sequence)] for sequence in sequences], 1).unsqueeze(-1)
    parts = score(sigma, nodes.unsqueeze(-1))
    for rows, s in zip(leave_one_out(f, mu, sigma, eps), parts, strict=True):
        estimate = rows.mean(0)[:, 0]
        variance = (chance * estimate**2).sum() - (chance * estimate).sum() ** 2
        # The score's mean is not 0 under this noise; the formula is for one that is.
        centred = s - (weights[:, None] * s).sum(0)
        formula = leave_one_out_variance(f(mu + sigma * nodes.unsqueeze(-1)), centred, weights[:, None], draws)
        assert variance.item() > 0
        assert formula.item() == pytest.approx(variance.item(), rel=1e-11)


def test_best_baseline_is_where_the_variance_is_least(eps: Tensor) -> None:
    best = best_baseline(f, MU, SIGMA, eps)

    def second_moments(shift: float) -> Tensor:
        rows = score_function(f, MU, SIGMA, eps, Gradient(*(c + shift for c in best)))
        return torch.stack([part.square().mean(0) for part in rows])

    # A parabola in the constant: equal on both sides of its least value, and higher.
    low, high, least = second_moments(-0.1), second_moments(0.1), second_moments(0.0)
    assert torch.allclose(low, high, rtol=1e-10)
    assert bool((low > least).all())


def test_best_baseline_by_a_rule_of_unequal_weights_is_exact() -> None:
    """Four nodes integrate degree seven; of three, the one at 0 drops out and the others weigh the same."""
    nodes, weights = (torch.tensor(part)[:, None] for part in np.polynomial.hermite_e.hermegauss(4))
    mu, sigma = 0.4, 0.7
    best = best_baseline(lambda z: (z**3).sum(-1), mu, sigma, nodes, weights / math.sqrt(2 * math.pi))
    # E[z³ eps²] and E[z³ (eps² - 1)²] / 2, as E[eps⁴] = 3 and E[eps² (eps² - 1)²] = 10.
    exact = [mu**3 + 9 * mu * sigma**2, *[mu**3 + 15 * mu * sigma**2] * 2]
    assert [part.item() for part in best] == pytest.approx(exact, rel=1e-12)


def test_more_axes_are_examples_of_their_own(eps: Tensor) -> None:
    mu, sigma = torch.stack([MU, MU + 1]), torch.stack([SIGMA, 2 * SIGMA])
    both = eps.reshape(25, 2, 2)
    for estimator in (score_function, leave_one_out, pathwise, sticking_the_landing, sgvb_a):
        together = estimator(f, mu, sigma, both)
        for n in range(2):
            for part, alone in zip(together, estimator(f, mu[n], sigma[n], both[:, n]), strict=True):
                assert torch.allclose(part[:, n], alone, rtol=1e-12)
