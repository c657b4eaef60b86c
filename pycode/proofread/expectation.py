"""Expectations, probabilities, divergences and integrals: what an evaluator averages over, and with which weights."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from lark import Token, Tree

from pycode.proofread.arithmetic import values
from pycode.proofread.arithmetic.values import ONE, Scalar, Value, primal
from pycode.proofread.bound import Bound, shape
from pycode.proofread.draw import Draw, time_of
from pycode.proofread.limits import DENSITY, NEGLIGIBLE, TOLERANCE
from pycode.proofread.names import NORMAL, about, children, free, named_variable, normal, restricted, used
from pycode.proofread.tex import UNEQUAL
from pycode.proofread.worlds import Rule

if TYPE_CHECKING:
    from pycode.proofread.evaluate import Evaluator

NORMAL_SIGNATURE = "real;real,real"


class Expectations:
    """The part of the evaluator that averages."""

    scope: dict[str, Bound]
    draw: Draw | None
    policy: str

    def supplied(self: Any, name: str, signature: str, arguments: Sequence[Scalar]) -> Scalar:
        """A function of the instance, without derivatives where they are not wanted."""
        return self._own(self.instance.apply(name, signature, list(arguments)))

    # Random letters

    def drawn(self: Any, tree: Tree) -> Bound:
        """What a capital letter stands for."""
        letter = str(tree.children[0])
        if self.draw is None:
            raise self.error("scope", f"{letter} is random: it stands inside \\E_\\pi[…]", tree)
        time = time_of(tree)
        if time is None and letter != "T" and self.draw.time is not None:
            raise self.error("syntax", f"{letter} needs its time here, as in {letter}_t", tree)
        if time is not None and (self.draw.time is None or time[0] != self.draw.time[0]):
            raise self.error("scope", f"the time of {letter} is bound by no sum over t<T and no condition", tree)
        offset = time[1] - self.draw.time[1] if time and self.draw.time else 0
        return self.draw.get(letter, offset, tree)

    def _random(self: Any, tree: Tree, *_: object) -> Scalar:
        bound = self.drawn(tree)
        if bound.sort in ("state", "action"):
            raise self.error("sort", f"{tree.children[0]} is {bound.sort}, not a number", tree)
        return self._own(self.instance.number("reward", bound.value) if bound.sort == "reward" else bound.value)

    def episode_sum(self: Any, tree: Tree, binder: Tree, body: Tree) -> Scalar:
        """Mean of a sum over t < T: over all t, weighted with the probability of being in each state then."""
        letter = str(binder.children[0])
        if not self.policy:
            raise self.error("scope", "a sum to T-1 stands alone inside \\E_\\pi[…]: T is random", tree)
        upper = [c for c in children(tree.children[0]) if c.data != "binder"]
        end = str(_plain(upper[0] if upper else binder.children[-1])) if len(binder.children) > 2 else ""
        if (str(binder.children[1]) if end else "", end) not in (("=", "T-1"), ("<", "T")):
            raise self.error("syntax", "write the sum over an episode as \\sum_{t=0}^{T-1}", binder)
        start = int(self.integers(self.numeric(binder.children[2]), binder).data) if binder.children[1] == "=" else 0
        bound, axis, size = self.finite(letter, "integer", start)
        outer = replace(self.bind(**{letter: bound}), policy="")
        draw = Draw(outer, self.policy, time=(letter, 0))
        draw.get("S", 0, tree)
        x = draw.mean(body, replace(outer, draw=draw))
        return self.to_infinity(x, axis, size, tree)

    def _expectation(self: Any, tree: Tree, *parts: Tree) -> Scalar:
        letter, density, policy = about(tree)
        body = next(p for p in parts if p.data not in ("about", "conditions"))
        conditions = next((p for p in parts if p.data == "conditions"), None)
        if density is not None:
            if conditions is not None:
                raise self.error("syntax", "no condition here: the density in the subscript says it all", conditions)
            return self._over_density(letter, density, tree, lambda inner: inner(body))
        if not self.vocabulary.policies:
            if policy or not any(n.endswith("[sample]") for n in used(body, self.vocabulary, self.definitions)):
                raise self.error("syntax", "say over which density, as in \\E_{z\\sim q_\\theta(z\\mid x)}[…]", tree)
            instance, mean = self.instance.averaging()
            return mean(replace(self, instance=instance)(body))
        return self._over_policy(policy or "\\pi", body, conditions, tree)

    def _over_policy(self: Any, policy: str, body: Tree, conditions: Tree | None, tree: Tree) -> Scalar:
        random = [t for t in body.iter_subtrees() if t.data == "random"]
        inner = replace(self, policy="", draw=None)
        if any(_episodes(t) for t in body.iter_subtrees()):
            if conditions is not None or not _only_episodes(body):
                raise self.error("syntax", "a sum over t<T stands alone inside \\E_\\pi[…], without a condition", tree)
            return replace(inner, policy=policy)(body)
        if any(t.children[0] == "T" for t in random):
            return inner.over_length(policy, body, conditions, tree)
        draw = Draw(inner, policy)
        if conditions is not None:
            for event in children(conditions):
                letter, time, sign, value = _event(event)
                sort, index = self.argument(value)
                wanted = self.vocabulary.randoms.get(letter)
                if sign != "=" or sort != wanted or letter not in ("S", "A") or time is None:
                    raise self.error("syntax", "a condition reads S_t=s, or S_t=s, A_t=a", event)
                draw.time = draw.time or time
                if draw.time != time:
                    raise self.error("syntax", "the conditions stand at one time", event)
                draw.bound[letter, 0] = Bound(sort, index)
            if ("S", 0) not in draw.bound:
                raise self.error("syntax", "a condition on A_t needs one on S_t", conditions)
        else:
            draw.time = self._any_time(random)
            letters = free(body, self.vocabulary, self.definitions)
            lower = [n for n in letters if n not in self.scope]
            if not random and not lower and {self.vocabulary.variables[n] for n in letters} & {"state", "action"}:
                text = "nothing is random in this mean: its letters are bound outside; write S, or \\mid S_t=s"
                raise self.error("scope", text, tree)
            named = {
                self.vocabulary.variables[n]: n for n in lower if self.vocabulary.variables[n] in ("state", "action")
            }
            if len(named) < len(lower) or (lower and random) or (named and "state" not in named):
                raise self.error("scope", f"{lower[-1]} is bound by nothing here", tree)
            for sort, capital in (("state", "S"), ("action", "A")):
                if sort in named:
                    inner = inner.bind(**{named[sort]: draw.get(capital, 0, tree)})
        return draw.mean(body, replace(inner, draw=draw))

    def _any_time(self: Any, random: Sequence[Tree]) -> tuple[str, int] | None:
        """The time in S_t, A_t, … where no condition and no sum says it: 0, or a letter for any step."""
        times = {time for t in random if (time := time_of(t))}
        letters = {letter for letter, _ in times}
        if not times:
            return None
        if len(letters) > 1 or letters & {"?", *self.scope}:
            raise self.error("scope", "say at which time: \\E_\\pi[…\\mid S_t=s], or a sum over t<T inside", random[0])
        return letters.pop(), 0

    def over_length(self: Any, policy: str, body: Tree, conditions: Tree | None, tree: Tree) -> Scalar:
        """Mean of a function of the length T of an episode."""
        start = self.instance.constant("s_0", [])
        if conditions is not None:
            letter, time, sign, value = _event(children(conditions)[0])
            sort, start = self.argument(value)
            if letter != "S" or time != ("", 0) or sign != "=" or sort != "state":
                raise self.error("syntax", "the length is conditioned on S_0=s", conditions)
        if policy not in ("\\pi", "\\pi_\\theta"):
            raise self.error("syntax", "the length is that under \\pi", tree)
        bound, axis, size = self.finite("T", "integer", 1)
        draw = Draw(self, policy)
        draw.bound["T", 0] = bound
        x = replace(self, draw=draw)(body)
        if draw.axes:
            raise self.error(
                "syntax", "T and the states of its episode in one mean; only the mean of T alone is known", body
            )
        steps = primal(bound.value)
        tail = [self.supplied("\\Pr", "T>integer|state", [Value(steps.data - d, steps.axes), start]) for d in (1, 0)]
        later = primal(values.select(x * tail[1], axis, size - 1))
        if isinstance(later, Value) and not later.size() <= NEGLIGIBLE:
            raise self.error("value", "the mean over the length does not converge", tree)
        return values.series(x * (tail[0] - tail[1]), axis, size)

    # Probabilities

    def _visit(self: Any, tree: Tree, start: Tree, end: Tree, steps: Tree, policy: Token) -> Scalar:
        found = [self.argument(start), self.argument(end)]
        for (sort, _), part in zip(found, (start, end), strict=True):
            if sort != "state":
                raise self.error("sort", f"\\Pr(s\\to x,k,\\pi) is about states, not {sort}", part)
        k = self.integers(self.numeric(steps), steps)
        return self.supplied("\\Pr", f"state,state,integer,{policy}", [found[0][1], found[1][1], k])

    def _probability(self: Any, tree: Tree, event: Tree, conditions: Tree | None = None) -> Scalar:
        letter, time, sign, value = _event(event)
        start = self.instance.constant("s_0", [])
        if conditions is not None:
            given, at, equals, state = _event(children(conditions)[0])
            sort, start = self.argument(state)
            if (given, at, equals, sort) != ("S", ("", 0), "=", "state") or len(children(conditions)) > 1:
                raise self.error("syntax", "this condition cannot be read; S_0=s can", conditions)
        if letter != "T" or time is not None or sign not in (">", "="):
            raise self.error("syntax", "this event cannot be read; T>k, T=k and s\\to x,k,\\pi can", event)
        k = self.integers(self.numeric(value), value)
        self.settled(k)
        above = self.supplied("\\Pr", "T>integer|state", [Value(np.maximum(k.data, 0), k.axes), start])
        if sign == ">":
            return above
        return self.supplied("\\Pr", "T>integer|state", [Value(np.maximum(k.data - 1, 0), k.axes), start]) - above

    # Densities

    def _density(self: Any, tree: Tree, nodes: Scalar, inner: "Evaluator", rule: Rule, axis: str) -> Scalar:
        """A density at nodes: a normal one by its parameters, or a function, the letter of which ``inner`` binds."""
        if normal(tree):
            mean, variance = (self(c) for c in children(tree.children[1]))
            found = self.supplied(NORMAL, NORMAL_SIGNATURE, [nodes, mean, variance])
        else:
            found = inner(tree)
        if self.floating or tree.data != "apply" or tree.children[0] in self.definitions:  # others are the world's own
            self._one(rule.integral(found, axis), DENSITY, "this is no density: it integrates to", tree)
        return found

    def _over_density(self: Any, letter: str, density: Tree, tree: Tree, of: Any) -> Scalar:
        letter = letter or named_variable(density)
        if letter == named_variable(density) and self.vocabulary.variables.get(letter) in ("state", "action"):
            return self._over_distribution(letter, density, tree, of)
        if not letter or self.vocabulary.variables.get(letter) != "real":
            raise self.error(
                "syntax",
                "this is no density of a letter; write q_\\theta(z\\mid x) or z\\sim\\mathcal{N}(\\mu,\\sigma^2)",
                tree,
            )
        if named_variable(density) not in ("", letter):
            raise self.error("syntax", f"this is a density of {named_variable(density)}, not of {letter}", density)
        nodes, rule, axis = self.nodes(letter, density)
        inner = self.bind(**{letter: Bound("real", nodes)})
        return rule.integral(self._density(density, nodes, inner, rule, axis) * of(inner), axis)

    def _one(self: Any, mass: Scalar, tolerance: float, otherwise: str, tree: Tree) -> None:
        """Refuse probabilities that do not sum to 1."""
        rest = primal(mass - 1.0)
        if not rest.vanishes(ONE, tolerance):
            shown = f" {primal(mass).data.flat[0]:.3g}" if isinstance(rest, Value) else " something else than 1"
            raise self.error("value" if self.floating else UNEQUAL, otherwise + shown, tree)

    def _over_distribution(self: Any, letter: str, chance: Tree, tree: Tree, of: Any) -> Scalar:
        """Mean over states or actions: a ∼ π(a|s)."""
        sort = self.vocabulary.variables[letter]
        ends = sort == "state" and not restricted(tree, letter, self.vocabulary, self.definitions)
        bound, axis, size = self.finite(letter, "state+" if ends else sort)
        inner = self.bind(**{letter: bound})
        weight = inner(chance)
        self._one(
            values.total(weight, axis, size), TOLERANCE, f"these are no probabilities of {letter}: they sum to", chance
        )
        return values.total(weight * of(inner), axis, size)

    def nodes(self: Any, letter: str, density: Tree | None = None) -> tuple[Scalar, Rule, str]:
        """Nodes for a letter, the rule of its integral, and their axis; numbers for a normal density of a number."""
        axis = self.axis(letter)
        parts = children(density.children[1]) if density is not None and normal(density) else []
        of_number = bool(parts) and not any(shape(self(p)) for p in parts)
        nodes, rule = self.instance.line(axis) if of_number else self.instance.grid(axis)
        return nodes, rule, axis

    def _integral(self: Any, tree: Tree, *parts: Any) -> Scalar:
        body, letter = parts[-2], str(parts[-1])
        if len(parts) > 2 and not _everywhere(parts[0], letter):
            raise self.error(
                "syntax", "integrals run over the whole space: no limits, or -\\infty and \\infty", parts[0]
            )
        nodes, rule, axis = self.nodes(letter)
        return rule.integral(self.bind(**{letter: Bound("real", nodes)})(body), axis)

    def _divergence(self: Any, tree: Tree, a: Tree, b: Tree) -> Scalar:
        letters = {named_variable(a), named_variable(b)} - {""}
        if len(letters) > 1:
            raise self.error("syntax", f"two densities of different letters, {' and '.join(sorted(letters))}", tree)
        letter = letters.pop() if letters else "z"
        nodes, rule, axis = self.nodes(letter, a)
        inner = self.bind(**{letter: Bound("real", nodes)})
        q, p = (self._density(d, nodes, inner, rule, axis) for d in (a, b))
        return rule.integral(q * (values.log(q) - values.log(p)), axis)


def _everywhere(limits: Tree, letter: str) -> bool:
    """Whether limits say from -∞ to ∞, over the reals, or just the letter."""
    low, *high = limits.children
    if limits.data != "range":
        return False
    if isinstance(low, Token):
        return not high and low == "\\mathbb{R}"
    if high:
        return low.data == "negative" and [t.data for t in (low.children[0], high[0])] == ["infinity"] * 2
    return low.data == "variable" and low.children[0] == letter


def _episodes(tree: Tree) -> bool:
    return tree.data == "summation" and any(t.data == "random" for t in tree.children[0].iter_subtrees())


def _only_episodes(tree: Tree) -> bool:
    return _episodes(tree) or (
        tree.data in ("add", "subtract", "negative") and all(_only_episodes(c) for c in tree.children)
    )


def _plain(tree: Tree) -> str:
    """T or T-1 as written; '' for anything else."""
    if tree.data == "random":
        return str(tree.children[0]) if len(tree.children) == 1 else ""
    if tree.data == "subtract" and tree.children[1].data == "number":
        return f"{_plain(tree.children[0])}-{tree.children[1].children[0]}"
    return ""


def _event(tree: Tree) -> tuple[str, tuple[str, int] | None, str, Tree]:
    """Letter, time, sign and right side of an event such as S_t=s or T>k."""
    letter, *subscripts, sign, value = tree.children
    return str(letter), time_of(Tree("random", [letter, *subscripts])), str(sign), value
