"""Degrees of relations, measured: on a random line through all letters the sides are functions of one variable.

A measurement takes longer than the judgement. It depends on the text and the checker alone, so it is kept on disk.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache

import numpy as np

from pycode.proofread.arithmetic import rational
from pycode.proofread.arithmetic.field import Residue
from pycode.proofread.arithmetic.named import LINE, RedrawError
from pycode.proofread.arithmetic.values import Scalar, primal
from pycode.proofread.document import checker_hash
from pycode.proofread.limits import LINE_POINTS, LINES, SPARE_POINTS
from pycode.proofread.subjects import NAMES
from pycode.proofread.worlds import KEPT

Computed = Mapping[Hashable, "Scalar | Exception"]
Pair = tuple[Hashable, Hashable]


def measured(text: str, compute: Callable[[int, int], list[Computed]], pairs: Sequence[Pair]) -> list[int | None]:
    """Degree of left = right for each pair of sides, at most, over all instances; None: not seen.

    ``compute`` gives the sides in each instance on a line through so many points, another line for each draw.
    """
    key = hashlib.sha256(f"{len(pairs)}\n{text}".encode()).hexdigest()
    kept = _kept(key)
    if kept is None or len(kept) != len(pairs):
        kept = _measured(compute, pairs)
        _keep(key, kept)
    return kept


def _measured(compute: Callable[[int, int], list[Computed]], pairs: Sequence[Pair]) -> list[int | None]:
    found: dict[Pair, int | None] = dict.fromkeys(pairs)
    for points in LINE_POINTS:
        again = [pair for pair, degree in found.items() if degree is None]
        for draw in range(LINES):
            missing, again = again, []
            try:
                instances = compute(points, draw) if missing else []
            except RedrawError:
                again = missing
                continue
            for pair in missing:
                sides = [[v.get(key) for key in pair] for v in instances]
                if any(isinstance(x, RedrawError) for both in sides for x in both):
                    again.append(pair)
                    continue
                known = [(primal(x), primal(y)) for x, y in sides if _known(x) and _known(y)]  # type: ignore[arg-type]
                degrees = [_degree(x, y) for x, y in known]
                if degrees and None not in degrees:
                    found[pair] = max(degrees)  # type: ignore[type-var]
    return [found[pair] for pair in pairs]


def _known(x: object) -> bool:
    return x is not None and not isinstance(x, Exception)


def _degree(x: Scalar, y: Scalar) -> int | None:
    """Degree of the equation x = y."""
    parts = [_fraction(side) for side in (x, y)]
    if None in parts:
        return None
    (n, d, u), (m, e, w) = parts  # type: ignore[misc]
    return max(n + e, m + d, u, w)


def _fraction(x: Scalar) -> tuple[int, int, int] | None:
    """Degrees of numerator, denominator and exponent along the line, of a random combination of all entries."""
    if not isinstance(x, Residue) or LINE not in x.axes:
        return 0, 0, 0
    field, at, found = x.field, x.axes.index(LINE), []
    for data in (x.data, x.exponent):
        if data is None:
            found.append((0, 0))
            continue
        rows = np.moveaxis(data, at, -1).reshape(-1, field.points)
        weights = np.array([field.random.randrange(field.modulus) for _ in rows], field.dtype)
        combined = (rows * weights[:, None] % field.modulus).sum(axis=0) % field.modulus
        degrees = rational.degrees(field.steps.tolist(), combined, field.modulus, SPARE_POINTS)
        if degrees is None:
            return None
        found.append(degrees)
    return *found[0], max(found[1])


@cache
def _store() -> sqlite3.Connection | None:
    """Where degrees are kept, emptied when the checker has changed; None where nothing can be written."""
    try:
        KEPT.mkdir(parents=True, exist_ok=True)
        store = sqlite3.connect(KEPT / "degrees.sqlite", timeout=0.5, isolation_level=None)
        store.execute("pragma synchronous = off")
        store.execute("create table if not exists degrees (key text primary key, checker text, found text)")
        store.execute("delete from degrees where checker <> ?", (_checker(),))
        return store
    except (OSError, sqlite3.Error):
        return None


def _checker() -> str:
    return checker_hash(*NAMES)


def _kept(key: str) -> list[int | None] | None:
    store = _store()
    try:
        row = store and store.execute("select found from degrees where key = ?", (key,)).fetchone()
        found = json.loads(row[0]) if row else None
        return found if isinstance(found, list) and all(x is None or type(x) is int for x in found) else None
    except (sqlite3.Error, ValueError):  # busy or damaged: measured again
        return None


def _keep(key: str, found: list[int | None]) -> None:
    store = _store()
    try:
        if store:
            store.execute("insert or replace into degrees values (?, ?, ?)", (key, _checker(), json.dumps(found)))
    except sqlite3.Error:
        return
