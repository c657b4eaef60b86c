"""What a numeric check of the document reports."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """A measured value, what it must agree with, how closely, and why so closely.

    The relation says what is demanded: ``=`` value within ``tolerance`` of ``reference``,
    ``<=`` at most ``reference + tolerance``, ``>=`` at least ``reference - tolerance``.
    ``because`` is plain text: the reason for the tolerance, for the list of checks.
    """

    value: float
    reference: float
    tolerance: float
    because: str
    relation: Literal["=", "<=", ">="] = "="

    @property
    def passed(self) -> bool:
        """Whether the demand is met; a value that is not a finite number never meets it."""
        if not math.isfinite(self.value):
            return False
        difference = self.value - self.reference
        if self.relation == "=":
            return abs(difference) <= self.tolerance
        if self.relation == "<=":
            return difference <= self.tolerance
        return difference >= -self.tolerance
