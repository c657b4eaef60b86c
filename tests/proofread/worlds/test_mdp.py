"""What the worlds of episodic processes must offer: probabilities, names, admission, refusals and seeds."""

import numpy as np
import pytest

from pycode.proofread.arithmetic.values import GRADIENT, Value, primal, tangent
from pycode.proofread.worlds import build, mdp

SEEDS = range(2)
CASES = [(name, seed, i) for name, count in (("mdp", 4), ("mdp-discounted", 5)) for seed in SEEDS for i in range(count)]
EXACT = 1e-12  # sums of about 100 terms of order 1, good to some 1e-15


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
    """The numbers of an instance in plain arrays, p[s, a, s', r]."""

    def __init__(self, instance, prime=""):
        self.n, self.m = instance.sizes["state"], instance.sizes["action"]
        n, m, count = self.n, self.m, instance.sizes["reward"]
        p, _ = table(instance, "p", "state+,reward|state,action", n + 1, count, n, m)
        self.p = p.transpose(2, 3, 0, 1)
        self.r = np.array([float(primal(instance.number("reward", Value(i))).data) for i in range(count)])
        self.pi = table(instance, rf"\pi{prime}", "action|state+", m, n)[0].T
        discounted = r"\gamma" in build(instance.name, 0).vocabulary.constants
        self.gamma = float(primal(instance.constant(r"\gamma", [])).data) if discounted else 1.0


def test_vocabulary_and_instance_agree(instance):
    words = build(instance.name, 0).vocabulary
    assert set(words.variables.values()) == {"state", "action", "reward", "integer"}
    assert {"s_0", "n"} <= set(words.constants)
    assert set(words.constants) >= mdp.STATE_CONSTANTS
    assert (r"\eta_\gamma" in words.functions) == (r"\gamma" in words.constants) == (instance.name == "mdp-discounted")
    for name, signatures in words.functions.items():
        for signature in signatures:
            if not instance.ends and name.rstrip("'") in (r"\eta", r"\mu"):
                continue
            sorts = [x.removeprefix("T>").removeprefix("T=") for x in signature.replace("|", ",").split(",")]
            sorts = [x for x in sorts if not x.startswith("\\")]
            arguments = [Value(np.arange(min(instance.sizes[x], 3)), (f"i{j}",)) for j, x in enumerate(sorts)]
            found = instance.apply(name, signature, arguments)
            assert primal(found).axes == tuple(f"i{j}" for j in range(len(sorts)))
            assert np.isfinite(primal(found).data).all()


def test_probabilities_sum_to_one_and_rewards_depend_on_the_next_state(instance):
    plain = Plain(instance)
    assert np.abs(plain.p.sum(axis=(2, 3)) - 1).max() < EXACT
    assert np.abs(plain.pi.sum(axis=1) - 1).max() < EXACT
    assert (plain.r != 0).all()
    assert len(set(plain.r)) == 3
    assert plain.r.min() < 0
    inner = plain.p[:, :, : plain.n].sum(axis=2)
    independent = plain.p.sum(axis=3)[..., None] * plain.p.sum(axis=2)[:, :, None]
    assert np.abs(plain.p - independent).max() > 1e-3
    assert (inner >= 0).all()


def test_p_of_the_next_state_is_the_sum_over_rewards(instance):
    plain = Plain(instance)
    found, _ = table(instance, "p", "state+|state,action", plain.n + 1, plain.n, plain.m)
    assert np.abs(found.transpose(1, 2, 0) - plain.p.sum(axis=3)).max() < EXACT
    fewer, _ = table(instance, "p", "state+|state,action", plain.n, plain.n, plain.m)
    assert np.array_equal(fewer, found[: plain.n])


def test_lengths_below_zero(ending):
    tail = ending.apply(r"\Pr", "T>integer|state", [Value(-2), Value(0)])
    assert float(primal(tail).data) == 1.0
    assert not tangent(tail).data.any()
    assert float(primal(ending.apply(r"\Pr", "T=integer", [Value(-1)])).data) == 0.0


def test_the_second_policy_and_the_process_have_no_derivative(instance):
    n, m = instance.sizes["state"], instance.sizes["action"]
    tables = ((r"\pi'", "action|state+", (m, n)), (r"v_\pi'", "state+", (n + 1,)), ("P'", "state,state", (n, n)))
    for name, signature, shape in (*tables, ("b", "state", (n,)), ("f", "state", (n,))):
        assert table(instance, name, signature, *shape)[1].shape == ()
    assert instance.parameter_mask(r"\theta").data.all()
    with pytest.raises(ValueError, match="derivative"):
        instance.parameter_mask(r"\theta'")


def test_policies_and_values_are_far_from_special(instance):
    one, two = Plain(instance), Plain(instance, "'")
    assert np.abs(one.pi - two.pi).min() > 5e-4
    assert np.abs(one.pi - 1 / one.m).max() > 0.03
    v = table(instance, r"v_\pi", "state+", one.n + 1)[0]
    q = table(instance, r"q_\pi", "state+,action", one.n, one.m)[0]
    assert np.abs(v[:-1]).min() > 5e-4
    assert np.abs(q - v[:-1, None]).max() > 0.01
    b, f = (table(instance, x, "state", one.n)[0] for x in "bf")
    assert np.abs(b - f).min() > 5e-4
    assert np.abs(b - v[:-1]).min() > 5e-4


@pytest.mark.parametrize("name", ["mdp", "mdp-discounted"])
def test_values_of_both_policies_are_positive_but_negative_in_the_second_instance(name):
    for seed in range(6):
        for i, world in enumerate(build(name, seed).instances):
            n = world.sizes["state"]
            for prime in ("", "'"):
                v = table(world, rf"v_\pi{prime}", "state+", n)[0]
                assert (v < 0).all() if i == 1 else (v > 0).all()


def test_nothing_is_left_at_the_horizon(instance):
    plain, n, count = Plain(instance), instance.sizes["state"], instance.sizes["integer"]
    assert 30 < count <= (110 if instance.name == "mdp" else 330)
    assert instance.name == "mdp" or plain.gamma**count <= 1e-17  # sums of powers of the discount alone end too
    for prime in ("", "'"):
        powers, slopes = table(instance, r"\Pr", rf"state,state,integer,\pi{prime}", n, n, count + 9)
        factor = 1.0 if instance.ends else plain.gamma**count
        assert np.abs(powers[:, :, count]).max() * factor <= 1e-20
        assert slopes.size == 1 or np.abs(slopes[:, :, count]).max() * factor <= 1e-20
    with pytest.raises(ValueError, match=f"{mdp.LONGEST + 1} is not an index from 0 to {mdp.LONGEST}"):
        instance.apply(r"\Pr", "T=integer", [Value(mdp.LONGEST + 1)])


def test_a_table_that_is_too_large_leaves_the_instance_as_it_was():
    """Four states and eight components: 10 000 steps would need some 10^7 numbers."""
    instance = mdp.instances("mdp", 1)[2]
    before, _ = table(instance, r"\Pr", "T=integer", 9)
    with pytest.raises(ValueError, match="indices at once"):
        instance.apply(r"\Pr", "T=integer", [Value(mdp.LONGEST)])
    assert np.array_equal(table(instance, r"\Pr", "T=integer", 9)[0], before)


def test_bound_of_the_tail_is_attained_in_the_tight_instance_only():
    for seed in SEEDS:
        for instance in build("mdp", seed).instances:
            n = instance.sizes["state"]
            tail, _ = table(instance, r"\Pr", "T>integer|state", 13, n)
            beta = tail[n].max()
            bound = beta ** (np.arange(13) // n)
            excess = (bound[:, None] - tail)[1:] / tail[1:]
            assert excess.min() > -1e-13
            assert instance.tight == (n == 1) == (excess.max() < 1e-13)
        assert sum(x.tight for x in build("mdp", seed).instances) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_one_discounted_instance_need_not_end(seed):
    world = build("mdp-discounted", seed)
    assert [x.ends for x in world.instances] == [True, True, True, True, False]
    assert len({float(primal(x.constant(r"\gamma", [])).data) for x in world.instances}) == 5
    last = world.instances[-1]
    n, count = last.sizes["state"], last.sizes["integer"]
    tail, _ = table(last, r"\Pr", "T>integer|state", count, n)
    assert abs(tail[-1, -1] - 1) < EXACT
    assert 0.1 < tail[-1, 0] < 0.9
    length, _ = table(last, r"\Pr", "T=integer", count)
    gamma = float(primal(last.constant(r"\gamma", [])).data)
    eta, _ = table(last, r"\eta_\gamma", "state", n)
    # (1 - E γ^T) / (1 - γ), where γ^∞ = 0
    assert abs(eta.sum() - (1 - length @ gamma ** np.arange(count)) / (1 - gamma)) < EXACT
    for name in (r"\eta", r"\mu'"):
        assert not last.admits(frozenset({name, "J"}))
        with pytest.raises(ValueError, match="is infinite where an episode need not end"):
            last.apply(name, "state", [Value(0)])
    assert not last.admits(frozenset({"T"}))
    assert last.admits(frozenset({"T", r"\gamma", r"\eta_\gamma"}))
    assert all(x.admits(frozenset({r"\eta", "T"})) for x in world.instances[:-1])


def test_synonyms_are_the_same_tables(instance):
    n, m = instance.sizes["state"], instance.sizes["action"]
    for one, two, shape in (
        ((r"\pi", "action|state+"), (r"\pi_\theta", "action|state+"), (m, n)),
        ((r"\pi", "action|state+"), (r"\pi", r"action|state+,\theta"), (m, n)),
        ((r"v_\pi", "state+"), (r"v_\pi_\theta", "state+"), (n + 1,)),
        ((r"q_\pi", "state+,action"), (r"q_\pi_\theta", "state+,action"), (n, m)),
    ):
        for x, y in zip(table(instance, *one, *shape), table(instance, *two, *shape), strict=True):
            assert np.array_equal(x, y)


def test_arguments_share_axes_and_may_be_whole_floats(instance):
    s = Value(np.arange(instance.sizes["state"]), ("s",))
    diagonal = primal(instance.apply("P", "state,state", [s, s]))
    assert diagonal.axes == ("s",)
    assert np.array_equal(diagonal.data, np.diag(table(instance, "P", "state,state", *[len(s.data)] * 2)[0]))
    k = instance.number("integer", Value(np.arange(4), ("k",)))
    later = primal(instance.apply(r"\Pr", "T>integer|state", [k + instance.constant("n", []), s]))
    n = len(s.data)
    assert np.array_equal(later.data, table(instance, r"\Pr", "T>integer|state", n + 4, n)[0][n:])


def test_wrong_requests_are_refused(instance):
    n = instance.sizes["state"]
    for indices in ([0, -1], [0, 0.5], [0, n]):
        with pytest.raises(ValueError, match=f"are not every one an index from 0 to {n - 1}"):
            instance.apply("P", "state,state", [Value(i) for i in indices])
    with pytest.raises(ValueError, match=r"P\(state,state\) takes 2 indices, not 1"):
        instance.apply("P", "state,state", [Value(0)])
    with pytest.raises(ValueError, match=f"a variable of sort state is not a number in the world {instance.name}"):
        instance.number("state", Value(0))
    calls = [
        lambda: instance.apply(r"\Pr", r"state,state,integer,\pi", [Value(0), Value(0), Value(-1)]),
        lambda: instance.apply("P", "state", [Value(0)]),
        lambda: instance.constant("c", []),
        lambda: instance.constant("n", [Value(0)]),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"world|index"):
            call()
    for call in (instance.reals, instance.grid, instance.replace, instance.averaging):
        with pytest.raises(ValueError, match="no real variables"):
            call()
    if instance.name == "mdp":
        with pytest.raises(ValueError, match="constant"):
            instance.constant(r"\gamma", [])
    assert int(primal(instance.constant("s_0", [])).data) == 0


@pytest.mark.parametrize("name", ["mdp", "mdp-discounted"])
def test_the_seed_decides(name):
    def numbers(seed):
        return np.concatenate([Plain(x).p.ravel() for x in mdp.instances(name, seed)])

    mdp.undiscounted.cache_clear()
    first = numbers(5)
    mdp.undiscounted.cache_clear()
    assert np.array_equal(first, numbers(5))
    assert np.abs(first - numbers(6)).max() > 0.01


def test_no_admitted_process_is_an_error(monkeypatch):
    monkeypatch.setattr(mdp, "GAP", np.inf)
    monkeypatch.setattr(mdp, "ATTEMPTS", 2)
    with pytest.raises(RuntimeError, match="admitted"):
        mdp.first_admitted((x for _ in range(5) for x in mdp.undiscounted(0)), 1)
