r"""The world ``gaussians``: q = N(μ_q, Σ_q) and p = N(μ_p, Σ_p) on one, two and three dimensions; plain numbers.

Instances: D = 1 twice; D = 1 with q = p, the *tight* twin; D = 2 with diagonal and D = 3 with full covariances;
D = 1 with σ_q = σ_p > 1 and μ_q ≠ μ_p, *near* the prior.
With D = 1 vectors and matrices are scalars. A data point x given z is N(Wz + b, s²I); in the tight twin W = 0, so that
q = p is also the posterior (posterior collapse), and the evidence bound is attained as well.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from pycode.proofread.arithmetic.field import Residue
from pycode.proofread.arithmetic.symbols import Field
from pycode.proofread.arithmetic.values import COLUMN, ROW, ZERO, Value, log, primal
from pycode.proofread.worlds import Candidate, Instance, Vocabulary
from pycode.proofread.worlds.gaussian_pair import DATA, Gaussians, admits, matrix, vector
from pycode.proofread.worlds.likelihoods import LinearGaussian
from pycode.proofread.worlds.moments import Nodes
from pycode.proofread.worlds.normal import density
from pycode.proofread.worlds.quadrature import (
    ATTEMPTS,
    Cubic,
    close,
    curve,
    line,
    representable,
    signed,
    space,
)
from pycode.proofread.worlds.rational import decoder

__all__ = ["DATA", "instances", "vocabulary"]

EXACT = 1e-12  # rounding, and what is beyond 8 standard deviations


def vocabulary(name: str) -> Vocabulary:
    """What the letters mean in this world."""
    return Vocabulary(
        variables={
            **dict.fromkeys(("z", "u", "\\epsilon", "\\varepsilon"), "real"),
            **dict.fromkeys(("i", "j"), "dimension"),
            "k": "integer",
            "l": "sample",
        },
        constants={
            "x": ("", "dimension", "integer"),
            **dict.fromkeys(("\\mu_q", "\\mu_p", "\\sigma_q", "\\sigma_p", "\\rho", "r"), ("", "dimension")),
            **dict.fromkeys(("\\Sigma_q", "\\Sigma_p", "I", "D", "L"), ("",)),
            **dict.fromkeys(("\\epsilon", "\\varepsilon", "z"), ("sample",)),
        },
        functions={
            "\\mathcal{N}": ("real;real,real",),
            "q_\\theta": ("real|data",),
            "p": ("real",),
            "p_\\phi": ("data|real", "data", "data,real", "real|data"),
            "\\mathcal{L}": ("\\theta,\\phi;data",),
            "f": ("real",),
        },
        parameters=("\\theta", "\\phi"),
    )


def instances(name: str, seed: int) -> tuple[Instance, ...]:
    """D = 1 with a narrow q and L = 1, with a wide q and L = 2, the *tight* twin of this one; D = 2; D = 3; near.

    μ_q, μ_p and μ_q - μ_p have one sign in the first, the other in the second.
    """
    rng = np.random.default_rng([seed, 2])
    first, near = _pair(rng)
    second = _admitted(rng, 1, L=2, opposite=first)
    plane, full = _admitted(rng, 2), _admitted(rng, 3)
    return first, second, _twin(second), plane, full, near


def exact(name: str, field: Field) -> tuple[Candidate, ...]:
    """D = 1; D = 2 with diagonal and D = 3 with full covariances, all letters free; L = 2, 1, 1."""
    return tuple(Candidate(partial(admits, D, D < 3), partial(_free, field, D, L)) for D, L in ((1, 2), (2, 1), (3, 1)))


def _free(field: Field, D: int, L: int) -> Gaussians:
    mu, scales = [field.letter((D,), (ROW,)) for _ in range(2)], [_scale(field, D) for _ in range(2)]
    draws = field.letter((L, D), ("0", ROW))
    slopes = [field.letter((D,), (ROW,)) for _ in range(2)]
    offsets, x = ([field.letter() for _ in range(2)] for _ in range(2))
    model = LinearGaussian(x, slopes, offsets, field.positive().square())
    if D == 1:
        mu, scales = [m.selected(ROW, 0) for m in mu], [s.selected(ROW, 0).selected(COLUMN, 0) for s in scales]
        draws, model = draws.selected(ROW, 0), decoder(field, scales[1])
    return Gaussians(
        D=D,
        diagonal=D < 3,
        mu_q=mu[0],
        scale_q=scales[0],
        mu_p=mu[1],
        scale_p=scales[1],
        decoder=model,
        curve=Cubic(field.letter((4,), ("0",))),
        points=field.letter((2, D)[: 2 if D > 1 else 1], ("0", ROW)[: 2 if D > 1 else 1]),
        draws=draws,
        space=Nodes(field, D),
        scalars=Nodes(field),
        tight=False,
        unit=field.constant(1),
    )


def _scale(field: Field, D: int) -> Residue:
    """A free lower triangular matrix, diagonal if D < 3; roots and logarithms of what is made of its diagonal."""
    diagonal = field.positive((D,), (ROW,))
    diagonal.square()
    volume = diagonal.selected(ROW, 0)
    for i in range(1, D):
        volume = volume * diagonal.selected(ROW, i)
    volume.square()
    lower = Value(np.tril(np.ones((D, D), int), -1) * (D > 2), (ROW, COLUMN))
    return diagonal * Value(np.eye(D, dtype=int), (ROW, COLUMN)) + field.letter((D, D), (ROW, COLUMN)) * lower


def _pair(rng: np.random.Generator) -> tuple[Gaussians, Gaussians]:
    """One with a narrow q and a wide prior, and the one near its prior."""
    for _ in range(ATTEMPTS):
        drawn = _admitted(rng, 1)
        near = _near(drawn)
        if _admissible(near):
            return drawn, near
    raise RuntimeError(f"no admissible instance near the prior in {ATTEMPTS} draws")


def _admitted(rng: np.random.Generator, D: int, L: int = 1, opposite: Gaussians | None = None) -> Gaussians:
    for _ in range(ATTEMPTS):
        drawn = _drawn(rng, D, L, opposite)
        if _admissible(drawn):
            return drawn
    raise RuntimeError(f"no admissible instance of the world gaussians with D = {D} in {ATTEMPTS} draws")


def _drawn(rng: np.random.Generator, D: int, L: int, opposite: Gaussians | None) -> Gaussians:
    """With a narrow q; or, D being 1, with means in the opposite order on opposite sides of 0, and a wide one."""
    mu_q, mu_p = np.array([signed(rng, 0.15, 0.7, 2) for _ in range(D)]).T
    diagonal, wide = D < 3, opposite is not None
    if opposite is not None:
        other = np.array([float(primal(m).data) for m in (opposite.mu_q, opposite.mu_p)])
        sizes = np.sort(np.abs([mu_q[0], mu_p[0]]))
        mu_q, mu_p = (-np.sign(other) * sizes[np.argsort(np.abs(other))]).reshape(2, 1)
    widths = ((0.6, 0.85), (1.15, 1.4)) if D == 1 else ((0.83, 0.95), (1.05, 1.18))
    S_q, S_p = (np.diag(np.abs(signed(rng, *bounds, D))) for bounds in (reversed(widths) if wide else widths))
    if not diagonal:
        S_q, S_p = (S + np.tril(np.reshape(signed(rng, 0.2, 0.35, D * D), (D, D)), -1) for S in (S_q, S_p))
    # Small slopes keep the posterior wide enough for the coarser lattices.
    slopes = (1.0, 0.8, 0.6)[D - 1] * np.reshape(signed(rng, 0.3, 0.7, 2 * D), (2, D))
    bells = [(np.zeros(D), np.eye(D)), (mu_q, S_q @ S_q.T), (mu_p, S_p @ S_p.T)]
    scalars = line([(m[i], np.sqrt(S[i, i])) for m, S in bells for i in range(D)], 0.2)
    points, draws = signed(rng, 0.2, 2.3, 5 * D), signed(rng, 0.3, 1.6, L * D)
    return Gaussians(
        D=D,
        diagonal=diagonal,
        mu_q=vector(mu_q),
        scale_q=matrix(S_q),
        mu_p=vector(mu_p),
        scale_p=matrix(S_p),
        decoder=LinearGaussian(
            x=signed(rng, 0.4, 1.5, 2),
            w=[vector(w) for w in slopes],
            b=[Value(b) for b in signed(rng, 0.3, 0.9, 2)],
            noise=Value(rng.uniform(0.75, 1.3)),
        ),
        curve=curve(rng),
        points=Value(np.reshape(points, (5, D)), ("0", ROW)) if D > 1 else Value(points, ("0",)),
        draws=Value(np.reshape(draws, (L, D)), ("0", ROW)) if D > 1 else Value(draws, ("0",)),
        space=scalars if D == 1 else space(bells, {2: 0.5, 3: 0.65}[D], 8.0),
        scalars=scalars,
        tight=False,
    )


def _twin(g: Gaussians) -> Gaussians:
    """With q = p, and a decoder that does not use z."""
    decoder = replace(g.decoder, w=[w * 0.0 for w in g.decoder.w])
    return replace(g, mu_q=g.mu_p, scale_q=g.scale_p, decoder=decoder, tight=True)


def _near(g: Gaussians) -> Gaussians:
    """With a q that is p moved to μ_q."""
    bells = [(float(primal(m).data), float(primal(g.scale_p).data)) for m in (g.mu_q, g.mu_p)]
    lattice = line([(0.0, 1.0), *bells], 0.2)
    return replace(g, scale_q=g.scale_p, space=lattice, scalars=lattice)


def _admissible(g: Gaussians) -> bool:
    """Whether densities integrate to 1, every logarithm exists, and the evidence bound has a visible gap."""
    z, rule = g.grid("z")
    standard, likelihood = partial(density, mean=ZERO, variance=matrix(np.eye(g.D))), g.decoder.likelihood(z)
    densities = [d(z) for d in (standard, g.q, g.p, g.posterior)]
    joint, q = likelihood * densities[2], densities[1]
    if not representable(likelihood, joint, *densities):
        return False
    integrals = [rule.integral(d, "z") for d in (*densities, joint / g.given[2], q * log(q / joint))]
    gap = float(primal(log(g.given[2]) + integrals.pop()).data)
    return all(close(i, 1.0, EXACT) for i in integrals) and 0.05 < gap < 3.0
