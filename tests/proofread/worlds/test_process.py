"""What policies do in the worlds of episodic processes, against loops over steps, listed paths and differences."""

from itertools import product

import numpy as np
import pytest

from pycode.proofread.arithmetic.values import GRADIENT, Value, primal, tangent
from pycode.proofread.worlds import build

SEEDS = range(2)
CASES = [(name, seed, i) for name, count in (("mdp", 4), ("mdp-discounted", 5)) for seed in SEEDS for i in range(count)]
EXACT = 1e-12  # sums of about 100 terms of order 1, good to some 1e-15
STEPS = 300  # of the loops: 0.85^300 < 1e-21


@pytest.fixture(params=CASES, ids=lambda c: f"{c[0]}-{c[1]}-{c[2]}")
def instance(request):
    name, seed, i = request.param
    return build(name, seed).instances[i]


@pytest.fixture(params=[c for c in CASES if c[2] < 4], ids=lambda c: f"{c[0]}-{c[1]}-{c[2]}")
def ending(request):
    name, seed, i = request.param
    return build(name, seed).instances[i]


def table(instance, name, signature, *axes_sizes):
    """The whole table of a function, as its values and its derivative (axes in the order of the arguments)."""
    axes = [f"i{j}" for j in range(len(axes_sizes))]
    found = instance.apply(name, signature, [Value(np.arange(d), (a,)) for a, d in zip(axes, axes_sizes, strict=True)])
    whole = primal(found)
    assert whole.axes == tuple(axes)
    slope = tangent(found)
    assert slope.axes in ((), (*axes, GRADIENT))
    return whole.data, slope.data


class Plain:
    """The numbers of an instance in plain arrays, p[s, a, s', r], and what a policy does by loops."""

    def __init__(self, instance, prime=""):
        self.n, self.m = instance.sizes["state"], instance.sizes["action"]
        n, m, count = self.n, self.m, instance.sizes["reward"]
        p, _ = table(instance, "p", "state+,reward|state,action", n + 1, count, n, m)
        self.p = p.transpose(2, 3, 0, 1)
        self.r = np.array([float(primal(instance.number("reward", Value(i))).data) for i in range(count)])
        self.pi = table(instance, rf"\pi{prime}", "action|state+", m, n)[0].T
        discounted = r"\gamma" in build(instance.name, 0).vocabulary.constants
        self.gamma = float(primal(instance.constant(r"\gamma", [])).data) if discounted else 1.0

    def step(self, pi):
        return np.array([[sum(pi[s, a] * self.p[s, a, x].sum() for a in range(self.m)) for x in range(self.n)]
                         for s in range(self.n)])  # fmt: skip

    def values(self, pi, steps=STEPS):
        """Values and action values by iteration from 0, real or complex."""
        v = np.zeros(self.n + 1, dtype=pi.dtype)
        for _ in range(steps):
            q = np.einsum("saxr,xr->sa", self.p, self.r[None, :] + self.gamma * v[:, None])
            v = np.append((pi * q).sum(axis=1), 0.0)
        return v, q


@pytest.mark.parametrize("prime", ["", "'"])
def test_values_against_iteration(instance, prime):
    plain = Plain(instance, prime)
    v, q = plain.values(plain.pi)
    assert np.abs(table(instance, rf"v_\pi{prime}", "state+", plain.n + 1)[0] - v).max() < EXACT
    assert np.abs(table(instance, rf"q_\pi{prime}", "state+,action", plain.n, plain.m)[0] - q).max() < EXACT
    assert abs(float(primal(instance.apply("J", rf"\theta{prime}", [])).data) - v[0]) < EXACT
    reward = np.einsum("sa,saxr,r->s", plain.pi, plain.p, plain.r)
    assert np.abs(table(instance, rf"r_\pi{prime}", "state", plain.n)[0] - reward).max() < EXACT


def test_values_against_listed_paths(ending):
    """Every path of at most 3 steps: the probability of the state after them, and of having ended."""
    plain, n = Plain(ending), ending.sizes["state"]
    whole = np.einsum("sa,saxr->sx", plain.pi, plain.p)
    powers, _ = table(ending, r"\Pr", r"state,state,integer,\pi", n, n, 4)
    length, _ = table(ending, r"\Pr", "T=integer", 4)
    for k in range(1, 4):
        at, ended = np.zeros((n, n)), 0.0
        for path in product(range(n), repeat=k):
            for s in range(n):
                chance = np.prod([whole[a, b] for a, b in zip((s, *path), path, strict=False)])
                at[s, path[-1]] += chance
            if path[0] == 0:
                ended += np.prod([whole[a, b] for a, b in zip(path, (*path[1:], n), strict=True)])
        assert np.abs(powers[:, :, k] - at).max() < EXACT
        assert abs(length[k] - ended) < EXACT
    assert np.array_equal(powers[:, :, 0], np.eye(n))
    assert length[0] == 0.0


@pytest.mark.parametrize("prime", ["", "'"])
def test_powers_and_tails_against_repeated_products(instance, prime):
    plain = Plain(instance, prime)
    n, count = plain.n, instance.sizes["integer"] + 9
    powers, _ = table(instance, r"\Pr", rf"state,state,integer,\pi{prime}", n, n, count)
    P, _ = table(instance, f"P{prime}", "state,state", n, n)
    assert np.abs(P - plain.step(plain.pi)).max() < EXACT
    expected = np.eye(n)
    for k in range(count):
        assert np.abs(powers[:, :, k] - expected).max() <= EXACT * np.abs(expected).max()
        if not prime:
            tail, _ = table(instance, r"\Pr", "T>integer|state", count, n)
            assert np.abs(tail[k] - expected.sum(axis=1)).max() < EXACT * np.abs(expected).max()
        expected = expected @ plain.step(plain.pi)


@pytest.mark.parametrize("prime", ["", "'"])
def test_visits_are_the_summed_powers(ending, prime):
    n, count = ending.sizes["state"], ending.sizes["integer"]
    powers, slopes = table(ending, r"\Pr", rf"state,state,integer,\pi{prime}", n, n, count)
    eta, slope = table(ending, rf"\eta{prime}", "state", n)
    mu, _ = table(ending, rf"\mu{prime}", "state", n)
    assert np.abs(eta - powers[0].sum(axis=1)).max() < EXACT
    assert np.abs(mu - eta / eta.sum()).max() < EXACT
    assert abs(mu.sum() - 1) < EXACT
    if not prime:
        assert np.abs(slope - slopes[0].sum(axis=1)).max() < EXACT


def test_discounted_visits_are_the_discounted_powers(instance):
    if instance.name == "mdp":
        with pytest.raises(ValueError, match="no function"):
            instance.apply(r"\eta_\gamma", "state", [Value(0)])
        return
    plain, n, count = Plain(instance), instance.sizes["state"], instance.sizes["integer"]
    powers, slopes = table(instance, r"\Pr", r"state,state,integer,\pi", n, n, count)
    weights = plain.gamma ** np.arange(count)
    eta, slope = table(instance, r"\eta_\gamma", "state", n)
    mu, _ = table(instance, r"\mu_\gamma", "state", n)
    assert np.abs(eta - powers[0] @ weights).max() < EXACT
    assert np.abs(slope - np.einsum("xkg,k->xg", slopes[0], weights)).max() < EXACT
    assert np.abs(mu - eta / eta.sum()).max() < EXACT


def test_length_is_a_distribution_with_the_mean_of_the_visits(ending):
    count = ending.sizes["integer"]
    length, slope = table(ending, r"\Pr", "T=integer", count)
    eta, _ = table(ending, r"\eta", "state", ending.sizes["state"])
    assert abs(length.sum() - 1) < EXACT
    assert np.abs(slope.sum(axis=0)).max() < EXACT
    assert abs(length @ np.arange(count) - eta.sum()) < EXACT
    tail, _ = table(ending, r"\Pr", "T>integer|state", count, 1)
    assert np.abs(tail[:-1, 0] - tail[1:, 0] - length[1:]).max() < EXACT


def test_gradients_against_complex_steps(instance):
    """A step of 1e-30 i in each logit of a softmax written out here, through the iteration of the values."""
    plain, step = Plain(instance), 1e-30
    logits = np.log(plain.pi)
    policy = table(instance, r"\pi", "action|state+", plain.m, plain.n)[1]
    v = table(instance, r"v_\pi", "state+", plain.n + 1)[1]
    q = table(instance, r"q_\pi", "state+,action", plain.n, plain.m)[1]
    assert len(instance.parameter_mask("").data) == logits.size
    for j in range(logits.size):
        moved = logits.astype(complex)
        moved.flat[j] += 1j * step
        pi = np.exp(moved) / np.exp(moved).sum(axis=1, keepdims=True)
        values, actions = plain.values(pi)
        assert np.abs(policy[..., j].T - pi.imag / step).max() < EXACT
        assert np.abs(v[..., j] - values.imag / step).max() < 1e-11  # 400 steps, cancelling terms
        assert np.abs(q[..., j] - actions.imag / step).max() < 1e-11
    assert np.array_equal(tangent(instance.apply("J", r"\theta", [])).data, v[0])


def test_tails_and_visits_change_as_the_differences_say(ending):
    """Central differences in the logits; their error is about 1e-10 at this step."""
    plain, h = Plain(ending), 1e-5
    n = plain.n
    slope = {x: table(ending, *args)[1] for x, args in {
        "eta": (r"\eta", "state", n), "mu": (r"\mu", "state", n), "tail": (r"\Pr", "T>integer|state", 6, n),
        "length": (r"\Pr", "T=integer", 6)}.items()}  # fmt: skip

    def found(logits):
        pi = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        P = plain.step(pi)
        eta = np.linalg.solve((np.eye(n) - P).T, np.eye(n)[0])
        tail = np.array([np.linalg.matrix_power(P, k).sum(axis=1) for k in range(6)])
        return {"eta": eta, "mu": eta / eta.sum(), "tail": tail, "length": np.append(0.0, tail[:-1, 0] - tail[1:, 0])}

    for j in range(plain.pi.size):
        change = np.zeros(plain.pi.size)
        change[j] = h
        up, down = (found(np.log(plain.pi) + sign * change.reshape(plain.pi.shape)) for sign in (1, -1))
        for name, whole in slope.items():
            assert np.abs(whole[..., j] - (up[name] - down[name]) / (2 * h)).max() < 1e-8
