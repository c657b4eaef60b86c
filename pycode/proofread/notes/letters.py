r"""Letters: what the notation of other authors is called here, by ``--letters``: assignment, kingma, or a file.

A line reads ``notation = canonical name`` or, for what is called with arguments, ``f(s) = formula in canonical names``;
% begins a comment, and ``[vae gaussians]`` alone in a line limits the following ones to these worlds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pycode.proofread.notes.alphabets import COMMON, KINGMA
from pycode.proofread.notes.wording import closing, make, parts, plain, shown
from pycode.proofread.spelling import with_primes
from pycode.proofread.tex import Raw, ReadError, group, text_of, tokenize

NAMED = {"assignment": COMMON, "kingma": COMMON + KINGMA}
SIGNS = (",", ";", "|", "\\to")  # between arguments
Key = tuple[str, str, str]  # base with its primes, subscript, superscript


class Rule(NamedTuple):
    """What a name stands for; ``pattern``: its arguments and the signs between them, None for a bare name."""

    body: tuple[str, ...]
    pattern: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    bound: frozenset[str] = frozenset()  # letters that the body binds

    @property
    def called(self) -> bool:
        """Whether the body of a bare name has its arguments already."""
        return "(" in self.body


Rules = Mapping[Key, tuple[Rule, ...]]
Entry = tuple[str, str, Key, Rule]  # place, world, name and what it stands for


@dataclass(frozen=True)
class Letters:
    """For each world the rules of each name."""

    name: str
    rules: Mapping[str, Rules]

    def read(self, tokens: Sequence[Raw], world: str) -> list[Raw]:
        """Tokens with every name called as it is here."""
        return _renamed(list(tokens), self.rules.get(world, {}))


@cache
def load(name_or_path: str, world: str = "") -> Letters:
    """The letters of this name, or those of a file; a ``ValueError`` says in one line what is wrong, in this world."""
    if name_or_path in NAMED:
        return Letters(name_or_path, _table([*_entries("", NAMED[name_or_path])]))
    try:
        text = Path(name_or_path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        known = " and ".join(NAMED)
        raise ValueError(f"{name_or_path}: no such letters; there are {known}, or a file of your own") from None
    own = [*_entries(name_or_path, text, world)]
    seen: dict[tuple[str, Key, object], Rule] = {}
    for where, world, key, rule in own:
        if seen.setdefault((world, key, _shape(rule)), rule) != rule:
            raise ValueError(f"{where}: {_spelt(key)} is given two meanings")
    return Letters(name_or_path, _table([*_entries("", COMMON), *own]))


def _table(entries: Sequence[Entry]) -> dict[str, dict[Key, tuple[Rule, ...]]]:
    """Rules by world and name; a later one takes the place of an earlier one."""
    table: dict[str, dict[Key, tuple[Rule, ...]]] = {}
    for _, world, key, rule in entries:
        others = [r for r in table.setdefault(world, {}).get(key, ()) if _shape(r) != _shape(rule)]
        table[world][key] = (*others, rule)
    return table


def _shape(rule: Rule) -> object:
    """Which arguments a rule is for: letters are alike."""
    return rule.pattern and (tuple(n if n.startswith("\\") else "" for n in rule.pattern[0]), rule.pattern[1])


def _spelt(key: Key) -> str:
    base, low, high = key
    return base + (f"_{{{low}}}" if low else "") + (f"^{{{high}}}" if high else "")


def _entries(file: str, text: str, about: str = "") -> Iterator[Entry]:
    from pycode.proofread.worlds import NAMES

    worlds = [*NAMES]
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{file}:{number}"
        content = re.sub(r"(?<!\\)%.*", "", line).strip()
        if content.startswith("["):
            worlds = content.strip("[]").replace(",", " ").split()
            if unknown := [w for w in worlds if w not in NAMES]:
                raise ValueError(f"{where}: there is no world {unknown[0]}; there are {', '.join(NAMES)}")
        elif content:
            try:
                key, rule = _line(content)
                problems = {w: _problem(w, rule) if file else "" for w in worlds}
            except ReadError as error:
                raise ValueError(f"{where}: {error}") from None
            if all(problems.values()):
                raise ValueError(f"{where}: {problems.get(about) or next(iter(problems.values()))}")
            yield from ((where, w, key, rule) for w, problem in problems.items() if not problem)


def _line(content: str) -> tuple[Key, Rule]:
    """Name and rule of a line."""
    tokens = tokenize(content)
    at = next((i for i, t in enumerate(tokens) if t.text == "="), 0)
    left, body = plain(tokens[:at]), plain(tokens[at + 1 :])
    if not left or not body:
        raise ReadError("letters", "write notation = canonical name", tokens[0])
    name, after = _scripts(left, 0)
    key = (name.base, shown(name.low[1:]), shown(name.high[1:]))
    texts = tuple(t.text for t in body)
    if after == len(left):
        return key, Rule(texts)
    if left[after].text != "(" or closing(left, after) != len(left) - 1:
        raise ReadError("letters", f"{text_of(tokens[:at])} is no name, nor a name with arguments", left[after])
    arguments, signs = parts(left[after + 1 : -1], SIGNS)
    limits = [group(body, i + 2)[0] for i, t in enumerate(body) if t.text == "\\sum"]
    bound = frozenset(shown(letter) for limit in limits for letter in parts(limit, (",",))[0])
    return key, Rule(texts, (tuple(map(shown, arguments)), tuple(signs)), bound)


def _problem(world: str, rule: Rule) -> str:
    """Why a world cannot say what a rule says; '' if it can."""
    from pycode.proofread.lexer import Lexer
    from pycode.proofread.worlds import build

    found = build(world, 0)
    lexer = Lexer(found.vocabulary, world, {}, found.data, found.states, "T" in found.vocabulary.randoms)
    body = make(" ".join(rule.body), Raw("", 1, 1))
    try:
        if rule.pattern or rule.called:
            lexer.lex([body])
        elif not lexer.kind(lexer.name(body, 0)[0]):
            return f"the world {world} has no name {shown(body)}"
    except ReadError as error:
        return str(error)
    return ""


class Name(NamedTuple):
    """A letter with its primes and its scripts, each a mark and its braces."""

    base: str
    low: list[Raw]
    high: list[Raw]


def _scripts(tokens: Sequence[Raw], i: int) -> tuple[Name, int]:
    """The name at i, and the index after it."""
    base, i = with_primes(tokens, i + 1, tokens[i].text)
    found: dict[str, list[Raw]] = {"_": [], "^": []}
    while i + 1 < len(tokens) and tokens[i].text in found and not found[tokens[i].text]:
        after = group(tokens, i + 1)[1]
        found[tokens[i].text], i = list(tokens[i:after]), after
    base, i = with_primes(tokens, i, base)
    return Name(base, found["_"], found["^"]), i


def letter_at(tokens: Sequence[Raw], i: int) -> tuple[str, int]:
    """Letter and primes at i, and the index after them."""
    return with_primes(tokens, i + 1, tokens[i].text)


def _renamed(tokens: list[Raw], rules: Rules) -> list[Raw]:
    result: list[Raw] = []
    i = 0
    while i < len(tokens):
        found, i = _name(tokens, i, rules)
        result += found
    return result


def _name(tokens: list[Raw], i: int, rules: Rules) -> tuple[list[Raw], int]:
    """The canonical tokens of what stands at i, and the index after it."""
    at = tokens[i]
    if not at.text[-1].isalpha() and not (at.text[0] == "\\" and at.text[-1] == "}" and len(at.text) > 2):
        return [at], i + 1
    name, after = _scripts(tokens, i)
    opens = after < len(tokens) and tokens[after].text in ("(", "[")
    for key, rest in _readings(name):
        for rule in rules.get(key, ()):
            if rule.pattern is None and not (rule.called and opens):
                return [*_placed(rule.body, rest, at)], after
            if rule.pattern is not None and opens and not rest:
                end = closing(tokens, after)
                given, signs = parts(tokens[after + 1 : end], SIGNS)
                values = _fits(rule, [_renamed(value, rules) for value in given], signs)
                if values is not None:
                    return _expanded(rule, values, at), end + 1
    return [at], i + 1


def _readings(name: Name) -> Iterator[tuple[Key, list[Raw]]]:
    """What a name can be, longest first, and its scripts that are left over; a subscript is never left out."""
    low, high = shown(name.low[1:]), shown(name.high[1:])
    yield (name.base, low, high), []
    if high:
        yield (name.base, low, ""), name.high
    first, signs = parts(name.low[2:-1], (",",))
    if signs:  # \mu_{1,j}
        comma = name.low[0]._replace(text=",")
        rest = [t for part in first[1:] for t in (comma, *part)]
        yield (name.base, shown(first[0]), ""), [*rest, *name.high]


def _placed(body: Sequence[str], rest: list[Raw], at: Raw) -> Iterator[Raw]:
    """A name where another one stood, the rest of a subscript inside its own."""
    texts = list(body)
    if rest and rest[0].text == "," and texts[-1] == "}":
        inside = rest[: next((i for i, t in enumerate(rest) if t.text == "^"), len(rest))]
        texts, rest = [*texts[:-1], *(t.text for t in inside), "}"], rest[len(inside) :]
    yield from (Raw(text, at.line, at.column) for text in texts)
    yield from rest


def _fits(rule: Rule, given: Sequence[list[Raw]], signs: Sequence[str]) -> dict[str, list[Raw]] | None:
    """The arguments by their letters; letters of the alphabet are anything, commands are themselves."""
    assert rule.pattern is not None
    names, between = rule.pattern
    if between != tuple(signs) or len(names) != len(given):
        return None
    values = dict(zip(names, given, strict=True))
    if any(name.startswith("\\") and shown(value) != name for name, value in values.items()):
        return None
    for value in values.values():
        letters = {letter_at(value, i)[0] for i in range(len(value))}
        if captured := rule.bound & letters:
            raise ReadError("scope", f"{min(captured)} is bound inside of what this name stands for", value[0])
    return {name: value for name, value in values.items() if not name.startswith("\\")}


def _expanded(rule: Rule, values: Mapping[str, list[Raw]], at: Raw) -> list[Raw]:
    """The formula of a rule with these arguments."""
    body = [Raw(text, at.line, at.column) for text in rule.body]
    result, i = [], 0
    while i < len(body):
        letter, after = letter_at(body, i)
        if letter in values:
            result += values[letter]
        else:
            result += body[i:after]
        i = after
    name_only = "(" in rule.body and closing(body, rule.body.index("(")) == len(body) - 1
    single = name_only and not {"\\sum", "\\nabla", "-"} & set(rule.body[: rule.body.index("(")])
    return result if single else [at._replace(text="("), *result, at._replace(text=")")]
