"""The world decoders against torch.distributions, and sums over everything that can be observed."""

from functools import cache
from itertools import product

import numpy as np
import pytest
import torch

from pycode.proofread.arithmetic.values import COLUMN, ROW, Value
from pycode.proofread.worlds import decoders

BERNOULLI, BINOMIAL, NORMAL = decoders.KINDS
drawn = cache(lambda seed: decoders.instances("decoders", seed))
# A product of at most 4 · 6 probabilities; torch adds logarithms instead.
ROUNDING = 1e-12


@pytest.fixture(params=[(s, i) for s in range(3) for i in range(6)], ids=str)
def world(request):
    seed, index = request.param
    return drawn(seed)[index]


def printed(world, kind=None, of=()):
    """The decoder at the constants of the instance, with bare vectors or with components."""
    kind = kind or world.kind
    x, a, m = (world.constant(name, of) for name in "xam")
    n, sigma_x = (world.constant(name, []) for name in ("n", "\\sigma_x"))
    match kind:
        case "\\operatorname{Bernoulli}":
            return world.apply(kind, "real;real", [x, a])
        case "\\operatorname{Binomial}":
            return world.apply(kind, "real;real,real", [x, n, a])
    variance = sigma_x * sigma_x * (1.0 if of else world.constant("I", []))
    return world.apply(kind, "real;real,real", [x, m, variance])


def torch_log_probability(world, kind=None):
    x, a, m = (torch.tensor(v.data, dtype=torch.float64) for v in (world.x, world.a, world.m))
    match kind or world.kind:
        case "\\operatorname{Bernoulli}":
            return torch.distributions.Bernoulli(logits=a).log_prob(x).numpy()
        case "\\operatorname{Binomial}":
            return torch.distributions.Binomial(world.n, logits=a).log_prob(x).numpy()
    return torch.distributions.Normal(m, torch.full_like(m, float(world.sigma_x.data))).log_prob(x).numpy()


def test_vectors_have_the_probability_of_torch(world):
    probability = printed(world)
    assert probability.axes == ()
    assert float(probability.data) == pytest.approx(np.exp(torch_log_probability(world).sum()), rel=ROUNDING)


def test_components_have_the_probability_of_torch(world):
    probability = printed(world, of=[Value(np.arange(world.sizes["dimension"]), ("j",))])
    assert probability.axes == ("j",)
    assert probability.data == pytest.approx(np.exp(torch_log_probability(world)), rel=ROUNDING)


def test_binary_data_suit_every_decoder():
    world = drawn(0)[0]
    for kind in decoders.KINDS:
        reference = np.exp(torch_log_probability(world, kind).sum())
        assert float(printed(world, kind).data) == pytest.approx(reference, rel=ROUNDING)


def test_probabilities_of_all_observations_sum_to_one(world):
    a, n, sigma = (world.constant(name, []) for name in ("a", "n", "\\sigma_x"))
    if world.kind == NORMAL:
        # A trapezoidal sum over 9 widths on each side, two components at once: its error is far below rounding.
        steps = np.linspace(-9, 9, 200) * sigma.data
        x = Value(world.m.data[:2] + np.array([*product(steps, repeat=2)]), ("k", ROW))
        variance = Value(np.eye(2), (ROW, COLUMN)) * (sigma * sigma)
        density = world.apply(NORMAL, "real;real,real", [x, Value(world.m.data[:2], (ROW,)), variance])
        assert density.data.sum() * (steps[1] - steps[0]) ** 2 == pytest.approx(1, abs=1e-12)
        return
    values = range(2 if world.kind == BERNOULLI else world.n + 1)
    x = Value(np.array([*product(values, repeat=world.sizes["dimension"])], dtype=float), ("k", ROW))
    arguments = [x, a] if world.kind == BERNOULLI else [x, n, a]
    signature = "real;real" if world.kind == BERNOULLI else "real;real,real"
    assert world.apply(world.kind, signature, arguments).data.sum() == pytest.approx(1, abs=1e-12)


def test_density_of_a_vector_needs_a_matrix():
    world = drawn(1)[4]
    x, m, sigma = (world.constant(name, []) for name in ("x", "m", "\\sigma_x"))
    with pytest.raises(ValueError, match="the density of a vector needs a covariance matrix, such as"):
        world.apply(NORMAL, "real;real,real", [x, m, sigma * sigma])


def test_further_axes_are_kept():
    world = drawn(1)[0]
    a = world.constant("a", [])
    several = world.apply(BERNOULLI, "real;real", [world.constant("x", []), a * Value(np.array([1.0, 0.5]), ("k",))])
    assert several.axes == ("k",)
    assert several.data[0] == pytest.approx(float(printed(world).data), rel=ROUNDING)


def test_instances_are_admitted_by_the_decoder_that_is_named():
    def kinds(*names):
        return {w.kind for w in drawn(0) if w.admits(frozenset(names))}

    assert kinds(BERNOULLI, "x", "a") == {BERNOULLI}
    assert kinds(BINOMIAL, "x[dimension]") == {BINOMIAL}
    assert kinds(NORMAL, "m") == {NORMAL}
    assert kinds(BERNOULLI, BINOMIAL) == {BERNOULLI}  # data that both can have
    assert kinds("x", "a") == set()


def test_data_are_of_their_kind_and_generic():
    for seed in range(20):
        for world in decoders.instances("decoders", seed):
            D_x = world.sizes["dimension"]
            x, a, m = (v.data for v in (world.x, world.a, world.m))
            assert {v.shape for v in (x, a, m)} == {(D_x,)}
            if world.kind == BERNOULLI:
                assert set(x) == {0, 1}
            elif world.kind == BINOMIAL:
                assert np.array_equal(x, np.rint(x))
                assert set(x) - {0, world.n}
                assert x.min() >= 0
                assert x.max() <= world.n
            else:
                assert not np.any(x == np.rint(x))
            assert np.unique(np.abs([*a, *m])).size == 2 * D_x
            assert 0.5 <= float(world.sigma_x.data) <= 0.8


def test_constants_and_indices(world):
    j = Value(np.arange(world.sizes["dimension"]), ("j",))
    for name in "xam":
        bare = world.constant(name, [])
        assert bare.axes == (ROW,)
        assert np.array_equal(world.constant(name, [j]).data, bare.data)
    assert float(world.constant("D_x", []).data) == world.sizes["dimension"]
    assert float(world.number("integer", Value(2)).data) == 2
    assert not world.tight


def test_what_has_no_meaning_is_refused(world):
    half = [Value(0.5), Value(0.1)]
    with pytest.raises(ValueError, match="a count must be an integer"):
        world.apply(BERNOULLI, "real;real", half)
    with pytest.raises(ValueError, match="between 0 and that of the trials"):
        world.apply(BERNOULLI, "real;real", [Value(2.0), Value(0.1)])
    calls = (
        lambda: world.reals("z"),
        lambda: world.grid("z"),
        lambda: world.line("z"),
        lambda: world.replace("a", Value(0.0)),
        world.averaging,
        lambda: world.parameter_mask(""),
        lambda: world.apply("f", "real", [Value(0.0)]),
        lambda: world.constant("y", []),
    )
    for call in calls:
        with pytest.raises(ValueError, match="the world decoders"):
            call()


def test_same_seed_same_instances():
    assert all(
        np.array_equal(v.x.data, w.x.data) and np.array_equal(v.a.data, w.a.data)
        for v, w in zip(decoders.instances("decoders", 0), drawn(0), strict=True)
    )
    assert not np.array_equal(drawn(0)[0].a.data, drawn(1)[0].a.data)
