"""The linear VAE against the closed-form maximum likelihood of probabilistic PCA, on digits."""

import torch

from pycode.check import Check
from pycode.experiments import ppca as experiment
from pycode.ppca import highest_log_evidence, maximum_likelihood
from pycode.results import measured

EPS = torch.finfo(torch.float64).eps


def maximum() -> Check:
    """Highest mean log evidence, from eigenvalues, against scikit-learn's PCA.score.

    Its covariance has the divisor N - 1; fitted to images drawn together by sqrt((N - 1)/N), it is that of N.
    """
    from sklearn.decomposition import PCA

    x = experiment.images()
    mean, shrunk = x.mean(0), (1 - 1 / len(x)) ** 0.5
    fitted = PCA(experiment.LATENT, svd_solver="full").fit((mean + shrunk * (x - mean)).numpy())
    value = highest_log_evidence(x, experiment.LATENT)
    condition = torch.linalg.cond(maximum_likelihood(x, experiment.LATENT).marginal()[1]).item()
    because = "10 eps·D_x·cond(Cov x): a quadratic form and a determinant of D_x terms each"
    return Check(value, float(fitted.score(x.numpy())), 10 * EPS * x.shape[1] * condition, because)


def gap_exact() -> Check:
    """Maximum minus the exact ELBO that L-BFGS reaches on it, in nats an image."""
    because = "the nearest saddle, with the 9th eigenvector in place of the 8th, lies 0.2 nats below"
    return Check(measured("ppca")["gap_exact_nats"], 1e-5, 0.0, because, "<=")


def gap_sgvb() -> Check:
    """Maximum minus the exact ELBO after training by the printed loss, in nats an image."""
    because = "seeds 1 to 12, on which the settings were chosen, reached 0.005 to 0.011"
    return Check(measured("ppca")["gap_sgvb_nats"], 0.03, 0.0, because, "<=")


def never_above() -> Check:
    """Smallest gap along both trainings: no ELBO exceeds the highest log evidence."""
    result = measured("ppca")
    best = result["log_evidence"]
    smallest = min(best - elbo for elbo in [*result["exact_elbo"], *result["sgvb_elbo"]])
    because = "100 eps·D_x: what rounding may add to sums of D_x terms"
    return Check(smallest, 0.0, 100 * EPS * result["D_x"], because, ">=")
