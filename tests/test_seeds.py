"""Reported seeds are others than those of tuning, each once."""

import pytest

from pycode.seeds import require_disjoint


def test_common_seeds_are_named() -> None:
    with pytest.raises(ValueError, match=r"^seeds 3, 4 were used in tuning; report others$"):
        require_disjoint([9, 4, 3], range(5))


def test_seeds_that_are_reported_twice_are_named() -> None:
    with pytest.raises(ValueError, match=r"^seeds 7 are reported twice; give each once$"):
        require_disjoint([7, 8, 7], range(5))


def test_disjoint_ones_pass() -> None:
    require_disjoint(range(5, 8), range(5))
    require_disjoint([], [])


@pytest.mark.parametrize(
    ("reported", "message"), [([7, 8, 7], "seeds 7 are reported twice"), ([9, 4, 3], "seeds 3, 4 were used in tuning")]
)
def test_seeds_that_can_be_read_only_once_are_compared_too(reported: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        require_disjoint((seed for seed in reported), (seed for seed in range(5)))
