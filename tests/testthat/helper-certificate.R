# Units of a certificate as Python would write them, from z that are known; draws of a right model whose
# estimates on a day have the correlation rho.

made_units <- function(n, n_genes = 40, n_days = 3, sd = 1, shift = 0, seed = 1, n_draws = 200, rho = 0) {
  withr::with_seed(seed, lapply(seq_len(n), function(k) {
    common <- sqrt(rho) * stats::rnorm(n_days)
    own <- sqrt(1 - rho) * matrix(stats::rnorm(n_genes * n_days), n_genes)
    se <- matrix(stats::runif(n_genes * n_days, 0.1, 0.3), n_genes)
    z <- sd * (own + rep(common, each = n_genes)) + shift
    list(
      gene = sprintf("G%02d", seq_len(n_genes)), betahat = z * se, se = se,
      expected = made_expected(n_draws, n_genes, n_days, rho)
    )
  }))
}

made_expected <- function(n_draws, n_genes, n_days, rho) {
  # of each draw what the days have in common, then what genes have of their own
  normal <- matrix(stats::rnorm(n_draws * n_days * (1 + n_genes)), ncol = n_draws)
  common <- sqrt(rho) * normal[rep(seq_len(n_days), each = n_genes), ]
  z <- array(common + sqrt(1 - rho) * normal[-seq_len(n_days), ], c(n_genes, n_days, n_draws))
  by_day <- function(x) {
    days <- colMeans(x)
    unname(cbind(t(days), colMeans(days)))
  }
  rejected <- lapply(c(0.05, 0.01, 0.001), function(a) by_day(abs(z) > stats::qnorm(1 - a / 2)))
  list(mean = by_day(z), mean_square = by_day(z^2), rejected = aperm(simplify2array(rejected), c(1, 3, 2)))
}

# A certificate of the example fit, from units as above; each is made once a test run
made_certificate <- local({
  made <- list()
  function(...) {
    key <- rlang::hash(list(...))
    if (is.null(made[[key]])) made[[key]] <<- new_made_certificate(...)
    made[[key]]
  }
})

new_made_certificate <- function(...) {
  fit <- example_fit()
  n_genes <- nrow(fit$estimate)
  n_days <- length(fit$days)
  units <- list(
    permutation = made_units(6, n_genes, n_days, ...), ntc = made_units(3, 2, n_days, ...),
    seed = list(list(gene = fit$estimate$gene, betahat = betahat(fit$estimate), se = fitted_se(fit)))
  )
  names <- list(gene = fit$estimate$gene)
  units$permutation <- lapply(units$permutation, override, names)
  new_certificate(fit, c("permutation", "ntc"), units, fate_settings(), proc.time()[["elapsed"]])
}
