"""A contrast after a fit, against refits with it as `contrast_fate`; and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import screen_of, simulated

from fatebias.base.errors import ExportError, ScreenError
from fatebias.base.out_dir import MANIFEST
from fatebias.base.settings import Settings
from fatebias.laplace import estimates_of
from fatebias.laplace.contrasts import mean_weights
from fatebias.results.archive import ALL_FATES, archive_arrays, archive_of
from fatebias.results.contrasts import contrast_tables, named_tables, write_contrast
from fatebias.results.engines import infer
from fatebias.results.files import describe_contents
from fatebias.results.fit import fit_screen
from fatebias.results.manifest import read_manifest
from fatebias.results.tables import tables_of_contrast
from fatebias.screens import Screen, contrast_weights
from fatebias.simulation import simulate_to

SMALL = {"inference": "laplace", "num_posterior_draws": 200}
TABLES = {
    "gene_daywise_likelihood.csv", "gene_daywise_cov.csv", "gene_daywise_for_mash.csv", "guide_daywise_likelihood.csv",
    "guide_daywise_left_out.csv", "gene_daywise_by_replicate.csv", "gene_heterogeneity.csv",
    "guide_daywise_for_mash.csv",
}  # fmt: skip


def of_four_fates() -> Screen:
    """A screen whose third fate is split into two, in shares that differ from cell to cell."""
    screen = screen_of(simulated(cells=1200, genes=6, seed=7))
    share = np.random.default_rng(0).beta(4, 6, screen.n_cells)[:, None]
    probs = screen.fate_probs
    split = np.hstack([probs[:, :2], probs[:, 2:] * share, probs[:, 2:] * (1 - share)])
    return replace(screen, fate_probs=split, fates=("EC", "MES", "NEU", "Smooth muscle"))


def with_clusters() -> Screen:
    screen = screen_of(simulated(cells=900, genes=5, seed=4))
    cluster = np.random.default_rng(1).integers(100, size=screen.n_cells)
    return replace(screen, cluster=np.unique(cluster, return_inverse=True)[1])


SCREENS = {
    "two replicates": (lambda: screen_of(simulated(cells=1500, genes=8, days=4, seed=1)), {}),
    "three replicates, by the model": (
        lambda: screen_of(simulated(cells=1500, genes=6, replicates=3, seed=2)), {"se": "model", "estimand": "guides"},
    ),
    "clusters": (with_clusters, {}),
    "plain": (lambda: screen_of(simulated(cells=1000, replicates=1, seed=3)), {"preset": "plain"}),
    "four fates": (of_four_fates, {}),
}  # fmt: skip


@pytest.fixture(scope="module", params=list(SCREENS))
def case(request):
    """A screen, its settings, and the archive of its fit."""
    make, settings = SCREENS[request.param]
    screen, settings = make(), Settings.from_mapping(SMALL | settings)
    found = infer(screen, settings)
    return screen, settings, archive_of(archive_arrays(found.estimates.all_fates, found.posterior, screen))


def tables_after(archive, contrast):
    return named_tables(archive, ["the first", contrast])


@pytest.mark.parametrize("contrast", ["NEU", "NEU - MES", "MES - (EC + NEU) / 2", "NEU - rest"])
def test_a_contrast_after_the_fit_is_that_of_a_refit(case, contrast):
    screen, settings, archive = case
    refit = infer(screen, replace(settings, contrast_fate=contrast))
    expected = tables_of_contrast(refit.estimates, refit.posterior, screen)
    found = {name.split(".")[0] + ".csv": table for name, table in tables_after(archive, contrast).items()}
    assert found.keys() == expected.keys() == TABLES
    for name, table in expected.items():
        assert list(found[name]) == list(table)
        for column in table:
            if table[column].dtype.kind in "fi":
                unit = 1e-6 * np.nanmean(refit.estimates.se)
                np.testing.assert_allclose(found[name][column], table[column], rtol=1e-6, atol=unit, err_msg=name)
            else:
                assert found[name][column].tolist() == table[column].tolist()


# ---- the reference ----------------------------------------------------------------------------------------


def against(archive, fate):
    """The same knowledge as logits against another fate: each array's logits are mapped by a matrix."""
    fates = archive.fates
    order = [fates.index(fate), *[k for k in range(len(fates)) if fates[k] != fate]]
    whole = np.eye(len(fates))[order]
    onto = (whole - whole[0])[1:, 1:]  # from logits against the old reference, whose own is 0

    def linear(values):
        return np.einsum("...g,fg->...f", values, onto)

    def by_day(values):
        return np.einsum("...dgeh,fg,kh->...dfek", values, onto, onto)

    def square(values):
        return None if values is None else np.einsum("...gh,fg,kh->...fk", values, onto, onto)

    found = archive.all_fates
    guides = replace(
        found.guides, y=linear(found.guides.y), inverse=square(found.guides.inverse),
        scatter=square(found.guides.scatter),
    )  # fmt: skip
    replicates = replace(
        found.replicates, theta=linear(found.replicates.theta), covariance=by_day(found.replicates.covariance),
        with_mean=by_day(found.replicates.with_mean),
    )  # fmt: skip
    noise = {name: by_day(getattr(found, name)) for name in ("noise", "model_noise", "sandwich_noise")}
    moved = replace(found, theta=linear(found.theta), guides=guides, replicates=replicates, **noise)
    return moved, tuple(fates[k] for k in order)


@pytest.mark.parametrize("fate", ["MES", "NEU"])
def test_the_fate_that_logits_are_against_changes_nothing(case, fate):
    _, _, archive = case
    moved, fates = against(archive, fate)
    for contrast in ("EC - MES", "EC - rest", "(EC + NEU) / 2 - MES"):
        one = estimates_of(archive.all_fates, contrast_weights(contrast, archive.fates))
        other = estimates_of(moved, contrast_weights(contrast, fates))
        for name in ("theta_hat", "se", "noise", "covariance"):
            np.testing.assert_allclose(getattr(other, name), getattr(one, name), rtol=1e-7, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(other.guides.beta, one.guides.beta, atol=1e-7)
        np.testing.assert_allclose(other.replicate_variance.by_day, one.replicate_variance.by_day, rtol=1e-6, atol=1e-9)
    by_replicate = archive.all_fates.replicates
    for r in range(len(by_replicate.theta)):
        np.testing.assert_allclose(mean_weights(moved.replicates.covariance[r]), by_replicate.weight[r], rtol=1e-9)


def test_a_fit_against_another_fate_has_nearly_the_same_contrasts():
    """Priors of the model are by logit, so that estimates move, by a small part of their SEs."""
    screen, settings = screen_of(simulated(cells=1500, genes=8, days=4, seed=1)), Settings.from_mapping(SMALL)
    order = [2, 0, 1]
    other = replace(screen, fate_probs=screen.fate_probs[:, order], fates=tuple(screen.fates[k] for k in order))
    fits = [
        infer(one, replace(settings, ref_fate=one.fates[0], contrast_fate="MES - NEU")).estimates
        for one in (screen, other)
    ]
    assert np.abs((fits[0].theta_hat - fits[1].theta_hat) / fits[0].se).max() < 0.3
    assert np.abs(np.log(fits[0].se / fits[1].se)).max() < 0.2


# ---- files ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    sizes = {"cells": 800, "genes": 6, "guides_per_gene": 3, "ntc": 4, "days": 3}
    return simulate_to(tmp_path_factory.mktemp("sim"), sizes)


@pytest.fixture(scope="module")
def fit(files, tmp_path_factory):
    out, settings = tmp_path_factory.mktemp("fit"), Settings.from_mapping(SMALL)
    contrasts = ["MES", "NEU - rest", "NEU"]
    manifest = fit_screen(files["screen"], files["guide_map"], out, settings, warn=False, contrasts=contrasts)
    return out, manifest


def test_tables_of_other_contrasts_lie_beside_the_first(fit, tmp_path):
    out, manifest = fit
    for label, contrast in {"NEU": "NEU", "NEU-rest": "NEU - rest"}.items():
        beside = {name.replace(".csv", f".{label}.csv") for name in TABLES}
        assert beside <= set(manifest["files"]) and beside <= set(manifest["contents"])
        folder = tmp_path / label
        folder.mkdir()
        said = write_contrast(out, contrast, folder)
        assert {path.name for path in folder.iterdir()} == TABLES == contrast_tables(out, contrast).keys()
        for name in TABLES:
            assert (folder / name).read_bytes() == (out / name.replace(".csv", f".{label}.csv")).read_bytes()
        assert said.keys() == manifest["estimates"].keys() - {"se"}
    assert not any(name.endswith(".MES.csv") for name in manifest["files"])
    assert [name for name in manifest["files"] if "daywise_p" in name] == ["gene_daywise_p.csv"]


def test_the_first_contrast_from_the_archive_is_that_of_the_fit(fit):
    out, manifest = fit
    for name, table in contrast_tables(out, "MES").items():
        expected = pd.read_csv(out / name)
        numbers = expected.select_dtypes("number").columns
        np.testing.assert_allclose(table[numbers], expected[numbers], rtol=1e-7, atol=1e-9)
    assert manifest["contrast"] == "MES"


def test_the_archive_names_its_axes(fit):
    with np.load(fit[0] / ALL_FATES) as file:
        arrays = dict(file)
    sizes = {"gene": "genes", "guide": "guides", "day": "days", "fate": "fates", "replicate": "replicates"}
    texts = {*sizes.values(), "ref_fate", "estimand", "axes", "baseline_screen"}
    length = {axis: len(arrays[name]) for axis, name in sizes.items()} | {"effect": len(arrays["baseline_x"])}
    length["scale"] = length["day"] + 1  # tau, sigma_time of each interval, sigma_guide
    named = {}
    for line in arrays["axes"]:
        names, axes = str(line).split(": ")
        named |= {name: tuple(length[axis] for axis in axes.split(", ")) for name in names.split(", ")}
    assert {name: arrays[name].shape for name in arrays.keys() - texts} == {
        name: shape for name, shape in named.items() if name != "sandwich_noise"  # `noise` is the sandwich here
    }  # fmt: skip
    assert arrays["fates"].tolist() == ["MES", "NEU"] and arrays["ref_fate"].tolist() == ["EC"]


def test_what_is_no_contrast_is_refused_before_the_fit_starts(files, fit, tmp_path):
    out = tmp_path / "none"
    with pytest.raises(ScreenError, match=r"^`contrasts: NUE` .* no fate 'NUE'"):
        fit_screen(
            files["screen"], files["guide_map"], out, Settings.from_mapping(SMALL), warn=False, contrasts=["NUE"]
        )  # fmt: skip
    assert not list(out.glob("*.csv"))
    with pytest.raises(ScreenError, match="contrasts: EC"):
        contrast_tables(fit[0], "EC")


def sign(folder, like):
    """A manifest by which the fit has written an archive as it lies there."""
    listed = {"files": [ALL_FATES, MANIFEST], "contents": describe_contents(folder, [ALL_FATES])}
    (folder / MANIFEST).write_text(json.dumps(read_manifest(like) | listed))


def test_a_folder_without_an_archive_or_with_a_damaged_one(fit, tmp_path):
    with pytest.raises(ExportError, match="has no effects_all_fates.npz.*fit again"):
        contrast_tables(tmp_path, "NEU")
    whole = (fit[0] / ALL_FATES).read_bytes()
    for content in (b"", whole[: len(whole) // 2]):
        (tmp_path / ALL_FATES).write_bytes(content)
        sign(tmp_path, fit[0])
        with pytest.raises(ExportError, match="is damaged"):
            contrast_tables(tmp_path, "NEU")
    np.savez(tmp_path / ALL_FATES, theta=np.zeros(3))
    sign(tmp_path, fit[0])
    with pytest.raises(ExportError, match="is damaged"):
        contrast_tables(tmp_path, "NEU")
