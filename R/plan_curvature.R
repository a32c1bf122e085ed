# Standard errors of a screen that is planned, from the curvature that the model is expected to have.

quadrature_nodes <- 9L # by fate, for means over cells of the softmax curvature
abundance_nodes <- 9L # genes, from the rarest in cells to the most common

#' Expected SEs by day: those of a gene of mean abundance, and of equally likely genes
#'
#' @returns `list(table, genes)`: data.table by day; matrix, genes by abundance x days.
#' @noRd
expected_se <- function(inputs) {
  n_day <- inputs$n_cells * inputs$days
  moments <- burden_moments(inputs$moi, inputs$ntc_share)
  spread <- moments$targeting * (inputs$sigma_guide^2 + inputs$active * mean(inputs$sizes^2))
  curvature <- lapply(seq_along(n_day), function(d) {
    inputs$weight * mean_curvature(inputs$fate_means[d, ], spread)
  })
  curvature <- without_others(curvature, n_day, inputs, moments)
  per_gene <- n_day * moments$targeting / inputs$n_genes
  own <- own_variance(per_gene, curvature, inputs, moments)
  shared <- shared_variance(n_day, curvature, inputs, moments)
  genes <- t(apply(gene_abundances(per_gene, inputs), 1, function(abundance) {
    sqrt(own_variance(per_gene * abundance, curvature, inputs, moments) + shared)
  }))
  table <- data.table::data.table(
    day = seq_along(n_day), cells = n_day, cells_per_gene = per_gene,
    se = sqrt(own + shared), se_own = sqrt(own), se_shared = sqrt(shared)
  )
  list(table = table, genes = genes)
}

#' Cells of equally likely genes relative to their mean, genes x days
#'
#' Abundances of its guides are gamma, so that of a gene is; its cells on a day scatter around it like counts.
#' Both together are taken as gamma with the sum of their variances.
#' @noRd
gene_abundances <- function(per_gene, inputs) {
  shape <- max(1, round(inputs$guides_per_gene)) * inputs$abundance
  vapply(1 / (1 / shape + 1 / per_gene), function(shape) {
    relative <- stats::qgamma(stats::ppoints(abundance_nodes), shape)
    relative / mean(relative)
  }, numeric(abundance_nodes))
}

#' Curvature of a cell by day when the deviations of its other guides are not known, but to the precision
#' that all their cells allow: they add to the scatter of eta
#' @noRd
without_others <- function(curvature, n_day, inputs, moments) {
  n_guides <- inputs$n_genes * inputs$guides_per_gene
  total <- Reduce(`+`, Map(`*`, curvature, n_day * moments$targeting / n_guides))
  unknown <- solve(total + diag(max(inputs$sigma_guide, 1e-6)^-2, nrow(total)))
  others <- moments$targeting_square / moments$targeting - 1
  lapply(curvature, function(w) solve(solve(w) + others * unknown))
}

least_moi <- 1e-3

#' Moments of guides in a cell: k ~ Poisson cut to 1 and the simulator's most, of which k - t are controls;
#' with moi 0 each cell has one
#' @noRd
burden_moments <- function(moi, ntc_share) {
  k <- 0:60
  p <- stats::dpois(k, moi)
  k <- pmin(pmax(k, 1), shared_constant("simulated_guides_most"))
  share <- 1 - ntc_share
  mean <- sum(p * k)
  var <- sum(p * k^2) - mean^2
  list(
    burden = mean, burden_var = var, targeting = share * mean, burden_targeting = share * var,
    targeting_square = share^2 * (var + mean^2) + share * ntc_share * mean
  )
}

#' The moi of a mean number of guides in a cell; 0 for one guide in every cell
#' @noRd
poisson_mean <- function(burden) {
  if (burden <= burden_moments(least_moi, 0)$burden) return(0)
  beyond <- function(moi) burden_moments(moi, 0)$burden - burden
  stats::uniroot(beyond, c(least_moi, 19), extendInt = "upX")$root
}

#' Mean over cells of diag(pi) - pi pi', for eta normal with variance `spread` and mean probabilities as given
#' @noRd
mean_curvature <- function(fate_means, spread) {
  f <- length(fate_means) - 1
  nodes <- stats::qnorm(stats::ppoints(quadrature_nodes))
  nodes <- nodes / sqrt(mean(nodes^2))
  eta <- as.matrix(expand.grid(rep(list(nodes), f))) * sqrt(spread)
  centre <- log(fate_means[-1] / fate_means[[1]])
  probabilities <- function(centre) {
    odds <- cbind(1, exp(sweep(eta, 2, centre, `+`)))
    odds / rowSums(odds)
  }
  for (step in 1:20) { # the centre at which the mean probabilities are those given
    now <- colMeans(probabilities(centre))
    centre <- centre + log(fate_means[-1] / now[-1]) - log(fate_means[[1]] / now[[1]])
  }
  pi <- probabilities(centre)[, -1, drop = FALSE]
  unname(diag(colMeans(pi), f) - crossprod(pi) / nrow(pi))
}

#' Variance of a gene's theta by its own cells, deviations of its guides random, by day
#' @noRd
own_variance <- function(per_gene, curvature, inputs, moments) {
  n <- max(1, round(inputs$guides_per_gene))
  f <- nrow(curvature[[1]])
  d <- length(per_gene)
  abundance <- rep(1, n)
  if (is.finite(inputs$abundance)) abundance <- stats::qgamma(stats::ppoints(n), inputs$abundance)
  # two genes share a cell now and then, which takes this much from what tells one gene from all others
  together <- (moments$targeting_square - moments$targeting) / (moments$targeting * inputs$n_genes)
  of_theta <- inputs$priors$estimate_prior_sd^-2
  of_guides <- max(inputs$sigma_guide, 1e-6)^-2
  information <- diag(c(rep(of_theta, d * f), rep(of_guides, n * f)))
  for (day in seq_len(d)) {
    cells <- per_gene[[day]] * (1 - together) * abundance / sum(abundance)
    for (guide in seq_len(n)) {
      column <- c(replace(numeric(d), day, 1), replace(rep(-1 / n, n), guide, 1 - 1 / n))
      information <- information + kronecker(tcrossprod(column) * cells[[guide]], curvature[[day]])
    }
  }
  diag(solve(information))[(seq_len(d) - 1) * f + inputs$contrast]
}

#' Variance of what all thetas share on a day: their mean, told from intercepts and burden slope
#' @noRd
shared_variance <- function(n_day, curvature, inputs, moments) {
  d <- length(n_day)
  r <- inputs$replicates
  f <- nrow(curvature[[1]])
  p <- inputs$priors
  of_genes <- p$estimate_prior_sd
  if (p$estimate_shift == "prior") of_genes <- min(of_genes, sqrt(inputs$active * mean(inputs$sizes^2)))
  prior <- c(rep(p$s_alpha, d), rep(p$s_rep, r), p$s_gamma, rep(of_genes / sqrt(inputs$n_genes), d))
  information <- diag(rep(prior^-2, each = f))
  for (day in seq_len(d)) {
    # mean over cells of products of the columns: day, replicate (one of r), burden, targeting guides
    gram <- matrix(0, d + r + 1 + d, d + r + 1 + d)
    one <- day
    rep <- d + seq_len(r)
    slope <- d + r + 1
    theta <- slope + day
    gram[one, one] <- 1
    gram[one, rep] <- gram[rep, one] <- 1 / r
    gram[rep, rep] <- diag(1 / r, r)
    gram[slope, slope] <- moments$burden_var
    gram[slope, theta] <- gram[theta, slope] <- moments$burden_targeting
    gram[one, theta] <- gram[theta, one] <- moments$targeting
    gram[rep, theta] <- gram[theta, rep] <- moments$targeting / r
    gram[theta, theta] <- moments$targeting_square
    information <- information + kronecker(gram * n_day[[day]], curvature[[day]])
  }
  variance <- diag(solve(information))
  variance[(d + r + 1 + seq_len(d) - 1) * f + inputs$contrast]
}
