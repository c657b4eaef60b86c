r"""What the evaluator computes of integrals, derivatives, matrices and numbers, against sums, differences and numpy."""

from itertools import product

import numpy as np
import pytest

from pycode.proofread.arithmetic.values import Value, primal
from pycode.proofread.tex import ReadError
from pycode.proofread.worlds import build

EXACT = {"rtol": 1e-12, "atol": 1e-13}  # sums of at most some hundred terms of order 1
SLOPE = {
    "rtol": 1e-7,
    "atol": 1e-8,
}  # central differences with a step of 1e-5: 1e-10 by the step, 1e-11 / 1e-5 by rounding


def test_gradient_of_one_parameter_has_no_components_of_the_other(evaluated):
    both = evaluated("vae", r"\nabla\mathcal{L}(\theta,\phi;x)")
    theta, phi = (evaluated("vae", rf"\nabla_\{name}\mathcal{{L}}(\theta,\phi;x)") for name in ("theta", "phi"))
    np.testing.assert_allclose(both, theta + phi, **EXACT)
    assert np.all((theta == 0) != (phi == 0))


# Integrals and partial derivatives


def normal(z, mean, width):
    return np.exp(-0.5 * ((z - mean) / width) ** 2) / (width * np.sqrt(2 * np.pi))


def parameters(name="vae", instance=0):
    found = build(name, 0).instances[instance]
    return [float(primal(found.constant(c, [])).data) for c in (r"\mu_q", r"\sigma_q", r"\mu_p", r"\sigma_p")]


@pytest.mark.parametrize("name", ["vae", "gaussians"])
def test_integrals_by_a_sum_of_another_step(evaluated, name):
    mu_q, sigma_q, mu_p, sigma_p = parameters(name)
    curve = build(name, 0).instances[0].curve
    z = np.linspace(-14, 14, 20001)
    f = primal(curve(Value(z, ("z",)))).data
    q, p, h = normal(z, mu_q, sigma_q), normal(z, mu_p, sigma_p), z[1] - z[0]
    cases = {
        r"\mathbb{E}_{q_\theta(z|x)}[f(z)]": (q * f).sum() * h,
        r"\mathbb{E}_{z\sim q_\theta(z|x)}[f(z)^2]": (q * f**2).sum() * h,
        r"\int p(z)f(z)\,dz": (p * f).sum() * h,
        r"\int\mathcal{N}(u;\mu_q,\sigma_q^2)f(u)\,\mathrm{d}u": (q * f).sum() * h,
        r"D_{KL}(q_\theta(z|x)\|p(z))": (q * np.log(q / p)).sum() * h,
        r"D_{KL}(p(z)\|q_\theta(z|x))": (p * np.log(p / q)).sum() * h,
        r"\mathbb{E}_{\epsilon\sim\mathcal{N}(0,1)}[f(\epsilon)\epsilon]": (normal(z, 0, 1) * f * z).sum() * h,
        r"\mathbb{E}_{z\sim\mathcal{N}(\mu_p,\sigma_p^2)}[e^{z/2}]": (p * np.exp(z / 2)).sum() * h,
        r"\int q_\theta(z|x)\int p(u)\,zu^2\,du\,dz": (q * z).sum() * (p * z**2).sum() * h**2,
        r"\int q_\theta(z|x)\Bigl(\int p(z)z^2\,dz\Bigr)z\,dz": (q * z).sum() * (p * z**2).sum() * h**2,
        r"\mathbb{E}_{q_\theta(z|x)}[z-\mathbb{E}_{p(z)}[z]]": mu_q - mu_p,
    }
    for text, expected in cases.items():
        np.testing.assert_allclose(evaluated(name, text), expected, rtol=1e-10, atol=1e-11, err_msg=text)


def test_free_letter_beside_a_bound_one_of_the_same_name(evaluated):
    _, _, mu_p, sigma_p = parameters()
    points = primal(build("vae", 0).instances[0].reals("z")).data
    found = evaluated("vae", r"p(z)\int p(z)z\,dz+z", "z")
    np.testing.assert_allclose(found, normal(points, mu_p, sigma_p) * mu_p + points, **EXACT)


def test_partial_derivatives_by_differences(evaluated):
    mu_q, sigma_q, mu_p, sigma_p = parameters("gaussians")

    def kl(mu_q, sigma_q, mu_p, sigma_p):
        return np.log(sigma_p / sigma_q) + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2) - 0.5

    text = r"D_{KL}(\mathcal{N}(\mu_q,\sigma_q^2)\|\mathcal{N}(\mu_p,\sigma_p^2))"
    here, names = np.array([mu_q, sigma_q, mu_p, sigma_p]), (r"\mu_q", r"\sigma_q", r"\mu_p", r"\sigma_p")
    h = 1e-3
    for i, j in product(range(4), repeat=2):
        e, d = h * np.eye(4)[i], h * np.eye(4)[j]
        second = (kl(*(here + e + d)) - kl(*(here + e - d)) - kl(*(here - e + d)) + kl(*(here - e - d))) / (4 * h * h)
        below = rf"\partial{names[i]}\,\partial{names[j]}" if i != j else rf"\partial{names[i]}^2"
        found = evaluated("gaussians", rf"\frac{{\partial^2}}{{{below}}}{text}")
        np.testing.assert_allclose(found, second, rtol=1e-4, atol=1e-5, err_msg=below)
        if i == j:
            first = (kl(*(here + e)) - kl(*(here - e))) / (2 * h)
            found = evaluated("gaussians", rf"\frac{{\partial}}{{\partial{names[i]}}}{text}")
            np.testing.assert_allclose(found, first, rtol=1e-4, atol=1e-5, err_msg=names[i])


def test_partial_derivative_along_a_free_letter(evaluated):
    curve = build("vae", 0).instances[0].curve
    z = primal(build("vae", 0).instances[0].reals("z")).data
    h = 1e-5

    def g(z):
        return primal(curve(Value(z**2, ("z",)))).data * np.exp(-z)

    found = evaluated("vae", r"\frac{\partial}{\partial z}[f(z^2)e^{-z}]", "z")
    np.testing.assert_allclose(found, (g(z + h) - g(z - h)) / (2 * h), **SLOPE)


def test_derivative_of_an_integral_does_not_move_what_is_bound(evaluated):
    assert evaluated("vae", r"\frac{\partial}{\partial z}\Bigl[z\int p(z)z^2\,dz\Bigr]", "z") == pytest.approx(
        evaluated("vae", r"\int p(z)z^2\,dz"), rel=1e-12
    )


# Matrices


@pytest.mark.parametrize("instance", [3, 4])
def test_matrices_by_numpy(evaluated, instance):
    found = build("gaussians", 0).instances[instance]
    S, Q, m, n = (primal(found.constant(c, [])).data for c in (r"\Sigma_p", r"\Sigma_q", r"\mu_q", r"\mu_p"))
    cases = {
        r"\operatorname{tr}(\Sigma_p^{-1}\Sigma_q)": np.trace(np.linalg.inv(S) @ Q),
        r"(\mu_q-\mu_p)^\top\Sigma_p^{-1}(\mu_q-\mu_p)": (m - n) @ np.linalg.inv(S) @ (m - n),
        r"\det(\Sigma_p\Sigma_q)": np.linalg.det(S) * np.linalg.det(Q),
        r"\Sigma_p\Sigma_q\mu_p": S @ Q @ n,
        r"\operatorname{tr}(\mu_q\mu_p^\top)": m @ n,
        r"\mu_q\odot\mu_p": m * n,
        r"\sum_{j=1}^D\mu_{q,j}\mu_{p,j}": m @ n,
        r"\prod_{j=1}^D\mu_{q,j}": np.prod(m),
        r"\operatorname{tr}(I)-D": 0.0,
    }
    for text, expected in cases.items():
        np.testing.assert_allclose(evaluated("gaussians", text, instance=instance), expected, **EXACT, err_msg=text)


def test_draws(evaluated):
    two = 2  # an instance with L = 2
    draws = primal(build("vae", 0).instances[two].draws).data
    mu_q, sigma_q, *_ = parameters("vae", two)
    np.testing.assert_allclose(
        evaluated("vae", r"\sum_{l=1}^L\epsilon^{(l)}z^{(l)}", instance=two),
        (draws * (mu_q + sigma_q * draws)).sum(),
        **EXACT,
    )
    np.testing.assert_allclose(
        evaluated("vae", r"\mathbb{E}[\sum_{l=1}^L(z^{(l)})^2]", instance=two), 2 * (mu_q**2 + sigma_q**2), **EXACT
    )
    np.testing.assert_allclose(
        evaluated("vae", r"\mathbb{E}[(\sum_{l=1}^L\epsilon^{(l)})^2]", instance=two), 2.0, **EXACT
    )
    np.testing.assert_allclose(
        evaluated("vae", r"\mathbb{E}[\epsilon^{(1)}\epsilon^{(2)}+3]", instance=two), 3.0, **EXACT
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\frac12\cdot3^{2}", 4.5),
        (r"2^{-1}", 0.5),
        (r"-2^{2}", -4.0),
        (r"\frac{1}{2}(3)(4)", 6.0),
        (r"1-2-3", -4.0),
        (r"1-(2-3)", 2.0),
        (r"6/3", 2.0),
        (r"\log e^{2}", 2.0),
        (r"\ln(2)\ln(2)", np.log(2) ** 2),
        (r"e^{-\frac12\log 4}", 0.5),
        (r"\sqrt{9}", 3.0),
        (r"\exp\left(\log 2+\log 3\right)", 6.0),
        (r"\lvert-3\rvert", 3.0),
        (r"\sum_{k=1}^{3}k^2-1", 13.0),
        (r"\sum_{k=1}^{3}(k^2-1)", 11.0),
        (r"2\prod_{k=1}^{4}k", 48.0),
        (r"\sum_{k=0}^{\infty}2^{-k}", 2.0),
        (r"2\pi", 2 * np.pi),
        (r"0.125\cdot 8", 1.0),
    ],
)
def test_numbers(evaluated, text, expected):
    np.testing.assert_allclose(evaluated("vae", text), expected, **EXACT)


def test_errors_carry_their_place(evaluated):
    with pytest.raises(ReadError) as caught:
        evaluated("mdp", "1 +\n  \\frac{1}{0}")
    assert (caught.value.at.line, caught.value.at.column) == (2, 12)
