"""The world gaussians against torch's and scipy's multivariate normals and the information form of the posterior."""

from functools import cache

import numpy as np
import pytest
import torch
from scipy import stats

from pycode.proofread.arithmetic.values import COLUMN, ONE, ROW, ZERO, Dual, Value, log, primal, rename, tangent
from pycode.proofread.worlds import gaussians
from pycode.proofread.worlds.normal import density

SEEDS = range(3)
FIRST, SECOND, TWIN, PLANE, FULL, NEAR = range(6)
NORMAL = ("\\mathcal{N}", "real;real,real")
# Closed forms of a handful of operations, and log densities of the order of 10.
ROUNDING = 1e-12
# Lattices reach 8 standard deviations: 1e-14 of the mass, and some 60 times that of a second moment.
LATTICE = 1e-11

drawn = cache(lambda seed: gaussians.instances("gaussians", seed))


@pytest.fixture(params=[(s, i) for s in SEEDS for i in range(6)], ids=str)
def world(request):
    seed, index = request.param
    return drawn(seed)[index]


@pytest.fixture(params=[(s, i) for s in SEEDS for i in (FIRST, SECOND, TWIN, NEAR)], ids=str)
def scalar(request):
    seed, index = request.param
    return drawn(seed)[index]


def array(x):
    return primal(x).data


def moments(world):
    """μ_q, Σ_q, μ_p, Σ_p as numpy arrays with D components."""
    vectors = [np.atleast_1d(array(world.constant(name, []))) for name in ("\\mu_q", "\\mu_p")]
    matrices = [np.atleast_2d(array(world.constant(name, []))) for name in ("\\Sigma_q", "\\Sigma_p")]
    return vectors[0], matrices[0], vectors[1], matrices[1]


def decoder(world):
    """W, b and the variance of the noise."""
    W = np.array([np.atleast_1d(array(w)) for w in world.decoder.w])
    return W, np.array([array(b) for b in world.decoder.b]), float(array(world.decoder.noise))


def posterior(world):
    """Mean and covariance in information form: precisions add."""
    _, _, mu_p, Sigma_p = moments(world)
    W, b, noise = decoder(world)
    covariance = np.linalg.inv(np.linalg.inv(Sigma_p) + W.T @ W / noise)
    return covariance @ (np.linalg.solve(Sigma_p, mu_p) + W.T @ (np.array(world.decoder.x) - b) / noise), covariance


def multivariate(mean, covariance):
    return torch.distributions.MultivariateNormal(torch.tensor(mean), torch.tensor(covariance))


def kl(*parameters):
    return float(
        torch.distributions.kl_divergence(multivariate(*parameters[:2]), multivariate(*parameters[2:])),
    )


def points(world):
    return world.reals("z"), array(world.points).reshape(5, world.D)


def test_shapes_are_those_that_are_promised():
    for seed in SEEDS:
        worlds = drawn(seed)
        assert [w.D for w in worlds] == [1, 1, 1, 2, 3, 1]
        assert [w.diagonal for w in worlds] == [True] * 4 + [False, True]
        assert [w.tight for w in worlds] == [False, False, True, False, False, False]
        covariances = [moments(w)[i] for w in worlds[PLANE:NEAR] for i in (1, 3)]
        assert [bool(np.all(np.diag(np.diag(S)) == S)) for S in covariances] == [True, True, False, False]


def test_densities_are_those_of_scipy(world):
    z, rows = points(world)
    mu_q, Sigma_q, mu_p, Sigma_p = moments(world)
    pairs = {("q_\\theta", "real|data"): (mu_q, Sigma_q), ("p", "real"): (mu_p, Sigma_p)}
    pairs["p_\\phi", "real|data"] = posterior(world)
    for function, (mean, covariance) in pairs.items():
        reference = stats.multivariate_normal.pdf(rows, mean, covariance)
        assert array(world.apply(*function, [z])) == pytest.approx(reference, rel=ROUNDING)
    named = [world.constant(name, []) for name in ("\\mu_p", "\\Sigma_p")]
    assert array(world.apply(*NORMAL, [z, *named])) == pytest.approx(array(world.apply("p", "real", [z])), rel=ROUNDING)


def test_normal_density_has_any_further_axes():
    rng = np.random.default_rng(5)
    for D in (1, 2, 3, 4):
        factors = rng.normal(size=(3, D, D)) + 2 * np.eye(D)
        S, mean, z = factors @ factors.transpose(0, 2, 1), rng.normal(size=(2, D)), rng.normal(size=D)
        found = density(Value(z, (ROW,)), Value(mean, ("m", ROW)), Value(S, ("c", ROW, COLUMN)))
        assert found.axes == ("c", "m")
        reference = [[stats.multivariate_normal.pdf(z, m, s) for m in mean] for s in S]
        assert found.data == pytest.approx(np.array(reference), rel=1e-11)  # condition numbers of some 100


def test_normal_density_of_independent_components_is_a_product():
    z, variance = Value([0.3, -1.2], (ROW,)), Value([0.5, 2.0], (ROW,))
    reference = stats.norm.pdf([0.3, -1.2], 0.4, np.sqrt([0.5, 2.0])).prod()
    assert density(z, Value(0.4), variance).data == pytest.approx(reference, rel=ROUNDING)


def test_normal_density_is_differentiated_like_that_of_torch():
    rng = np.random.default_rng(6)
    factor, slope, mean = rng.normal(size=(3, 3)) + 2 * np.eye(3), rng.normal(size=(3, 3)), rng.normal(size=3)
    S, slope = factor @ factor.T, slope + slope.T
    moving = Dual(Value(S, (ROW, COLUMN)), Value(slope, (ROW, COLUMN)))
    found = tangent(log(density(Value(np.ones(3), (ROW,)), Value(mean, (ROW,)), moving)))
    t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    value = torch.distributions.MultivariateNormal(torch.tensor(mean), torch.tensor(S) + t * torch.tensor(slope))
    value.log_prob(torch.ones(3, dtype=torch.float64)).backward()
    assert array(found) == pytest.approx(float(t.grad), rel=1e-11)


def test_a_matrix_and_a_scalar_do_not_mix():
    world = drawn(0)[PLANE]
    z, _ = points(world)
    with pytest.raises(ValueError, match="the density of a vector needs a covariance matrix, such as I"):
        world.apply(*NORMAL, [z, world.constant("\\mu_q", []), ONE])
    with pytest.raises(ValueError, match="a covariance matrix needs a vector z, and a scalar z a scalar variance"):
        world.apply(*NORMAL, [ONE, ZERO, world.constant("\\Sigma_q", [])])


def test_likelihood_evidence_and_joint_are_those_of_the_linear_model(world):
    z, rows = points(world)
    _, _, mu_p, Sigma_p = moments(world)
    W, b, noise = decoder(world)
    likelihood = [stats.multivariate_normal.pdf(world.decoder.x, W @ r + b, noise * np.eye(2)) for r in rows]
    assert array(world.apply("p_\\phi", "data|real", [z])) == pytest.approx(np.array(likelihood), rel=ROUNDING)
    evidence = stats.multivariate_normal.pdf(world.decoder.x, W @ mu_p + b, W @ Sigma_p @ W.T + noise * np.eye(2))
    assert array(world.apply("p_\\phi", "data", [])) == pytest.approx(evidence, rel=ROUNDING)
    joint = likelihood * stats.multivariate_normal.pdf(rows, mu_p, Sigma_p)
    assert array(world.apply("p_\\phi", "data,real", [z])) == pytest.approx(joint, rel=ROUNDING)


def test_gap_of_the_bound_is_the_divergence_to_the_posterior(world):
    mu_q, Sigma_q, _, _ = moments(world)
    evidence, lower = (world.apply(*f, []) for f in (("p_\\phi", "data"), ("\\mathcal{L}", "\\theta,\\phi;data")))
    gap = float(array(log(evidence) - lower))
    assert gap == pytest.approx(kl(mu_q, Sigma_q, *posterior(world)), abs=LATTICE)
    assert (abs(gap) < LATTICE) if world.tight else gap > 0.05


def test_grid_integrates_every_density_and_its_divergences(world):
    z, rule = world.grid("z")
    assert z.axes == (("z",) if world.D == 1 else (ROW, "z"))
    mu_q, Sigma_q, mu_p, Sigma_p = moments(world)
    one = world.constant("I", [])
    densities = {f: world.apply(*f, [z]) for f in (("q_\\theta", "real|data"), ("p", "real"), ("p_\\phi", "real|data"))}
    densities["standard"] = world.apply(*NORMAL, [z, ZERO, one])
    for values in densities.values():
        assert values.data.min() > 1e-290
        assert array(rule.integral(values, "z")) == pytest.approx(1, abs=1e-12)
    q, p = list(densities.values())[:2]
    divergence = array(rule.integral(q * (log(q) - log(p)), "z"))
    assert divergence == pytest.approx(kl(mu_q, Sigma_q, mu_p, Sigma_p), abs=LATTICE)
    assert array(rule.integral(q * z, "z")) == pytest.approx(mu_q if world.D > 1 else mu_q[0], abs=LATTICE)


def test_line_integrates_each_coordinate(world):
    z, rule = world.line("u")
    assert z.axes == ("u",)
    mu_q, Sigma_q, mu_p, Sigma_p = moments(world)
    for mean, S in ((mu_q, Sigma_q), (mu_p, Sigma_p), (np.zeros(world.D), np.eye(world.D))):
        for m, variance in zip(mean, np.diag(S), strict=True):
            values = world.apply(*NORMAL, [z, Value(m), Value(variance)])
            assert values.data.min() > 1e-290
            masses = [array(rule.integral(values * f, "u")) for f in (ONE, (z - m) * (z - m))]
            assert masses == pytest.approx([1, variance], abs=1e-13)


def test_two_dimensional_lattice_is_small():
    assert all(drawn(seed)[PLANE].grid("z")[0].data.shape[1] <= 45**2 for seed in SEEDS)


def test_constants_agree_with_the_covariances(world):
    mu_q, Sigma_q, mu_p, Sigma_p = moments(world)
    j = Value(np.arange(world.D), ("j",))
    assert np.broadcast_to(array(world.constant("\\mu_q", [j])), world.D) == pytest.approx(mu_q)
    assert np.broadcast_to(array(world.constant("\\mu_p", [j])), world.D) == pytest.approx(mu_p)
    assert float(array(world.constant("D", []))) == world.D == world.sizes["dimension"]
    assert np.array_equal(np.atleast_2d(array(world.constant("I", []))), np.eye(world.D))
    if not world.diagonal:
        for name in ("\\sigma_q", "\\sigma_p", "\\rho", "r"):
            with pytest.raises(ValueError, match="covariances are full"):
                world.constant(name, [])
        return
    q, p = np.diag(Sigma_q), np.diag(Sigma_p)
    expected = {"\\sigma_q": np.sqrt(q), "\\sigma_p": np.sqrt(p), "\\rho": np.log(q), "r": np.log(q / p)}
    for name, reference in expected.items():
        assert np.atleast_1d(array(world.constant(name, []))) == pytest.approx(reference, abs=1e-14)
        assert np.broadcast_to(array(world.constant(name, [j])), world.D) == pytest.approx(reference, abs=1e-14)


def test_parameters_are_apart_for_many_seeds():
    for seed in range(12):
        worlds = gaussians.instances("gaussians", seed)
        for world in worlds:
            mu_q, Sigma_q, mu_p, Sigma_p = moments(world)
            assert min(np.abs(mu_q).min(), np.abs(mu_p).min()) > 0.1
            if world.tight:
                assert (mu_q, Sigma_q) == (mu_p, Sigma_p)
                continue
            assert np.abs(mu_q - mu_p).min() > 0.1
            if world is not worlds[NEAR]:
                assert np.abs(np.diag(Sigma_q) - np.diag(Sigma_p)).min() > 0.1
            assert np.abs(np.linalg.eigvalsh(Sigma_q) - 1).min() > 1e-3


def test_twin_has_no_divergence_at_all():
    for seed in SEEDS:
        twin = drawn(seed)[TWIN]
        z, _ = points(twin)
        q, p, after = (
            array(twin.apply(*f, [z])) for f in (("q_\\theta", "real|data"), ("p", "real"), ("p_\\phi", "real|data"))
        )
        assert np.array_equal(q, p)
        assert after == pytest.approx(p, rel=1e-14)


def test_near_differs_from_its_wide_prior_in_the_mean_only():
    for seed in range(12):
        worlds = gaussians.instances("gaussians", seed)
        near = worlds[NEAR]
        (mu_q,), ((variance,),), (mu_p,), ((prior,),) = moments(near)
        assert not near.tight
        assert variance == prior > 1.1**2
        z, rule = near.grid("z")
        q, p = near.q(z), near.p(z)
        divergence = array(rule.integral(q * (log(q) - log(p)), "z"))
        assert divergence == pytest.approx((mu_q - mu_p) ** 2 / (2 * prior), abs=LATTICE)
        assert divergence > 1e-3
        assert [w.constant("\\sigma_p", []) for w in worlds[:2]].count(near.constant("\\sigma_p", [])) == 1
        assert [w.decoder for w in worlds[:2]].count(near.decoder) == 1
        assert all(np.any(array(w)) for w in near.decoder.w)


def test_draws_are_vectors_indexed_by_the_sample(world):
    L = world.sizes["sample"]
    l = Value(np.arange(L), ("l",))  # noqa: E741 - the page's letter
    epsilon, z = world.constant("\\epsilon", [l]), world.constant("z", [l])
    assert epsilon.axes == z.axes == (("l",) if world.D == 1 else ("l", ROW))
    mu_q, Sigma_q, _, _ = moments(world)
    rows, noise = z.data.reshape(L, world.D), epsilon.data.reshape(L, world.D)
    # The map from ε to z is the one that makes (z - μ_q)ᵀ Σ_q⁻¹ (z - μ_q) the square of ε.
    squares = [(r - mu_q) @ np.linalg.solve(Sigma_q, r - mu_q) for r in rows]
    assert squares == pytest.approx((noise**2).sum(axis=1), rel=ROUNDING)
    assert float(array(world.constant("L", []))) == L
    if world.D > 1 and world.diagonal:
        assert rows == pytest.approx(mu_q + np.sqrt(np.diag(Sigma_q)) * noise, rel=ROUNDING)


def test_averaging_over_the_draws_is_a_mean_under_q(world):
    spread, average = world.averaging()
    L = world.sizes["sample"]
    mu_q, Sigma_q, _, _ = moments(world)

    def mean(x):
        return array(average(x))

    draws = [spread.constant("\\epsilon", [Value(i)]) for i in range(L)]
    assert {a for draw in draws for a in draw.axes} - {ROW} == {"ε1", "ε2"[: 2 * (L - 1)]} - {""}
    assert mean(ONE) == pytest.approx(1, abs=1e-12)
    for draw in draws:
        assert mean(draw) == pytest.approx(0, abs=1e-12)
        for other in draws:
            square = np.atleast_2d(mean(draw * rename(other, {ROW: COLUMN})))
            assert square == pytest.approx(np.eye(world.D) * (draw is other), abs=1e-12)
    # E_q of the quadratic log p_φ(x|z), in closed form.
    W, b, noise = decoder(world)
    rest = np.array(world.decoder.x) - W @ mu_q - b
    reference = -np.log(2 * np.pi * noise) - (rest @ rest + np.trace(W @ Sigma_q @ W.T)) / (2 * noise)
    l = Value(np.arange(L), ("l",))  # noqa: E741
    found = mean(log(spread.apply("p_\\phi", "data|real", [spread.constant("z", [l])])))
    assert np.broadcast_to(found, L) == pytest.approx([reference] * L, abs=1e-11)


def test_one_draw_but_two_in_the_second_instance_and_its_twin():
    for seed in SEEDS:
        assert [w.sizes["sample"] for w in drawn(seed)] == [1, 2, 2, 1, 1, 1]
        assert [float(array(w.constant("L", []))) for w in drawn(seed)] == [1, 2, 2, 1, 1, 1]


def test_vectors_are_averaged_exactly_up_to_degree_17():
    for world in (drawn(0)[PLANE], drawn(0)[FULL]):
        spread, mean = world.averaging()
        draw = spread.constant("\\epsilon", [Value(0)])
        assert draw.axes == (ROW, "ε1")
        assert draw.length("ε1") == 9**world.D
        for degree in range(18):
            exact = np.prod(np.arange(1.0, degree, 2.0)) * (degree % 2 == 0)
            assert array(mean(Value(draw.data**degree, draw.axes))) == pytest.approx(exact, rel=1e-11, abs=1e-6)
        mixed = array(mean(Value(draw.data[0] ** 16 * draw.data[1] ** 4, ("ε1",))))
        assert mixed == pytest.approx(3 * np.prod(np.arange(1.0, 16.0, 2.0)), rel=1e-11)


def test_every_difference_of_means_has_both_signs():
    for seed in range(12):
        first, second = (moments(w) for w in gaussians.instances("gaussians", seed)[:2])
        for one, two in zip(*((m[0], m[2], m[0] - m[2]) for m in (first, second)), strict=True):
            assert one * two < 0


def test_replacing_a_constant_is_consistent(scalar):
    by_rho, by_sigma = scalar.replace("\\rho", Value(-0.5)), scalar.replace("\\sigma_q", Value(np.exp(-0.25)))
    for world in (by_rho, by_sigma):
        values = [float(array(world.constant(name, []))) for name in ("\\sigma_q", "\\Sigma_q", "\\rho")]
        assert values == pytest.approx([np.exp(-0.25), np.exp(-0.5), -0.5], rel=1e-14)
        r = -0.5 - 2 * np.log(float(array(world.constant("\\sigma_p", []))))
        assert float(array(world.constant("r", []))) == pytest.approx(r, rel=1e-13)
    prior = scalar.replace("\\mu_p", Value(0.2)).replace("\\sigma_p", Value(1.7))
    assert float(array(prior.apply("p", "real", [ONE]))) == pytest.approx(stats.norm.pdf(1, 0.2, 1.7), rel=ROUNDING)
    assert float(array(scalar.replace("\\mu_q", Value(0.1)).constant("\\mu_q", []))) == 0.1
    with pytest.raises(ValueError, match="the world gaussians"):
        scalar.replace("D", ONE)


def test_partial_derivatives_of_the_divergence_are_those_of_torch(scalar):
    (mu_q,), ((variance,),), (mu_p,), ((prior,),) = moments(scalar)
    mean, rho = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (mu_q, np.log(variance)))
    q = torch.distributions.Normal(mean, torch.exp(rho / 2))
    torch.distributions.kl_divergence(q, torch.distributions.Normal(*torch.tensor([mu_p, prior**0.5]))).backward()
    for name, reference in (("\\mu_q", mean.grad), ("\\rho", rho.grad)):
        moving = scalar.replace(name, Dual(primal(scalar.constant(name, [])), ONE, 1))
        z, rule = moving.grid("z")
        ratio, p = moving.q(z), moving.p(z)
        slope = tangent(rule.integral(ratio * (log(ratio) - log(p)), "z"), 1)
        assert float(array(slope)) == pytest.approx(float(reference), abs=LATTICE)


def test_vectors_are_not_replaced_and_nothing_is_differentiated_in_parameters():
    for world in drawn(0):
        with pytest.raises(ValueError, match="no gradient"):
            world.parameter_mask("\\theta")
        if world.D > 1:
            with pytest.raises(ValueError, match="is a vector"):
                world.replace("\\mu_q", ZERO)


def admitted(*names):
    return [w.D for w in drawn(0) if not w.tight and w.admits(frozenset(names))]


def test_several_dimensions_are_admitted_where_they_show():
    assert admitted("\\mu_q", "\\sigma_q", "z") == [1, 1, 1]
    assert admitted("\\mathcal{N}", "\\mu_q", "x[dimension]") == [1, 1, 1]
    assert admitted("\\mu_q[dimension]", "\\sigma_q[dimension]", "D") == [1, 1, 2, 1]
    assert admitted("\\mu_q", "\\Sigma_q", "\\Sigma_p") == [1, 1, 2, 3, 1]
    assert admitted("I", "\\mu_q") == [1, 1, 2, 3, 1]
    assert admitted("\\Sigma_q", "\\rho") == [1, 1, 2, 1]
    assert admitted("D", "r[dimension]") == [1, 1, 2, 1]
    assert admitted("D", "f") == [1, 1, 1]


def test_everything_in_the_vocabulary_has_a_value(world):
    words = gaussians.vocabulary("gaussians")
    z, _ = points(world)
    for name, sorts in words.constants.items():
        for sort in set(sorts) - {"integer"}:
            label = f"{name}[{sort}]" if sort else name
            if name not in gaussians.DATA and world.admits(frozenset({label, "D"})):
                assert np.all(np.isfinite(array(world.constant(name, [Value(0)] if sort else []))))
    for name, signatures in words.functions.items():
        for signature in signatures:
            if world.admits(frozenset({name, "D"})):
                arguments = [z, world.constant("\\mu_q", []), world.constant("\\Sigma_q", [])]
                assert np.all(np.isfinite(array(world.apply(name, signature, arguments[: signature.count("real")]))))
    for call in (lambda: world.apply("p", "data", []), lambda: world.constant("y", [])):
        with pytest.raises(ValueError, match="the world gaussians"):
            call()


def test_same_seed_same_instances():
    again = gaussians.instances("gaussians", 0)
    assert [float(array(w.bound)) for w in again] == [float(array(w.bound)) for w in drawn(0)]
    assert [float(array(w.bound)) for w in again] != [float(array(w.bound)) for w in drawn(1)]
