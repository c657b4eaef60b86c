"""The field: a random prime, letters drawn at random modulo it, and symbols for their logarithms."""

import hashlib
import math
import random
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from pycode.proofread.arithmetic import modular
from pycode.proofread.arithmetic.field import Residue
from pycode.proofread.arithmetic.formal import keys
from pycode.proofread.arithmetic.named import LINE, RedrawError, UndecidedError
from pycode.proofread.limits import NUMBER_BITS

RATIO_BITS = 41  # 1 ± 10^-12 has so many; random residues have such a ratio with chance 2^-39
SMALL = 2**20  # integers below are known by their prime factors; a random residue is that small with chance 2^-40


class Field:
    """Residues modulo the product of ``primes``: modulo each of them at once, as the Chinese remainder theorem says.

    Letters are drawn at random, or on a random line through ``points`` points.
    """

    def __init__(self, primes: Sequence[int], seed: str, points: int = 0) -> None:
        self.primes, self.modulus = tuple(primes), math.prod(primes)
        self.seed, self.points = f"{seed} {self.modulus}", points
        self.dtype: Any = np.int64 if self.modulus < modular.INT64 else object
        self.half = (self.modulus + 1) // 2  # 1/2
        self.random = random.Random(self.seed)
        self.known: dict[Any, Any] = {}  # value of a letter, or of what a world names → its logarithm
        self.roots: dict[Any, Any] = {}  # value of a square that a world names → its positive root
        self.symbols: dict[object, int] = {}
        self.reciprocals: dict[Any, int] = {}
        self.constants: dict[object, Residue] = {}
        self.steps = np.array([self.random.randrange(self.modulus) for _ in range(points)], self.dtype)
        if not points:
            self.known[1], self.roots[1] = 0, 1
        self.circle = self.positive().square()  # π

    # Arithmetic that can fail at a point

    def guarded(self, operation: Callable[..., np.ndarray], *arrays: np.ndarray) -> np.ndarray:
        """An operation modulo the modulus; where it divides by 0 modulo a prime another point is asked for."""
        try:
            return operation(*arrays, self.modulus)
        except (ZeroDivisionError, ValueError):
            raise RedrawError from None

    def inverse(self, x: np.ndarray) -> np.ndarray:
        """1/x, entry by entry."""
        return self.guarded(modular.inverse, x)

    def root(self, x: np.ndarray) -> np.ndarray:
        """The roots that are squares themselves, modulo each prime."""
        found, modulus = np.zeros(np.shape(x), self.dtype), 1
        for p in self.primes:
            try:
                root = modular.root(x % p, p)
            except modular.NoRootError:
                raise RedrawError from None
            found = found + (root - found) * pow(modulus, -1, p) % p * modulus
            modulus *= p
        return found

    # Letters

    def _drawn(self, shape: Sequence[int], axes: Sequence[str]) -> tuple[np.ndarray, Sequence[str]]:
        def flat() -> np.ndarray:
            count = int(np.prod(shape, dtype=int))
            return np.array([self.random.randrange(self.modulus) for _ in range(count)], self.dtype).reshape(shape)

        if not self.points:
            return flat(), axes
        start, slope = flat(), flat()
        return (start[..., None] + slope[..., None] * self.steps) % self.modulus, (*axes, LINE)

    def letter(self, shape: Sequence[int] = (), axes: Sequence[str] = ()) -> Residue:
        """Random residues, independent of everything else."""
        return Residue(self, *self._drawn(shape, axes))

    def positive(self, shape: Sequence[int] = (), axes: Sequence[str] = ()) -> Residue:
        """Squares of random residues, whose roots exist; their logarithms are symbols of their own."""
        data, names = self._drawn(shape, axes)
        return Residue(self, data * data % self.modulus, names, pure=True).named()

    def simplex(self, shape: Sequence[int], axes: Sequence[str], axis: str, total: int = 1) -> Residue:
        """Random residues with this sum along an axis."""
        at = list(axes).index(axis)
        free = self.letter([n - (i == at) for i, n in enumerate(shape)], axes)
        last = (total - free.total(axis, shape[at] - 1)).spread([axis], [1])
        return free.joined(last, axis).named() if total else free.joined(last, axis)

    def constant(self, x: Fraction | float) -> Residue:
        """A rational number; a float must be an integer or a half."""
        if x not in self.constants:
            if isinstance(x, float) and not (abs(x) < 2**53 and (2 * x).is_integer()):
                raise UndecidedError("numbers that are known to 16 digits only")
            exactly = Fraction(x)
            if max(abs(exactly.numerator), exactly.denominator).bit_length() > NUMBER_BITS:
                raise UndecidedError(f"a number of more than {NUMBER_BITS} bits")
            denominator = self.inverse(np.array(exactly.denominator % self.modulus, self.dtype))
            found = Residue(self, exactly.numerator * denominator % self.modulus, pure=exactly > 0)
            found.fraction = exactly
            self.constants[x] = found
        return self.constants[x]

    # Logarithms

    def logarithms(self, x: Residue, *, letters: bool = False) -> tuple[np.ndarray, bool]:
        """Logarithms of the entries (without their exponential factor), each as a symbol; whether one is new.

        ``letters``: the entries are to become letters; nothing is known of them.
        """
        if np.any(x.data == 0):
            raise RedrawError
        line = LINE in x.axes
        symbol = self._along if line else (lambda v: (self.symbol(v), True)) if letters else self._symbol
        found = [symbol(key) for key in keys(x.axes, x.data)]
        shape = [x.length(a) for a in x.axes if a != LINE] + [self.points] * line
        logs = np.array([log for log, _ in found], self.dtype).reshape(shape)
        new = any(new for _, new in found)
        return (np.moveaxis(logs, -1, x.axes.index(LINE)) if line else logs), new

    def _symbol(self, v: int) -> tuple[int, bool]:
        if v in self.known:
            return self.known[v], False
        if v < SMALL or self.modulus - v < SMALL:
            if v >= SMALL:
                raise UndecidedError("the logarithm of a negative number")
            return sum(n * self.symbol(q) for q, n in modular.factors(v).items()) % self.modulus, False
        factor, letter = self.multiple(v, self.known)
        if factor is not None and factor > 0:
            return (int(self.fraction_log(factor).data) + self.known[letter]) % self.modulus, False
        return self.symbol(v), True

    def multiple(self, v: int, letters: Mapping, bits: int = RATIO_BITS) -> tuple[Fraction | None, Any]:
        """A rational number of so many bits and a letter whose product is v, if there are any."""
        if self.points:  # a line has no need of it, and its prime too few bits
            return None, None
        for letter in letters:
            if letter not in self.reciprocals:
                self.reciprocals[letter] = pow(letter, -1, self.modulus)
            above, below, t, s = self.modulus, v * self.reciprocals[letter] % self.modulus, 0, 1
            while below.bit_length() > bits:
                quotient = above // below
                above, below, t, s = below, above - quotient * below, s, t - quotient * s
            if below and abs(s).bit_length() <= bits:
                return Fraction(below, s), letter
        return None, None

    def rationals(self, x: Residue) -> list[Fraction] | None:
        """The entries as rational numbers, if they are short ones."""
        if x.exponent is not None and np.any(x.exponent != 0):
            return None
        found = [self.multiple(v, {1: 0}, RATIO_BITS + 8)[0] if v else Fraction(0) for v in keys(x.axes, x.data)]
        return None if None in found else found  # type: ignore[return-value]

    def multiple_roots(self, x: Residue) -> np.ndarray | None:
        """Roots of rational multiples of what the world has roots of."""
        found = []
        for v in keys(x.axes, x.data):
            factor, letter = self.multiple(v, self.roots)
            if factor is None or factor <= 0:
                return None
            found.append(int(self.constant(factor).sqrt().data) * self.roots[letter] % self.modulus)
        return np.array(found, self.dtype).reshape(x.data.shape)

    def symbol(self, v: object) -> int:
        """The symbol of a value: a number that is random, but the same for the same value."""
        if v not in self.symbols:
            digest = hashlib.blake2b(f"{self.seed} log {v}".encode(), digest_size=32).digest()
            self.symbols[v] = int.from_bytes(digest, "big") % self.modulus
        return self.symbols[v]

    def _along(self, values: tuple[int, ...]) -> tuple[object, bool]:
        """The same for the values along the line: a line of its own, or a constant."""
        if len(set(values)) == 1:
            log, new = self._symbol(values[0])
            return (log,) * self.points, new
        if values in self.known:
            return self.known[values], False
        start, slope = self.symbol(values), self.symbol((values, "slope"))
        return tuple(((start + slope * self.steps) % self.modulus).tolist()), True

    def fraction_log(self, x: Fraction) -> Residue:
        """Logarithm of a positive rational number, by its prime factors; invented where one may be composite."""
        if x <= 0:
            raise UndecidedError("the logarithm of a number that is not positive")
        parts = [(q, n) for q, n in modular.factors(x.numerator).items()]
        parts += [(q, -n) for q, n in modular.factors(x.denominator).items()]
        data = sum(n * self.symbol(q) for q, n in parts) % self.modulus
        split = all(q < modular.DECIDED and modular.is_prime(q) for q, _ in parts)
        return Residue(self, np.array(data, self.dtype), invented=not split)
