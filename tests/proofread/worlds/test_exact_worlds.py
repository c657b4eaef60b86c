"""The worlds in the field against loops over integers modulo the primes, duals written by hand, and closed forms."""

from itertools import product
from math import comb, prod

import numpy as np
import pytest

from pycode.proofread.arithmetic.modular import prime
from pycode.proofread.arithmetic.named import RedrawError, UndecidedError
from pycode.proofread.arithmetic.symbols import Field
from pycode.proofread.arithmetic.values import GRADIENT, ROW, Dual, Value, log, power, primal, select, tangent
from pycode.proofread.worlds import decoders, gaussians, mdp, vae
from pycode.proofread.worlds.moments import Nodes
from pycode.proofread.worlds.normal import density

PRIMES = [prime(f"worlds {i}", 61) for i in range(2)]
Z = Value(np.arange(3), ("z",))


@pytest.fixture(scope="module")
def field():
    return Field(PRIMES, "worlds")


def equal(x, y):
    return not primal(x).gaps(primal(y)).any()


def ints(x, *axes):
    """Residues as nested lists of Python integers, the axes in this order."""
    x = primal(x)
    assert sorted(x.axes) == sorted(axes)
    return x.data.transpose([x.axes.index(a) for a in axes]).tolist()


class Series:
    """A + B t modulo t² and the primes."""

    def __init__(self, p, a, b=0):
        self.p, self.a, self.b = p, a % p, b % p

    def __add__(self, other):
        return Series(self.p, self.a + other.a, self.b + other.b)

    def __sub__(self, other):
        return Series(self.p, self.a - other.a, self.b - other.b)

    def __mul__(self, other):
        return Series(self.p, self.a * other.a, self.a * other.b + self.b * other.a)

    def inverse(self):
        i = pow(self.a, -1, self.p)
        return Series(self.p, i, -self.b * i * i)


def solved(A, b):
    """Gauss and Jordan over series."""
    rows = [[*row, x] for row, x in zip(A, b, strict=True)]
    for i in range(len(rows)):
        scale = rows[i][i].inverse()
        rows[i] = [x * scale for x in rows[i]]
        for j, row in enumerate(rows):
            if j != i:
                rows[j] = [x - row[i] * y for x, y in zip(row, rows[i], strict=True)]
    return [row[-1] for row in rows]


def total(terms, p):
    result = Series(p, 0)
    for term in terms:
        result = result + term
    return result


class Chain:
    """What a policy does, from p, π and the slope of π in one direction, by loops."""

    def __init__(self, episodes, which, component=None):
        self.p = p = episodes.unit.field.modulus
        outcomes = ints(episodes.tables["outcomes"], "s", "a", "x", "r")
        rewards = ints(episodes.tables["rewards"], "r")
        policy = episodes.does[which]["policy"]
        pi, slope = ints(policy, "s", "a"), [[0, 0]] * 3
        if component is not None:
            slope = ints(select(tangent(policy), GRADIENT, component), "s", "a")
        n, m = range(3), range(2)
        one = [[Series(p, pi[s][a], slope[s][a]) for a in m] for s in n]
        gamma = Series(p, int(primal(episodes.discount).data) if episodes.discount is not None else 1)

        def weight(s, a, x):
            return Series(p, sum(outcomes[s][a][x]))

        self.P = [[total((one[s][a] * weight(s, a, x) for a in m), p) for x in n] for s in n]
        gain = [[sum(outcomes[s][a][x][r] * rewards[r] for x in range(4) for r in m) for a in m] for s in n]
        reward = [total((one[s][a] * Series(p, gain[s][a]) for a in m), p) for s in n]
        identity = [[Series(p, int(s == x)) for x in n] for s in n]
        self.v = solved([[identity[s][x] - gamma * self.P[s][x] for x in n] for s in n], reward)
        self.q = [
            [Series(p, gain[s][a]) + gamma * total((weight(s, a, x) * self.v[x] for x in n), p) for a in m] for s in n
        ]
        self.eta = solved([[identity[s][x] - self.P[x][s] for x in n] for s in n], [identity[0][s] for s in n])
        length = total(self.eta, p)
        self.mu = [e * length.inverse() for e in self.eta]
        self.powers, power_ = [], identity
        for _ in range(9):
            self.powers.append(power_)
            power_ = [[total((power_[s][y] * self.P[y][x] for y in n), p) for x in n] for s in n]
        self.tail = [[total(table[s], p) for s in n] for table in self.powers]


def same(found, expected, component, *axes):
    """Whether a table has these values, and these slopes in a component."""
    value, slope = np.array(ints(found, *axes), object), primal(tangent(found))
    assert np.array_equal(value, np.vectorize(lambda s: s.a, otypes=[object])(np.array(expected, object)))
    if component is not None:
        along = ints(select(slope, GRADIENT, component), *axes)
        wanted = np.vectorize(lambda s: s.b, otypes=[object])(np.array(expected, object))
        assert np.array_equal(np.array(along, object), wanted)


@pytest.mark.parametrize("name", ["mdp", "mdp-discounted"])
@pytest.mark.parametrize(("which", "component"), [(0, 0), (0, 1), (1, None)])
def test_tables_of_a_process_are_those_of_loops(name, which, component):
    field = Field(PRIMES, name)
    episodes = mdp.exact(name, field)[0].instance
    chain, prime_ = Chain(episodes, which, component), "'" * which
    s, x, a, k = (Value(np.arange(n), (axis,)) for n, axis in ((3, "s"), (3, "x"), (2, "a"), (9, "k")))
    tables = {
        (rf"v_\pi{prime_}", "state+"): (chain.v, [s], "s"),
        (rf"q_\pi{prime_}", "state+,action"): (chain.q, [s, a], "sa"),
        (f"P{prime_}", "state,state"): (chain.P, [s, x], "sx"),
        (rf"\eta{prime_}", "state"): (chain.eta, [s], "s"),
        (rf"\mu{prime_}", "state"): (chain.mu, [s], "s"),
        (r"\Pr", rf"state,state,integer,\pi{prime_}"): (chain.powers, [s, x, k], "ksx"),
        ("J", rf"\theta{prime_}"): (chain.v[0], [], ""),
    }
    if not which:
        tables[r"\Pr", "T>integer|state"] = chain.tail, [k, s], "ks"
        tables[r"\Pr", "T=integer"] = (
            [Series(field.modulus, 0)] + [a[0] - b[0] for a, b in zip(chain.tail, chain.tail[1:], strict=False)],
            [k],
            "k",
        )
    for function, (expected, arguments, axes) in tables.items():
        same(episodes.apply(*function, arguments), expected, component, *axes)
    assert primal(episodes.apply(rf"v_\pi{prime_}", "state+", [Value(3)])).size() == 0.0


def test_policies_and_outcomes_are_free_but_for_their_sums(field):
    episodes = mdp.exact("mdp", field)[0].instance
    for does in episodes.does:
        assert equal(primal(does["policy"]).total("a", 2), field.constant(1))
    assert tangent(episodes.does[0]["policy"]).total("a", 2).size() == 0.0
    mass = episodes.tables["outcomes"].total("x", 4).total("r", 2)
    assert equal(mass, field.constant(1).spread(["s", "a"], [3, 2]))
    drawn = [episodes.tables["outcomes"], *(primal(d["policy"]) for d in episodes.does)]
    numbers = [n for table in drawn for n in table.data.reshape(-1).tolist()]
    assert len(set(numbers)) == len(numbers)


def moment(n, m, s2):
    """E X^n for X ~ N(m, s2)."""
    return sum(
        comb(n, 2 * j) * power(m, n - 2 * j) * power(s2, j) * prod(range(1, 2 * j, 2)) for j in range(n // 2 + 1)
    )


@pytest.mark.parametrize("n", range(9))
def test_moments_up_to_degree_8(field, n):
    m, s = field.letter(), field.positive()
    variance = s.square()
    z, rule = Nodes(field).grid("z")
    assert equal(rule.integral(density(z, m, variance) * power(z, n), "z"), moment(n, m, variance))
    assert equal(
        rule.integral(density(z, Value(0), field.constant(1)) * power(z, n), "z"), moment(n, field.constant(0), 1)
    )


def test_integrals_of_what_is_no_gaussian(field):
    z, rule = Nodes(field).grid("z")
    bell = density(z, field.letter(), field.positive().square())
    for integrand in (
        bell * power(z, 9),
        bell / (z * z + 1),
        bell * (z * z * z).exp(),
        z * z,
        (field.letter() * z).exp(),
    ):
        with pytest.raises((UndecidedError, RedrawError)):
            rule.integral(integrand, "z")
    with pytest.raises(ValueError, match="diverges"):
        rule.integral(field.constant(1), "z")


@pytest.mark.parametrize("D", [2, 3])
def test_moments_in_space(field, D):
    world = gaussians.exact("gaussians", field)[D - 1].instance
    z, rule = world.grid("z")
    mean, covariance = world.constant("\\mu_q", []), world.constant("\\Sigma_q", [])
    q = world.q(z)
    assert equal(rule.integral(q, "z"), field.constant(1))
    assert equal(rule.integral(q * z, "z"), mean)
    rest = z - mean
    square = rule.integral(q * (rest * rest.renamed({ROW: "column"})), "z")
    assert equal(square, covariance)
    assert world.D == D


def test_independent_draws(field):
    nodes = Nodes(field)
    table, mean = nodes.draws(2)
    one, two = (select(table, "0", i) for i in range(2))
    for i, j in product(range(5), repeat=2):
        expected = prod(range(1, i, 2)) * prod(range(1, j, 2)) * (i % 2 == j % 2 == 0)
        assert equal(mean(power(one, i) * power(two, j) * field.constant(1)), field.constant(expected))


def gaussian_vae():
    field = Field(PRIMES, "vae")
    return field, *(c.instance for c in vae.exact("vae", field))


def test_evidence_is_the_integral_and_the_density_of_both_components():
    field, world, _ = gaussian_vae()
    z, rule = world.grid("z")
    assert equal(rule.integral(primal(world.joint(z)), "z"), world.evidence)
    model, p = world.decoder.plain(), field.modulus
    w, b, x = ([int(primal(c).data) for c in cs] for cs in (model.w, model.b, model.x))
    noise, mean, variance = (int(primal(c).data) for c in (model.noise, world.mu_p, world.sigma_p * world.sigma_p))
    r = [x[j] - w[j] * mean - b[j] for j in range(2)]
    S = [[noise * (i == j) + variance * w[i] * w[j] for j in range(2)] for i in range(2)]
    det = S[0][0] * S[1][1] - S[0][1] ** 2
    square = r[0] ** 2 * S[1][1] - 2 * r[0] * r[1] * S[0][1] + r[1] ** 2 * S[0][0]
    evidence = primal(world.evidence)
    assert int(evidence.exponent) == -square * pow(2 * det, -1, p) % p
    assert int(evidence.data) ** 2 * 4 * int(field.circle.data) ** 2 * det % p == 1
    assert not evidence.invented


def test_posterior_is_the_joint_over_the_evidence():
    _, world, _ = gaussian_vae()
    z = world.reals("z")
    assert equal(world.posterior(z), world.joint(z) / world.evidence)
    for along in range(6):
        slopes = [select(primal(tangent(x)), GRADIENT, along) for x in (log(world.posterior(z)), log(world.joint(z)))]
        assert equal(slopes[0] + select(primal(tangent(log(world.evidence))), GRADIENT, along), slopes[1])


def test_bound_is_the_closed_form():
    field, world, _ = gaussian_vae()
    m, s = primal(world.mu_q), primal(world.sigma_q)
    model, pi = world.decoder.plain(), field.circle
    fit = field.constant(0)
    for x, w, b in zip(model.x, model.w, model.b, strict=True):
        rest = x - w * m - b
        fit = fit - (2 * pi * model.noise).log() / 2 - (rest * rest + w * w * s * s) / (2 * model.noise)
    prior = world.sigma_p * world.sigma_p
    divergence = world.sigma_p.log() - s.log() + (s * s + (m - world.mu_p) * (m - world.mu_p)) / (2 * prior) - 0.5
    assert equal(world.bound, fit - divergence)
    # ∂𝓛/∂μ_q and ∂𝓛/∂σ_q by hand, along the slopes of both in θ
    at_m = sum(w * (x - w * m - b) / model.noise for x, w, b in zip(model.x, model.w, model.b, strict=True))
    at_m = at_m - (m - world.mu_p) / prior
    at_s = -s * sum(w * w for w in model.w) / model.noise + 1 / s - s / prior
    slope = primal(tangent(world.bound)).selected(GRADIENT, slice(3))
    slopes = [primal(tangent(x)).selected(GRADIENT, slice(3)) for x in (world.mu_q, world.sigma_q)]
    assert equal(slope, at_m * slopes[0] + at_s * slopes[1])


def test_theta_moves_the_encoder_and_phi_the_decoder():
    _, world, latent = gaussian_vae()
    for x, own in ((world.mu_q, slice(3)), (world.decoder.noise, slice(3, 6)), (latent.q, slice(3))):
        moved = np.any(primal(tangent(x)).data != 0, axis=tuple(range(primal(tangent(x)).data.ndim - 1)))
        slope = primal(tangent(x))
        order = np.moveaxis(slope.data, slope.axes.index(GRADIENT), -1).reshape(-1, 6)
        assert moved.size
        assert (order != 0).any(axis=0).tolist() == [i in range(*own.indices(6)) for i in range(6)]


def test_a_latent_of_three_values_has_no_gaussian():
    field, world, latent = gaussian_vae()
    for function in (("\\mathcal{N}", "real;real,real"), ("p", "data")):
        with pytest.raises(ValueError, match="has no meaning for a latent with 3 values"):
            latent.apply(*function, [Z])
    with pytest.raises(ValueError, match="has no meaning for a latent with 3 values"):
        latent.apply("p", "real", [field.letter()])
    assert latent.sizes["sample"] == world.sizes["sample"]  # a formula may have an l and no draws
    for call in (latent.constant, lambda name: latent.replace(name, Z), lambda _: latent.averaging()):
        with pytest.raises(ValueError, match="the latent has no Gaussian here"):
            call("\\mu_q")


def test_a_latent_of_three_values_by_loops():
    field, _, latent = gaussian_vae()
    p = field.modulus
    prior, likelihood, q = (ints(t, "0") for t in (latent.p, latent.likelihood, latent.q))
    assert sum(prior) % p == sum(q) % p == 1
    joint = [a * b % p for a, b in zip(prior, likelihood, strict=True)]
    evidence = sum(joint) % p
    for function, expected in (
        (("p", "real"), prior),
        (("q_\\theta", "real|data"), q),
        (("p_\\phi", "data|real"), likelihood),
        (("p_\\phi", "data,real"), joint),
        (("p_\\phi", "real|data"), [j * pow(evidence, -1, p) % p for j in joint]),
    ):
        assert ints(latent.apply(*function, [Z]), "z") == expected
    assert int(primal(latent.evidence).data) == evidence
    logs = {name: ints(log(x), "0") for name, x in (("p", latent.p), ("l", latent.likelihood), ("q", latent.q))}
    rest = [logs["p"][i] + logs["l"][i] - logs["q"][i] for i in range(3)]
    assert int(primal(latent.bound).data) == sum(q[i] * rest[i] for i in range(3)) % p
    slopes = [ints(tangent(x), "0", GRADIENT) for x in (latent.q, latent.likelihood)]
    for g in range(6):
        assert sum(slopes[0][i][g] for i in range(3)) % p == 0
        by_hand = sum(slopes[0][i][g] * rest[i] for i in range(3))
        by_hand += sum(q[i] * slopes[1][i][g] * pow(likelihood[i], -1, p) for i in range(3))
        assert ints(tangent(latent.bound), GRADIENT)[g] == by_hand % p
        assert ints(tangent(latent.evidence), GRADIENT)[g] == sum(prior[i] * slopes[1][i][g] for i in range(3)) % p


def test_kl_of_two_gaussians_is_the_closed_form(field):
    one, plane, _ = (c.instance for c in gaussians.exact("gaussians", field))
    for world in (one, plane):
        z, rule = world.grid("z")
        q, p = world.q(z), world.p(z)
        found = rule.integral(q * (log(q) - log(p)), "z")
        m, s, n, t = (world.constant(name, []) for name in ("\\mu_q", "\\sigma_q", "\\mu_p", "\\sigma_p"))
        expected = t.log() - s.log() + (s * s + (m - n) * (m - n)) / (2 * t * t) - 0.5
        assert equal(found, expected.total(ROW, 2) if world.D > 1 else expected)


def test_decoders_by_products():
    field = Field(PRIMES, "decoders")
    for world in (c.instance for c in decoders.exact("decoders", field)):
        x, a = world.constant("x", []), world.constant("a", [])
        odds, p = ints(a.exp(), ROW), field.modulus
        counts = world.kind != decoders.KINDS[2]
        if counts:
            trials = 1 if world.kind == decoders.KINDS[0] else world.n
            arguments = [x, a] if trials == 1 else [x, Value(float(trials)), a]
            found = world.apply(world.kind, "real;real" if trials == 1 else "real;real,real", arguments)
            expected = 1
            for k, odd in zip(ints(x, ROW), odds, strict=True):
                expected = expected * comb(trials, k) * pow(odd, k, p) * pow(1 + odd, -trials, p) % p
            assert int(primal(found).data) == expected
            parts = [log(field.constant(comb(trials, k))) for k in ints(x, ROW)]
            logs = sum((parts[i] + k * select(a, ROW, i) for i, k in enumerate(ints(x, ROW))), field.constant(0))
            assert equal(log(found), logs - trials * log(a.exp() + 1).total(ROW, 3))
            assert not log(found).invented
        else:
            m, sigma = world.constant("m", []), world.sigma_x
            found = world.apply(world.kind, "real;real,real", [x, m, world.constant("I", []) * (sigma * sigma)])
            squares = sum((i - j) ** 2 for i, j in zip(ints(x, ROW), ints(m, ROW), strict=True))
            variance = int(sigma.data) ** 2
            assert int(found.exponent) == -squares * pow(2 * variance, -1, p) % p
            assert int(found.data) ** 2 * pow(2 * int(field.circle.data) * variance, 3, p) % p == 1


@pytest.mark.parametrize(
    ("module", "name"), [(mdp, "mdp"), (mdp, "mdp-discounted"), (vae, "vae"), (gaussians, "gaussians")]
)
def test_everything_runs_on_a_line_too(module, name):
    """On a line each table is the field's own at every one of the points: nothing mixes them."""
    field = Field([prime(name, 31)], name, 6)
    for candidate in module.exact(name, field):
        world = candidate.instance
        words = module.vocabulary(name)
        for function, signatures in words.functions.items():
            for signature in signatures:
                sorts = [s for s in signature.replace("|", ",").replace(";", ",").split(",") if s[:1] != "\\"]
                sorts = [s for s in sorts if s != "data"]
                if not candidate.admits(frozenset({function})) or "real" in sorts:
                    continue
                sizes = [world.sizes[s.removeprefix("T>").removeprefix("T=")] for s in sorts]
                arguments = [Value(np.arange(min(n, 4)), (f"i{j}",)) for j, n in enumerate(sizes)]
                found = world.apply(function, signature, arguments)
                assert isinstance(found, Dual) or found.data.size
                assert all(0 <= n < field.modulus for n in primal(found).data.reshape(-1).tolist())
