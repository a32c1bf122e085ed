"""Simulated screens, for a first look without data of one's own."""

from pathlib import Path
from typing import Any

from ..base import ExportError, SimulationError
from .given import as_path, as_switch


def simulate(out_dir: str | Path, *, progress: bool | None = None, **arguments: Any) -> dict[str, str]:
    """Write a simulated screen and its truth.

    Parameters
    ----------
    out_dir : str or Path
        Folder to write to.
    progress : bool, optional
        Show a progress bar? Default: where the output is a terminal.
    **arguments
        Sizes and kinds, such as ``cells``, ``genes``, ``guides_per_gene``, ``days``, ``seed``. ``python -m fatebias
        simulate --help`` lists all. They override those of ``preset``, which is ``"weak"`` by default.

    Returns
    -------
    dict of str to str
        Paths by what they are: ``screen``, ``guide_map``, ``truth``, ``truth_all``, ``arguments``.

    Raises
    ------
    SimulationError
        An argument is unknown, of the wrong type or cannot be simulated.
    ExportError
        The folder cannot be written to.

    Examples
    --------
    >>> import fatebias
    >>> files = fatebias.simulate("demo", cells=600, genes=6, guides_per_gene=3, days=2)
    >>> sorted(files)
    ['arguments', 'guide_map', 'screen', 'truth', 'truth_all']
    """
    from ..simulation import simulate_to

    shown = as_switch(progress, "progress", SimulationError)
    return simulate_to(as_path(out_dir, "out_dir", ExportError), arguments, shown)
