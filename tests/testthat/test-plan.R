test_that("moments of guides in a cell are those of simulated ones", {
  found <- burden_moments(5, 0.1)
  draws <- withr::with_seed(1, {
    k <- pmin(pmax(rpois(2e5, 5), 1), 20)
    list(k = k, t = rbinom(length(k), k, 0.9))
  })
  expect_equal(found$burden, mean(draws$k), tolerance = 0.01)
  expect_equal(found$burden_var, var(draws$k), tolerance = 0.02)
  expect_equal(found$burden_targeting, cov(draws$k, draws$t), tolerance = 0.02)
  expect_equal(found$targeting_square, mean(draws$t^2), tolerance = 0.01)
  expect_equal(poisson_mean(found$burden), 5, tolerance = 1e-3)
})

test_that("the curvature of cells is the mean over their probabilities", {
  means <- c(0.5, 0.3, 0.2)
  expect_equal(mean_curvature(means, 1e-8), diag(means[-1]) - tcrossprod(means[-1]), tolerance = 1e-5)
  spread <- 0.6
  eta <- withr::with_seed(2, matrix(rnorm(2e5, 0, sqrt(spread)), ncol = 2))
  with_means <- function(centre) {
    odds <- cbind(1, exp(sweep(eta, 2, centre, `+`)))
    odds / rowSums(odds)
  }
  centre <- optim(c(0, 0), function(x) sum((colMeans(with_means(x)) - means)^2))$par
  pi <- with_means(centre)[, -1]
  expect_equal(mean_curvature(means, spread), diag(colMeans(pi)) - crossprod(pi) / nrow(pi), tolerance = 0.02)
})

test_that("with many controls, one guide a gene and known deviations the SE is that of counting cells", {
  plan <- plan_screen(
    n_cells = 1e5, n_genes = 5000, guides_per_gene = 1, moi = 1, days = 2, weight = 1,
    fate_means = c(0.5, 0.5), ntc_share = 0.9, sigma_guide = 0, abundance = Inf
  )
  cells <- plan$se$cells_per_gene
  expect_equal(plan$se$se_own, sqrt(1 / (cells / 4 + 2.5^-2)), tolerance = 0.02)
  expect_lt(max(plan$se$se_shared / plan$se$se_own), 0.2)
})

test_that("a call is an lfsr below its threshold, and power is its probability", {
  at <- call_threshold(0.1, 0.1, 0.5, 0.05)
  lfsr <- function(b) {
    draws <- withr::with_seed(1, ifelse(runif(4e6) < 0.1, rnorm(4e6, 0, 0.5), 0))
    weight <- dnorm(b, draws, 0.1)
    sum(weight[draws <= 0]) / sum(weight)
  }
  expect_equal(lfsr(at), 0.05, tolerance = 0.02)
  expect_equal(power_at(0.3, 0.1, at), mean(abs(0.3 + 0.1 * qnorm(ppoints(1e4))) > at), tolerance = 0.01)
})

test_that("more cells need less; cells needed give the power asked for", {
  plan <- plan_screen(n_cells = 6000, n_genes = 100, effects = c(0.3, 0.5))
  needed <- plan$needed$cells[[2]]
  enough <- plan_screen(n_cells = needed, n_genes = 100, effects = 0.5)
  expect_equal(mean(enough$power$power), 0.8, tolerance = 0.01)
  expect_gt(plan$needed$cells[[1]], needed)
  more <- plan_screen(n_cells = 24000, n_genes = 100)
  expect_equal(more$se$se / plan$se$se, rep(0.5, 4), tolerance = 0.1)
})

test_that("a pilot sets what is not given, and scales the SEs to its own", {
  fit <- example_fit()
  same <- plan_screen(fit)
  found <- vapply(paste0("se_d", 0:3), function(d) median(fit$likelihood[[d]], na.rm = TRUE), numeric(1))
  expect_equal(same$se$se, unname(found))
  expect_identical(same$inputs$n_cells, fit$manifest$screen$n_cells)
  double <- plan_screen(fit, n_cells = 2 * fit$manifest$screen$n_cells)
  expect_true(all(double$se$se < 0.8 * same$se$se))
})

test_that("sizes that make no screen are refused; prints and plots", {
  expect_error(plan_screen(days = 1), class = "fatebias_error_simulation")
  expect_error(plan_screen(fate_means = c(1, 0)), class = "fatebias_error_simulation")
  expect_error(plan_screen(n_cells = -1), class = "fatebias_error_argument")
  expect_error(plan_screen(6000), class = "fatebias_error_argument")
  expect_output(print(plan_screen(n_cells = 6000)), "Expected SE by day")
  expect_no_error(ggplot2::ggplot_build(ggplot2::autoplot(plan_screen(n_cells = 6000))))
})
