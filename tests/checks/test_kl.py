"""Each check of the KL divergence fails where its formula is spoilt."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from sympy import log
from torch import Tensor

from pycode import gaussian
from pycode.checks import kl as checks
from pycode.gaussian import Real

CLOSED_FORM, DIAGONAL, FULL = gaussian.kl, gaussian.kl_diagonal, gaussian.kl_full
GRADIENT, HESSIAN = gaussian.kl_gradient, gaussian.kl_hessian


def flipped(mu_q: Tensor, sigma_q: Tensor, mu_p: Tensor, sigma_p: Tensor) -> Tensor:
    return CLOSED_FORM(mu_p, sigma_p, mu_q, sigma_q)


def lost_half(mu_q: Tensor, sigma_q: Tensor, mu_p: Tensor, sigma_p: Tensor) -> Tensor:
    return CLOSED_FORM(mu_q, sigma_q, mu_p, sigma_p) + 0.5


def lost_square(mu_q: Tensor, sigma_q: Tensor, mu_p: Tensor, sigma_p: Tensor) -> Tensor:
    return (sigma_p / sigma_q).log() + (sigma_q**2 + (mu_q - mu_p).abs()) / (2 * sigma_p**2) - 0.5


def unstable(mu_q: Tensor, rho_q: Tensor, mu_p: Real = 0.0, rho_p: Real = 0.0) -> Tensor:
    r = torch.as_tensor(rho_q - rho_p)
    return (r.expm1() - r + (mu_q - mu_p) ** 2 * math.exp(-rho_p)) / 2


def short_series(mu_q: Tensor, rho_q: Tensor, mu_p: Real = 0.0, rho_p: Real = 0.0) -> Tensor:
    r = torch.as_tensor(rho_q - rho_p)
    return ((r**2 / 2).where(r.abs() < 0.01, r.expm1() - r) + (mu_q - mu_p) ** 2 * math.exp(-rho_p)) / 2


def off_by(relative: float, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda *arguments: function(*arguments) * (1 + relative)


SPOILT = [
    ("torch_distributions", "kl", flipped),
    ("torch_distributions", "kl", lost_half),
    ("gauss_hermite", "kl", lost_square),
    ("gauss_hermite", "log_density", lambda z, mu, sigma: -(((z - mu) / sigma) ** 2) / 2),
    ("monte_carlo", "kl", flipped),
    ("monte_carlo", "kl", lambda *q: CLOSED_FORM(*q) * 1.05),
    ("diagonal", "kl_diagonal", lambda *q: DIAGONAL(*q) / 5),
    ("full", "kl_full", lambda mu_q, Sigma_q, mu_p, Sigma_p: FULL(mu_p, Sigma_p, mu_q, Sigma_q)),
    ("full", "kl_full", lambda *q: FULL(*q) + 2),
    ("gradient", "kl_gradient", lambda *at: -GRADIENT(*at)),
    ("gradient", "kl_gradient", lambda *at: GRADIENT(*at) * torch.tensor([1, 2])),
    ("hessian", "kl_hessian", lambda *at: HESSIAN(*at) * torch.tensor([1, 2])),
    ("hessian", "kl_hessian", lambda *at: HESSIAN(*at) + 1e-9),
    ("float32_value", "kl_log_variance", unstable),
    ("float32_value", "kl_log_variance", short_series),
    ("float32_gradient", "kl_log_variance", short_series),
    ("affine", "kl", lost_square),
    # A few hundred roundings: a tolerance a thousand times as wide would not notice them.
    ("torch_distributions", "kl", off_by(1e-12, CLOSED_FORM)),
    ("gauss_hermite", "kl", off_by(1e-12, CLOSED_FORM)),
    ("diagonal", "kl_diagonal", off_by(1e-12, DIAGONAL)),
    ("full", "kl_full", off_by(1e-12, FULL)),
    ("gradient", "kl_gradient", off_by(1e-12, GRADIENT)),
    ("hessian", "kl_hessian", off_by(1e-12, HESSIAN)),
]


@pytest.mark.parametrize(("name", "formula", "spoilt"), SPOILT)
def test_fails_where_the_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(gaussian, formula, spoilt)
    assert not getattr(checks, name)().passed


def test_sympy_fails_for_another_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost_constant(mu_q: Any, sigma_q: Any, mu_p: Any, sigma_p: Any) -> Any:
        return log(sigma_p / sigma_q) + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2)

    monkeypatch.setattr(checks, "_closed_form", lost_constant)
    assert not checks.sympy().passed


def test_the_usual_form_is_wrong_in_float32_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.torch, "tensor", lambda number: torch.as_tensor(number, dtype=torch.float64))
    found = checks.float32_usual()
    assert not found.passed
    assert found.value == pytest.approx(2.5e-9, rel=1e-3)


def test_the_stable_form_keeps_what_the_usual_one_loses() -> None:
    assert gaussian.kl_log_variance(0.0, torch.tensor(1e-4)).item() == pytest.approx(2.5e-9, rel=1e-3)
