"""What the tests of the checker share: a formula computed in one instance of a world; which messages there are."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from pycode.proofread.arithmetic.values import Value, primal
from pycode.proofread.bound import Bound
from pycode.proofread.evaluate import Evaluator
from pycode.proofread.grammar import parse
from pycode.proofread.lexer import Lexer
from pycode.proofread.tex import tokenize
from pycode.proofread.worlds import build

PACKAGE = Path(__file__).parents[2] / "pycode" / "proofread"
MESSAGE = {  # what makes a message → which of its arguments is the text
    "ReadError": 1, "error": 1, "complain": 2, "Outcome": 2, "Message": 3, "Judgement": 1,
    **dict.fromkeys("ValueError TooLargeError OverflowError UndecidedError LookupError ArgumentTypeError".split(), 0),
}  # fmt: skip


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


def patterns(node, names):
    """A message as it is written in the source, as regular expressions."""
    match node:
        case ast.Constant(value=str(text)):
            return [re.escape(text)]
        case ast.JoinedStr():
            return ["".join(re.escape(v.value) if isinstance(v, ast.Constant) else ".*" for v in node.values)]
        case ast.IfExp():
            return [*patterns(node.body, names), *patterns(node.orelse, names)]
        case ast.Name(id=name):
            return [text for value in names.get(name, ()) for text in patterns(value, {})]
    return []


def written(module):
    """Every message of a module, with its line."""
    parsed = ast.parse(min(PACKAGE.rglob(f"{module}.py"), key=lambda p: len(p.parts)).read_text("utf-8"))
    names = defaultdict(list)
    for node in ast.walk(parsed):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id].append(node.value)
    for call in (n for n in ast.walk(parsed) if isinstance(n, ast.Call)):
        at = MESSAGE.get(getattr(call.func, "attr", getattr(call.func, "id", "")), 99)
        if getattr(getattr(call.func, "value", None), "id", "") == "parser":
            at = 0
        for node in call.args[at : at + 1]:
            for found in patterns(node, names):
                if re.search(r"\w", found):
                    yield f"{module}.py:{call.lineno} ", found


@pytest.fixture(scope="session")
def messages_of():
    """A function: module → its messages, as regular expressions, with their lines."""
    return written


@pytest.fixture(scope="session")
def silent():
    """A function: modules, a text with a message in each line → the messages of the modules that are not in it."""

    def act(modules, seen):
        return [where + found for m in modules for where, found in written(m) if not re.search(f"(?m)^{found}$", seen)]

    return act
