r"""Worlds: random finite instances in which a display is computed. A world knows nothing of the text.

A world module defines ``vocabulary(name)`` and ``instances(name, seed)``; what an instance must offer is ``Instance``.
Names are canonical: base, primes, then "_" and the subscript without braces (``q_\pi``, ``v_\pi'``, ``\mu_q``, ``s'``).
Sorts of letters: state, action, reward, integer, dimension, sample (finite, evaluated as indices) and real.
A signature lists the sorts of the arguments with the printed separators, ``state+,reward|state,action``; ``state+`` is
a state that may be the terminal one, a parameter stands for itself (``\theta``), ``data`` is the data point.
"""

import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from importlib import import_module
from typing import Protocol

import numpy as np

from pycode.proofread.arithmetic.values import Plain, Scalar, Value
from pycode.proofread.limits import BOUND_SEED, BOUND_SEEDS
from pycode.proofread.subjects import NAMES as NAMES
from pycode.proofread.subjects import module as module_of
from pycode.results import RESULTS, WriteError, code_digest, write_atomically

KEPT = RESULTS / "worlds"
DIGEST = sha256().digest_size
KEPT_SEEDS = {0, *BOUND_SEED}.union(*BOUND_SEEDS.values())


@dataclass(frozen=True)
class Vocabulary:
    """What the letters mean."""

    variables: Mapping[str, str]  # letter → its sort
    constants: Mapping[str, tuple[str, ...]]  # name → sorts of the subscript it can have; "" for none
    functions: Mapping[str, tuple[str, ...]]  # name → signatures
    randoms: Mapping[str, str] = field(default_factory=dict)  # capital letters inside an expectation → sort
    policies: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


class Rule(Protocol):
    """How to integrate over a letter whose nodes stand along an axis."""

    def integral(self, x: Scalar, axis: str) -> Scalar:
        """∫ x over all values of the letter."""


class Space(Protocol):
    """What a letter runs over when it is integrated."""

    def grid(self, name: str) -> tuple[Scalar, Rule]:
        """Nodes along the axis ``name`` (and ROW for vectors), and the rule of their integral."""

    def draws(self, count: int) -> tuple[Scalar, Callable[[Scalar], Scalar]]:
        """Independent standard normal draws on axes of their own: their table along "0", and the mean over them."""


class Instance(Protocol):
    """One random instance of a world, in one of the arithmetics."""

    unit: Plain  # 1, in its arithmetic
    tight: bool  # every bound that holds in general is attained here
    sizes: Mapping[str, int]  # of the finite sorts; "integer" is where an infinite sum is cut

    def admits(self, names: frozenset[str]) -> bool:
        r"""Whether a relation that uses these names (``\mu_q[dimension]`` when indexed) has a meaning here."""

    def constant(self, name: str, indices: Sequence[Value]) -> Scalar:
        """Value of a constant, ``indices`` being its subscripts; a vector has the axis ROW, a matrix ROW and COLUMN."""

    def number(self, sort: str, index: Value) -> Scalar:
        """Numeric value of a variable of sort reward or integer at ``index``."""

    def apply(self, name: str, signature: str, arguments: Sequence[Scalar]) -> Scalar:
        """Value of a function; arguments of finite sorts are indices, those of parameters and policies are left out."""

    def reals(self, name: str) -> Scalar:
        """A few values for a free real variable, along the axis ``name``."""

    def grid(self, name: str) -> tuple[Scalar, Rule]:
        """Nodes for a bound real variable along the axis ``name``, and the rule of its integral."""

    def line(self, name: str) -> tuple[Scalar, Rule]:
        """The same for a letter that is a number where z is a vector."""

    def replace(self, name: str, value: Scalar) -> "Instance":
        """The same instance with another value of a constant, and of all that depends on it."""

    def averaging(self) -> tuple["Instance", Callable[[Scalar], Scalar]]:
        """The instance with its draws ε^(l) spread over axes of their own, and the mean over these."""

    def parameter_mask(self, parameter: str) -> Value:
        """1 along GRADIENT where a component belongs to the parameter, else 0; "" stands for all of them."""


class Candidate:
    """An instance in the field that is made when it is first asked for."""

    def __init__(self, admits: Callable[[frozenset[str]], bool], make: Callable[[], Instance]) -> None:
        self.admits, self._make = admits, make

    @cached_property
    def instance(self) -> Instance:
        """The instance."""
        return self._make()


@dataclass(frozen=True)
class World:
    """A named world with its instances for one seed."""

    name: str
    vocabulary: Vocabulary
    instances: tuple[Instance, ...]
    data: frozenset[str]  # names of the data point
    states: frozenset[str]  # names of a fixed state


def _drawn(name: str, seed: int) -> World:
    module = import_module(module_of(name))
    data, states = (frozenset(getattr(module, n, ())) for n in ("DATA", "STATE_CONSTANTS"))
    return World(name, module.vocabulary(name), tuple(module.instances(name, seed)), data, states)


@cache
def build(name: str, seed: int) -> World:
    """The world of this name; the same seed gives the same instances. Those of every run are kept on disk."""
    if seed not in KEPT_SEEDS:
        return _drawn(name, seed)
    key = f"{code_digest(module_of(name))} {sys.version} {np.__version__}\n".encode()
    path = KEPT / f"{name}-{seed}.world"
    with suppress(Exception):  # not there, damaged, or of other sources: drawn again
        content = path.read_bytes()
        start = len(key) + DIGEST
        if content[:start] == key + sha256(content[start:]).digest():
            world = pickle.loads(content[start:])
            if isinstance(world, World) and world.name == name:
                return world
    world = _drawn(name, seed)
    with suppress(WriteError):
        drawn = pickle.dumps(world)
        write_atomically(path, key + sha256(drawn).digest() + drawn)
    return world
