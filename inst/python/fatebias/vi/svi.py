"""Stochastic variational inference of the model with minibatches (Pyro, ClippedAdam)."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyro
import torch
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import ClippedAdam
from torch import Tensor

from ..base import NOWHERE, SILENT, Checkpoint, FitError, Progress, Settings
from ..model import Cells, Layout, Minibatches, fate_model, steps_per_epoch
from .families import ApproxPosterior, draw_sites, make_approx_posterior
from .structured import StructuredStart

WINDOW_STEPS = 100  # at least so many steps are averaged before two windows are compared
NOISE = 2.0  # standard errors within which two windows are the same
RATE_LEVELS = 3  # the learning rate falls from first to last in this many levels
CLIP_NORM = 10.0  # on gradients per cell, which are far below 1 unless a step went wrong


@dataclass(frozen=True, kw_only=True)
class SVIFit:
    """What SVI found.

    approx_posterior: the fitted family, on the device of the fit. steps: taken. converged: by `rule`.
    losses: float [steps], negative ELBO per cell.
    """

    approx_posterior: ApproxPosterior
    steps: int
    converged: bool
    rule: str
    losses: np.ndarray


@dataclass
class _Schedule:
    """Learning rate levels: a level ends when the mean loss stops improving from one window of steps to the next.

    An improvement counts relative to that since the first window, so that neither the number of cells
    nor the constant part of the loss matters; while all of it is within the noise (a start at the
    optimum), a level ends after one window. A fit whose last window lies above its best one has not converged.
    """

    window: int
    tolerance: float
    level: int = 0
    first: np.ndarray | None = None
    best: np.ndarray | None = None
    last: np.ndarray | None = None
    new_level: bool = False

    def level_ended(self, losses: list[float]) -> bool:
        """True when a window is complete and no better than the one before it at this learning rate."""
        if len(losses) % self.window:
            return False
        before, self.last = self.last, np.array(losses[-self.window :])
        if before is None:
            self.first = self.best = self.last
            return False
        if self.last.mean() < self.best.mean():
            self.best = self.last
        gained, gain = self.first.mean() - self.last.mean(), before.mean() - self.last.mean()
        at_rest = abs(gained) <= self._noise(self.first, self.last)
        if not at_rest and (self.new_level or gain >= self.tolerance * abs(gained)):
            self.new_level = False
            return False
        self.level, self.new_level = self.level + 1, True
        return True

    @property
    def done(self) -> bool:
        return self.level == RATE_LEVELS

    @property
    def converged(self) -> bool:
        """All levels ended, the last one not above the best window."""
        return bool(self.done and self.last.mean() - self.best.mean() <= self._noise(self.best, self.last))

    def _noise(self, one: np.ndarray, other: np.ndarray) -> float:
        """NOISE standard errors of the difference of two means, from successive differences: trends drop out."""
        variance = (np.diff(one) ** 2).mean() / 2 + (np.diff(other) ** 2).mean() / 2
        return NOISE * float(np.sqrt(variance / self.window))

    @property
    def rule(self) -> str:
        return (
            f"at each of {RATE_LEVELS} falling learning rates, the mean loss of {self.window} steps improves by less "
            f"than {self.tolerance:g} of the improvement since the first {self.window} steps, or that is within "
            f"{NOISE:g} standard errors of 0; and the last {self.window} steps are not above the best ones"
        )


@dataclass
class _Run:
    """Steps of SVI and all that changes in them, which can be saved and put back."""

    svi: SVI
    approx: ApproxPosterior
    batches: Minibatches
    schedule: _Schedule
    arguments: tuple  # of model and approximate posterior, beside the minibatch
    losses: list[float] = field(default_factory=list)

    def step(self) -> None:
        self.losses.append(self.svi.step(next(self.batches), *self.arguments))
        _refuse_not_finite(self.losses)

    def state(self) -> dict[str, Any]:
        """A copy. The schedule is not in it: it follows from the losses."""
        return {
            "parameters": {name: value.detach().clone() for name, value in self.approx.named_parameters()},
            "optimiser": deepcopy(self.svi.optim.get_state()),
            "losses": torch.tensor(self.losses, dtype=torch.float64),
            "order": self.batches.order,
            "taken": self.batches.taken,
            "random": _random_state(self._device),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put back a state; done before the first step."""
        self.approx(next(self.batches), *self.arguments)  # Pyro's own families have no parameters before
        with torch.no_grad():
            for name, value in self.approx.named_parameters():
                value.copy_(state["parameters"][name])
        self.svi.optim.set_state(state["optimiser"])
        self.losses = state["losses"].tolist()
        for end in range(self.schedule.window, len(self.losses) + 1, self.schedule.window):
            self.schedule.level_ended(self.losses[:end])
        self.batches.order, self.batches.taken = state["order"], state["taken"]
        _set_random_state(self._device, state["random"])

    @property
    def _device(self) -> torch.device:
        return next(self.approx.parameters()).device


def fit_svi(
    cells: Cells,
    layout: Layout,
    settings: Settings,
    weight: float | Tensor,
    start: StructuredStart | None = None,
    progress: Progress = SILENT,
    checkpoint: Checkpoint = NOWHERE,
) -> SVIFit:
    """Fit `settings.approx_posterior` by SVI; stops when converged or after `settings.num_steps` steps.

    weight: likelihood weight, a number or by day [D]. start: of the structured family. checkpoint: a place to go on
    from. Raises FitError when the loss is not finite.
    """
    run = _begin(cells, layout, settings, weight, start)
    with pyro.validation_enabled(False):
        if saved := checkpoint.load():
            run.restore(saved)
        losses, schedule = run.losses, run.schedule
        with progress.bar("SVI, at most", settings.num_steps, len(losses)) as bar:
            while not schedule.done and len(losses) < settings.num_steps:
                run.step()
                bar.advance()
                if schedule.level_ended(losses):
                    bar.note(f"loss {schedule.first.mean():.4f} -> {np.mean(losses[-schedule.window :]):.4f}")
                    if not schedule.done:
                        run.svi.optim = _with_rate(run.svi.optim, settings, schedule.level)
                if checkpoint.due:
                    checkpoint.save(run.state(), len(losses))
        checkpoint.save(run.state(), len(losses), final=True)
    return SVIFit(
        approx_posterior=run.approx,
        steps=len(losses),
        converged=schedule.converged,
        rule=schedule.rule,
        losses=np.array(losses),
    )


def _begin(
    cells: Cells, layout: Layout, settings: Settings, weight: float | Tensor, start: StructuredStart | None
) -> _Run:
    """A run before its first step."""
    pyro.clear_param_store()
    pyro.set_rng_seed(settings.seed)
    model = pyro.poutine.scale(fate_model, 1.0 / layout.n_cells)  # loss and gradients per cell
    approx = make_approx_posterior(settings.approx_posterior, model, layout, cells.fate_probs, start)
    svi = SVI(model, pyro.poutine.scale(approx, 1.0 / layout.n_cells), ClippedAdam(_adam(settings, 0)), Trace_ELBO())
    epoch = steps_per_epoch(layout.n_cells, settings.batch_size)
    return _Run(
        svi=svi,
        approx=approx,
        batches=Minibatches(cells, settings.batch_size),
        schedule=_Schedule(window=epoch * -(-WINDOW_STEPS // epoch), tolerance=settings.loss_tolerance),
        arguments=(layout, settings, weight),
    )


def draw_raw(fit: SVIFit, cells: Cells, layout: Layout, settings: Settings) -> dict[str, Tensor]:
    """Draws of every raw parameter from the approximate posterior, first axis draw, on the CPU."""
    pyro.set_rng_seed(settings.seed + 1)
    with pyro.validation_enabled(False):
        return draw_sites(fit.approx_posterior, settings.num_posterior_draws, cells, layout, settings)


def _random_state(device: torch.device) -> list[Tensor]:
    """Of torch on the CPU, and on the GPU of a fit there."""
    return [torch.get_rng_state()] + ([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])


def _set_random_state(device: torch.device, state: list[Tensor]) -> None:
    torch.set_rng_state(state[0].cpu())
    if device.type == "cuda":
        torch.cuda.set_rng_state(state[1].cpu(), device)


def _adam(settings: Settings, level: int) -> dict:
    return {"lr": settings.learning_rate * settings.lr_decay ** (level / (RATE_LEVELS - 1)), "clip_norm": CLIP_NORM}


def _with_rate(optim: ClippedAdam, settings: Settings, level: int) -> ClippedAdam:
    """The same optimiser, its moments kept, at the learning rate of a level."""
    rate = _adam(settings, level)["lr"]
    for one in optim.optim_objs.values():
        for group in one.param_groups:
            group["lr"] = rate
    return optim


def _refuse_not_finite(losses: list[float]) -> None:
    if not np.isfinite(losses[-1]):
        raise FitError(
            f"The SVI loss is {losses[-1]} at step {len(losses)}. Lower `learning_rate`, or check labels and weight."
        )
