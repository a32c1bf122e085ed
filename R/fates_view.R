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
  if (!has_all_fates(fit)) {
    return(NULL)
  }
  all <- all_fates(fit)
  at <- match(fit$gene$gene, all$genes)
  theta <- all$theta[at, , , drop = FALSE]
  noise <- all$noise[at, , , , , drop = FALSE]
  fates <- c(all$ref_fate, all$fates)
  if (identical(fit$manifest$settings$estimand, "gene")) {
    noise <- widen_noise(noise, widening_of(fit, noise, fates))
  }
  times <- day_values_of(fit)
  list(
    theta = theta, noise = noise, genes = fit$gene$gene, fates = fates,
    times = if (anyNA(times)) seq_along(fit$days) - 1 else times, cells = baseline_cells(fit, fates)
  )
}

#' By what the standard errors of each fate against the others grow from the noise of labels to what the
#' estimand asks for: genes x days x fates
#' @noRd
widening_of <- function(fit, noise, fates) {
  n <- length(fates)
  by_fate <- lapply(seq_len(n), function(f) {
    word <- if (n == 2) paste(fates[[f]], "-", fates[[3 - f]]) else paste(fates[[f]], "- rest")
    estimate <- contrast_fit(fit, word)$estimate
    wanted <- day_matrix(estimate, "se")[match(fit$gene$gene, estimate$gene), , drop = FALSE]
    weights <- (replace(rep(-1 / (n - 1), n), f, 1))[-1]
    wanted / noise_se(noise, weights)
  })
  ratio <- array(unlist(by_fate), c(dim(noise)[1:2], n))
  replace(ratio, is.na(ratio), 1)
}

#' Standard errors of a contrast by the noise alone, genes x days
#' @param weights of the fates beside the reference.
#' @noRd
noise_se <- function(noise, weights) {
  size <- dim(noise)
  by_day <- vapply(seq_len(size[[2]]), function(d) {
    own <- matrix(noise[, d, , d, ], size[[1]])
    drop(own %*% as.vector(tcrossprod(weights)))
  }, numeric(size[[1]]))
  sqrt(matrix(by_day, size[[1]]))
}

#' Cells by day that stand for all: groups of like ones of the fit's sample; of a fit without it one cell with
#' the mean probabilities
#' @noRd
baseline_cells <- function(fit, fates) {
  path <- file.path(fit$out_dir, baseline_file)
  if (!file.exists(path)) {
    m <- fit$manifest$screen
    means <- do.call(rbind, lapply(m$fate_means_by_day, as.numeric))[, match(fates, unlist(m$fates)), drop = FALSE]
    return(lapply(seq_len(nrow(means)), function(d) list(p = means[d, , drop = FALSE], weight = 1)))
  }
  sample <- read_npz(path, c("eta", "day"))
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
  while (length(groups) < n_groups && max(lengths(groups)) > 1) groups <- unlist(lapply(groups, halved, p), FALSE)
  list(p = do.call(rbind, lapply(groups, function(g) colMeans(p[g, , drop = FALSE]))),
       weight = lengths(groups) / nrow(p))
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
