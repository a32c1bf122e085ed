days <- c("d0", "d2", "d4")
level <- 0.01

test_that("ranges by hand", {
  expect_equal(scale_range(2 / 50, 0.05), sqrt(qchisq(c(0.025, 0.975), 50) / 50) * c(0.95, 1.05))
  expect_equal(mean_range(0.1, 0.05), c(-1, 1) * (0.1 * qnorm(0.975) + 0.05))
  # 400 independent z: binomial, then widened by what 5 % of the SE does to a rate
  range <- rate_range(0.05, 0.05 * 0.95 / 400, 0.05)
  expect_equal(range[[1]], qbinom(0.025, 400, 0.05) / 400 * 2 * pnorm(-qnorm(0.975) / 0.95) / 0.05)
  expect_equal(range[[2]], qbinom(0.975, 400, 0.05) / 400 * 2 * pnorm(-qnorm(0.975) / 1.05) / 0.05)
  # with few, no rejection at all is no fault
  expect_identical(rate_range(0.05, 0.05 * 0.95 / 10, 0.05)[[1]], 0)
})

test_that("a right model of independent estimates passes, SEs shrunk by 1.3 and a shift do not", {
  right <- permutation_rows(made_units(20), rep(0L, 20), days, level)
  expect_true(all(right$pass))
  shrunk <- permutation_rows(made_units(20, sd = 1.3), c(rep(1L, 9), rep(0L, 11)), days, level)
  expect_identical(shrunk$pass, c(FALSE, FALSE, TRUE))
  expect_equal(shrunk$statistic[[1]], 9)
  shifted <- permutation_rows(made_units(20, shift = 0.4), rep(0L, 20), days, level)
  expect_identical(shifted$pass[[3]], FALSE)
  expect_equal(shifted$statistic[[3]], mean(unit_z(made_units(20, shift = 0.4))))
})

test_that("noise that estimates share widens the ranges", {
  wide <- permutation_rows(made_units(20, rho = 0.3), rep(0L, 20), days, level)
  narrow <- permutation_rows(made_units(20), rep(0L, 20), days, level)
  width <- function(rows) rows$expected_high - rows$expected_low
  expect_true(all(width(wide)[2:3] > 1.5 * width(narrow)[2:3]))
})

test_that("the bound on permutations with a call is binomial", {
  row <- calls_row(c(2L, rep(0L, 19)), 20, 0.01)
  expect_identical(row$expected_high, as.numeric(qbinom(0.99, 20, 0.05)))
  expect_true(row$pass)
  expect_false(calls_row(rep(1:0, c(6, 14)), 20, 0.01)$pass)
  absent <- calls_row(NULL, 20, 0.01)
  expect_identical(absent$pass, NA)
})

test_that("controls: rate and scale, in ranges as wide as few controls make them", {
  units <- made_units(10, n_genes = 2)
  rows <- ntc_rows(units, level)
  expect_identical(rows$statistic[[1]], mean(abs(unit_z(units)) > qnorm(0.975)))
  expect_equal(rows$statistic[[2]], sqrt(mean(unit_z(units)^2)))
  expect_true(all(rows$pass))
  expect_false(all(ntc_rows(made_units(10, n_genes = 20, sd = 2), level)$pass))
})

test_that("sandwich and bootstrap compare with the SEs of the fit", {
  se <- made_units(1)[[1]]$se
  scatter <- withr::with_seed(2, se * exp(matrix(rnorm(length(se), 0, 0.05), nrow(se))))
  unit <- list(sandwich = scatter, guides_per_cell = c(4, 4, 4))
  expect_true(sandwich_row(unit, se, days, level)$pass)
  shrunk <- sandwich_row(unit, se / 1.3, days, level)
  expect_false(shrunk$pass)
  expect_equal(shrunk$statistic, 1.3, tolerance = 0.03)

  theta <- withr::with_seed(3, lapply(1:20, function(k) list(betahat = 0.8 * se * rnorm(length(se)))))
  reference <- list(label_share = se * 0 + 0.64, expected = made_units(1)[[1]]$expected)
  fair <- bootstrap_row(theta, reference, se, days, level)
  expect_true(fair$pass)
  expect_equal(fair$statistic, 1, tolerance = 0.1)
  expect_false(bootstrap_row(theta, reference, se / 1.3, days, level)$pass)
})

test_that("held-out cells: no gain is no fault, loss and agreement are", {
  unit <- list(
    gain = -0.001, gain_sd = 0.001, gain_noise = -0.001, gain_noise_sd = 0.0005, agreement = 1,
    correlation = 0
  )
  expect_identical(heldout_rows(unit, level)$pass, c(TRUE, TRUE))
  expect_match(heldout_rows(unit, level)$sentence[[1]], "no better")
  expect_identical(heldout_rows(override(unit, list(gain = -0.01)), level)$pass, c(FALSE, TRUE))
  agree <- heldout_rows(override(unit, list(agreement = 5)), level)
  expect_identical(agree$pass, c(TRUE, FALSE))
  expect_match(agree$sentence[[2]], "labels share noise")
})

test_that("over all rows together a right model is flagged in at most 10 % of screens", {
  n <- 60
  flagged <- vapply(seq_len(n), function(seed) {
    shuffled <- made_units(10, n_genes = 20, seed = seed, n_draws = 60, rho = 0.2)
    controls <- made_units(5, n_genes = 4, seed = 1000 + seed, n_draws = 60)
    rows <- rbind(permutation_rows(shuffled, rep(0L, 10), days, 0.01), ntc_rows(controls, 0.01))
    any(!rows$pass)
  }, logical(1))
  expect_lte(sum(flagged), qbinom(0.999, n, 0.1))
})

test_that("rates of rejection by level", {
  units <- made_units(20, sd = 1.3)
  table <- rejection_table(units, "permutation")
  z <- unit_z(units)
  rates <- vapply(c(0.05, 0.01, 0.001), function(a) mean(abs(z) > qnorm(1 - a / 2)), numeric(1))
  expect_equal(table$rate, rates)
  expect_gt(table$rate[[1]], table$expected_high[[1]])
  expect_identical(table$n, rep(length(z), 3))
})
