"""QC of a fit: tables, three assertions, and an error or a warning when one is violated.

The constraint (delta has mean 0 within a gene, so that theta is the gene's average guide effect)
holds by construction; a violation means that something between model and files went wrong.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..base import CONSTANTS, QCError, QCWarning, Settings, day_columns
from ..model import PosteriorSummary
from ..screens import Screen
from .files import read_table

DELTA_TABLE = "qc_delta_mean_by_gene.csv"
OFFSET_TABLE = "qc_theta_beta_offset_by_gene.csv"
CENTERING_TABLE = "qc_theta_day_centering.csv"


@dataclass(frozen=True)
class Assertion:
    """max over genes of |column| of a table must be below the threshold in a setting."""

    name: str
    table: str
    column: str
    setting: str


ASSERTIONS = tuple(Assertion(name=name, **row) for name, row in CONSTANTS.qc_assertions.items())


@dataclass(frozen=True)
class Finding:
    """One assertion against its table: the statistic, the threshold, whether it holds, the worst genes."""

    assertion: Assertion
    statistic: float
    threshold: float
    ok: bool
    worst: pd.DataFrame


def qc_tables(posterior: PosteriorSummary, screen: Screen) -> dict[str, pd.DataFrame]:
    """The three QC tables by file name, one row a gene."""
    gene, n_guides = list(screen.gene_names), screen.guides_per_gene

    def gene_mean(values: np.ndarray) -> np.ndarray:
        return np.asarray(_sum_by_gene(values, screen) / n_guides.reshape((-1,) + (1,) * (values.ndim - 1)))

    delta = gene_mean(posterior.delta_mean)
    spread = np.sqrt(gene_mean((posterior.delta_mean - delta[screen.guide_gene]) ** 2))
    offset = gene_mean(posterior.beta_mean) - posterior.theta_mean
    centered = posterior.theta_mean - posterior.theta_mean.mean(1, keepdims=True)
    days = {
        **dict(zip(day_columns("theta_mean", screen.n_days), posterior.theta_mean.T)),
        **dict(zip(day_columns("theta_centered", screen.n_days), centered.T)),
    }
    return {
        DELTA_TABLE: pd.DataFrame(
            {"gene": gene, "n_guides": n_guides, "delta_mean_gene": delta, "delta_sd_gene": spread}
        ),
        OFFSET_TABLE: pd.DataFrame(
            {"gene": gene, "n_guides": n_guides, "offset_mean": offset.mean(1), "offset_sd_across_days": offset.std(1)}
        ),
        CENTERING_TABLE: pd.DataFrame({"gene": gene, **days}),
    }  # fmt: skip


def assess_qc(out_dir: str | Path, settings: Settings) -> list[Finding]:
    """Every assertion against the tables in `out_dir`; a value that is missing violates its assertion.

    Raises ExportError where a table is not as the fit wrote it.
    """
    return [_assess(assertion, read_table(out_dir, assertion.table), settings) for assertion in ASSERTIONS]


def assert_qc(findings: list[Finding], mode: str) -> None:
    """QCError in simulation mode, QCWarning on real data, when an assertion is violated; lists the worst genes."""
    violated = [finding for finding in findings if not finding.ok]
    if not violated:
        return
    message = "\n".join(_describe(finding) for finding in violated)
    if mode == "simulation":
        raise QCError(message)
    warnings.warn(message, QCWarning, stacklevel=2)


def _assess(assertion: Assertion, table: pd.DataFrame, settings: Settings) -> Finding:
    size = table[assertion.column].abs()
    statistic = float("nan") if size.isna().any() or size.empty else float(size.max())
    threshold = getattr(settings, assertion.setting)
    # What is zero but for rounding names no gene: values that look the same stay in the table's order.
    by_size = size.round(CONSTANTS.qc_digits).sort_values(ascending=False, na_position="first", kind="stable")
    worst = table.loc[by_size.index[: CONSTANTS.qc_worst_genes], ["gene", assertion.column]]
    return Finding(assertion, statistic, threshold, bool(statistic < threshold), worst)  # NaN < threshold is False


def _describe(finding: Finding) -> str:
    a = finding.assertion
    found = f"max |{a.column}| = {finding.statistic:.4g}, must be < {finding.threshold:g}"
    head = f"QC assertion {a.name} is violated: {found}."
    return f"{head} Worst genes ({a.table}):\n{finding.worst.to_string(index=False)}"


def _sum_by_gene(values: np.ndarray, screen: Screen) -> np.ndarray:
    total = np.zeros((screen.n_genes, *values.shape[1:]))
    np.add.at(total, screen.guide_gene, values)
    return total
