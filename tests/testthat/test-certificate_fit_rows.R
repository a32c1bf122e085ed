days <- c("d0", "d2")
level <- 0.01

test_that("guides: a share that SEs lack is flagged beyond the tolerance and chance", {
  unit <- list(share = 0.3, lacking = 0.3, chance = 0.01, estimand = "guides")
  row <- guides_row(unit, level)
  expect_false(row$pass)
  expect_equal(row$expected_high, 1 - 1 / 1.05^2 + qnorm(0.99) * 0.01)
  expect_match(row$sentence, "20 % larger") # than with .7 of the variance
  expect_true(guides_row(override(unit, list(lacking = 0, estimand = "gene")), level)$pass)
  expect_true(guides_row(override(unit, list(share = 0.08, lacking = 0.08)), level)$pass)
  unit$chance <- NULL
  expect_identical(guides_row(unit, level)$verdict, "cannot be checked")
})

test_that("replicates: Q by its degrees of freedom, one replicate cannot be checked", {
  unit <- list(q = 420, df = 400, q_variance = 800, n_replicates = 2)
  row <- replicates_row(unit, level)
  expect_true(row$pass)
  expect_equal(row$expected_high, sqrt(qchisq(0.99, 400) / 400) * 1.05)
  expect_false(replicates_row(override(unit, list(q = 640)), level)$pass)
  one <- replicates_row(list(q = 0, df = 0, q_variance = 0, n_replicates = 1), level)
  expect_identical(one$verdict, "cannot be checked")
})

test_that("dispersion: each day and sample around the weight, by the scatter of its cells", {
  unit <- list(
    by_day = c(1.02, 0.97), day_sd = c(0.03, 0.03), by_sample = c(1, 1.6), sample_sd = c(0.04, 0.04),
    sample_day = c(0, 1), sample_name = c("d0, r1", "d2, r1")
  )
  rows <- dispersion_rows(unit, days, level)
  expect_identical(rows$pass, c(TRUE, FALSE))
  expect_identical(rows$day[[2]], "d2, r1")
  expect_equal(rows$expected_high[[2]], (1 + qnorm(1 - 0.01 / 4) * 0.04) * 1.05^2)
})

test_that("burden slopes by day: chi-square, or nothing to test", {
  unit <- list(in_model = FALSE, chi_square = 20, df = 3, slope = c(0.1, -0.6))
  row <- burden_row(unit, days, level)
  expect_false(row$pass)
  expect_equal(row$expected_high^2 * 3, qchisq(0.99, 3))
  expect_match(row$sentence, "-0.60 .*d2.*burden_by_day: true")
  expect_true(burden_row(override(unit, list(chi_square = 5)), days, level)$pass)
  expect_true(burden_row(list(in_model = TRUE), days, level)$pass)
  expect_identical(burden_row(list(in_model = TRUE, n_days = 1), days, level)$verdict, "cannot be checked")
})

test_that("a column confounds where guides and labels go along with it and estimates would move", {
  lane <- list(name = "lane", p_guides = 1e-6, p_labels = 1e-6, moved = 0.4)
  column <- function(...) override(lane, list(...))
  expect_false(confounder_row(list(column()), level)$pass)
  expect_match(confounder_row(list(column()), level)$sentence, "covariates: lane")
  expect_true(confounder_row(list(column(p_guides = 0.2)), level)$pass)
  expect_true(confounder_row(list(column(p_labels = 0.2)), level)$pass)
  expect_true(confounder_row(list(column(moved = 0.01)), level)$pass)
  both <- confounder_row(list(column(p_guides = 0.5, name = "phase"), column()), level)
  expect_match(both$sentence, "along with lane,")
  expect_identical(confounder_row(list(), level)$verdict, "cannot be checked")
})

test_that("groups of cells that share noise ask for a cluster_key", {
  clone <- list(name = "clone", n_groups = 600, log_ratio = log(1.3), error = 0.02)
  row <- groups_row(list(clone), level)
  expect_false(row$pass)
  expect_equal(row$statistic, 1.3)
  expect_match(row$sentence, "cluster_key: clone")
  expect_true(groups_row(list(override(clone, list(log_ratio = log(1.04)))), level)$pass)
  expect_null(groups_row(list(), level))
})
