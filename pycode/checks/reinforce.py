r"""Checks of REINFORCE on the short corridor: wherever the runs went, returns and updates have their exact means."""

import numpy as np

from pycode.check import Check
from pycode.results import measured

FOUR = "standard errors, over runs: by chance one of four settings is more than 4 once in 4,000"


def _worst(name: str) -> Check:
    """The largest distance over the settings."""
    return Check(float(abs(np.array(measured("reinforce")[name])).max()), 4.0, 0.0, FOUR, "<=")


def returns() -> Check:
    r"""Returns against J(p) at the p of their own episode, summed over each run: the mean over runs is 0."""
    return _worst("returns_z")


def updates() -> Check:
    r"""Updates against :math:`\alpha\nabla J` at their own p, without and with learned baseline, summed over each run.

    Given what came before, each update has that mean (``eq:reinforce``), so the sums have the mean 0.
    """
    return _worst("updates_z")
