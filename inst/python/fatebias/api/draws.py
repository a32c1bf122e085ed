"""Posterior draws as xarray, in the form of ArviZ."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from ..base import ExportError, FatebiasError
from ..results import verify_contents

if TYPE_CHECKING:
    import xarray

DRAWS = "posterior_draws.npz"
INSTALL = "python -m pip install 'fatebias[arviz]'"


def posterior_of(out_dir: Path, manifest: dict[str, Any]) -> "xarray.DataTree":
    """Draws in the folder of a fit; see `Fit.posterior`."""
    try:
        import xarray
    except ModuleNotFoundError as error:
        raise FatebiasError(
            f"Posterior draws need xarray, which is not installed. Install it: {INSTALL} (or: pip install xarray)."
        ) from error
    if DRAWS not in manifest["files"]:
        raise ExportError(
            f"The fit in {out_dir} kept no posterior draws. Fit again with save_draws='all' (draws of every fate) or "
            "save_draws='contrast' (of contrast_fate alone)."
        )
    verify_contents(out_dir, [DRAWS])
    with np.load(out_dir / DRAWS) as file:
        arrays = dict(file)
    attributes = {"inference_library": "fatebias", "inference_library_version": __version__, "units": "log odds"}
    posterior = xarray.Dataset(_variables(arrays), coords=_coordinates(arrays, manifest), attrs=attributes)
    return xarray.DataTree.from_dict({"posterior": posterior})


def _variables(arrays: dict[str, np.ndarray]) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """theta and delta with one chain, and with a fate where draws are of one contrast."""
    theta, delta = arrays["theta"], arrays["delta"]
    if theta.ndim == 3:  # of one contrast
        theta, delta = theta[:, :, None], delta[:, :, None]
    return {
        "theta": (("chain", "draw", "gene", "fate", "day"), theta[None]),
        "delta": (("chain", "draw", "guide", "fate"), delta[None]),
    }


def _coordinates(arrays: dict[str, np.ndarray], manifest: dict[str, Any]) -> dict[str, Any]:
    genes, of_all = arrays["gene_names"], arrays["theta"].ndim == 4
    fates = manifest["fates"][1:] if of_all else [manifest["contrast"]]
    return {
        "chain": [0], "draw": np.arange(len(arrays["theta"])), "gene": genes, "fate": fates, "day": manifest["days"],
        "guide": arrays["guide_names"], "gene_of_guide": ("guide", genes[arrays["guide_gene"]]),
    }  # fmt: skip
