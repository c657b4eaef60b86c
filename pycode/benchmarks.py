"""What ``make bench`` measured: benchmarks/results.json, each group's numbers with a hash of what was measured.

A time is that of a machine and an hour: the document measures none while it is built. It quotes a group's numbers
while their hash is that of the present sources, and leaves them out otherwise.
"""

import json
from typing import Any

from pycode import results

FILE = "benchmarks/results.json"


def groups() -> list[str]:
    """Names of the benchmarks: modules of the folder benchmarks that measure."""
    paths = sorted((results.ROOT / "benchmarks").glob("*.py"))
    return [path.stem for path in paths if "\ndef measure(" in path.read_text(encoding="utf-8")]


def sources_hash(group: str) -> str:
    """Short name of all that a benchmark imports, of itself and of the lock file.

    Raises ValueError for a group that does not exist.
    """
    module = f"benchmarks.{group}"
    if results.source_file(module) is None:
        raise ValueError(f"there is no benchmarks/{group}.py")
    return results.code_digest(module)


def record() -> dict[str, Any]:
    """All that was kept, by ``<group>.<name>``; nothing where nothing was. Raises ValueError for a damaged file."""
    path = results.ROOT / FILE
    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise ValueError(f"{FILE}: {error}; restore it: git checkout {FILE}") from error
    if not isinstance(kept, dict):
        raise ValueError(f"{FILE}: holds a {type(kept).__name__}, not numbers by name; restore it: git checkout {FILE}")
    return kept


def stands(group: str) -> bool:
    """Whether the group's numbers were measured on the present sources; raises ValueError as `sources_hash` does."""
    return bool(record().get(f"{group}.hash") == sources_hash(group))


def keep(group: str, numbers: dict[str, Any]) -> None:
    """Put a group's numbers in the place of its old ones; those of other groups stay."""
    others = {key: value for key, value in record().items() if key.partition(".")[0] != group}
    kept = others | {f"{group}.{name}": value for name, value in numbers.items()}
    results.write_atomically(results.ROOT / FILE, json.dumps(dict(sorted(kept.items())), indent=1) + "\n")
