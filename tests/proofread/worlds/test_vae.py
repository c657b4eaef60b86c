"""The world vae against another quadrature, scipy's distributions, finite differences and Bayes' theorem."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from pycode.proofread.arithmetic.values import ONE, Dual, Value, log, primal, tangent
from pycode.proofread.worlds import vae
from pycode.proofread.worlds.likelihoods import AffineBernoulli, LinearGaussian

SEEDS = range(3)
GAUSSIAN, GAUSSIAN_TIGHT, BERNOULLI, BERNOULLI_TIGHT = range(4)
POINTS = np.array([-2.1, -0.4, 0.3, 1.7])
# Gauss-Legendre with 20 nodes on each of 60 panels of a third: its error is below rounding, which 1200 terms multiply.
NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)
PANELS = np.linspace(-11.0, 11.0, 61)
HALF = (PANELS[1] - PANELS[0]) / 2
Z = (PANELS[:-1, None] + HALF * (1 + NODES)).reshape(-1)
EXACT = 1e-12
# Central differences with steps of 1e-4, extrapolated once: truncation 1e-16, rounding 1e-12 of a function of order 1.
DIFFERENCE = 1e-9

drawn = cache(lambda seed: vae.instances("vae", seed))


@pytest.fixture(params=[(s, i) for s in SEEDS for i in range(4)], ids=str)
def world(request):
    seed, index = request.param
    return drawn(seed)[index]


@pytest.fixture(params=[(s, i) for s in SEEDS for i in (GAUSSIAN, GAUSSIAN_TIGHT, BERNOULLI)], ids=str)
def gaussian_q(request):
    seed, index = request.param
    return drawn(seed)[index]


def number(x):
    return float(primal(x).data)


def apply(world, name, signature, *points):
    """Plain values of a function at plain points."""
    return primal(world.apply(name, signature, [Value(np.asarray(p, dtype=float)) for p in points])).data


def density(world, name, signature):
    return lambda z: primal(world.apply(name, signature, [Value(z, ("z",) * np.ndim(z))])).data


def quad(f):
    return float(HALF * f(Z) @ np.tile(WEIGHTS, len(PANELS) - 1))


def difference(f):
    """f'(0), extrapolated."""
    rough, fine = ((f(h) - f(-h)) / (2 * h) for h in (2e-4, 1e-4))
    return (4 * fine - rough) / 3


def gradient(x, size=6):
    return np.broadcast_to(primal(tangent(x)).data, size)


def moved(decoder, direction, step):
    """A decoder whose coefficients have gone a step along their own derivatives."""

    def shifted(c):
        return Value(primal(c).data + step * gradient(c) @ direction)

    new = replace(decoder, w=[*map(shifted, decoder.w)], b=[*map(shifted, decoder.b)])
    return replace(new, noise=shifted(decoder.noise)) if isinstance(decoder, LinearGaussian) else new


@pytest.mark.parametrize(("name", "signature"), [("p", "real"), ("q_\\theta", "real|data"), ("p_\\phi", "real|data")])
def test_densities_integrate_to_one(world, name, signature):
    assert quad(density(world, name, signature)) == pytest.approx(1, abs=EXACT)
    z, rule = world.grid("z")
    mass = rule.integral(world.apply(name, signature, [z]), "z")
    assert number(mass) == pytest.approx(1, abs=1e-12)
    # Normalised for every value of the parameters: the mass has no gradient.
    assert gradient(mass) == pytest.approx(0, abs=1e-12)


def test_prior_and_normal_density_are_those_of_scipy(world):
    mu_p, sigma_p = (number(world.constant(name, [])) for name in ("\\mu_p", "\\sigma_p"))
    assert apply(world, "p", "real", POINTS[0]) == pytest.approx(stats.norm.pdf(POINTS[0], mu_p, sigma_p), rel=1e-13)
    printed = world.apply("\\mathcal{N}", "real;real,real", [Value(POINTS, ("z",)), Value(0.4), Value(2.3)])
    assert printed.data == pytest.approx(stats.norm.pdf(POINTS, 0.4, np.sqrt(2.3)), rel=1e-13)


def test_likelihood_is_that_of_scipy(world):
    decoder = world.decoder
    for z in POINTS:
        a = np.array([number(w) * z + number(b) for w, b in zip(decoder.w, decoder.b, strict=True)])
        if isinstance(decoder, LinearGaussian):
            reference = stats.norm.pdf(decoder.x, a, np.sqrt(number(decoder.noise))).prod()
        else:
            reference = stats.bernoulli.pmf(decoder.x, 1 / (1 + np.exp(-a))).prod()
        assert apply(world, "p_\\phi", "data|real", z) == pytest.approx(reference, rel=1e-12)


def test_bernoulli_likelihoods_of_all_images_sum_to_one():
    decoder = drawn(0)[BERNOULLI].decoder
    images = [[i >> j & 1 for j in range(3)] for i in range(8)]
    masses = [primal(replace(decoder, x=x).likelihood(Value(POINTS, ("z",)))).data for x in images]
    assert sum(masses) == pytest.approx(1, abs=1e-13)
    assert isinstance(decoder, AffineBernoulli)


def test_evidence_and_posterior_are_those_of_bayes(world):
    joint = density(world, "p_\\phi", "data,real")
    evidence = quad(joint)
    assert float(apply(world, "p_\\phi", "data")) == pytest.approx(evidence, rel=EXACT)
    for z in POINTS:
        product = apply(world, "p_\\phi", "data|real", z) * apply(world, "p", "real", z)
        assert joint(z) == pytest.approx(product, rel=1e-13)
        assert apply(world, "p_\\phi", "real|data", z) == pytest.approx(product / evidence, rel=EXACT)


def test_gaussian_evidence_is_that_of_the_joint_normal():
    for seed in SEEDS:
        world = drawn(seed)[GAUSSIAN]
        w, b = (np.array([number(c) for c in cs]) for cs in (world.decoder.w, world.decoder.b))
        mu_p, sigma_p = number(world.mu_p), number(world.sigma_p)
        covariance = number(world.decoder.noise) * np.eye(len(w)) + sigma_p**2 * np.outer(w, w)
        reference = stats.multivariate_normal.pdf(world.decoder.x, w * mu_p + b, covariance)
        assert float(apply(world, "p_\\phi", "data")) == pytest.approx(reference, rel=1e-12)


def bound(world):
    """𝓛 by scipy's quadrature of another form: E_q[log p_φ(x|z)] - KL(q‖p)."""
    q, p = density(world, "q_\\theta", "real|data"), density(world, "p", "real")
    likelihood = density(world, "p_\\phi", "data|real")
    return quad(lambda z: q(z) * np.log(likelihood(z))) - quad(lambda z: q(z) * np.log(q(z) / p(z)))


def test_bound_is_that_of_another_quadrature(world):
    assert number(world.apply("\\mathcal{L}", "\\theta,\\phi;data", [])) == pytest.approx(bound(world), rel=EXACT)


def test_gap_is_zero_in_the_twins_only(world):
    evidence, lower = (world.apply(*f, []) for f in (("p_\\phi", "data"), ("\\mathcal{L}", "\\theta,\\phi;data")))
    gap = number(log(evidence) - lower)
    assert abs(gap) < 1e-12 if world.tight else gap > 0.05
    q, posterior = (apply(world, *f, 0.3) for f in (("q_\\theta", "real|data"), ("p_\\phi", "real|data")))
    assert (abs(q / posterior - 1) < 1e-12) == world.tight


def test_twins_differ_in_the_encoder_only():
    for seed in SEEDS:
        worlds = drawn(seed)
        assert [w.tight for w in worlds] == [False, True, False, True]
        for generic, twin in (worlds[:2], worlds[2:]):
            assert twin.decoder is generic.decoder
            assert twin.mu_p is generic.mu_p


def test_theta_moves_q_and_phi_the_decoder_only(world):
    z = Value(POINTS, ("z",))
    for name, signature, own in (("q_\\theta", "real|data", "\\theta"), ("p_\\phi", "data|real", "\\phi")):
        slope = primal(tangent(world.apply(name, signature, [z])))
        mask = world.parameter_mask(own).data == 1
        assert slope.axes == ("z", "∇")
        assert np.all(np.abs(slope.data[:, mask]).max(axis=0) > 1e-3)
        assert np.all(slope.data[:, ~mask] == 0)
    masks = [world.parameter_mask(name).data for name in ("\\theta", "\\phi", "")]
    assert masks[0].tolist() == [1, 1, 1, 0, 0, 0]
    assert (masks[0] + masks[1]).tolist() == masks[2].tolist() == [1] * 6


def test_gradients_in_phi_are_finite_differences(world):
    for component in range(3, 6):
        direction = np.eye(6)[component]
        for f in (lambda w: log(w.evidence), lambda w: w.bound, lambda w: w.posterior(Value(0.3))):
            slope = difference(
                lambda h, f=f, d=direction: number(f(replace(world, decoder=moved(world.decoder, d, h))))
            )
            assert gradient(f(world))[component] == pytest.approx(slope, rel=DIFFERENCE, abs=DIFFERENCE)


def test_gradients_in_theta_are_finite_differences_in_what_theta_moves(world):
    for component in range(3):
        direction = np.eye(6)[component]

        def shifted(h, d=direction):
            if world.model is not None:
                return replace(world, model=moved(world.model, d, h))
            mu_q, sigma_q = (Value(number(c) + h * gradient(c) @ d) for c in (world.mu_q, world.sigma_q))
            return world.replace("\\mu_q", mu_q).replace("\\sigma_q", sigma_q)

        for f in (lambda w: w.bound, lambda w: w.q(Value(0.3))):
            slope = difference(lambda h, f=f, shifted=shifted: number(f(shifted(h))))
            assert gradient(f(world))[component] == pytest.approx(slope, rel=DIFFERENCE, abs=DIFFERENCE)


def test_bound_is_stationary_in_theta_and_follows_the_evidence_in_phi_where_it_is_attained(world):
    evidence, lower = gradient(log(world.evidence)), gradient(world.bound)
    assert np.all(evidence[:3] == 0)
    assert np.all(np.abs(lower[:3]) > 1e-4) != world.tight
    assert (np.abs(lower - evidence).max() < 1e-12) == world.tight


def test_mean_and_width_of_the_encoder_move_in_different_directions(gaussian_q):
    slopes = np.stack([gradient(gaussian_q.constant(name, []))[:3] for name in ("\\mu_q", "\\sigma_q")])
    assert np.linalg.svd(slopes, compute_uv=False).min() > 1e-2
    assert gaussian_q.apply("\\mu_q", "data", []) is gaussian_q.mu_q


def test_f_prime_is_the_derivative_of_f(world):
    # A complex step has no difference to cancel: exact up to rounding.
    step = world.apply("f", "real", [Value(POINTS + 1e-30j, ("z",))]).data.imag / 1e-30
    assert world.apply("f'", "real", [Value(POINTS, ("z",))]).data == pytest.approx(step, rel=1e-13)


def test_grid_holds_every_density_and_its_logarithm(world):
    z, rule = world.grid("\\epsilon")
    assert z.axes == ("\\epsilon",)
    assert np.diff(z.data) == pytest.approx(rule.cell, rel=1e-10)
    assert stats.norm.cdf(z.data[0]) + stats.norm.sf(z.data[-1]) < 1e-16
    moments = [number(rule.integral(Value(stats.norm.pdf(z.data) * z.data**k, z.axes), "\\epsilon")) for k in range(5)]
    assert moments == pytest.approx([1, 0, 1, 0, 3], abs=1e-13)
    for name, signature in (
        ("p", "real"),
        ("q_\\theta", "real|data"),
        ("p_\\phi", "data|real"),
        ("p_\\phi", "real|data"),
    ):
        values = primal(world.apply(name, signature, [z])).data
        assert values.min() > 1e-290
        assert np.isfinite(np.log(values)).all()
        if not signature.startswith("data"):
            assert max(values[0], values[-1]) < 1e-16


def test_free_points_are_few_and_irregular(world):
    points = world.reals("z")
    assert points.axes == ("z",)
    assert points.data.size == 5
    assert np.unique(np.diff(points.data).round(3)).size == 4


def test_draws_and_z_are_indexed_by_the_sample(gaussian_q):
    L = gaussian_q.sizes["sample"]
    l = Value(np.arange(L), ("l",))  # noqa: E741 - the page's letter
    epsilon, z = gaussian_q.constant("\\epsilon", [l]), gaussian_q.constant("z", [l])
    assert epsilon.axes == primal(z).axes == ("l",)
    again = number(gaussian_q.mu_q) + number(gaussian_q.sigma_q) * epsilon.data
    assert primal(z).data == pytest.approx(again, rel=1e-14)
    assert gaussian_q.constant("\\epsilon", [Value(L - 1)]).data == epsilon.data[L - 1]
    assert number(gaussian_q.constant("L", [])) == L


def test_one_draw_with_the_gaussian_decoder_two_with_the_other():
    for seed in SEEDS:
        assert [w.sizes["sample"] for w in drawn(seed)] == [1, 1, 2, 2]
        assert [number(w.constant("L", [])) for w in drawn(seed)] == [1, 1, 2, 2]


def test_every_difference_of_means_has_both_signs():
    for seed in range(12):
        worlds = [vae.instances("vae", seed)[i] for i in (GAUSSIAN, BERNOULLI)]
        for one, two in zip(*([number(w.mu_q), number(w.mu_p), number(w.mu_q - w.mu_p)] for w in worlds), strict=True):
            assert one * two < 0


def test_averaging_over_the_draws_is_a_mean_under_q(gaussian_q):
    spread, mean = gaussian_q.averaging()
    L = gaussian_q.sizes["sample"]
    l = Value(np.arange(L), ("l",))  # noqa: E741
    epsilon = spread.constant("\\epsilon", [l])
    assert epsilon.axes == ("l", "ε1", "ε2")[: L + 1]
    assert all(epsilon.length(axis) <= 40 for axis in epsilon.axes)
    assert number(mean(ONE)) == pytest.approx(1, abs=1e-12)
    draws = [spread.constant("\\epsilon", [Value(i)]) for i in range(L)]
    assert [number(mean(e)) for e in draws] == pytest.approx([0] * L, abs=1e-12)
    products = [number(mean(e * d)) for e in draws for d in draws]
    assert products == pytest.approx(np.eye(L).ravel(), abs=1e-12)
    q = density(gaussian_q, "q_\\theta", "real|data")
    likelihood = density(gaussian_q, "p_\\phi", "data|real")
    reference = quad(lambda z: q(z) * np.log(likelihood(z)))
    estimate = mean(log(spread.apply("p_\\phi", "data|real", [spread.constant("z", [l])])))
    assert primal(estimate).data == pytest.approx([reference] * L, rel=1e-11)


def test_replacing_the_encoder_is_consistent(gaussian_q):
    by_rho = gaussian_q.replace("\\rho", Value(-0.5))
    by_sigma = gaussian_q.replace("\\sigma_q", Value(np.exp(-0.25)))
    for world in (by_rho, by_sigma):
        assert number(world.constant("\\rho", [])) == pytest.approx(-0.5, rel=1e-14)
        assert number(world.constant("\\sigma_q", [])) == pytest.approx(np.exp(-0.25), rel=1e-14)
        reference = stats.norm.pdf(0.3, number(world.mu_q), np.exp(-0.25))
        assert apply(world, "q_\\theta", "real|data", 0.3) == pytest.approx(reference, rel=1e-13)
        z = number(world.mu_q) + np.exp(-0.25) * number(world.constant("\\epsilon", [Value(0)]))
        assert number(world.constant("z", [Value(0)])) == pytest.approx(z, rel=1e-14)
    assert number(gaussian_q.replace("\\mu_q", Value(0.1)).constant("\\mu_q", [])) == 0.1
    with pytest.raises(ValueError, match="the world vae"):
        gaussian_q.replace("L", ONE)


def test_partial_derivatives_pass_through_a_replaced_constant(gaussian_q):
    for name in ("\\mu_q", "\\sigma_q", "\\rho"):
        start = primal(gaussian_q.constant(name, []))
        bound = gaussian_q.replace(name, Dual(start, ONE, 1)).bound
        slope = difference(lambda h, name=name, start=start: number(gaussian_q.replace(name, start + h).bound))
        assert number(tangent(bound, 1)) == pytest.approx(slope, rel=DIFFERENCE, abs=DIFFERENCE)


def test_second_derivatives_of_the_bound_of_the_linear_model():
    # ∂²𝓛/∂μ_q² is minus the precision of the posterior when log p_φ(x,z) is quadratic.
    world = drawn(0)[GAUSSIAN]
    start = primal(world.mu_q)
    twice = world.replace("\\mu_q", Dual(Dual(start, ONE, 1), ONE, 2)).bound
    _, variance, _ = world.decoder.given(world.mu_p, world.sigma_p * world.sigma_p)
    curvature = number(tangent(tangent(twice, 2), 1))
    assert curvature == pytest.approx(-1 / number(variance), rel=1e-11)


def test_a_q_that_is_no_gaussian_is_admitted_only_without_its_parts():
    worlds = drawn(0)
    twin = worlds[BERNOULLI_TIGHT]
    for name in ("\\mu_q", "\\sigma_q", "\\rho", "\\mathcal{N}", "\\epsilon[sample]", "z[sample]"):
        assert not twin.admits(frozenset({"f", name}))
        assert all(w.admits(frozenset({"f", name})) for w in worlds[:3])
    assert all(w.admits(frozenset({"q_\\theta", "p_\\phi", "p", "z", "\\epsilon", "x"})) for w in worlds)
    for name in ("\\mu_q", "\\rho"):
        with pytest.raises(ValueError, match="no Gaussian"):
            twin.constant(name, [])
        with pytest.raises(ValueError, match="no Gaussian"):
            twin.replace(name, ONE)


def test_everything_in_the_vocabulary_has_a_value(world):
    words = vae.vocabulary("vae")
    for name, sorts in words.constants.items():
        for sort in sorts:
            if name not in vae.DATA and world.admits(frozenset({f"{name}[{sort}]" if sort else name})):
                assert np.isfinite(primal(world.constant(name, [Value(0)] if sort else [])).data)
    for name, signatures in words.functions.items():
        for signature in signatures:
            if world.admits(frozenset({name})):
                points = [Value(0.4 + i) for i in range(signature.count("real"))]
                assert np.isfinite(primal(world.apply(name, signature, points)).data)
    assert set(words.variables.values()) <= {"real", "integer", "sample"}
    assert number(world.number("integer", Value(3))) == 3
    for call in (lambda: world.apply("p", "data", []), lambda: world.constant("y", [])):
        with pytest.raises(ValueError, match=r"the world vae|no Gaussian"):
            call()


def test_same_seed_same_instances():
    again = vae.instances("vae", 0)
    assert [number(w.bound) for w in again] == [number(w.bound) for w in drawn(0)]
    assert [number(w.bound) for w in again] != [number(w.bound) for w in drawn(1)]


def test_parameters_are_apart_for_many_seeds():
    for seed in range(20):
        for world in vae.instances("vae", seed):
            mu_p, sigma_p = number(world.mu_p), number(world.sigma_p)
            assert abs(mu_p) > 0.1
            assert abs(sigma_p - 1) > 0.08
            if world.model is None:
                mu_q, sigma_q = number(world.mu_q), number(world.sigma_q)
                assert min(abs(mu_q), abs(mu_q - mu_p)) > 0.1
                assert min(abs(sigma_q - 1), abs(sigma_q - sigma_p)) > 0.08
