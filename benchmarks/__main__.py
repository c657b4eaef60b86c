"""Measure and write down: ``python -m benchmarks [group ...]``, all groups when none is named.

``--check`` measures nothing and says which numbers are of other sources than the present ones.
"""

import sys
from importlib import import_module

from benchmarks.machine import describe
from pycode import benchmarks, progress


def main(arguments: list[str]) -> int:
    """Exit status: 1 for an unknown group, or when --check finds numbers that do not stand."""
    named = [argument for argument in arguments if argument != "--check"]
    unknown = [group for group in named if group not in benchmarks.groups()]
    if unknown:
        print(f"there is no benchmark {', '.join(unknown)}; give {', '.join(benchmarks.groups())}", file=sys.stderr)
        return 1
    chosen = named or benchmarks.groups()
    try:
        benchmarks.record()  # a damaged file is told before anything is measured
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if "--check" in arguments:
        stale = [group for group in chosen if not benchmarks.stands(group)]
        for group in stale:
            print(f"{benchmarks.FILE}: {group} was measured on other sources; type: make bench BENCH={group}")
        return int(bool(stale))
    for group in chosen:
        sources = benchmarks.sources_hash(group)
        numbers = import_module(f"benchmarks.{group}").measure(progress.bar)
        benchmarks.keep(group, {**numbers, "hash": sources, **{f"machine_{k}": v for k, v in describe().items()}})
        for name, value in numbers.items():
            print(f"{group}.{name}: {value:,.4g}" if isinstance(value, float) else f"{group}.{name}: {value}")
    print(f"Written into {benchmarks.FILE}; results are only comparable within one run.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
