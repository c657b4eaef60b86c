"""Equality itself: both sides of a relation at random points modulo two random primes, and how sure that is.

The primes and the points are drawn after the text is fixed, from its hash. An identity that is false passes modulo one
prime if the prime divides all of its coefficients, or if the point is a zero: with a chance of at most
(prime factors of a coefficient) / (number of primes) + degree / prime (Schwartz and Zippel). Both primes: the square.
Degrees are measured: on a random line the sides are rational functions of one variable.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module

import numpy as np

from pycode.proofread import modular, rational
from pycode.proofread.field import Residue
from pycode.proofread.limits import COEFFICIENT_DIGITS, LINE_POINTS, LINES, REDRAWS, SPARE_POINTS
from pycode.proofread.named import LINE, RedrawError, UndecidedError, align
from pycode.proofread.symbols import Field
from pycode.proofread.values import Scalar, primal
from pycode.proofread.worlds import NAMES, Instance

PRIMES, BITS = 2, 61
SHORT_BITS = 31  # of the prime for degrees: products of residues fit into int64
FACTORS = math.ceil(COEFFICIENT_DIGITS * math.log2(10) / (BITS - 1))  # of the primes, how many a coefficient can have
Computed = Mapping[Hashable, "Scalar | Exception"]  # sides of relations; what has no value has a reason
Compute = Callable[[Instance], Computed]


@dataclass(frozen=True)
class Relation:
    """Two computed sides, by their keys, and the sign between them."""

    left: Hashable
    right: Hashable
    sign: str = "="


@dataclass(frozen=True)
class Judgement:
    """What the field says of a relation: holds, false or undecided, with the reason; and the degree of the identity."""

    verdict: str
    reason: str = ""
    degree: int = 0
    draws: int = 1  # points that were drawn until one had all roots and no denominator 0

    @property
    def log2_error(self) -> float:
        """Bound for the chance that a false identity passes."""
        zero, vanish = self.draws * max(self.degree, 1) / 2 ** (BITS - 1), FACTORS / modular.count_of_primes(BITS)
        return PRIMES * math.log2(zero + vanish)


@lru_cache(maxsize=4)
def drawn(world: str, text: str, bits: int, points: int = 0) -> tuple[Instance, ...]:
    """The instances of a world modulo the prime of this text, all letters free; or on a line through points."""
    field = Field(modular.prime(text, bits), text, points)
    return tuple(import_module(f"pycode.proofread.worlds.{NAMES[world]}").exact(world, field))


def judge(
    world: str, text: str, names: frozenset[str], compute: Compute, wanted: Sequence[Relation]
) -> list[Judgement]:
    """What the field says of each relation, whose sides ``compute`` gives in an instance that admits these names."""

    def computed(seed: str, bits: int, points: int = 0) -> list[Computed]:
        return [compute(i) for i in drawn(world, seed, bits, points) if i.admits(names)]

    found = list(zip(*(_modulo(f"{text} {i}", computed, wanted) for i in range(PRIMES)), strict=True))
    order = ("false", "undecided", "holds")
    judged = [min(both, key=lambda j: order.index(j.verdict)) for both in found]
    held = [r for r, j in zip(wanted, judged, strict=True) if j.verdict == "holds"]
    degrees = _degrees(text, computed, held)
    return [_measured(j, degrees[r]) if r in degrees else j for r, j in zip(wanted, judged, strict=True)]


def _measured(judgement: Judgement, degree: int | None) -> Judgement:
    if degree is None:
        reason = f"the degree is not seen on {LINE_POINTS[-1]} points of a line"
        return replace(judgement, verdict="undecided", reason=reason)
    return replace(judgement, degree=degree)


def _modulo(text: str, computed: Callable[[str, int], list[Computed]], wanted: Sequence[Relation]) -> list[Judgement]:
    """Judgements modulo one prime; another point is drawn where a root is missing or a denominator 0."""
    found: dict[Relation, Judgement] = {}
    for draw in range(1, REDRAWS + 1):
        instances = computed(f"{text} {draw}", BITS)
        for relation in wanted:
            if relation not in found:
                judgement = _over(instances, relation)
                if judgement is not None:
                    found[relation] = replace(judgement, draws=draw)
        if len(found) == len(wanted):
            break
    text = f"a denominator is 0, or a root is missing, at each of {REDRAWS} random points"
    return [found.get(relation, Judgement("undecided", text)) for relation in wanted]


def _over(instances: Sequence[Computed], relation: Relation) -> Judgement | None:
    """Judgement over the instances of one point: false in one, or holding in one and unknown in others."""
    if not instances:
        return Judgement("undecided", "no instance in the field has all of these names")
    judged = []
    for values in instances:
        x, y = values.get(relation.left), values.get(relation.right)
        if isinstance(x, RedrawError) or isinstance(y, RedrawError):
            return None
        judged.append(_compared(x, y, relation.sign))
    for verdict in ("false", "holds", "undecided"):
        for judgement in judged:
            if judgement.verdict == verdict:
                return judgement
    return None


def _compared(x: "Scalar | Exception | None", y: "Scalar | Exception | None", sign: str) -> Judgement:
    for side in (x, y):
        if side is None or isinstance(side, Exception):
            return Judgement("undecided", str(side) if side is not None else "not computed")
    a, b = primal(x), primal(y)  # type: ignore[arg-type]
    if sign not in ("=", "∝"):
        return Judgement("undecided", "an order")
    if isinstance(b, Residue):
        a, b = b, a
    if not isinstance(a, Residue):
        if not (a.whole() and b.whole()):
            return Judgement("undecided", "numbers that are known to 16 digits only")
        return Judgement("holds" if not np.any(a.gaps(b)) else "false")
    try:
        b = a.lifted(b)
    except UndecidedError as error:
        return Judgement("undecided", str(error))
    if not np.any(a.gaps(b)) if sign == "=" else _collinear(a, b):
        return Judgement("holds")
    if a.invented or b.invented:
        return Judgement("undecided", "the logarithm or the root of a sum, which could be a product")
    return Judgement("false")


def _collinear(x: Residue, y: Residue) -> bool:
    """Whether one is the other times a number; exponents may differ by one number."""
    p, (axes, arrays) = x.field.prime, align(x, y)
    exponents = [np.zeros((1,) * len(axes), object) if v._shown(axes) is None else v._shown(axes) for v in (x, y)]
    a, b, e, f = (np.ravel(v) for v in np.broadcast_arrays(*arrays, *exponents))
    if not np.any(b):
        return False
    at = int(np.argmax(b != 0))
    apart = (e - f - (e[at] - f[at])) % p != 0
    return not np.any((a * b[at] - a[at] * b) % p) and not np.any(apart & (a != 0))


def _degrees(
    text: str, computed: Callable[[str, int, int], list[Computed]], wanted: Sequence[Relation]
) -> dict[Relation, int | None]:
    """Degree of left - right as a rational function on a random line, at most, over all instances; None: not seen."""
    found: dict[Relation, int | None] = dict.fromkeys(wanted)
    for points in LINE_POINTS:
        missing = [r for r, d in found.items() if d is None]
        for draw in range(LINES):
            if not missing:
                break
            instances = computed(f"{text} line {draw}", SHORT_BITS, points)
            again = []
            for relation in missing:
                keys = relation.left, relation.right
                if any(isinstance(v.get(k), RedrawError) for v in instances for k in keys):
                    again.append(relation)
                    continue
                pairs = [(v[keys[0]], v[keys[1]]) for v in instances if all(_known(v.get(k)) for k in keys)]
                degrees = [_degree(*map(primal, pair)) for pair in pairs]  # type: ignore[arg-type]
                if degrees and None not in degrees:
                    found[relation] = max(degrees)  # type: ignore[type-var]
            missing = again
    return found


def _known(x: object) -> bool:
    return x is not None and not isinstance(x, Exception)


def _degree(x: Scalar, y: Scalar) -> int | None:
    """Degree of the equation x = y."""
    parts = [_fraction(side) for side in (x, y)]
    if None in parts:
        return None
    (n, d, u), (m, e, w) = parts  # type: ignore[misc]
    return max(n + e, m + d, u, w)


def _fraction(x: Scalar) -> tuple[int, int, int] | None:
    """Degrees of numerator, denominator and exponent along the line, of a random combination of all entries."""
    if not isinstance(x, Residue) or LINE not in x.axes:
        return 0, 0, 0
    field, at, found = x.field, x.axes.index(LINE), []
    for data in (x.data, x.exponent):
        if data is None:
            found.append((0, 0))
            continue
        rows = np.moveaxis(data, at, -1).reshape(-1, field.points)
        weights = np.array([field.random.randrange(field.prime) for _ in rows], field.dtype)
        combined = (rows * weights[:, None] % field.prime).sum(axis=0) % field.prime
        degrees = rational.degrees(field.steps, combined, field.prime, SPARE_POINTS)
        if degrees is None:
            return None
        found.append(degrees)
    return *found[0], max(found[1])
