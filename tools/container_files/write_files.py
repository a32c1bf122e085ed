"""Files of each container with each layout of CellRank, and further forms, as the versions here write them.

python write_files.py FOLDER     writes FOLDER/anndata-VERSION.zip
"""

import json
import shutil
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

import anndata
import h5py
import mudata
import numpy as np
import pandas as pd
import scipy.sparse as sp
import zarr
from numbers_of_screen import DAYS, GUIDES, N_CELLS, REPLICATES, read_table
from parts import add_guides, gene_data, guide_data


def write_mudata(path, folder, layout, day_in="gene", guides=None):
    """A MuData: modalities gene and guide. day_in: "gene" or "mudata", whose obs has the day."""
    gene = gene_data(folder, layout)
    gene.obs["batch"] = gene.obs.pop("replicate")
    day = gene.obs["day"] if day_in == "gene" else gene.obs.pop("day")
    both = mudata.MuData({"gene": gene, "guide": guide_data(folder) if guides is None else guides})
    if day_in == "mudata":
        both.obs["day"] = day
    both.write(str(path))


def write_matrix(out, folder, layouts):
    """Each layout in each container."""
    for i, (name, layout) in enumerate(layouts.items()):
        write_both(gene_data(folder, layout), out / name, folder)
        write_mudata(out / f"{name}.h5mu", folder, layout, day_in=("gene", "mudata")[i % 2])


def write_both(adata, path, folder):
    """An .h5ad and a .zarr, guides in obsm."""
    add_guides(adata, folder)
    adata.write_h5ad(f"{path}.h5ad")
    adata.write_zarr(f"{path}.zarr")


# ---- further forms of one layout, of versions that have them ------------------------------------------------


def write_guide_forms(out, folder, layout):
    """Guides as CSC, dense and as bool; half-precision probabilities; guides in an AnnData of their own."""
    forms = {"csc": sp.csc_matrix, "dense": np.asarray, "bool": lambda dense: sp.csr_matrix(dense.astype(bool))}
    for name, form in forms.items():
        adata = gene_data(folder, layout)
        add_guides(adata, folder, form)
        adata.write_h5ad(out / f"{name}.h5ad")
    adata = gene_data(folder, layout)
    adata.obsm["lineages_fwd"] = adata.obsm["lineages_fwd"].astype(np.float16)
    write_both(adata, out / "half", folder)
    guides = guide_data(folder)
    write_mudata(out / "reversed.h5mu", folder, layout, guides=guides[::-1].copy())
    guides.obs = gene_data(folder, layout).obs
    guides.obsm["lineages_fwd"] = np.asarray(layout["obsm"]["lineages_fwd"])
    guides.write_h5ad(out / "guides_as_x.h5ad")


def write_zstd(out, folder, layout):
    """All arrays compressed with Zstandard."""
    import hdf5plugin

    adata = gene_data(folder, layout)
    add_guides(adata, folder)
    adata.write_h5ad(out / "zstd.h5ad", compression=hdf5plugin.FILTERS["zstd"])


def write_nullable(out, folder, layout):
    """Names of cells and days as nullable strings, replicates as nullable integers."""
    anndata.settings.allow_write_nullable_strings = True
    adata = gene_data(folder, layout)
    adata.obs_names = pd.Index(list(adata.obs_names), dtype="string")
    adata.obs["day"] = pd.array(list(adata.obs["day"]), dtype="string")
    adata.obs["number"] = pd.array([int(label[1:]) for label in adata.obs["replicate"]], dtype="Int64")
    write_both(adata, out / "nullable", folder)


def write_zarr_forms(out, folder, layout):
    """Stores of zarr v2 and v3, sharded or not, with and without consolidated metadata."""
    adata = gene_data(folder, layout)
    add_guides(adata, folder)
    for version, shard in ((2, False), (3, False), (3, True)):
        anndata.settings.zarr_write_format = version
        anndata.settings.auto_shard_zarr_v3 = shard
        adata.write_zarr(str(out / f"v{version}{'_shards' * shard}.zarr"))
    for version in (2, 3):
        shutil.copytree(out / f"v{version}.zarr", out / f"v{version}_plain.zarr")
        drop_consolidated(out / f"v{version}_plain.zarr")
    anndata.settings.zarr_write_format = 3
    with zarr.storage.ZipStore(str(out / "v3.zarr.zip"), mode="w") as store:
        adata.write_zarr(store)


def drop_consolidated(store):
    """Take the copy of all metadata out of a store's root."""
    (store / ".zmetadata").unlink(missing_ok=True)
    root = store / "zarr.json"
    if root.exists():
        metadata = json.loads(root.read_text())
        metadata.pop("consolidated_metadata")
        root.write_text(json.dumps(metadata))


def write_seuratdisk(out, folder, layout):
    """SeuratDisk's Convert(): factors as integers, levels in obs/__categories; fates and guides put in by hand."""
    cells, text = read_table(folder / "cells.csv"), h5py.string_dtype()
    with h5py.File(out / "csc.h5ad", "r") as of_anndata, h5py.File(out / "seuratdisk.h5ad", "w") as file:
        obs = file.create_group("obs")
        obs.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.1.0", "_index": "_index"})
        obs.create_dataset("_index", data=[cell["cell"] for cell in cells], dtype=text)
        for key, levels in (("day", DAYS), ("replicate", REPLICATES)):
            obs.create_dataset(key, data=np.array([levels.index(cell[key]) for cell in cells], dtype=np.int32))
            obs.create_dataset(f"__categories/{key}", data=list(levels), dtype=text)
        obs.create_dataset("nCount_RNA", data=np.ones(N_CELLS))
        obs.attrs["column-order"] = np.array(["day", "replicate", "nCount_RNA"], dtype=object)
        file.create_dataset("obsm/X_fates", data=np.asarray(layout["obsm"]["lineages_fwd"]))
        of_anndata.copy("obsm/guide", file["obsm"])
        file.create_dataset("uns/guide_names", data=GUIDES, dtype=text)


FORMS = {
    "0.11": (write_guide_forms, write_zstd, write_seuratdisk),
    "0.12": (write_guide_forms, write_nullable, write_zarr_forms, write_zstd),
    "0.13": (write_guide_forms, write_nullable, write_zarr_forms, write_zstd),
}


# ---- all --------------------------------------------------------------------------------------------------


def write_anndata(folder):
    """anndata-VERSION.zip: what this environment's versions write of each layout, and versions.json."""
    paths = sorted(folder.glob("cellrank-*.json"))
    layouts = {path.stem: json.loads(path.read_text()) for path in paths}
    with tempfile.TemporaryDirectory() as made:
        out = Path(made)
        (out / "versions.json").write_text(json.dumps(versions(), indent=1) + "\n")
        write_matrix(out, folder, layouts)
        for write in FORMS.get(".".join(anndata.__version__.split(".")[:2]), ()):
            write(out, folder, layouts[max(layouts)])
        pack(out, folder / f"anndata-{anndata.__version__}.zip")


def versions():
    """What is installed here, by name."""
    names = ("anndata", "mudata", "zarr", "h5py", "pandas", "numpy", "scipy", "hdf5plugin")
    found = {one.metadata["Name"].lower(): one.version for one in metadata.distributions()}
    return {"python": sys.version.split()[0], **{name: found[name] for name in names if name in found}}


def pack(out, archive):
    """A folder as one archive that hangs on its contents only."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path in sorted(path for path in out.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(str(path.relative_to(out)))
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, path.read_bytes(), compresslevel=9)


if __name__ == "__main__":
    write_anndata(Path(sys.argv[1]))
