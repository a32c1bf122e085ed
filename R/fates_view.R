# What a fit knows of all fates together, in the form that verdicts need: estimates, the covariance of their
# errors as the estimand asks for it, and cells whose probabilities effects change.

cell_groups <- 64L # groups of like cells that stand for the cells of a day

#' All fates of a fit
#'
#' @returns `list(theta, noise, genes, fates, times, cells)`: genes x days x fates beside the reference; its
#'   covariance, widened as the estimand asks for; fates with the reference first; `cells` as in
#'   `mean_changes()`. NULL for a fit of an earlier version.
#' @noRd
joint_view <- function(fit) {
  if (!all(c(all_fates_file, fate_cells_file) %in% names(fit$files))) {
    return(NULL)
  }
  all <- all_fates(fit)
  cells <- fate_cells(fit)
  times <- day_values_of(fit)
  list(
    theta = all$theta, noise = widen_noise(all$noise, replace(cells$widening, is.na(cells$widening), 1)),
    genes = fit$gene$gene, fates = c(all$ref_fate, all$fates),
    times = if (anyNA(times)) seq_along(fit$days) - 1 else times,
    cells = lapply(cells$p, grouped_cells, cell_groups)
  )
}

#' Groups of like cells, by halving along the fate on which they differ most
#'
#' @param p cells x fates.
#' @returns `list(p, weight)`: means and shares of the groups.
#' @noRd
grouped_cells <- function(p, n_groups) {
  groups <- list(seq_len(nrow(p)))
  while (length(groups) < n_groups && max(lengths(groups)) > 1) {
    groups <- unlist(lapply(groups, halved, p), recursive = FALSE)
  }
  means <- lapply(groups, function(group) colMeans(p[group, , drop = FALSE]))
  list(p = do.call(rbind, means), weight = lengths(groups) / nrow(p))
}

halved <- function(rows, p) {
  if (length(rows) < 2) {
    return(list(rows))
  }
  own <- p[rows, , drop = FALSE]
  spread <- colMeans(own^2) - colMeans(own)^2
  ordered <- rows[order(own[, which.max(spread)])]
  half <- seq_len(length(rows) %/% 2L)
  list(ordered[half], ordered[-half])
}

#' Mean fate probabilities, days x fates
#' @noRd
mean_fates <- function(cells) do.call(rbind, lapply(cells, function(one) drop(one$weight %*% one$p)))
