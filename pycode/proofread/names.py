"""What can be said of a tree without computing it: free letters, ranges of bound ones, orders of derivatives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from lark import Token, Tree

from pycode.proofread.worlds import Vocabulary

NORMAL = "\\mathcal{N}"
SEPARATORS = {"COMMA": ",", "SEMI": ";", "MID": "|"}


@dataclass(frozen=True)
class Definition:
    """A name that the text defined by :=, with the letters it depends on."""

    name: str
    parameters: tuple[str, ...]
    body: Tree
    called: bool  # written with its letters in brackets
    place: str  # FILE:LINE


def children(tree: Tree) -> list:
    """Children of a tree without the signs that separate them."""
    return [c for c in tree.children if not (isinstance(c, Token) and c.type in SEPARATORS)]


def separators(arguments: Tree) -> list[str]:
    """The signs between arguments, as in a signature."""
    return [SEPARATORS[c.type] for c in arguments.children if isinstance(c, Token) and c.type in SEPARATORS]


@cache
def sorts_of(signature: str) -> tuple[list[str], list[str]]:
    """Sorts and separators of a signature; state+ counts as state."""
    sorts, between = [""], []
    for character in signature:
        if character in ",;|":
            between.append(character)
            sorts.append("")
        else:
            sorts[-1] += character
    return [s.rstrip("+") for s in sorts], between


def named_variable(density: Tree) -> str:
    """The letter that a density is a density of: its first argument if that is a letter, else ''."""
    if density.data == "apply" and not normal(density):
        first = children(density.children[1])[0]
        if isinstance(first, Tree) and first.data == "variable":
            return str(first.children[0])
    return ""


def normal(density: Tree) -> bool:
    """Whether a density is given by a mean and a variance, without its letter."""
    return density.data == "apply" and density.children[0] == NORMAL and len(children(density.children[1])) == 2


def about(tree: Tree) -> tuple[str, Tree | None, str]:
    """Letter, density and policy of an expectation's subscript."""
    subscript = tree.children[0]
    if not (isinstance(subscript, Tree) and subscript.data == "about"):
        return "", None, ""
    inside = subscript.children
    if isinstance(inside[0], Token) and inside[0].type == "POLICY":
        return "", None, str(inside[0])
    if isinstance(inside[0], Token):
        return str(inside[0]), inside[-1], ""
    return named_variable(inside[0]), inside[0], ""


def free(
    tree: Tree | Token,
    vocabulary: Vocabulary,
    definitions: Mapping[str, Definition],
    bound: frozenset[str] = frozenset(),
) -> dict[str, Token]:
    """Letters that are not bound inside the tree, each with its first place."""
    found: dict[str, Token] = {}

    def visit(node: Tree | Token, inside: frozenset[str]) -> None:
        if isinstance(node, Token):
            return
        name = node.children[0] if node.children else None
        if node.data in ("variable", "indexed") and isinstance(name, Token) and name not in inside:
            found.setdefault(str(name), name)
            for subscript in node.children[1:]:
                visit(subscript, inside)
        elif node.data in ("summation", "product_over"):
            limits = node.children[0]
            for binder in (c for c in children(limits) if c.data == "binder"):
                for part in binder.children[1:]:
                    visit(part, inside)
                inside = inside | {str(binder.children[0])}
            for upper in (c for c in children(limits) if c.data != "binder"):
                visit(upper, inside)
            visit(node.children[-1], inside)
        elif node.data in ("maximum", "minimum"):
            visit(node.children[1], inside | {str(node.children[0])})
        elif node.data == "integral":
            visit(node.children[-2], inside | {str(node.children[-1])})
        elif node.data == "expectation":
            letter, density, _ = about(node)
            scope = inside | {letter} if letter else inside
            if density is not None:
                visit(density, inside if normal(density) else scope)
            elif vocabulary.policies:  # lower-case states and actions that are not bound outside are random
                random = free(_body(node), vocabulary, definitions)
                scope |= {n for n in random if n not in bound and vocabulary.variables[n] in ("state", "action")}
            for part in node.children:
                if isinstance(part, Tree) and part.data != "about":
                    visit(part, scope)
        elif node.data == "divergence":
            scope = inside | {named_variable(c) for c in node.children}
            for part in node.children:
                visit(part, inside if normal(part) else scope)
        elif node.data in ("random", "data"):
            return  # its time is bound by the expectation around it; x_i is the data point, whatever i
        elif node.data == "event":
            visit(node.children[-1], inside)
        elif node.data == "constant" and isinstance(name, Token) and name in definitions and len(node.children) == 1:
            for letter in definitions[name].parameters:
                if letter in vocabulary.variables and letter not in inside:
                    found.setdefault(letter, name)
        else:
            for part in node.children:
                visit(part, inside)

    visit(tree, frozenset())
    return found


def _body(expectation: Tree) -> Tree:
    return next(c for c in expectation.children if isinstance(c, Tree) and c.data not in ("about", "conditions"))


def restricted(body: Tree, letter: str, vocabulary: Vocabulary, definitions: Mapping[str, Definition]) -> bool:
    """Whether a state letter stands where the terminal state has no meaning: it then runs over the others only."""
    for node in _where_free(body, letter):
        if node.data == "visit" and any(_is(c, letter) for c in node.children):
            return True
        if node.data == "event" and _is(node.children[-1], letter):
            return True
        if node.data != "apply":
            continue
        name, given = str(node.children[0]), children(node.children[1])
        for position, argument in enumerate(given):
            if not _is(argument, letter):
                continue
            if name in definitions:
                definition = definitions[name]
                if position < len(definition.parameters) and restricted(
                    definition.body, definition.parameters[position], vocabulary, definitions
                ):
                    return True
                continue
            fitting = [s for s in vocabulary.functions[name] if sorts_of(s)[1] == separators(node.children[1])]
            if any(_slots(s)[position] == "state" for s in fitting if position < len(_slots(s))):
                return True
    return False


def differentiates(tree: Tree, definitions: Mapping[str, Definition]) -> bool:
    """Whether a gradient is taken in a tree, or in a definition that it uses."""
    for node in tree.iter_subtrees():
        if node.data == "nabla":
            return True
        found = definitions.get(str(node.children[0])) if node.data in ("constant", "apply") else None
        if found and differentiates(found.body, definitions):
            return True
    return False


def successor(body: Tree, letter: str, vocabulary: Vocabulary) -> bool:
    """Whether a state letter is where a step leads to, as in p(s'|s,a): then it may be the terminal one."""
    for node in _where_free(body, letter):
        if node.data == "apply":
            given = children(node.children[1])
            for signature in vocabulary.functions.get(str(node.children[0]), ()):
                slots = _slots(signature)
                if "|" in signature and slots[0] == "state+" and given and _is(given[0], letter):
                    return True
    return False


def _where_free(body: Tree, letter: str) -> Iterator[Tree]:
    """The trees in which the letter is not bound anew; no condition S_t=s beside a return, which is 0 after the end."""
    binders = body.children[0].find_data("binder") if body.data == "summation" else ()
    if any(b.children[0] == letter for b in binders):
        yield from (t for b in body.children[0].find_data("binder") for t in b.children[1:] if isinstance(t, Tree))
        return
    yield body
    returns = body.data == "expectation" and any(t.children[0] == "G" for t in body.find_data("random"))
    for part in body.children:
        if isinstance(part, Tree) and not (returns and part.data == "conditions"):
            yield from _where_free(part, letter)


def _is(tree: object, letter: str) -> bool:
    return isinstance(tree, Tree) and tree.data == "variable" and tree.children[0] == letter


@cache
def _slots(signature: str) -> tuple[str, ...]:
    for sign in ";|":
        signature = signature.replace(sign, ",")
    return tuple(signature.split(","))


def _whole(order: Tree) -> int:
    """Order of a derivative; 0, which fits no letters, for what is no whole number."""
    return int(str(order.children[0])) if str(order.children[0]).isdigit() else 0


def order(partial: Tree) -> tuple[Tree, list[str], list[int]]:
    """Body, letters and orders of a partial derivative; no letters when the orders do not agree."""
    nodes = list(partial.children)
    if nodes and isinstance(nodes[0], Tree) and nodes[0].data == "derivative":
        parts, body = list(nodes[0].children), nodes[1]
        top = parts.pop(0) if parts[0].data == "order" else None
        below = parts[0]
    else:
        top = nodes.pop(0) if nodes[0].data == "order" else None
        body, below = nodes
    letters: list[str] = []
    orders: list[int] = []
    for part in below.children:
        if isinstance(part, Token):
            letters.append(str(part))
            orders.append(1)
        elif part.data == "order":
            orders[-1] = _whole(part)
        else:
            return body, [], []
    total = _whole(top) if top is not None else 1
    return (body, letters, orders) if sum(orders) == total else (body, [], [])


def _over_all_steps(expectation: Tree) -> bool:
    """Whether S is drawn from μ: no condition, no sum over an episode, no length."""
    return about(expectation)[1] is None and not any(
        t.data == "conditions" or (t.data == "random" and t.children[0] == "T") for t in expectation.iter_subtrees()
    )


def used(tree: Tree, vocabulary: Vocabulary, definitions: Mapping[str, Definition]) -> frozenset[str]:
    r"""Names that a tree uses, definitions included, with the sort of a subscript: ``\mu_q``, ``\mu_q[dimension]``."""
    found: set[str] = set()
    for node in tree.iter_subtrees():
        if node.data in ("constant", "apply"):
            name = str(node.children[0])
            if name in definitions:
                found |= used(definitions[name].body, vocabulary, {k: v for k, v in definitions.items() if k != name})
            elif node.data == "constant" and len(node.children) > 1:
                allowed = [s for s in vocabulary.constants.get(name, ()) if s]
                found.add(f"{name}[{allowed[0] if allowed else ''}]")
            else:
                found.add(name)
        elif node.data in ("data", "random"):
            found.add(str(node.children[0]))
        elif node.data == "indexed":
            found.add(f"{node.children[0]}[dimension]")
        elif node.data == "expectation" and vocabulary.policies and _over_all_steps(node):
            found.add("\\mu")
    return frozenset(found)
