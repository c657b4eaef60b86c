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

from pycode.proofread import degrees
from pycode.proofread.arithmetic import modular
from pycode.proofread.arithmetic.field import Residue
from pycode.proofread.arithmetic.named import RedrawError, UndecidedError
from pycode.proofread.arithmetic.symbols import Field
from pycode.proofread.arithmetic.values import Scalar, primal
from pycode.proofread.limits import COEFFICIENT_DIGITS, LINE_POINTS, REDRAWS
from pycode.proofread.tex import UNEQUAL, ReadError
from pycode.proofread.worlds import NAMES, Candidate, Instance

PRIMES, BITS = 2, 61
SHORT_BITS = 31  # of the prime for degrees: products of residues fit into int64
FACTORS = math.ceil(COEFFICIENT_DIGITS * math.log2(10) / (BITS - 1))  # of the primes, how many a coefficient can have
ORDER = "an order: the field has none"
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
        zero, vanish = max(self.degree, 1) / 2 ** (BITS - 1), FACTORS / modular.count_of_primes(BITS)
        return math.log2(self.draws) + PRIMES * math.log2(zero + vanish)


def largest_degree() -> int:
    """Up to this degree the bound of one draw is, in whole powers of 2, that of degree 1."""
    whole = math.ceil(Judgement("holds").log2_error)
    return int((2 ** (whole / PRIMES) - FACTORS / modular.count_of_primes(BITS)) * 2 ** (BITS - 1))


@lru_cache(maxsize=4)
def drawn(world: str, text: str, bits: int, points: int = 0) -> tuple[Candidate, ...]:
    """The instances of a world modulo the primes of this text, all letters free; or on a line through points."""
    primes = [modular.prime(f"{text} {i}", bits) for i in range(1 if points else PRIMES)]
    field = Field(primes, text, points)
    return tuple(import_module(f"pycode.proofread.worlds.{NAMES[world]}").exact(world, field))


def judge(
    world: str, text: str, chain: str, names: frozenset[str], compute: Compute, wanted: Sequence[Relation]
) -> list[Judgement]:
    """What the field says of each relation of a chain in a text.

    ``compute`` gives their sides in an instance that admits the names.
    """
    if not any(r.sign in ("=", "∝") for r in wanted):
        return [Judgement("undecided", ORDER) for _ in wanted]

    def computed(seed: str, bits: int, points: int = 0) -> list[Computed]:
        return [compute(c.instance) for c in drawn(world, seed, bits, points) if c.admits(names)]

    judged = _drawn_until_decided(text, computed, wanted)
    held = [r for r, j in zip(wanted, judged, strict=True) if j.verdict == "holds"]
    pairs = [(r.left, r.right) for r in held]

    def on_a_line(points: int, draw: int) -> list[Computed]:
        return computed(f"{text} {draw}", SHORT_BITS, points)

    found = dict(zip(held, degrees.measured(f"{text}\n{chain}", on_a_line, pairs), strict=True))
    return [_measured(j, found[r]) if r in found else j for r, j in zip(wanted, judged, strict=True)]


def _measured(judgement: Judgement, degree: int | None) -> Judgement:
    if degree is None:
        reason = f"the degree is not seen on {LINE_POINTS[-1]} points of a line"
        return replace(judgement, verdict="undecided", reason=reason)
    return replace(judgement, degree=degree)


def _drawn_until_decided(
    text: str, computed: Callable[[str, int], list[Computed]], wanted: Sequence[Relation]
) -> list[Judgement]:
    """Judgements modulo both primes; another point is drawn where a root is missing or a denominator 0."""
    found: dict[Relation, Judgement] = {}
    for draw in range(1, REDRAWS + 1):
        try:
            instances = computed(f"{text} {draw}", BITS)
        except RedrawError:
            continue
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
    """Judgement over the instances of one point: false in one, unknown in one, or holding in all."""
    if not instances:
        return Judgement("undecided", "no instance in the field has all of these names")
    judged = []
    for values in instances:
        x, y = values.get(relation.left), values.get(relation.right)
        if isinstance(x, RedrawError) or isinstance(y, RedrawError):
            return None
        judged.append(_compared(x, y, relation.sign))
    for verdict in ("false", "undecided", "holds"):
        for judgement in judged:
            if judgement.verdict == verdict:
                return judgement
    return None


def _compared(x: "Scalar | Exception | None", y: "Scalar | Exception | None", sign: str) -> Judgement:
    if sign not in ("=", "∝"):
        return Judgement("undecided", ORDER)
    for side in (x, y):
        if isinstance(side, ReadError) and side.kind == UNEQUAL:
            return Judgement("false", str(side))
        if side is None or isinstance(side, Exception):
            return Judgement("undecided", str(side) if side is not None else "not computed")
    a, b = primal(x), primal(y)  # type: ignore[arg-type]
    if isinstance(b, Residue):
        a, b = b, a
    if not isinstance(a, Residue):
        if not (a.whole() and b.whole()):
            return Judgement("undecided", "numbers that are known to 16 digits only")
        return Judgement("false" if np.any(a.gaps(b)) else "holds")
    try:
        b = a.lifted(b)
    except UndecidedError as error:
        return Judgement("undecided", str(error))
    if not np.any(a.gaps(b)) if sign == "=" else _collinear(a, b):
        return Judgement("holds")
    if (a.invented or b.invented) and not (sign == "=" and _multiple(a, b)):
        return Judgement("undecided", "the logarithm or the root of a sum, which could be a product")
    return Judgement("false")


def _multiple(x: Residue, y: Residue) -> bool:
    """Whether one is the other times a rational number that is not 1: then no name for a sum makes them equal."""
    try:
        ratios = x.field.rationals(x / y)
    except RedrawError:
        return False
    return ratios is not None and len(set(ratios)) == 1 and ratios[0] > 0 and ratios[0] != 1


def _collinear(x: Residue, y: Residue) -> bool:
    """Whether one is the other times a number: x_i·y_j = x_j·y_i for one j."""
    whole = [v + (x - x) + (y - y) for v in (x, y)] if x.axes != y.axes else [x, y]
    nonzero = np.flatnonzero(whole[1].data)
    if not len(nonzero):
        return False
    at = np.unravel_index(nonzero[0], whole[1].data.shape)
    a, b = whole
    for axis, index in zip(a.axes, at, strict=True):
        a, b = a.selected(axis, index), b.selected(axis, index)
    return not np.any((whole[0] * b).gaps(a * whole[1]))
