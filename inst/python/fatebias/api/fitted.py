"""A finished fit."""

import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..base import ExportError
from .fit_tables import FitTables
from .given import as_path

if TYPE_CHECKING:
    import pandas as pd
    import xarray


class Fit(FitTables):
    """A finished fit. Its tables are read from its folder when they are asked for.

    Effects are in log odds of a fate against the reference fate (or of a contrast in words). Days are ordered
    categories with the labels of the screen.

    Attributes
    ----------
    out_dir : Path
        Folder of the results.
    manifest : dict
        What the fit was made from, how it ended, and its files with sizes and sha256 (``fit_manifest.json``).
    settings : Settings
        Settings of the fit, for its QC as well.
    start : Path
        Working directory when the fit was made or read; a relative folder is read from there.

    Examples
    --------
    >>> import fatebias
    >>> files = fatebias.simulate("demo", cells=600, genes=6, guides_per_gene=3, days=2)
    >>> screen = fatebias.read_screen(files["screen"], files["guide_map"])
    >>> fit = fatebias.fit(screen, inference="laplace", likelihood_weight=7, out_dir="demo/fit")
    >>> fit
    <Fit demo/fit: 6 genes; days d0, d1; fates EC, MES, NEU; laplace, converged>
    """

    def __repr__(self) -> str:
        m, ended = self.manifest, self.manifest["convergence"]
        converged = "converged" if ended["converged"] else "not converged"
        levels = f"days {', '.join(m['days'])}; fates {', '.join(m['fates'])}"
        return f"<Fit {self.out_dir}: {m['screen']['n_genes']:,} genes; {levels}; {ended['engine']}, {converged}>"

    @cached_property
    def posterior(self) -> "xarray.DataTree":
        """Posterior draws in the form of ArviZ: what ArviZ 1 calls InferenceData.

        ``arviz_stats.summary(fit.posterior)`` takes it as it is, ``arviz.from_datatree(fit.posterior)`` makes an
        InferenceData of ArviZ before 1. Needs xarray: ``pip install 'fatebias[arviz]'``. Draws are kept where the fit
        was made with ``save_draws="contrast"`` or ``"all"``. They are independent, in one chain, and joint within a
        gene with its guides.

        Returns
        -------
        xarray.DataTree
            Group ``posterior``, in log odds: ``theta`` (chain, draw, gene, fate, day), effects of genes; ``delta``
            (chain, draw, guide, fate), deviations of guides from their gene. Coordinates have the names of genes,
            guides, fates and days; ``gene_of_guide`` has the gene of each guide.

        Raises
        ------
        FatebiasError
            xarray is not installed.
        ExportError
            The fit kept no draws.

        Examples
        --------
        >>> import fatebias
        >>> screen = fatebias.read_screen("demo/screen.h5ad", "demo/guide_map.csv")
        >>> fit = fatebias.fit(
        ...     screen, inference="laplace", likelihood_weight=7, num_posterior_draws=100, save_draws="all"
        ... )
        >>> dict(fit.posterior["posterior"]["theta"].sizes)
        {'chain': 1, 'draw': 100, 'gene': 6, 'fate': 2, 'day': 2}
        """
        from .draws import posterior_of

        self._confirm()
        return posterior_of(self._folder, self.manifest)

    @property
    def hits(self) -> "pd.DataFrame":
        """The ranked genes, which R makes of a fit.

        Returns
        -------
        pandas.DataFrame
            ``hits_ranked.csv``, the strongest gene first.

        Raises
        ------
        ExportError
            R has not ranked this fit; the message has the one line that does.

        Examples
        --------
        >>> import fatebias
        >>> try:
        ...     fatebias.load("demo/fit").hits
        ... except fatebias.ExportError as error:
        ...     print(str(error).splitlines()[0])
        demo/fit has no ranking of this fit. Ranking by mash is done in R:
        """
        from ..results import read_ranking

        self._confirm()
        return read_ranking(self._folder, self.manifest)

    def save(self, out_dir: str | Path) -> "Fit":
        """Copy the files of the fit to a new folder, such as those of a fit that was made without one.

        Parameters
        ----------
        out_dir : str or Path
            Folder that does not exist yet.

        Returns
        -------
        Fit
            The fit in that folder.

        Raises
        ------
        ExportError
            The folder exists or cannot be written to, or a file of the fit was changed, cut or removed.

        Examples
        --------
        >>> import fatebias
        >>> fatebias.load("demo/fit").save("demo/copy").out_dir.as_posix()
        'demo/copy'
        """
        from ..results import verify_contents

        target = as_path(out_dir, "out_dir", ExportError)
        self._confirm()
        verify_contents(self._folder)
        if os.path.lexists(target):
            raise ExportError(f"{target} exists. Choose a folder that does not exist yet.")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".save-", dir=target.parent, ignore_cleanup_errors=True) as own:
                stage = Path(own) / target.name
                stage.mkdir()
                for name in self.manifest["files"]:
                    shutil.copyfile(self._folder / name, stage / name)
                stage.rename(target)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise ExportError(f"Cannot save the fit to {target}: {error}. Choose another folder.") from error
        return Fit(out_dir=target, manifest=self.manifest, settings=self.settings)
