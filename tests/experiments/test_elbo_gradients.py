"""The exact variances of the six estimators by hand, by enumeration and by more nodes, and the measured ones."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pycode.experiments import elbo_gradients as experiment
from pycode.experiments.elbo import example, random_case
from pycode.experiments.elbo_gradients import NAMES
from pycode.linear_vae import LinearVAE

Case = tuple[LinearVAE, Tensor, experiment.Q]


@pytest.fixture(params=["other", "posterior", "random"])
def case(request: pytest.FixtureRequest) -> Case:
    if request.param == "random":  # columns of W that are not orthogonal
        model, x, mu_q, sigma_q = random_case(torch.Generator().manual_seed(3), D=4, Z=2)
        return model, x, (mu_q, sigma_q)
    model, x = example()
    return model, x, getattr(experiment, f"{request.param}_q")(model, x)


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return experiment.measure()


def test_rule_has_the_moments_of_the_normal() -> None:
    eps, weights = experiment.quadrature(2)
    moments = [(weights[:, 0] * eps[0, :, 0] ** k * eps[0, :, 1] ** 2).sum().item() for k in range(10)]
    assert moments == pytest.approx([1, 0, 1, 0, 3, 0, 15, 0, 105, 0], abs=1e-11)


def test_draws_of_the_rule_are_independent() -> None:
    eps, weights = experiment.quadrature(2, draws=2)
    noise = eps.transpose(0, 1).reshape(-1, 4)
    assert (weights * noise).mT @ noise == pytest.approx(np.eye(4), abs=1e-13)


def test_pathwise_variances_are_those_of_a_linear_map(case: Case) -> None:
    """A slope in z that is affine, -H z + constant, has the covariance H diag(sigma_q²) Hᵀ, H by the precisions."""
    model, x, q = case
    likelihood = model.W.mT @ model.W / model.sigma_x**2
    prior, own = torch.diag(model.sigma_p**-2), torch.diag(q[1] ** -2)
    found = 8 * experiment.exact_variances(model, x, q, draws=8)[:, 0]
    slopes = {"sgvb_a": likelihood + prior, "sgvb_b": likelihood, "sticking_the_landing": likelihood + prior - own}
    for name, H in slopes.items():
        expected = (H * q[1]).square().sum().item()
        assert found[NAMES.index(name)].item() == pytest.approx(expected, rel=1e-11, abs=1e-28)


def test_every_estimator_is_unbiased(case: Case) -> None:
    model, x, q = case
    means, size = experiment.exact_means(model, x, q)
    gradient = torch.stack(experiment.exact_gradient(model, x, q))
    assert bool(((means - gradient).abs() <= 1e-14 * size + 1e-15).all())


def test_variances_are_those_over_all_pairs_of_draws(case: Case) -> None:
    """Second moments of the mean of two draws, leave-one-out's included, which has a formula of its own."""
    model, x, q = case
    eps, weights = experiment.quadrature(2, draws=2)
    baseline = experiment.exact_baseline(model, x, q)
    rows = experiment.estimates(
        experiment.log_likelihood_of(model, x), q, (model.mu_p, model.sigma_p), eps, baseline
    ).mean(2)
    gradient = torch.stack(experiment.exact_gradient(model, x, q)).unsqueeze(1)
    expected = (weights * (rows - gradient).square()).sum((-2, -1))
    assert experiment.exact_variances(model, x, q, draws=2).numpy() == pytest.approx(
        expected.numpy(), rel=1e-10, abs=1e-28
    )


def test_more_nodes_change_nothing(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    before = experiment.exact_variances(*case).numpy()
    monkeypatch.setattr(experiment, "NODES", 9)
    assert experiment.exact_variances(*case).numpy() == pytest.approx(before, rel=1e-10, abs=1e-28)


def test_fewer_nodes_are_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = example()
    q = experiment.other_q(model, x)
    before = experiment.exact_variances(model, x, q)
    monkeypatch.setattr(experiment, "NODES", 4)
    assert (experiment.exact_variances(model, x, q) / before - 1).abs().max() > 0.01


def test_no_other_constant_is_better(case: Case) -> None:
    model, x, q = case
    found = experiment.exact_variances(model, x, q)
    best = found[NAMES.index("best_baseline")]
    assert bool((best < found[NAMES.index("score")]).all())
    assert bool((best < found[NAMES.index("leave_one_out")]).all())


def test_other_q_is_as_far_as_it_says() -> None:
    """KL in each dimension: (1.5² + 1 - 1)/2 - log 1.5."""
    model, x = example()
    gap = model.log_evidence(x) - model.elbo(x, *experiment.other_q(model, x))
    assert gap.item() == pytest.approx(2 * (1.5**2 / 2 - math.log(1.5)), rel=1e-12)


def test_sticking_the_landing_alone_has_no_variance_at_the_posterior(result: dict[str, Any]) -> None:
    for key in ("linear_posterior_exact", "linear_posterior_estimate"):
        assert result[key][-1].max() < 1e-28
        assert result[key][:-1].min() > 0.05


def test_estimated_variances_agree_with_the_exact_ones(result: dict[str, Any]) -> None:
    for q in ("other", "posterior"):
        exact, estimate, halfwidth = (result[f"linear_{q}_{key}"] for key in ("exact", "estimate", "halfwidth"))
        assert estimate == pytest.approx(exact, rel=0.2, abs=1e-28)
        assert (halfwidth < 0.2 * exact + 1e-28).all()
    assert 0 < result["linear_worst_z"] < 5
