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

from ..base import QUIET, FitError, Run
from ..model import DrawPlan, Minibatches, fate_model, steps_per_epoch
from .families import ApproxPosterior, draw_sites, make_approx_posterior
from .options import SVIOptions
from .schedule import WINDOW_STEPS, Schedule
from .structured import StructuredStart
from .target import Target

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
class _Steps:
    """Steps of SVI and all that changes in them, which can be saved and put back."""

    svi: SVI
    approx: ApproxPosterior
    batches: Minibatches
    schedule: Schedule
    target: Target
    losses: list[float] = field(default_factory=list)

    def take(self) -> None:
        self.losses.append(self.svi.step(next(self.batches), *self.target.arguments))
        _refuse_not_finite(self.losses)

    def set_rate(self, rate: float) -> None:
        """Another learning rate of the same optimiser, its moments kept."""
        for one in self.svi.optim.optim_objs.values():
            for group in one.param_groups:
                group["lr"] = rate

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
        """Put back a state; done before the first step. Raises ValueError, KeyError where it is of another family."""
        self.approx(next(self.batches), *self.target.arguments)  # Pyro's own families have no parameters before
        own, saved = dict(self.approx.named_parameters()), state["parameters"]
        shapes = [{name: value.shape for name, value in of.items()} for of in (own, saved)]
        if shapes[0] != shapes[1] or len(state["optimiser"]) != len(own):
            raise ValueError("the saved parameters have other names or shapes")
        with torch.no_grad():
            for name, value in own.items():
                value.copy_(saved[name])
        self.svi.optim.set_state(state["optimiser"])
        self.losses = state["losses"].tolist()
        for end in range(self.schedule.window, len(self.losses) + 1, self.schedule.window):
            self.schedule.level_ended(self.losses[:end])
        self.batches.order, self.batches.taken = state["order"], state["taken"]
        _set_random_state(self._device, state["random"])

    @property
    def _device(self) -> torch.device:
        return next(self.approx.parameters()).device


def fit_svi(target: Target, options: SVIOptions, start: StructuredStart | None = None, run: Run = QUIET) -> SVIFit:
    """Fit a family by SVI; stops when converged or after `options.steps` steps.

    start: of the structured family. The checkpoint of `run` is a place to go on from. Raises FitError when the loss is
    not finite.
    """
    steps = _begin(target, options, start)
    with pyro.validation_enabled(False):
        if saved := run.checkpoint.load():
            steps.restore(saved)
        losses, schedule = steps.losses, steps.schedule
        with run.progress.bar("SVI, at most", options.steps, len(losses)) as bar:
            while not schedule.done and len(losses) < options.steps:
                steps.take()
                bar.advance()
                if schedule.level_ended(losses):
                    bar.note(f"loss {schedule.first_mean:.4f} -> {np.mean(losses[-schedule.window :]):.4f}")
                    if not schedule.done:
                        steps.set_rate(options.rate(schedule.level))
                if run.checkpoint.due:
                    run.checkpoint.save(steps.state(), len(losses))
        run.checkpoint.save(steps.state(), len(losses), final=True)
    return SVIFit(
        approx_posterior=steps.approx,
        steps=len(losses),
        converged=schedule.converged,
        rule=schedule.rule,
        losses=np.array(losses),
    )


def _begin(target: Target, options: SVIOptions, start: StructuredStart | None) -> _Steps:
    """Before the first step."""
    cells, layout = target.cells, target.layout
    pyro.clear_param_store()
    pyro.set_rng_seed(options.seed)
    model = pyro.poutine.scale(fate_model, 1.0 / layout.n_cells)  # loss and gradients per cell
    approx = make_approx_posterior(options.family, model, layout, cells.fate_probs, start)
    optim = ClippedAdam({"lr": options.rate(0), "clip_norm": CLIP_NORM})
    svi = SVI(model, pyro.poutine.scale(approx, 1.0 / layout.n_cells), optim, Trace_ELBO())
    epoch = steps_per_epoch(layout.n_cells, options.batch_size)
    return _Steps(
        svi=svi,
        approx=approx,
        batches=Minibatches(cells, options.batch_size),
        schedule=Schedule(window=epoch * -(-WINDOW_STEPS // epoch), tolerance=options.tolerance),
        target=target,
    )


def draw_raw(fit: SVIFit, target: Target, plan: DrawPlan) -> dict[str, Tensor]:
    """Draws of every raw parameter from the approximate posterior of the target, first axis draw, on the CPU."""
    pyro.set_rng_seed(plan.seed + 1)
    with pyro.validation_enabled(False):
        return draw_sites(fit.approx_posterior, plan.number, target)


def _random_state(device: torch.device) -> list[Tensor]:
    """Of torch on the CPU, and on the GPU of a fit there."""
    return [torch.get_rng_state()] + ([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])


def _set_random_state(device: torch.device, state: list[Tensor]) -> None:
    torch.set_rng_state(state[0].cpu())
    if device.type == "cuda":
        torch.cuda.set_rng_state(state[1].cpu(), device)


def _refuse_not_finite(losses: list[float]) -> None:
    if not np.isfinite(losses[-1]):
        raise FitError(
            f"The SVI loss is {losses[-1]} at step {len(losses)}. Lower `learning_rate`, or check labels and weight."
        )
