"""How much memory a simulation takes, so that one that is too large is refused before it begins."""

from ..base import refuse_memory
from .arguments import Arguments

PROCESS = 300 << 20  # bytes of Python with what labels are drawn by, measured
NUMBER = 8  # bytes


def simulation_bytes(arguments: Arguments) -> float:
    """Peak memory of a simulation: what is held by cell (labels, predictors and parts of them), by guide in a cell, by
    guide of the library and its effects, and by gene.
    """
    f, d = arguments.fates, arguments.days
    cells = float(arguments.cells) * (10 * NUMBER * f + 14 * NUMBER + 6 * NUMBER * max(arguments.moi, 1.0))
    genes = float(arguments.genes or 0)
    guides = genes * arguments.guides_per_gene + arguments.ntc
    return PROCESS + cells + guides * NUMBER * (3 * f * d + 40) + genes * NUMBER * (3 * f * d + 20)


def refuse_large(arguments: Arguments) -> None:
    """Raise MemoryLimitError for a simulation that needs far more memory than there is."""
    sizes = {"cells": arguments.cells, "genes": arguments.genes or 0, "fates": arguments.fates, "days": arguments.days}
    shown = ", ".join(f"{n:,} {what}" for what, n in sizes.items() if n)
    refuse_memory(
        simulation_bytes(arguments), f"A simulation of {shown}", "Lower `cells`, `genes` or `guides_per_gene`."
    )
