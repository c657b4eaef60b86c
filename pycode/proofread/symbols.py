"""The field: a random prime, letters drawn at random modulo it, and symbols for their logarithms."""

import random
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from pycode.proofread import modular
from pycode.proofread.field import Residue, keys
from pycode.proofread.limits import NUMBER_BITS
from pycode.proofread.named import LINE, RedrawError, UndecidedError

SMALL = 2**20  # integers below are known by their prime factors; a random residue is that small with chance 2^-40


class Field:
    """Residues modulo ``prime``, letters drawn at random, or on a random line through ``points`` points."""

    def __init__(self, prime: int, seed: str, points: int = 0) -> None:
        self.prime, self.seed, self.points = prime, seed, points
        self.dtype = np.int64 if prime < 2**31 else object
        self.random = random.Random(f"{seed} {prime}")
        self.known: dict[object, object] = {}  # value of a letter, or of what a world names → its logarithm
        self.roots: dict[object, object] = {}  # value of a square that a world names → its positive root
        self.numbers: dict[int, Fraction] = {}  # residues of rational numbers, however they are met again
        self.steps = np.array([self.random.randrange(prime) for _ in range(points)], self.dtype)
        self.circle = self.positive().square()  # π

    # Letters

    def _drawn(self, shape: Sequence[int], axes: Sequence[str]) -> tuple[np.ndarray, Sequence[str]]:
        def flat() -> np.ndarray:
            count = int(np.prod(shape, dtype=int))
            return np.array([self.random.randrange(self.prime) for _ in range(count)], self.dtype).reshape(shape)

        if not self.points:
            return flat(), axes
        start, slope = flat(), flat()
        return (start[..., None] + slope[..., None] * self.steps) % self.prime, (*axes, LINE)

    def letter(self, shape: Sequence[int] = (), axes: Sequence[str] = ()) -> Residue:
        """Random residues, independent of everything else."""
        return Residue(self, *self._drawn(shape, axes))

    def positive(self, shape: Sequence[int] = (), axes: Sequence[str] = ()) -> Residue:
        """Squares of random residues, whose roots exist; their logarithms are symbols of their own."""
        data, names = self._drawn(shape, axes)
        return Residue(self, data * data % self.prime, names, pure=True).named()

    def simplex(self, shape: Sequence[int], axes: Sequence[str], axis: str, total: int = 1) -> Residue:
        """Random residues with this sum along an axis."""
        at = list(axes).index(axis)
        free = self.letter([n - (i == at) for i, n in enumerate(shape)], axes)
        last = (total - free.total(axis, shape[at] - 1)).spread([axis], [1])
        return free.joined(last, axis).named() if total else free.joined(last, axis)

    def number(self, x: Fraction | int) -> Residue:
        """A rational number."""
        if max(abs(x.numerator), x.denominator).bit_length() > NUMBER_BITS:
            raise UndecidedError(f"a number of more than {NUMBER_BITS} bits")
        if x.denominator % self.prime == 0:
            raise RedrawError
        residue = x.numerator * pow(x.denominator, -1, self.prime) % self.prime
        self.numbers[residue] = Fraction(x)
        return Residue(self, np.array(residue, self.dtype), (), fraction=Fraction(x), pure=x > 0)

    # Logarithms

    def logarithms(self, x: Residue) -> tuple[np.ndarray, bool]:
        """Logarithms of the entries (without their exponential factor), each as a symbol; whether one is new."""
        if np.any(x.data == 0):
            raise RedrawError
        line = LINE in x.axes
        found = [(self._along if line else self._symbol)(key) for key in keys(x.axes, x.data)]
        shape = [x.length(a) for a in x.axes if a != LINE] + [self.points] * line
        logs = np.array([log for log, _ in found], self.dtype).reshape(shape)
        new = any(new for _, new in found)
        return (np.moveaxis(logs, -1, x.axes.index(LINE)) if line else logs), new

    def _symbol(self, v: int) -> tuple[int, bool]:
        if v in self.known:
            return self.known[v], False  # type: ignore[return-value]
        if self.numbers.get(v, 0) > 0:
            log = self.fraction_log(self.numbers[v])
            return int(log.data), log.invented
        if v < SMALL or self.prime - v < SMALL:
            if v >= SMALL:
                raise UndecidedError("the logarithm of a negative number")
            return sum(n * self._new(q) for q, n in modular.factors(v).items()) % self.prime, False
        return self._new(v), True

    def _new(self, v: object) -> int:
        return random.Random(f"{self.seed} {self.prime} log {v}").randrange(self.prime)

    def _along(self, values: tuple[int, ...]) -> tuple[object, bool]:
        """The same for the values along the line: a line of its own, or a constant."""
        if len(set(values)) == 1:
            log, new = self._symbol(values[0])
            return (log,) * self.points, new
        if values in self.known:
            return self.known[values], False
        start, slope = self._new(values), self._new((values, "slope"))
        return tuple(((start + slope * self.steps) % self.prime).tolist()), True

    def fraction_log(self, x: Fraction) -> Residue:
        """Logarithm of a positive rational number, by its prime factors; invented where one may be composite."""
        if x <= 0:
            raise UndecidedError("the logarithm of a number that is not positive")
        parts = [(q, n) for q, n in modular.factors(x.numerator).items()]
        parts += [(q, -n) for q, n in modular.factors(x.denominator).items()]
        data = sum(n * self._new(q) for q, n in parts) % self.prime
        split = all(q < modular.DECIDED and modular.is_prime(q) for q, _ in parts)
        return Residue(self, np.array(data, self.dtype), (), pure=True, invented=not split)
