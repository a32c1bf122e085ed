"""A screen of objects (R's matrices and vectors): looked at as a file is, and written only then."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..base import ScreenError, Settings
from ..containers import MemorySource, write_screen
from .reader import cells_of

_CALLED = "The screen"
# entries of the standard layout, and the arguments of fate_screen() that they come from
_ARGUMENTS = {
    f"{_CALLED}: ": "",
    f"{_CALLED} has no ": "There is no ",
    "obsm['fateprob']": "`fate_probs`",
    "obsm['guide']": "`guides`",
    "obs['day']": "`day`",
    "obsm['covar']['rep']": "`replicate`",
    "obsm['covar']": "`cell_data`",
    "obsm/covar": "`cell_data`",
}


def write_objects(
    path: str | Path,
    settings: Settings,
    guides: Any,
    guide_names: Sequence[str],
    fate_probs: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    fates: Sequence[str],
    day: Sequence[str] | pd.Categorical,
    replicate: Sequence[str],
    cell_names: Sequence[str] | None,
    covariates: pd.DataFrame,
) -> None:
    """Write a screen in the default layout, once `Reader` accepts its parts; raises ScreenError, and writes nothing.

    Arguments are those of `write_screen`. settings: keys of the standard layout. Messages name the arguments.
    """
    n = len(day)
    cells = [f"cell{i + 1}" for i in range(n)] if cell_names is None else list(map(str, cell_names))
    sets = fate_probs if isinstance(fate_probs, Mapping) else {"fateprob": fate_probs}
    probs = {key: pd.DataFrame(np.asarray(of, dtype=np.float64), columns=list(fates)) for key, of in sets.items()}
    source = MemorySource(
        cells,
        {
            "obs": {"day": day},
            "obsm": {"guide": guides, **probs, "covar": covariates.assign(rep=list(replicate))},
            "uns": {"guide_names": list(guide_names)},
        },
        called=_CALLED,
    )
    with in_words(_ARGUMENTS | {f"obsm['{key}']": f"`fate_probs${key}`" for key in probs if probs.keys() > {key}}):
        cells_of(source, settings)
    write_screen(path, guides, guide_names, fate_probs, fates, day, replicate, cells, covariates)


@contextmanager
def in_words(words: dict[str, str]) -> Iterator[None]:
    """Within the `with` block a ScreenError calls things by other words: {what it says: what users call it}."""
    try:
        yield
    except ScreenError as error:
        message = str(error)
        for said, called in words.items():
            message = message.replace(said, called)
        raise ScreenError(message) from error
