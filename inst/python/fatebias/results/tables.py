"""What the files of a fit hold: tables and arrays in the names, columns and axes of the export contract.

Inside the package axes are draw, gene or guide, fate, day; here, and only here, `*_all` arrays are put in the
contract's order (fate first).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..base import Settings, day_columns
from ..laplace import replicate_agreement, sd_of
from ..model import PosteriorSummary
from ..screens import Screen
from .archive import ALL_FATES, all_fates_arrays
from .engines import Inference
from .texts import texts


def daywise_table(names: Mapping[str, Sequence[str] | np.ndarray], mean: np.ndarray, sd: np.ndarray) -> pd.DataFrame:
    """Names, then betahat_d*, then se_d*; mean and sd are [rows, days]."""
    columns: dict[str, Sequence[str] | np.ndarray] = dict(names)
    columns |= dict(zip(day_columns("betahat", mean.shape[1]), mean.T))
    columns |= dict(zip(day_columns("se", sd.shape[1]), sd.T))
    return pd.DataFrame(columns)


def posterior_tables(posterior: PosteriorSummary, screen: Screen) -> dict[str, pd.DataFrame]:
    """Posterior mean and SD of the contrast: gene_daywise_for_mash.csv (theta), guide_daywise_for_mash.csv (beta)."""
    gene_of_guide = np.asarray(screen.gene_names, dtype=object)[screen.guide_gene]
    return {
        "gene_daywise_for_mash.csv": daywise_table(
            {"gene": screen.gene_names}, posterior.theta_mean, posterior.theta_sd
        ),
        "guide_daywise_for_mash.csv": daywise_table(
            {"guide": screen.guide_names, "gene": gene_of_guide}, posterior.beta_mean, posterior.beta_sd
        ),
    }


def estimate_tables(found: Inference, screen: Screen) -> dict[str, pd.DataFrame]:
    """gene_daywise_likelihood.csv: fixed-effect estimates; gene_daywise_cov.csv: covariances of both between days."""
    d = screen.n_days
    day_1, day_2 = np.tril_indices(d)
    covariances = {"theta_cov": found.posterior.theta_cov, "likelihood_cov": found.estimates.covariance}
    columns = {"gene": np.repeat(np.asarray(screen.gene_names, dtype=object), len(day_1))}
    columns |= {"day_1": np.tile(day_1, screen.n_genes), "day_2": np.tile(day_2, screen.n_genes)}
    columns |= {name: values[:, day_1, day_2].ravel() for name, values in covariances.items()}
    return {
        "gene_daywise_likelihood.csv": daywise_table(
            {"gene": screen.gene_names}, found.estimates.theta_hat, found.estimates.se
        ),
        "gene_daywise_cov.csv": pd.DataFrame(columns),
    }


def p_value_tables(found: Inference, screen: Screen) -> dict[str, pd.DataFrame]:
    """gene_daywise_p.csv: z, p and p_guides of each gene by day; none where the settings ask for none."""
    values = found.estimates.p_values
    if values is None:
        return {}
    columns: dict[str, Sequence[str] | np.ndarray] = {"gene": screen.gene_names}
    for name, by_day in (("z", values.z), ("p", values.p), ("p_guides", values.p_guides)):
        columns |= dict(zip(day_columns(name, by_day.shape[1]), by_day.T))
    return {"gene_daywise_p.csv": pd.DataFrame(columns)}


def heterogeneity_tables(found: Inference, screen: Screen) -> dict[str, pd.DataFrame]:
    """Estimates by guide, with a guide left out, by replicate; and by gene how much guides and replicates differ."""
    estimates, genes = found.estimates, np.asarray(screen.gene_names, dtype=object)
    guides, names = estimates.guides, {"guide": screen.guide_names, "gene": genes[screen.guide_gene]}
    several = screen.guides_per_gene[screen.guide_gene] > 1
    left_out = daywise_table(names, guides.left_out, guides.left_out_se)[several]
    n = screen.guides_per_gene
    of_guides = np.einsum("ldd->ld", estimates.guide_variance.of_mean(n))
    agreement = replicate_agreement(estimates.by_replicate)
    whole = np.einsum("ldd->ld", estimates.noise) + of_guides
    by_gene = {
        "gene": genes, "n_guides": n, "guide_sd": np.sqrt(estimates.guide_variance.by_gene),
        "guide_share": np.nanmean(of_guides / whole, axis=1),
        "replicate_q": agreement.q, "replicate_df": agreement.df, "replicate_p": agreement.p,
    }  # fmt: skip
    return {
        "guide_daywise_likelihood.csv": daywise_table(names, guides.beta, guides.se),
        "guide_daywise_left_out.csv": left_out,
        "gene_daywise_by_replicate.csv": _by_replicate(found, screen),
        "gene_heterogeneity.csv": pd.DataFrame(by_gene),
    }


def _by_replicate(found: Inference, screen: Screen) -> pd.DataFrame:
    """Rows gene, day, replicate, in this order."""
    by = found.estimates.by_replicate
    index = pd.MultiIndex.from_product(
        [screen.gene_names, range(screen.n_days), screen.replicate_labels[: by.n]], names=["gene", "day", "replicate"]
    )
    values = {name: part.transpose(1, 2, 0).ravel() for name, part in (("betahat", by.theta), ("se", by.se))}
    return pd.DataFrame(values, index=index).reset_index()


def summary_arrays(found: Inference, screen: Screen, settings: Settings) -> dict[str, dict[str, np.ndarray]]:
    """The .npz files by name: arrays, names and axis labels."""
    posterior = found.posterior
    labels = {
        "gene_names": texts(screen.gene_names),
        "fates": texts(screen.fates[1:]),
        "day_labels": texts(screen.day_labels),
        "contrast_fate": texts([settings.contrast_fate]),
    }
    guides = labels | {"guide_names": texts(screen.guide_names), "guide_gene": screen.guide_gene}
    arrays = {
        ALL_FATES: all_fates_arrays(found, screen),
        "theta_posterior_summary.npz": labels | {
            "theta_mean": posterior.theta_mean, "theta_sd": posterior.theta_sd, "theta_cov": posterior.theta_cov,
            "likelihood_cov": found.estimates.covariance,
            "likelihood_se_model": sd_of(found.estimates.model_covariance),
            "likelihood_se_sandwich": sd_of(found.estimates.sandwich_covariance),
            "theta_mean_all": np.moveaxis(posterior.theta_mean_all, 1, 0),
            "theta_sd_all": np.moveaxis(posterior.theta_sd_all, 1, 0),
            "axes": texts(["*: gene, day", "*_all: fate, gene, day", "*_cov: gene, day, day"]),
        },
        "delta_posterior_summary.npz": guides | {
            "delta_mean": posterior.delta_mean, "delta_sd": posterior.delta_sd,
            "delta_mean_all": posterior.delta_mean_all.T, "delta_sd_all": posterior.delta_sd_all.T,
            "axes": texts(["*: guide", "*_all: fate, guide"]),
        },
    }  # fmt: skip
    if posterior.theta_draws is not None and posterior.delta_draws is not None:
        axes = ["theta: draw, gene, (fate,) day", "delta: draw, guide(, fate)"]
        arrays["posterior_draws.npz"] = guides | {
            "theta": posterior.theta_draws, "delta": posterior.delta_draws, "axes": texts(axes)
        }  # fmt: skip
    return arrays
