"""Seeds that are reported and seeds on which choices were made are not the same ones."""

from collections.abc import Iterable


def require_disjoint(reported: Iterable[int], tuning: Iterable[int]) -> None:
    """Demand that no reported seed was used in tuning, and that none is reported twice.

    Raises ValueError that names the seeds at fault.
    """
    reported = list(reported)
    twice = sorted({seed for seed in reported if reported.count(seed) > 1})
    if twice:
        raise ValueError(f"seeds {', '.join(map(str, twice))} are reported twice; give each once")
    common = sorted(set(reported) & set(tuning))
    if common:
        raise ValueError(f"seeds {', '.join(map(str, common))} were used in tuning; report others")
