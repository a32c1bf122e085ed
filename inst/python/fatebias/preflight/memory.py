"""How much memory a fit takes, from the sizes of a screen and the settings, before any of it is allocated.

Every phase is a sum over the arrays that its code holds at once, in bytes; what cannot be counted so (libraries, and
memory that the allocator keeps) was measured. `bench/memory.py` compares it with the peaks of fits. F logits, the fates
beside the reference; a gene with n guides has a block of k = (D + n) F effects.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..base import MemoryLimit, Settings, is_near, memory_words, refuse_memory
from ..screens import AlikeCells, Doubt, Screen

MB = 2**20
PROCESS = 352 * MB  # Python with torch, scipy, pandas and h5py, measured
PYRO = 95 * MB  # its import, and the first steps, measured
DENSE_LOGITS = 5  # up to which matrices of cells are held (`laplace.cell_matrices`)
AT_ONCE = 64_000_000  # numbers of linear predictors moved at once (`laplace.covariance`)
DRAWS_AT_ONCE = (
    20_000_000  # numbers of a block of draws (`model.draws`), and of the precisions of svi's (`vi.families`)
)
ROUND_DRAWS = 16  # of a round (`laplace.rounds`)
SINGLE, DOUBLE = 4, 8  # bytes of a number


@dataclass(frozen=True, kw_only=True)
class ScreenSize:
    """Sizes of a screen. per_gene: int [L], guides of each gene. entries: targeting guides in all cells. file_cells,
    file_entries: the same in its file, with cells that are left out and controls. joined: rows of a design in which
    cells that are alike are one, and the entries of these; None where each cell is a row.
    """

    cells: int
    entries: int
    per_gene: np.ndarray
    days: int
    replicates: int
    fates: int
    sets: int = 1
    covariates: int = 0
    file_cells: int = 0
    file_entries: int = 0
    joined: tuple[int, int] | None = None

    @classmethod
    def of(cls, screen: Screen, cells: int, entries: int, alike: AlikeCells | None) -> "ScreenSize":
        """Of a screen with so many cells and entries, `screen` or a part of it; alike: its cells that are one row."""
        burden = screen.burden_counts
        return cls(
            cells=cells, entries=entries, per_gene=screen.guides_per_gene, days=screen.n_days,
            replicates=screen.n_replicates, fates=screen.n_fates, sets=screen.n_sets, covariates=screen.n_covariates,
            file_cells=int(burden.sum()), file_entries=int((burden * np.arange(len(burden))).sum()),
            joined=None if alike is None else (len(alike.first), alike.entries),
        )  # fmt: skip

    @classmethod
    def whole(cls, screen: Screen, join_alike: bool = True) -> "ScreenSize":
        return cls.of(screen, screen.n_cells, len(screen.guide_idx), screen.alike if join_alike else None)

    @property
    def genes(self) -> int:
        return len(self.per_gene)

    @property
    def guides(self) -> int:
        return int(self.per_gene.sum())

    @property
    def rows(self) -> int:
        """Of the design."""
        return self.cells if self.joined is None else self.joined[0]

    @property
    def row_entries(self) -> int:
        """Targeting guides in all rows of the design."""
        return self.entries if self.joined is None else self.joined[1]

    @property
    def logits(self) -> int:
        return self.fates - 1

    def block_numbers(self) -> float:
        """Numbers in one matrix a gene, sum over genes of k^2."""
        return float((((self.days + self.per_gene.astype(float)) * self.logits) ** 2).sum())

    def nuisance(self, settings: Settings) -> int:
        """K, nuisance effects of a logit (`model.nuisance`)."""
        by_day = self.days if settings.burden_by_day and self.days > 1 else 0
        samples = self.days * self.replicates if settings.sample_effects and self.replicates > 1 < self.days else 0
        return self.days + self.replicates + 1 + by_day + samples + self.covariates


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A phase of a fit at its peak. host: bytes of this process; device: of the fit's tensors, in the GPU's memory
    where the fit runs on one, else in this process as well; lower: what makes it smaller, as words after "lower".
    """

    name: str
    host: float
    device: float = 0.0
    lower: str

    @property
    def size(self) -> float:
        return self.host + self.device


@dataclass(frozen=True, kw_only=True)
class FitMemory:
    """Peaks of the phases of a fit, in their order."""

    phases: tuple[Phase, ...]

    @property
    def largest(self) -> Phase:
        return max(self.phases, key=lambda phase: phase.size)

    @property
    def peak(self) -> float:
        """Bytes."""
        return self.largest.size

    @property
    def lower(self) -> str:
        """What to do where that is too much."""
        return f"most of it is for {self.largest.name}: run it where there is more, or lower {self.largest.lower}"

    def beside(self, host: MemoryLimit | None, gpu: MemoryLimit | None) -> list[tuple["FitMemory", MemoryLimit | None]]:
        """What is needed of each memory, with its limit. gpu: of the GPU that the fit runs on, None on the CPU."""
        if gpu is None:
            return [(self, host)]
        on_host = FitMemory(phases=tuple(replace(phase, device=0) for phase in self.phases))
        return [(on_host, host), (FitMemory(phases=tuple(replace(phase, host=0) for phase in self.phases)), gpu)]

    def in_gb(self) -> dict[str, float]:
        """By phase, and the peak."""
        return {phase.name: round(phase.size / 2**30, 3) for phase in self.phases} | {
            "peak": round(self.peak / 2**30, 3)
        }


def fit_memory(size: ScreenSize, settings: Settings) -> FitMemory:
    """Peak memory of a fit with these settings, by phase."""
    read, design, laplace = PROCESS + _screen(size), _design(size, settings), _laplace(size, settings)
    known, left = read + DOUBLE * size.block_numbers() + _all_fates(size), design + KEPT * laplace
    by_cell = size.cells * size.logits * size.nuisance(settings)
    lower = "the number of cells" if by_cell > 3 * size.block_numbers() else _EFFECTS
    phases = [
        Phase(name="reading", host=read + _reading(size), lower="the number of cells"),
        Phase(name="laplace", host=read, device=design + laplace, lower=lower),
        Phase(name="estimates", host=known, device=left + _estimates(size, settings), lower=lower),
    ]
    summary = known + _kept_draws(size, settings)
    if settings.inference == "svi":
        drawn = SINGLE * settings.num_posterior_draws * _effects(size, settings)
        start, draws = _structured(size, settings)
        summary += PYRO + drawn
        phases.append(Phase(name="svi", host=known + PYRO, device=left + start, lower=_DRAWS))
        phases.append(Phase(name="svi's draws", host=known + PYRO + 2 * drawn, device=left + draws, lower=_DRAWS))
    draws_lower = "`num_posterior_draws`"
    phases.append(Phase(name="posterior", host=summary + _draws(size, settings), device=left, lower=draws_lower))
    phases.append(Phase(name="export", host=summary + 2 * _all_fates(size), device=left, lower=_EFFECTS))
    return FitMemory(phases=tuple(phases))


KEPT = 0.4  # share of the memory of engine laplace that the allocator keeps, measured
_DRAWS = "`num_posterior_draws`, or use `inference: laplace`"
_EFFECTS = "the number of fates, genes or days: blocks of effects grow with its square"


def _screen(size: ScreenSize) -> float:
    """Held throughout: pointers, burden, day and replicate of cells, their probabilities, and guides."""
    return size.cells * (32 + DOUBLE * size.fates * size.sets) + SINGLE * size.entries


def _reading(size: ScreenSize) -> float:
    """Beside that the file's own: sparse guides with a number each, names of levels, probabilities before they are
    put in order.
    """
    return size.file_cells * (40 + DOUBLE * size.fates * size.sets) + 24 * size.file_entries


def _design(size: ScreenSize, settings: Settings) -> float:
    """Lists of guides and cells with the matrices of their sums, nuisance columns in two precisions, labels and their
    means, curvature of each cell or row of cells, and of each cell its row.
    """
    f, k = size.logits, size.nuisance(settings)
    by_cell = f * f if f <= DENSE_LOGITS else 3 * f
    row = 0 if size.joined is None else DOUBLE * size.cells
    return row + 24 * size.row_entries + size.rows * ((SINGLE + DOUBLE) * k + DOUBLE * (2 * f + by_cell + 5))


def _of_cells(size: ScreenSize, settings: Settings) -> float:
    """What is made of all cells at once where they are not rows: nuisance columns, or means, scores and statistics."""
    return 0 if size.joined is None else DOUBLE * size.cells * (3 * size.logits + size.nuisance(settings))


def _effects(size: ScreenSize, settings: Settings) -> int:
    """Length of x."""
    return (size.genes * size.days + size.guides + size.nuisance(settings)) * size.logits


def _solve(size: ScreenSize, settings: Settings, most: int) -> float:
    """Conjugate gradients for several right-hand sides at once: seven vectors of effects, two of linear predictors and
    of effects by guide and day.
    """
    f = size.logits
    width = max(1, min(most, AT_ONCE // (size.rows * f)))
    by_guide = size.guides * size.days * f
    return SINGLE * width * (7 * _effects(size, settings) + 2 * size.rows * f + 2 * by_guide)


def _coarse(size: ScreenSize, settings: Settings) -> float:
    """The coarse space: A Z in both precisions, and what it is summed from."""
    f, k = size.logits, size.nuisance(settings) + size.days
    image = (SINGLE + DOUBLE) * _effects(size, settings) * k * f
    by_guide = SINGLE * size.guides * size.days * f * k * f
    cells = SINGLE * size.rows * f * k * f if f <= DENSE_LOGITS else by_guide
    return image + by_guide + cells + 3 * DOUBLE * (k * f) ** 2 + DOUBLE * size.rows * k


def _pairs(size: ScreenSize) -> float:
    """Curvature by pairs of a gene's guides and day, [l, n, n, D, F, F], twice: of all genes with as many guides."""
    number = np.bincount(size.per_gene)
    largest = float((number * np.arange(len(number)) ** 2).max(initial=0))
    return 2 * DOUBLE * largest * size.days * size.logits**2


def _laplace(size: ScreenSize, settings: Settings) -> float:
    blocks = DOUBLE * size.block_numbers()
    draws = max(settings.num_perturbations, ROUND_DRAWS)
    solved = max(_coarse(size, settings), _solve(size, settings, draws), 2 * blocks + _pairs(size))
    return 3 * blocks + max(solved, _of_cells(size, settings))


def _estimates(size: ScreenSize, settings: Settings) -> float:
    """The same once more with both kinds of covariances, beside those of the posterior."""
    return 3 * DOUBLE * size.block_numbers() + (1 - KEPT) * _laplace(size, settings)


def _all_fates(size: ScreenSize) -> float:
    """Covariances of all fates (`results.archive`): by gene those of the model, the scatter and the posterior, and two
    a replicate; by guide three a day. Once more for every label set beside the first.
    """
    d, f = size.days, size.logits
    replicates = 2 * size.replicates if size.replicates > 1 else 0
    by_gene, by_guide = size.genes * (d * f) ** 2 * (3 + replicates), 3 * size.guides * d * f * f
    return DOUBLE * (by_gene + by_guide) * size.sets


def _structured(size: ScreenSize, settings: Settings) -> tuple[float, float]:
    """Of the approximate posterior: at the start, and while draws are made."""
    if settings.approx_posterior != "structured":
        width = _effects(size, settings)
        rank = width**0.5 if settings.approx_posterior == "lowrank" else 4
        return SINGLE * 6 * width * rank, SINGLE * settings.num_posterior_draws * width
    numbers = size.block_numbers()
    together = max(1, min(settings.num_posterior_draws, DRAWS_AT_ONCE // max(numbers, 1)))
    return 6 * DOUBLE * numbers, 5 * SINGLE * together * numbers + 3 * SINGLE * numbers


def _draws(size: ScreenSize, settings: Settings) -> float:
    """Of the largest block of genes and the one before: draws of effects fivefold, theta twice, a day's beta thrice."""
    s, d, f = settings.num_posterior_draws, size.days, size.logits
    guides = min(size.guides, max(DRAWS_AT_ONCE // (s * f * d), int(size.per_gene.max())))
    genes = guides * size.genes / size.guides
    effects = genes * d * f + guides * f
    return DOUBLE * s * (5 * effects + 2 * genes * d * f + 3 * guides * f)


def _kept_draws(size: ScreenSize, settings: Settings) -> float:
    """Draws for `posterior_draws.npz`, and once more while they are joined."""
    logits = {"none": 0, "contrast": 1, "all": size.logits}[settings.save_draws]
    return 2 * DOUBLE * settings.num_posterior_draws * logits * (size.genes * size.days + size.guides)


def doubt_memory(needs: FitMemory, host: MemoryLimit | None, gpu: MemoryLimit | None = None) -> Doubt | None:
    """A fit that needs nearly all that there is, or somewhat more. host, gpu: as for `FitMemory.beside`."""
    near = [(part, limit) for part, limit in needs.beside(host, gpu) if limit is not None and is_near(part.peak, limit)]
    if not near:
        return None
    found = " and ".join(memory_words(part.peak, limit) for part, limit in near)
    return Doubt(item="Memory", found=f"a fit needs {found}", fix=near[0][0].lower)


def refuse_large_fit(needs: FitMemory, host: MemoryLimit | None = None, gpu: MemoryLimit | None = None) -> None:
    """Raise MemoryLimitError where a fit needs far more than there is. host: None for this process; gpu: as for
    `FitMemory.beside`.
    """
    for part, limit in needs.beside(host, gpu):
        refuse_memory(part.peak, "The fit", part.lower[0].upper() + part.lower[1:] + ".", limit)
