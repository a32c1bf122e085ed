"""The tables of a fit as DataFrames."""

from typing import TYPE_CHECKING

from ..base import ScreenError
from .folder import FitFolder
from .given import as_text

if TYPE_CHECKING:
    import pandas as pd


class FitTables(FitFolder):
    """Tables of a fit. Effects are in log odds; days are ordered categories with the labels of the screen.

    A table is made when it is first asked for; each asking gives a copy, which may be changed.
    """

    @property
    def genes(self) -> "pd.DataFrame":
        """Effects of genes, one row a gene, day and fate.

        The fates are those beside the reference, and `contrast_fate` where that is a difference of fates.

        Returns
        -------
        pandas.DataFrame
            ``gene``, ``day``, ``fate``; ``estimate``, ``se``: fixed-effect estimate and standard error, the input of
            mash; ``posterior_mean``, ``posterior_sd``: of the hierarchical posterior, all four in log odds; ``z``,
            ``p``, ``p_guides``: of the randomisation of guides over cells, of `contrast_fate` alone (else missing).

        Raises
        ------
        ExportError
            The folder is no longer as the fit wrote it.

        Examples
        --------
        >>> import fatebias
        >>> genes = fatebias.load("demo/fit").genes
        >>> genes.shape  # 6 genes, 2 days, 2 fates beside the reference
        (24, 10)
        >>> list(genes)[:7]
        ['gene', 'day', 'fate', 'estimate', 'se', 'posterior_mean', 'posterior_sd']
        >>> bool(genes[genes.fate == "NEU"].p.isna().all())
        True
        """
        return self._once("genes", self._genes)

    @property
    def guides(self) -> "pd.DataFrame":
        """Effects of guides, one row a guide, day and fate.

        Returns
        -------
        pandas.DataFrame
            ``guide``, ``gene``, ``day``, ``fate``; ``estimate``, ``se``, ``posterior_mean``, ``posterior_sd``: of the
            guide, in log odds; ``gene_without``, ``gene_without_se``: of its gene with this guide left out (missing
            where the gene has no other); ``n_cells``: cells of the day that carry the guide.

        Raises
        ------
        ExportError
            The folder is no longer as the fit wrote it.

        Examples
        --------
        >>> import fatebias
        >>> guides = fatebias.load("demo/fit").guides
        >>> list(guides)[:6]
        ['guide', 'gene', 'day', 'fate', 'estimate', 'se']
        """
        return self._once("guides", self._guides)

    @property
    def replicates(self) -> "pd.DataFrame":
        """Estimates of genes in each replicate, of `contrast_fate`.

        Returns
        -------
        pandas.DataFrame
            ``gene``, ``day``, ``replicate``, ``estimate``, ``se`` (log odds).

        Examples
        --------
        >>> import fatebias
        >>> fatebias.load("demo/fit").replicates.replicate.unique().tolist()
        ['rep1', 'rep2']
        """
        return self._once("replicates", self._replicates)

    @property
    def probabilities(self) -> "pd.DataFrame":
        """What the effects of genes mean in probabilities, one row a gene, day and fate, the reference among them.

        The change is that of the mean over the cells of the day if each gets one average guide for the gene in place
        of a control guide. It is made from the fit's estimates, which are not shrunk.

        Returns
        -------
        pandas.DataFrame
            ``gene``, ``day``, ``fate``; ``baseline``: mean probability of the fate over the day's cells, 0 to 1;
            ``change``: of that mean, -1 to 1; ``low``, ``high``: 90 % interval of the change.

        Examples
        --------
        >>> import fatebias
        >>> changes = fatebias.load("demo/fit").probabilities
        >>> bool((changes.groupby(["gene", "day"], observed=True).change.sum().abs() < 1e-6).all())
        True
        """
        return self._once("probabilities", lambda: self._with_days(self._table("gene_probability_change.csv")))

    @property
    def qc(self) -> "pd.DataFrame":
        """The assertions of QC.

        Returns
        -------
        pandas.DataFrame
            ``assertion``, ``statistic``, ``threshold``, ``ok``, ``worst_gene``.

        Examples
        --------
        >>> import fatebias
        >>> bool(fatebias.load("demo/fit").qc.ok.all())
        True
        """
        return self._once("qc", self._qc)

    def contrast(self, words: str) -> "pd.DataFrame":
        """Effects of genes on any contrast of fates.

        Parameters
        ----------
        words : str
            A fate against the reference (``"NEU"``), a difference (``"NEU - MES"``), one against all others
            (``"NEU - rest"``) or weighted (``"MES - (EC + NEU) / 2"``).

        Returns
        -------
        pandas.DataFrame
            As `genes`, with the words as ``fate``, without p-values.

        Raises
        ------
        ScreenError
            The fates do not allow this contrast.

        Examples
        --------
        >>> import fatebias
        >>> fatebias.load("demo/fit").contrast("NEU - MES").fate.unique().tolist()
        ['NEU - MES']
        """
        return self._effects(as_text(words, "words", ScreenError))["genes"].copy()

    def _effects(self, words: str) -> "dict[str, pd.DataFrame]":
        """Effects on a contrast, of `genes` and of `guides`, which are made the first time."""
        from .tables import effects_of

        if words not in self._made_of:
            self._made_of[words] = effects_of(self._archive, words, self.days)
        return self._made_of[words]

    def _genes(self) -> "pd.DataFrame":
        from .tables import P_VALUES, beside, long, stacked

        parts = [self._effects(words)["genes"] for words in self._contrasts]
        own = self._contrasts.index(self.manifest["contrast"])
        if "gene_daywise_p.csv" in self.manifest["files"]:
            parts[own] = beside(parts[own], long(self._table("gene_daywise_p.csv"), P_VALUES, self.days))
        return stacked(parts)

    def _guides(self) -> "pd.DataFrame":
        from .tables import CELLS, beside, long, stacked

        found = stacked([self._effects(words)["guides"] for words in self._contrasts])
        cells = long(self._table("qc_cells_by_guide.csv"), CELLS, self.days)
        return beside(found, cells.drop(columns="gene"))

    def _replicates(self) -> "pd.DataFrame":
        found = self._table("gene_daywise_by_replicate.csv").rename(columns={"betahat": "estimate"})
        return self._with_days(found)

    def _qc(self) -> "pd.DataFrame":
        import pandas as pd

        from ..results import assess_qc

        self._confirm()
        columns = ["assertion", "statistic", "threshold", "ok", "worst_gene"]
        rows = [
            (one.assertion.name, one.statistic, one.threshold, one.ok, one.worst["gene"].iloc[0])
            for one in assess_qc(self._folder, self.settings)
        ]
        return pd.DataFrame(rows, columns=columns)

    @property
    def _contrasts(self) -> list[str]:
        """The fates beside the reference, and the fit's own contrast."""
        return list(dict.fromkeys([*self.fates[1:], self.manifest["contrast"]]))

    def _with_days(self, table: "pd.DataFrame") -> "pd.DataFrame":
        from .tables import day_labels

        return table.assign(day=day_labels(self.days, table["day"]))
