r"""The world ``vae``: one data point x with a one-dimensional latent z.

θ (components 0 to 2 of ``GRADIENT``) belongs to the encoder q_θ(z|x), φ (3 to 5) to the decoder p_φ(x|z); the prior is
N(μ_p, σ_p²). Gaussian decoder: evidence and posterior in closed form. Bernoulli decoder: by quadrature.
Each has a *tight* twin in which q is the posterior, while θ moves q as before.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from pycode.proofread.arithmetic.symbols import Field
from pycode.proofread.arithmetic.values import (
    GRADIENT,
    ONE,
    ZERO,
    Dual,
    Scalar,
    Value,
    cos,
    exp,
    log,
    primal,
    sin,
    sqrt,
    tangent,
)
from pycode.proofread.worlds import Candidate, Instance, Vocabulary, latent_table
from pycode.proofread.worlds.autoencoder import DRAWS, PHI, THETA, VAE
from pycode.proofread.worlds.likelihoods import AffineBernoulli, LinearGaussian
from pycode.proofread.worlds.moments import Nodes
from pycode.proofread.worlds.normal import density
from pycode.proofread.worlds.quadrature import ATTEMPTS, Cubic, close, curve, distinct, line, representable, signed
from pycode.proofread.worlds.rational import decoder, moving, with_slopes

DATA = frozenset({"x"})  # the data point: as an argument of a function it is left out
STEP = 0.2  # of the lattice: 0.4 of the smallest width
EXACT = 1e-12  # rounding of sums of 130 terms, with a wide margin


def vocabulary(name: str) -> Vocabulary:
    """What the letters mean in this world."""
    return Vocabulary(
        variables={
            **dict.fromkeys(("z", "u", "\\epsilon", "\\varepsilon"), "real"),
            "l": "sample",
            **dict.fromkeys(("i", "j", "k"), "integer"),
        },
        constants={
            "x": ("", "integer"),
            **dict.fromkeys(("\\mu_q", "\\sigma_q", "\\rho", "\\mu_p", "\\sigma_p", "L"), ("",)),
            **dict.fromkeys(("\\epsilon", "\\varepsilon", "z"), ("sample",)),
        },
        functions={
            "q_\\theta": ("real|data",),
            "p": ("real",),
            "p_\\phi": ("data|real", "data", "data,real", "real|data"),
            "\\mathcal{L}": ("\\theta,\\phi;data",),
            "\\mathcal{N}": ("real;real,real",),
            "f": ("real",),
            "f'": ("real",),
            "\\mu_q": ("data",),
            "\\sigma_q": ("data",),
        },
        parameters=("\\theta", "\\phi"),
    )


def instances(name: str, seed: int) -> tuple[Instance, ...]:
    """Gaussian decoder and its tight twin, L = 1; Bernoulli decoder and its tight twin, L = 2.

    Of the two that are not tight, μ_q, μ_p and μ_q - μ_p have one sign in the first, the other in the second.
    """
    rng = np.random.default_rng([seed, 1])
    side = int(rng.choice((-1, 1)))
    gaussian = _admitted(rng, partial(_gaussian, side=side))
    return (*gaussian, *_admitted(rng, partial(_bernoulli, side=-side)))


def exact(name: str, field: Field) -> tuple[Candidate, ...]:
    """A Gaussian with a linear decoder; and a latent of few values."""
    return (
        Candidate(lambda names: True, lambda: _free(field)),
        Candidate(latent_table.admits, lambda: latent_table.drawn(field)),
    )


def _free(field: Field) -> VAE:
    """A Gaussian with a linear decoder, all letters free, with any derivatives.

    Widths and what the decoder makes of them are squares of rational functions, so that roots exist.
    """
    size = THETA + PHI
    mu_q, sigma_q, sigma_p = field.letter(), field.positive(), field.positive()
    for sigma in (sigma_q, sigma_p):
        sigma.square()
    model = decoder(field, sigma_p)
    return VAE(
        decoder=with_slopes(field, model, THETA, PHI, size),
        mu_p=field.letter(),
        sigma_p=sigma_p,
        mu_q=moving(field, mu_q, 0, THETA, size),
        sigma_q=moving(field, sigma_q, 0, THETA, size),
        model=None,
        curve=Cubic(field.letter((4,), ("0",))),
        points=field.letter((2,), ("0",)),
        draws=field.letter((DRAWS,), ("0",)),
        space=Nodes(field),
        tight=False,
        unit=field.constant(1),
    )


def _admitted(rng: np.random.Generator, draw: Callable[[np.random.Generator], tuple[VAE, VAE]]) -> tuple[VAE, VAE]:
    for _ in range(ATTEMPTS):
        generic, twin = draw(rng)
        if all(_distinct(v) and _exact(v) for v in (generic, twin)) and _visible(generic):
            return generic, twin
    raise RuntimeError(f"no admissible instance of the world vae in {ATTEMPTS} draws")


def _gaussian(rng: np.random.Generator, side: int) -> tuple[VAE, VAE]:
    """x_j ~ N(φ_0 w_j z + φ_1 b_j, e^{φ_2}); the twin's encoder has the mean and the width of the posterior."""
    x, w, b = signed(rng, 0.4, 1.5, 2), signed(rng, 0.5, 1.0, 2), signed(rng, 0.3, 0.9, 2)
    phi = _variables(rng.uniform((0.8, 0.8, -0.5), (1.2, 1.2, 0.3)), THETA)
    decoder = LinearGaussian(x, [w_j * phi[0] for w_j in w], [b_j * phi[1] for b_j in b], exp(phi[2]))
    theta = _variables(rng.uniform(0.4, 0.9, THETA), 0)
    generic = _generic(rng, decoder, theta, wide=False, side=side, L=1)
    mean, variance, _ = decoder.plain().given(generic.mu_p, generic.sigma_p * generic.sigma_p)
    mu_q, sigma_q = _encoder(theta, _number(mean), _number(sqrt(variance)))
    return generic, replace(generic, mu_q=mu_q, sigma_q=sigma_q, tight=True)


def _bernoulli(rng: np.random.Generator, side: int) -> tuple[VAE, VAE]:
    """Logits φ_0 w_j z + φ_1 b_j + φ_2 c_j; in the twin q is the posterior with θ in the place of φ."""
    x = rng.permutation(((0, 0, 1), (0, 1, 1))[rng.integers(2)]).tolist()
    w, b, c = signed(rng, 0.5, 1.2, 3), signed(rng, 0.3, 0.8, 3), signed(rng, 0.3, 0.8, 3)
    start = rng.uniform(0.7, 1.1, PHI)

    def decoder(v: Sequence[Scalar]) -> AffineBernoulli:
        offsets = [b_j * v[1] + c_j * v[2] for b_j, c_j in zip(b, c, strict=True)]
        return AffineBernoulli(x, [w_j * v[0] for w_j in w], offsets)

    theta = _variables(rng.uniform(0.4, 0.9, THETA), 0)
    generic = _generic(rng, decoder(_variables(start, THETA)), theta, wide=True, side=side, L=2)
    return generic, replace(generic, model=decoder(_variables(start, 0)), tight=True)


def _generic(
    rng: np.random.Generator,
    decoder: LinearGaussian | AffineBernoulli,
    theta: Sequence[Scalar],
    wide: bool,
    side: int,
    L: int,
) -> VAE:
    """A prior that is not standard, a Gaussian encoder, narrower or wider, on this side of 0 and of it, and L draws."""
    mu_p, mu_q = (-side, side) * rng.uniform(0.25, 0.8, 2)
    sigma_p, sigma_q = rng.choice((rng.uniform(0.78, 0.87), rng.uniform(1.15, 1.35))), rng.uniform(0.55, 0.67)
    if wide:
        sigma_p, sigma_q = sigma_q, sigma_p
    means, widths = _encoder(theta, mu_q, sigma_q)
    return VAE(
        decoder=decoder,
        mu_p=Value(mu_p),
        sigma_p=Value(sigma_p),
        mu_q=means,
        sigma_q=widths,
        model=None,
        curve=curve(rng),
        points=Value(np.array([-1.9, -0.8, 0.2, 0.9, 2.3]) + rng.uniform(-0.3, 0.3, 5), ("0",)),
        draws=Value(rng.permutation((-1, 1))[:L] * rng.uniform(0.3, 1.5, L), ("0",)),
        space=line([(0.0, 1.0), (mu_p, sigma_p), (mu_q, sigma_q)], STEP),
        tight=False,
    )


def _encoder(theta: Sequence[Scalar], mu_q: float, sigma_q: float) -> tuple[Scalar, Scalar]:
    """Mean and width of q, of the given values at this θ and smooth in θ near it."""
    bend, tilt = sin(0.6 * (theta[0] + theta[1] * theta[2])), 0.6 * cos(theta[1]) + 0.5 * (theta[0] * theta[2])
    return float(mu_q) + (bend - primal(bend)), float(sigma_q) * exp(tilt - primal(tilt))


def _variables(numbers: np.ndarray, first: int) -> list[Scalar]:
    """Variables of differentiation, components ``first``, … of the gradient."""
    units = np.eye(THETA + PHI)[first:]
    return [Dual(Value(n), Value(unit, (GRADIENT,))) for n, unit in zip(numbers, units, strict=False)]


def _number(x: Scalar) -> float:
    return float(primal(x).data)


def _distinct(vae: VAE) -> bool:
    """Whether no parameter equals another one, 0 or 1 by accident."""
    widths, means = [1.0, _number(vae.sigma_p)], [0.0, _number(vae.mu_p)]
    if vae.model is None:
        widths, means = [*widths, _number(vae.sigma_q)], [*means, _number(vae.mu_q)]
    return distinct(0.08, *widths) and distinct(0.1, *means)


def _exact(vae: VAE) -> bool:
    """Whether densities integrate to 1, every logarithm exists, and the gap is 0 in the tight twin only."""
    vae = _undifferentiated(vae)
    z, rule = vae.space.grid("z")
    prior, q, likelihood = vae.prior(z), vae.q(z), vae.decoder.likelihood(z)
    densities, joint = (density(z, ZERO, ONE), prior, vae.posterior(z), q), likelihood * prior
    if not representable(likelihood, joint, *densities):
        return False
    integrals = [rule.integral(d, "z") for d in (*densities, joint / vae.evidence, q * log(q / joint))]
    gap = _number(log(vae.evidence) + integrals.pop())
    return all(close(i, 1.0, EXACT) for i in integrals) and (abs(gap) < EXACT if vae.tight else 0.05 < gap < 2.0)


def _undifferentiated(vae: VAE) -> VAE:
    """The instance as plain numbers, which are checked several times faster."""
    model = vae.model and vae.model.plain()
    return replace(vae, decoder=vae.decoder.plain(), model=model, mu_q=primal(vae.mu_q), sigma_q=primal(vae.sigma_q))


def _visible(vae: VAE) -> bool:
    """Whether every component of the two gradients of the page can be seen."""
    bound, evidence = primal(tangent(vae.bound)).data, primal(tangent(vae.evidence)).data
    return bool(np.all(np.abs(bound) > 1e-3) and np.all(np.abs(evidence[THETA:]) > 1e-4))
