"""The checks of what was played fail where it is not what was meant."""

from typing import Any

import pytest

from pycode.checks import play as checks

HONEST: dict[str, Any] = {
    "sampled": 0.738, "J_limit": 0.74, "J": 0.8235, "sampled_error": 0.006,
    "shares": [0.41, 0.59], "mu": [0.4, 0.6], "shares_error": [0.005, 0.005],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "changes", "passes"),
    [
        ("limit", {}, True),
        ("limit", {"J_limit": 0.8235}, False),
        ("limit", {"sampled": 0.71}, False),
        ("shares", {}, True),
        ("shares", {"mu": [0.5, 0.5]}, False),
        ("shares", {"shares": [0.43, 0.57]}, False),
    ],
)
def test_fails_four_standard_errors_away(
    monkeypatch: pytest.MonkeyPatch, name: str, changes: dict[str, Any], passes: bool
) -> None:
    monkeypatch.setattr(checks, "measured", lambda group: HONEST | changes)
    assert getattr(checks, name)().passed is passes
