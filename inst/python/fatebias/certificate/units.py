"""The checks of the certificate: each unit of work is one call, independent of all others.

A unit gives numbers, not verdicts; those are R's. What should be seen where the model is right comes with each
unit: the same statistics of joint draws of the estimates' errors (`refit.reference_draws`).
"""

import dataclasses
from typing import Any

import numpy as np
import torch

from ..base import CONSTANTS, ScreenError
from ..laplace import Baseline, LaplaceOptions, estimated_theta, find_mode, sd_of
from ..model import Design, labels_by_day
from ..screens import Screen, carried_guides
from .associations import associate_columns
from .controls import hold_out_controls, screen_without
from .fitted import burden_slopes, guide_share, label_dispersion, replicate_scatter
from .heldout import held_out_statistics
from .refit import Refit, reference_draws, refit_estimates, refit_noise, settle
from .schemes import regroup_guides, resample_cells, shuffle_guides
from .source import Source

CRITICAL = tuple(row["critical"] for row in CONSTANTS.rejections)
BOOTSTRAP_STEP = 0.25
N_DRAWS = 256  # joint draws behind what is expected
QUICK_DRAWS = 32  # the same of a quick permutation, and as many behind its covariances
QUICK_TOLERANCE = 1e-2  # of their solves
NO_DEVIATION = 0.01  # SD of its guides' deviations, in logits
QUICK_STEP = 0.1  # largest step of an effect, in logits, after which there is none
Unit = dict[str, Any]  # numbers and arrays by name


def run_permutation(source: Source, number: int) -> Unit:
    """Guide lists shuffled within day x replicate x burden, the whole fit made again: no shuffled guide has an effect.

    What the fit says the cell's own guides do stays with the cell (Freedman & Lane 1983, J. Bus. Econ. Stat. 1:292), or
    it would be noise of another shape than the labels'. All but what guides do on average: a slope by burden that the
    model lacks would be in there. Shuffled guides do nothing, and so differ neither among each other nor between
    replicates: SEs are those of the labels' noise.
    """
    screen, design = _shuffled(source, "permutation", number)
    again = settle(design, source.options, source.baseline)
    refit = refit_noise(again, screen, source.contrast, source.options)
    return _whole(refit, screen) | {"expected": draw_statistics(_errors(refit, source.contrast, source.options))}


def run_shuffle(source: Source, number: int) -> Unit:
    """A quick permutation: as `run_permutation`, but at the weight of the fit, with few steps and draws."""
    screen, design = _shuffled(source, "shuffle", number)
    options = quick_options(source.options)
    scales = source.baseline.scales.clone()
    scales[-1] = NO_DEVIATION
    start = dataclasses.replace(source.baseline, design=design, x=_nuisance_only(source.baseline), scales=scales)
    refit = refit_noise(start, screen, source.contrast, options)
    expected = draw_statistics(_errors(refit, source.contrast, options, QUICK_DRAWS))
    return _whole(refit, screen) | {"expected": expected}


def run_regroup(source: Source, number: int) -> Unit:
    """Guides handed to other genes, each gene with as many as it had; cells and labels stay.

    What the guides do stays, and differs within every gene: SEs that contain how guides differ (`estimand: gene`) hold
    for the new genes as well, whose means are those of guides at large. z is taken around these.
    """
    screen = regroup_guides(source.screen, _rng(source, "regroup", number))
    refit = _fit_again(source.options.design(screen, source.baseline.x.device), screen, source)
    found = _whole(refit, screen) | {"expected": draw_statistics(_errors(refit, source.contrast, source.options))}
    around = refit.theta_hat - np.nanmean(refit.theta_hat, axis=0)
    return found | {"betahat": around, "estimand": source.options.estimand}


def own_effects(baseline: Baseline) -> torch.Tensor:
    """What a fit says the guides of each cell do, less the mean effect of a guide for each that it carries: [N, F]."""
    design, x = baseline.design, baseline.x.clone()
    design.nuisance_part(x).zero_()
    by_guides = design.forward(x)
    mean = by_guides.sum(0) / design.n_carried.sum()
    return by_guides - design.n_carried.unsqueeze(1) * mean


def run_ntc(source: Source, number: int) -> Unit:
    """Half of the control guides held out of the baseline and run like genes: their truth is 0."""
    carried = carried_guides(source.cells, source.settings.Kmax)
    grouped = hold_out_controls(source.guide_map, carried, "control_", _rng(source, "ntc", number))
    try:
        screen = screen_without(source.cells, grouped, source.settings, where=source.where)
    except ScreenError as error:
        return {"not_settled": str(error)}
    refit = _fit_again(source.options.design(screen, source.baseline.x.device), screen, source)
    rows = [k for k, gene in enumerate(screen.gene_names) if gene.startswith("control_")]
    return {
        "gene": [screen.gene_names[k] for k in rows], "betahat": refit.theta_hat[rows],
        "se": refit.se[rows],
        "expected": draw_statistics(_errors(refit, source.contrast, source.options)[:, rows]),
    }  # fmt: skip


def run_sandwich(source: Source, number: int) -> Unit:
    """SEs by the model and by the scatter of the labels (`se: sandwich`), with all else that the estimand asks for."""
    screen, found = source.screen, source.estimates
    beyond = found.covariance - found.noise
    se = {name: sd_of(noise + beyond) for name, noise in (
        ("model", found.model_covariance), ("sandwich", found.sandwich_covariance)
    )}  # fmt: skip
    carried = np.diff(screen.guide_ptr)
    share = np.bincount(screen.day, weights=carried) / np.bincount(screen.day)
    return {"gene": screen.gene_names, "se": se["model"], "sandwich": se["sandwich"], "guides_per_cell": share}


def run_bootstrap(source: Source, number: int) -> Unit:
    """The estimates with the cells of each day and replicate drawn anew, at the fit's weight and scales.

    A cell drawn c times has weight 1 + BOOTSTRAP_STEP (c - 1), and the estimates' shift is divided by BOOTSTRAP_STEP:
    with whole weights, estimates of many effects scatter too far (El Karoui & Purdom 2018, JMLR 19:5).
    """
    options = source.options
    counts = torch.as_tensor(resample_cells(source.screen, _rng(source, "bootstrap", number)), dtype=torch.float64)
    effects = source.solved.effects
    x = effects.x
    drawn = effects.problem.weighted(1 + BOOTSTRAP_STEP * (counts.to(x.device) - 1))
    shift = (find_mode(drawn, x, options.tolerances).x - x) / BOOTSTRAP_STEP
    theta = estimated_theta(source.solved, (x + shift).unsqueeze(1), source.contrast)[0]
    return {"gene": source.screen.gene_names, "betahat": theta}


def run_reference(source: Source, number: int) -> Unit:
    """What a bootstrap should give: the share of each variance that is the labels' [L, D], the rest being that of
    guides and replicates.

    Times the share of the labels that the effects leave free [D], since fitted labels lie too near their cells'.
    """
    options, solved, found = source.options, source.solved, source.estimates
    freedom = 1 - solved.p_eff / labels_by_day(solved.design)
    by_labels = reference_draws(solved, source.contrast, options.perturbations, N_DRAWS, labels_only=True)
    whole = reference_draws(solved, source.contrast, options.perturbations, N_DRAWS)
    share = (by_labels**2).mean(0) / (whole**2).mean(0) * (sd_of(found.noise) / found.se) ** 2
    return {
        "gene": source.screen.gene_names, "betahat": found.theta_hat, "se": found.se,
        "label_share": share * freedom.cpu().numpy(),
        "expected": draw_statistics(whole / sd_of(found.model_covariance)),
    }  # fmt: skip


def run_seed(source: Source, number: int) -> Unit:
    """The estimates of the same screen by another seed of everything random."""
    other = dataclasses.replace(source.settings, seed=source.settings.seed + number)
    options = LaplaceOptions.of(other)
    again = settle(source.baseline.design, options)
    refit = refit_estimates(again, source.screen, source.contrast, options)
    return {"gene": source.screen.gene_names, "betahat": refit.theta_hat, "se": refit.se}


def run_heldout(source: Source, number: int) -> Unit:
    """Folds of cells predicted from the other folds; see `heldout`."""
    return held_out_statistics(source.screen, source.baseline, source.options, _rng(source, "heldout", number))


def run_guides(source: Source, number: int) -> Unit:
    """The share of the variance that other guides would make; see `fitted`."""
    return guide_share(source)


def run_replicates(source: Source, number: int) -> Unit:
    """Cochran's Q over genes and replicates; see `fitted`."""
    return replicate_scatter(source)


def run_dispersion(source: Source, number: int) -> Unit:
    """Dispersion of the labels against the weight, by day and by sample; see `fitted`."""
    return label_dispersion(source)


def run_burden(source: Source, number: int) -> Unit:
    """Burden slopes by day that the model lacks; see `fitted`."""
    return burden_slopes(source)


def run_associations(source: Source, number: int) -> Unit:
    """Columns of the file that the model lacks; see `associations`."""
    return dict(associate_columns(source))


# A new unit goes to the end: the place of a unit is part of its random numbers.
UNITS = {
    "permutation": run_permutation,
    "ntc": run_ntc,
    "sandwich": run_sandwich,
    "reference": run_reference,
    "bootstrap": run_bootstrap,
    "seed": run_seed,
    "heldout": run_heldout,
    "guides": run_guides,
    "replicates": run_replicates,
    "dispersion": run_dispersion,
    "burden": run_burden,
    "associations": run_associations,
    "shuffle": run_shuffle,
    "regroup": run_regroup,
}


def draw_statistics(draws: np.ndarray) -> dict[str, np.ndarray]:
    """Statistics of each joint draw of z [S, L, D], by day and over all days: mean, mean square [S, D + 1],
    and share beyond each level [S, levels, D + 1]; NaN where a day has no estimate at all.
    """
    beyond = [_by_day(np.where(np.isnan(draws), np.nan, np.abs(draws) > critical)) for critical in CRITICAL]
    return {"mean": _by_day(draws), "mean_square": _by_day(draws**2), "rejected": np.stack(beyond, 1)}


def _by_day(values: np.ndarray) -> np.ndarray:
    """Means over genes [S, L, D] -> [S, D + 1], the last over genes and days."""
    known = ~np.isnan(values)
    total, n = np.where(known, values, 0.0).sum(1), known.sum(1)
    total, n = np.c_[total, total.sum(1)], np.c_[n, n.sum(1)]
    return np.asarray(np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0))


def _fit_again(design: Design, screen: Screen, source: Source) -> Refit:
    """The whole fit of a like screen: scales and weight too."""
    again = settle(design, source.options, source.baseline)
    return refit_estimates(again, screen, source.contrast, source.options)


def quick_options(options: LaplaceOptions) -> LaplaceOptions:
    """What a quick permutation is told: few draws, and no step of Newton's after a short one."""
    few = dataclasses.replace(options.perturbations, number=QUICK_DRAWS, tolerance=QUICK_TOLERANCE)
    far = dataclasses.replace(options.tolerances, newton=QUICK_STEP)
    return dataclasses.replace(options, perturbations=few, tolerances=far)


def _shuffled(source: Source, check: str, number: int) -> tuple[Screen, Design]:
    """The screen with guide lists shuffled, and its design, to which a cell's own effects are given."""
    screen = shuffle_guides(source.screen, _rng(source, check, number))
    own = own_effects(source.baseline)
    return screen, dataclasses.replace(source.options.design(screen, own.device), given=own)


def _nuisance_only(baseline: Baseline) -> torch.Tensor:
    """The effects of a baseline [P], those of guides at 0."""
    x = torch.zeros_like(baseline.x)
    baseline.design.nuisance_part(x).copy_(baseline.design.nuisance_part(baseline.x))
    return x


def _whole(refit: Refit, screen: Screen) -> Unit:
    """Estimates of a refit with their covariances: lower triangles, row by row."""
    day_1, day_2 = np.tril_indices(screen.n_days)
    return {
        "gene": screen.gene_names, "betahat": refit.theta_hat, "se": refit.se,
        "covariance": refit.covariance[:, day_1, day_2],
    }  # fmt: skip


def _errors(refit: Refit, contrast: np.ndarray, options: LaplaceOptions, n_draws: int = N_DRAWS) -> np.ndarray:
    """Joint draws of the errors of a refit's estimates, in SEs by the model: [S, L, D]."""
    draws = reference_draws(refit.solved, contrast, options.perturbations, n_draws)
    return np.asarray(draws / refit.model_se)


def _rng(source: Source, check: str, number: int) -> np.random.Generator:
    """Random numbers of one unit, by the seed, the check and the number."""
    return np.random.default_rng([source.settings.seed, list(UNITS).index(check), number])
