# What a fit knows of all fates together, in the form that verdicts need: estimates, the covariance of their
# errors as the estimand asks for it, and cells whose probabilities effects change.

cell_groups <- 64L # groups of like cells that stand for the cells of a day
baseline_file <- "fate_baseline.npz"

#' All fates of a fit
#'
#' @returns `list(theta, noise, genes, fates, times, cells)`: genes x days x fates beside the reference; its
#'   covariance, widened as the estimand asks for; fates with the reference first; `cells` as in
#'   `mean_changes()`. NULL for a fit without `effects_all_fates.npz`.
#' @noRd
joint_view <- function(fit) {
  if (!all_fates_file %in% names(fit$files)) {
    return(NULL)
  }
  all <- all_fates(fit)
  fates <- c(all$ref_fate, all$fates)
  times <- day_values_of(fit)
  list(
    theta = all$theta, noise = widen_noise(all$noise, replace(all$widening, is.na(all$widening), 1)),
    genes = fit$gene$gene, fates = fates, times = if (anyNA(times)) seq_along(fit$days) - 1 else times,
    cells = baseline_cells(fit, fates)
  )
}

#' Cells by day that stand for all: groups of like ones of the fit's sample; of a fit without it one cell with
#' the mean probabilities
#' @noRd
baseline_cells <- function(fit, fates) {
  if (!baseline_file %in% names(fit$files)) {
    m <- fit$manifest$screen
    means <- rbind(m$fate_means_by_day)[, match(fates, m$fates), drop = FALSE]
    return(lapply(seq_len(nrow(means)), function(d) list(p = means[d, , drop = FALSE], weight = 1)))
  }
  sample <- read_npz(fit$files[[baseline_file]], c("eta", "day"))
  eta <- matrix(sample$eta, ncol = length(fates) - 1L)
  lapply(seq_along(fit$days) - 1L, function(day) {
    odds <- exp(cbind(0, eta[sample$day == day, , drop = FALSE]))
    grouped_cells(odds / rowSums(odds), cell_groups)
  })
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
