# The verdict of a gene: which fates it raises, lowers and leaves, how probable that is, and that in words.

verdict_fates <- 5L # fates up to which each is told; of more those that move most

#' Which fates move, in each draw
#'
#' @param change draws x fates, averaged over days.
#' @param margin change up to which a fate is unchanged, as a probability.
#' @returns draws x fates: 1, 0, -1. With many fates the one that gains most and the one that loses most only.
#' @noRd
fate_signs <- function(change, margin) {
  signs <- (change > margin) - (change < -margin)
  if (ncol(change) > verdict_fates && nrow(change) > 0) {
    rows <- seq_len(nrow(change))
    told <- matrix(FALSE, nrow(change), ncol(change))
    told[cbind(rows, max.col(change, "first"))] <- TRUE
    told[cbind(rows, max.col(-change, "first"))] <- TRUE
    signs <- signs * told
  }
  signs
}

#' Probabilities of verdicts, and mean changes, of all genes
#'
#' @param mixture `joint_mixture()`.
#' @param cells as in `mean_changes()`.
#' @returns `list(signs, probability, change)`: of the most probable verdict genes x fates and its
#'   probability; mean change of each fate's probability, genes x fates.
#' @noRd
joint_verdicts <- function(mixture, cells, margin, n_draws) {
  n <- nrow(mixture$weight)
  parts <- split(seq_len(n), (seq_len(n) - 1L) %/% genes_at_once)
  found <- lapply(parts, function(rows) verdicts_of_genes(rows, mixture, cells, margin, n_draws))
  list(
    signs = do.call(rbind, lapply(found, `[[`, "signs")),
    probability = unlist(lapply(found, `[[`, "probability"), use.names = FALSE),
    change = do.call(rbind, lapply(found, `[[`, "change"))
  )
}

verdicts_of_genes <- function(rows, mixture, cells, margin, n_draws) {
  drawn <- joint_draws(mixture, rows, n_draws)
  change <- mean_changes(drawn$effect, cells)
  n_fates <- ncol(change)
  gene <- match(drawn$row, rows)
  some <- (1 - mixture$none) * (1 - mixture$weight[rows, 1])
  share <- (some / tabulate(gene, length(rows)))[gene] # of each draw in the posterior of its gene
  signs <- rbind(matrix(0L, length(rows), n_fates), fate_signs(change, margin))
  weight <- c(1 - some, share)
  kind <- data.table::frankv(data.table::as.data.table(signs), ties.method = "dense")
  sums <- probability_table(c(seq_along(rows), gene), kind, weight)
  best <- sums[first_of_each(sums$gene, sums$probability), ]
  means <- matrix(0, length(rows), n_fates)
  by_gene <- rowsum(share * change, gene)
  means[as.integer(rownames(by_gene)), ] <- by_gene
  list(signs = signs[match(best$kind, kind), , drop = FALSE], probability = best$probability, change = means)
}

#' Sums of weights by gene and kind of verdict, genes in order
#' @noRd
probability_table <- function(gene, kind, weight) {
  cell <- gene * (max(kind) + 1) + kind
  sums <- rowsum(weight, cell)
  first <- match(as.numeric(rownames(sums)), cell)
  data.frame(gene = gene[first], kind = kind[first], probability = pmin(sums[, 1], 1))
}

#' Row of the largest value of each gene; of equal ones the first
#' @noRd
first_of_each <- function(gene, value) {
  at <- order(gene, -rank_apart(value))
  at[!duplicated(gene[at])]
}

#' The verdict in words
#'
#' @param signs of the fates: 1 raised, -1 lowered, 0 unchanged.
#' @param fates their names.
#' @noRd
verdict_words <- function(signs, fates) {
  raised <- fates[signs > 0]
  lowered <- fates[signs < 0]
  same <- fates[signs == 0]
  others <- if (length(fates) == 3) "both" else "all others"
  if (length(same) == length(fates)) {
    return("no change seen")
  }
  if (length(lowered) == 0) {
    return(sprintf("raises %s, at little cost to any other fate", and_list(raised)))
  }
  if (length(raised) == 0) {
    return(sprintf("lowers %s, with little gain for any other fate", and_list(lowered)))
  }
  if (length(fates) > verdict_fates) {
    return(sprintf("raises %s most, mostly at the cost of %s", raised, lowered))
  }
  moved <- if (length(same) == 0 && length(lowered) == 1 && length(raised) > 1) {
    sprintf("moves cells out of %s, to %s", lowered, others)
  } else if (length(same) == 0 && length(raised) == 1 && length(lowered) > 1) {
    sprintf("moves cells into %s, from %s", raised, others)
  } else if (length(lowered) == 1 && length(raised) > 1) {
    sprintf("lowers %s, feeds %s", lowered, and_list(raised))
  } else {
    sprintf("raises %s at the cost of %s", and_list(raised), and_list(lowered))
  }
  paste(c(moved, if (length(same) > 0) sprintf("%s unchanged", and_list(same))), collapse = "; ")
}
