"""What the tests of the evaluator share: a formula computed in one instance of a world."""

import numpy as np
import pytest

from pycode.proofread.arithmetic.values import Value, primal
from pycode.proofread.bound import Bound
from pycode.proofread.evaluate import Evaluator
from pycode.proofread.grammar import parse
from pycode.proofread.lexer import Lexer
from pycode.proofread.tex import tokenize
from pycode.proofread.worlds import build


def tree(world, text):
    words = world.vocabulary
    lexer = Lexer(words, world.name, {}, world.data, world.states, "T" in words.randoms)
    return parse(lexer.lex([tokenize(text)])[0])


def compute(name, text, letters="", instance=0, seed=0):
    """Value of a formula, its axes in the order of the free letters, then those of the gradient or the vector."""
    world = build(name, seed)
    chosen, scope = world.instances[instance], {}
    for letter in letters.split():
        sort = world.vocabulary.variables[letter]
        values = (
            chosen.reals(letter)
            if sort == "real"
            else Value(np.arange(chosen.sizes.get(sort, 6) if sort != "integer" else 6), (letter,))
        )
        scope[letter] = Bound(sort, values)
    found = primal(Evaluator(chosen, world.vocabulary, {}, scope)(tree(world, text)))
    assert set(found.axes) - {"∇", "row", "column"} <= set(letters.split()), "an index is left over"
    order = [a for a in letters.split() if a in found.axes] + [a for a in found.axes if a not in letters.split()]
    return np.transpose(found.data, [found.axes.index(a) for a in order])


@pytest.fixture(scope="session")
def evaluated():
    """A function: world, formula, its free letters, and which instance → an array."""
    return compute
