"""The random states, actions, rewards and returns of one expectation under a policy."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from lark import Tree

from pycode.proofread.arithmetic import values
from pycode.proofread.arithmetic.values import ONE, Scalar, Value, primal
from pycode.proofread.bound import Bound
from pycode.proofread.limits import TOLERANCE
from pycode.proofread.names import children

if TYPE_CHECKING:
    from pycode.proofread.evaluate import Evaluator

PRIME = {"\\pi": "", "\\pi_\\theta": "", "\\pi'": "'"}


@dataclass
class Draw:
    """The random letters of one expectation: their axes, and the weight of each combination."""

    evaluator: "Evaluator"
    policy: str
    time: tuple[str, int] | None = None  # the letter or number that stands for 'now'; None: S ~ μ
    bound: dict[tuple[str, int], Bound] = field(default_factory=dict)
    axes: list[tuple[str, int]] = field(default_factory=list)
    weight: Scalar = ONE
    shift: float = 0.0  # added to every return, to see whether it enters linearly
    returns: bool = False
    ahead: bool = False  # whether the next state or reward enters, on which the return depends

    def _over(self, letter: str, offset: int, sort: str) -> Scalar:
        bound, axis, size = self.evaluator.finite(letter, sort)
        self.bound[letter, offset] = bound
        self.axes.append((axis, size))
        return bound.value

    def _table(self, name: str, signature: str, *arguments: Scalar) -> Scalar:
        return self.evaluator.supplied(name + PRIME[self.policy], signature, arguments)

    def get(self, letter: str, offset: int, at: Tree) -> Bound:
        """The random letter ``offset`` steps from now."""
        if (letter, offset) in self.bound:
            return self.bound[letter, offset]
        if letter in ("S", "A") and offset == 0:
            if letter == "A":
                state = self.get("S", 0, at).value
                if self._may_have_ended():
                    raise self.evaluator.error(
                        "sort", "no action after the end; let the state run over \\mathcal{S}", at
                    )
                self.weight = self.weight * self._table("\\pi", "action|state+", self._over("A", 0, "action"), state)
            else:
                self.weight = self.weight * self._start(at)
        elif letter in ("S", "R") and offset == 1 and self.time is not None:
            now = self.get("A", 0, at).value, self.get("S", 0, at).value
            after, reward = self._over("S", 1, "state+"), self._over("R", 1, "reward")
            self.weight = self.weight * self.evaluator.supplied(
                "p", "state+,reward|state,action", [after, reward, now[1], now[0]]
            )
        elif letter == "G" and offset in (0, 1) and self.time is not None:
            self.returns = True
            return Bound("real", self._return(offset, at) + self.shift)
        else:
            raise self.evaluator.error(
                "syntax", f"{letter} at this time cannot be read; S, A at t, R, S at t+1, G at t or t+1 can", at
            )
        return self.bound[letter, offset]

    def _may_have_ended(self) -> bool:
        instance = self.evaluator.instance
        return int(primal(self.bound["S", 0].value).data.max()) >= instance.sizes["state"]

    def _return(self, offset: int, at: Tree) -> Scalar:
        """Mean of the return, given all that enters beside it."""
        state = self.get("S", 0, at).value
        if offset == 0 and not self.ahead:
            if self._may_have_ended():
                return self._table("v_\\pi", "state+", state)
            return self._table("q_\\pi", "state+,action", state, self.get("A", 0, at).value)
        later = self._table("v_\\pi", "state+", self.get("S", 1, at).value)
        if offset == 1:
            return later
        if "\\gamma" in self.evaluator.vocabulary.constants:
            later = later * self.evaluator.instance.constant("\\gamma", [])
        return later + self.evaluator.instance.number("reward", cast(Value, self.get("R", 1, at).value))

    def _start(self, at: Tree) -> Scalar:
        first = self.evaluator.instance.constant("s_0", [])
        if self.time == ("", 0):
            self.bound["S", 0] = Bound("state", first)
            return ONE
        if self.time is None or self.time[0] not in self.evaluator.scope:  # any step of many episodes
            return self._table("\\mu", "state", self._over("S", 0, "state"))
        letter = self.time[0]
        step = primal(self.evaluator.scope[letter].value)
        return self.evaluator.supplied(
            "\\Pr", f"state,state,integer,{self.policy}", [first, self._over("S", 0, "state"), step]
        )

    def mean(self, body: Tree, inner: "Evaluator") -> Scalar:
        """Mean of the body over all that was drawn."""
        for node in (t for t in body.iter_subtrees() if t.data == "random"):
            time = time_of(node)
            if self.time and time and node.children[0] in ("S", "R") and time[1] == self.time[1] + 1:
                self.ahead = True
        x = inner(body)
        if self.returns:
            shifted = []
            for self.shift in (1.0, -1.0):
                shifted.append(replace(inner, terms=None, braces=[])(body))
            self.shift = 0.0
            bend = shifted[0] + shifted[1] - 2.0 * x
            if not primal(bend).vanishes(primal(shifted[0]), TOLERANCE):
                raise self.evaluator.error(
                    "syntax", "the return enters here not linearly; only its mean is known", body
                )
        result = x * self.weight
        for axis, size in reversed(self.axes):
            result = values.total(result, axis, size)
        return result


def time_of(tree: Tree) -> tuple[str, int] | None:
    """Time of a random letter: the letter that counts it ('' for a number) and what is added."""
    if len(tree.children) < 2:
        return None
    (subscript,) = children(tree.children[1])
    if subscript.data == "variable":
        return str(subscript.children[0]), 0
    step = subscript.children[-1] if subscript.data == "add" else subscript
    if isinstance(step, Tree) and step.data == "number" and not str(step.children[0]).isdecimal():
        return "?", 0
    if subscript.data == "number":
        return "", int(subscript.children[0])
    if subscript.data == "add" and subscript.children[0].data == "variable" and subscript.children[1].data == "number":
        return str(subscript.children[0].children[0]), int(subscript.children[1].children[0])
    return "?", 0
