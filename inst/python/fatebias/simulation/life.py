"""What screens of life have beside the model of `draw`: each part is absent unless an argument asks for it.

    off-target      a share of genes has one guide with an effect of its own, +-U(.5, 1.2), on all days and fates
    dead guides     do nothing to their gene; its truth is then (1 - share) theta, the mean over such guides
    clones          cells share guides, replicate and a shift N(0, clone_sd) of each logit; a clone is seen on all days
    samples         intercepts N(0, sample_sd) by day, replicate and fate
    replicates      theta[l, f, d] + N(0, replicate_sd) by gene, replicate and day, the same for all fates; theta is
                    the mean over replicates. Genes without effects differ as well
    burden          slope gamma[f] + N(0, burden_day_sd) by day and fate
    rare            log-uniform .3 to 3 % a day for the reference and each fate from the third on; the contrast fate
                    has the rest. Replicates and guides then move that
    flat first day  no intercepts there

Every part has a random stream of its own: it changes nothing of the screen but what it names (clones also draw
guides and replicate anew, once a clone).
"""

import numpy as np
import scipy.sparse as sp

from .arguments import CLONE_SD, Arguments

OFF_TARGET_RANGE, RARE_RANGE = (0.5, 1.2), (0.003, 0.03)


def _stream(arguments: Arguments, part: str) -> np.random.Generator:
    return np.random.default_rng([arguments.seed, *part.encode()])


def draw_clones(arguments: Arguments) -> np.ndarray:
    """Number of each cell's clone from 0 [N]; without clones each cell is its own."""
    n = arguments.cells
    if arguments.clone_sizes is None:
        return np.arange(n)
    least, most = arguments.clone_sizes
    sizes = _stream(arguments, "clones").integers(least, most + 1, size=-(-n // least))
    return np.repeat(np.arange(len(sizes)), sizes)[:n]


def draw_dead(arguments: Arguments, n_guides: int) -> np.ndarray:
    """Whether a targeting guide does nothing to its gene [G]."""
    return np.asarray(_stream(arguments, "dead").random(n_guides) < arguments.dead)


def draw_off_target(arguments: Arguments, gene: np.ndarray) -> np.ndarray:
    """Effect of each targeting guide beside its gene's [G], 0 for most. gene [G]: number of the guide's gene."""
    rng = _stream(arguments, "off_target")
    effect, n_genes = np.zeros(len(gene)), gene.max() + 1
    for one in rng.choice(n_genes, round(arguments.off_target * n_genes), replace=False):
        guide = rng.choice(np.flatnonzero(gene == one))
        effect[guide] = rng.uniform(*OFF_TARGET_RANGE) * rng.choice([-1.0, 1.0])
    return effect


def intercepts(arguments: Arguments, alpha: np.ndarray) -> np.ndarray:
    """Intercepts [D, F]: alpha, or those of rare fates and of a flat first day."""
    if arguments.rare:
        low, high = np.log(RARE_RANGE)
        share = np.exp(_stream(arguments, "rare").uniform(low, high, alpha.shape))  # reference, third, ..
        alpha = np.log(np.c_[1 - share.sum(1), share[:, 1:]] / share[:, :1])
    if arguments.day0_flat:
        alpha = np.r_[np.zeros_like(alpha[:1]), alpha[1:]]
    return alpha


def cell_shifts(
    arguments: Arguments, clone: np.ndarray, day: np.ndarray, replicate: np.ndarray, burden: np.ndarray
) -> np.ndarray:
    """What samples, burden by day and clones add to each logit of each cell: [N, F]. burden: centred by day."""
    f, d, r = arguments.fates - 1, arguments.days, arguments.replicates
    shift = np.zeros((len(day), f))
    if arguments.sample_sd:
        shift += _stream(arguments, "sample_sd").normal(0, arguments.sample_sd, (d, r, f))[day, replicate]
    if arguments.burden_day_sd:
        slope = _stream(arguments, "burden_day_sd").normal(0, arguments.burden_day_sd, (d, f))
        shift += burden[:, None] * slope[day]
    if arguments.clone_sizes is not None:
        sd = CLONE_SD if arguments.clone_sd is None else arguments.clone_sd
        shift += _stream(arguments, "clone_sd").normal(0, sd, (clone[-1] + 1, f))[clone]
    return shift


def replicate_sums(
    arguments: Arguments,
    guides: sp.csr_matrix,
    gene: np.ndarray,
    dead: np.ndarray,
    day: np.ndarray,
    replicate: np.ndarray,
) -> np.ndarray:
    """What replicates add to the effects of each cell's guides: [N, 1], the same for all fates.

    guides [N, G]: presence of targeting guides. gene, dead [G]: number of the gene; whether the guide is dead.
    """
    out = np.zeros((len(day), 1))
    if not arguments.replicate_sd:
        return out
    shape = (gene.max() + 1, arguments.replicates, arguments.days)
    shift = _stream(arguments, "replicate_sd").normal(0, arguments.replicate_sd, shape)[gene] * ~dead[:, None, None]
    for d in range(arguments.days):
        for r in range(arguments.replicates):
            rows = (day == d) & (replicate == r)
            out[rows, 0] = guides[rows] @ shift[:, r, d]
    return out
