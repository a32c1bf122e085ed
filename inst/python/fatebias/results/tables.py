"""What the files of a fit hold: tables and arrays in the names, columns and axes of the export contract.

Inside the package axes are draw, gene or guide, fate, day; here, and only here, `*_all` arrays are put in the
contract's order (fate first).
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from ..base import Settings, day_columns
from ..laplace import ByReplicate, Estimates, replicate_agreement, sd_of
from ..screens import Screen
from .archive import ALL_FATES, archive_arrays, baseline_arrays
from .engines import Inference
from .texts import texts


def daywise_table(names: Mapping[str, Sequence[str] | np.ndarray], mean: np.ndarray, sd: np.ndarray) -> pd.DataFrame:
    """Names, then betahat_d*, then se_d*; mean and sd are [rows, days]."""
    columns: dict[str, Sequence[str] | np.ndarray] = dict(names)
    columns |= dict(zip(day_columns("betahat", mean.shape[1]), mean.T))
    columns |= dict(zip(day_columns("se", sd.shape[1]), sd.T))
    return pd.DataFrame(columns)


class Names(Protocol):
    """Names of rows; a Screen has them. guide_gene [G]: index of each guide's gene."""

    @property
    def gene_names(self) -> Sequence[str]: ...
    @property
    def guide_names(self) -> Sequence[str]: ...
    @property
    def replicate_labels(self) -> Sequence[str]: ...
    @property
    def guide_gene(self) -> np.ndarray: ...


class Posterior(Protocol):
    """Posterior of a contrast: theta_mean, theta_sd [L, D], theta_cov [L, D, D], beta_mean, beta_sd [G, D]."""

    @property
    def theta_mean(self) -> np.ndarray: ...
    @property
    def theta_sd(self) -> np.ndarray: ...
    @property
    def theta_cov(self) -> np.ndarray: ...
    @property
    def beta_mean(self) -> np.ndarray: ...
    @property
    def beta_sd(self) -> np.ndarray: ...


def tables_of_contrast(estimates: Estimates, posterior: Posterior, names: Names) -> dict[str, pd.DataFrame]:
    """All tables of a contrast by the name of their file, but p-values, which are of a fit's first contrast alone."""
    return (
        posterior_tables(posterior, names)
        | estimate_tables(estimates, posterior, names)
        | heterogeneity_tables(estimates, names)
    )


def posterior_tables(posterior: Posterior, names: Names) -> dict[str, pd.DataFrame]:
    """Posterior mean and SD of the contrast: gene_daywise_for_mash.csv (theta), guide_daywise_for_mash.csv (beta)."""
    return {
        "gene_daywise_for_mash.csv": daywise_table(
            {"gene": names.gene_names}, posterior.theta_mean, posterior.theta_sd
        ),
        "guide_daywise_for_mash.csv": daywise_table(_guides(names), posterior.beta_mean, posterior.beta_sd),
    }


def estimate_tables(estimates: Estimates, posterior: Posterior, names: Names) -> dict[str, pd.DataFrame]:
    """gene_daywise_likelihood.csv: fixed-effect estimates; gene_daywise_cov.csv: covariances of both between days."""
    l, d = estimates.theta_hat.shape
    day_1, day_2 = np.tril_indices(d)
    covariances = {"theta_cov": posterior.theta_cov, "likelihood_cov": estimates.covariance}
    columns = {"gene": np.repeat(np.asarray(names.gene_names, dtype=object), len(day_1))}
    columns |= {"day_1": np.tile(day_1, l), "day_2": np.tile(day_2, l)}
    columns |= {name: values[:, day_1, day_2].ravel() for name, values in covariances.items()}
    return {
        "gene_daywise_likelihood.csv": daywise_table({"gene": names.gene_names}, estimates.theta_hat, estimates.se),
        "gene_daywise_cov.csv": pd.DataFrame(columns),
    }


def p_value_tables(estimates: Estimates, names: Names) -> dict[str, pd.DataFrame]:
    """gene_daywise_p.csv: z, p and p_guides of each gene by day; none where the settings ask for none."""
    values = estimates.p_values
    if values is None:
        return {}
    columns: dict[str, Sequence[str] | np.ndarray] = {"gene": names.gene_names}
    for name, by_day in (("z", values.z), ("p", values.p), ("p_guides", values.p_guides)):
        columns |= dict(zip(day_columns(name, by_day.shape[1]), by_day.T))
    return {"gene_daywise_p.csv": pd.DataFrame(columns)}


def heterogeneity_tables(estimates: Estimates, names: Names) -> dict[str, pd.DataFrame]:
    """Estimates by guide, with a guide left out, by replicate; and by gene how much guides and replicates differ."""
    guides, rows, n = estimates.guides, _guides(names), np.bincount(names.guide_gene)
    several = n[names.guide_gene] > 1
    of_guides = np.einsum("ldd->ld", estimates.guide_variance.of_mean(n))
    agreement = replicate_agreement(estimates.by_replicate)
    whole = np.einsum("ldd->ld", estimates.noise + estimates.labels) + of_guides
    by_gene = {
        "gene": np.asarray(names.gene_names, dtype=object), "n_guides": n,
        "guide_sd": np.sqrt(estimates.guide_variance.by_gene), "guide_share": np.nanmean(of_guides / whole, axis=1),
        "replicate_q": agreement.q, "replicate_df": agreement.df, "replicate_p": agreement.p,
    }  # fmt: skip
    if estimates.all_fates.labels is not None:
        share = estimates.label_share.T
        by_gene |= dict(zip(day_columns("label_share", len(share)), share))
    return {
        "guide_daywise_likelihood.csv": daywise_table(rows, guides.beta, guides.se),
        "guide_daywise_left_out.csv": daywise_table(rows, guides.left_out, guides.left_out_se)[several],
        "gene_daywise_by_replicate.csv": _by_replicate(estimates.by_replicate, names),
        "gene_heterogeneity.csv": pd.DataFrame(by_gene),
    }


def _guides(names: Names) -> dict[str, Sequence[str] | np.ndarray]:
    """Columns that name the rows of a table of guides."""
    return {"guide": names.guide_names, "gene": np.asarray(names.gene_names, dtype=object)[names.guide_gene]}


def _by_replicate(by: ByReplicate, names: Names) -> pd.DataFrame:
    """Rows gene, day, replicate, in this order."""
    index = pd.MultiIndex.from_product(
        [list(names.gene_names), range(by.theta.shape[2]), list(names.replicate_labels[: by.n])],
        names=["gene", "day", "replicate"],
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
        ALL_FATES: archive_arrays(found.estimates.all_fates, posterior, screen)
        | ({} if found.sets else baseline_arrays(found.laplace.baseline, screen)),
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
