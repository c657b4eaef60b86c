"""The importance-weighted bound between the exact ELBO and the exact evidence of probabilistic PCA."""

from pycode.check import Check
from pycode.experiments import iwae as experiment
from pycode.results import measured


def first() -> Check:
    """Estimates at K = 1 of either q: largest distance from the exact ELBO, in standard errors."""
    because = "5 standard errors: by chance in one of 900,000 seeds"
    return Check(measured("iwae")["first_z"], 0.0, 5.0, because, "<=")


def exact() -> Check:
    """All estimates of either q: largest distance from the exact bound, in standard errors."""
    because = "5 standard errors: by chance in one of 120,000 seeds, for all 14"
    return Check(measured("iwae")["worst_z"], 0.0, 5.0, because, "<=")


def first_exact() -> Check:
    """The integral for L_1 minus the model's exact ELBO, the larger of either q, in nats."""
    result = measured("iwae")
    first = [result["log_evidence"] + result[f"{name}_gap"][0] - result[f"{name}_elbo"] for name in experiment.WIDTHS]
    return Check(max(map(abs, first)), 0.0, 1e-10, "the integral's rule has about 12 digits", "<=")


def below() -> Check:
    """Largest of all estimates minus the log evidence, in nats."""
    result = measured("iwae")
    highest = max(max(result[f"{name}_bound"]) for name in experiment.WIDTHS)
    because = "0: the smallest gap is many times its standard error"
    return Check(highest - result["log_evidence"], 0.0, 0.0, because, "<=")


def asymptote() -> Check:
    """Exact gap of the wide q at the largest K over -Var(w / p(x)) / (2K)."""
    result = measured("iwae")
    K, variance = result["draws"][-1], result["wide_variance"]
    because = "1.5 Var/K: what the expansion in 1/K leaves out is of that order"
    return Check(-2 * K * result["wide_gap"][-1] / variance, 1.0, 1.5 * variance / K, because)
