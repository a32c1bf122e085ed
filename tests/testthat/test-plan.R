# Where SEs are under test, or what is said of a plan: power takes the time
local_quick_power <- function(env = parent.frame()) local_mocked_bindings(rows_drawn = 100L, .env = env)

test_that("power, cells needed and the curve of the plot are of the same SEs and calls", {
  plan <- plan_screen(n_cells = 6000, n_genes = 100, effects = c(0.8, 0.5), active_effects = c(0.4, 0.9))
  z <- withr::with_seed(1, rnorm(2e5))
  begins <- withr::with_seed(2, sample(plan$begins[[3]], 2e5, replace = TRUE))
  se <- withr::with_seed(3, sample(plan$genes[, 3], 2e5, replace = TRUE))
  by_hand <- mean(abs(0.5 / se + z) > begins)
  expect_equal(plan$power[day == 3 & effect == 0.5]$power, by_hand, tolerance = 0.01)
  curve <- ggplot2::ggplot_build(ggplot2::autoplot(plan))$data[[1]]
  expect_equal(approx(curve$x[curve$group == 3], curve$y[curve$group == 3], 0.5)$y, by_hand, tolerance = 0.01)
  expect_equal(plan$call_at[[3]], median(plan$begins[[3]]) * plan$se$se[[3]])
})

test_that("SEs at other numbers of cells are those computed there", {
  local_quick_power()
  inputs <- plan_screen(n_cells = 6000, n_genes = 100, days = c(1, 2, 4), effects = 0.5)$inputs
  scaling <- c(1, 1.2, 0.9)
  at_17000 <- scaled_se(override(inputs, list(n_cells = 17000)), scaling)$genes
  expect_equal(se_by_cells(inputs, scaling)(log(17000)), unname(at_17000), tolerance = 2e-3)
})

test_that("the same plan gives the same numbers, and leaves the session's random numbers alone", {
  local_quick_power()
  set.seed(5)
  before <- .Random.seed
  first <- plan_screen(n_cells = 6000, effects = 0.5)
  expect_identical(.Random.seed, before)
  set.seed(6)
  expect_identical(plan_screen(n_cells = 6000, effects = 0.5), first)
})

test_that("more cells need less; cells needed give the power asked for", {
  plan <- plan_screen(n_cells = 6000, n_genes = 100, effects = c(0.3, 0.5), guide_sd = 0.05)
  needed <- plan$needed$cells[[2]]
  enough <- plan_screen(n_cells = needed, n_genes = 100, effects = 0.5, guide_sd = 0.05)
  expect_equal(mean(enough$power$power), 0.8, tolerance = 0.02)
  expect_gt(plan$needed$cells[[1]], needed)
  # many more cells than planned: calls do not begin at the same z there
  far <- plan_screen(n_cells = 1500, n_genes = 100, effects = 0.3, guide_sd = 0)
  there <- plan_screen(n_cells = far$needed$cells, n_genes = 100, effects = 0.3, guide_sd = 0)
  expect_equal(mean(there$power$power), 0.8, tolerance = 0.015)
  expect_gt(abs(median(unlist(far$begins)) - median(unlist(there$begins))), 0.02)
})

test_that("SEs fall with the root of the number of cells", {
  local_quick_power()
  by_cells <- function(n_cells) {
    plan_screen(n_cells = n_cells, n_genes = 100, effects = 0.5, guide_sd = 0)$se$se
  }
  expect_equal(by_cells(24000) / by_cells(6000), rep(0.5, 4), tolerance = 0.1)
})

test_that("a pilot sets what is not given, and scales the SEs to its own", {
  local_quick_power()
  fit <- example_fit()
  same <- plan_screen(fit, guide_sd = 0, replicate_sd = 0)
  found <- vapply(paste0("se_d", 0:3), function(d) median(fit$estimate[[d]], na.rm = TRUE), numeric(1))
  expect_equal(same$se$se, unname(found))
  expect_identical(same$inputs$n_cells, fit$manifest$screen$n_cells)
  double <- plan_screen(fit, n_cells = 2 * fit$manifest$screen$n_cells, guide_sd = 0)
  expect_true(all(double$se$se < 0.8 * same$se$se))
})

test_that("sizes that make no screen are refused; prints and plots", {
  local_quick_power()
  expect_error(plan_screen(days = 1), class = "fatebias_error_simulation")
  expect_error(plan_screen(fate_means = c(1, 0)), class = "fatebias_error_simulation")
  expect_error(plan_screen(n_genes = 5), "more genes", class = "fatebias_error_simulation")
  expect_error(plan_screen(n_cells = -1), class = "fatebias_error_argument")
  expect_error(plan_screen(6000), class = "fatebias_error_argument")
  expect_error(plan_screen(guide_sd = -0.1), "guide_sd", class = "fatebias_error_argument")
  expect_error(plan_screen(replicate_sd = Inf), "replicate_sd", class = "fatebias_error_argument")
  expect_error(plan_screen(active = 0), class = "fatebias_error_argument")
  expect_error(plan_screen(effects = NA_real_), class = "fatebias_error_argument")
  expect_error(plan_screen(active_effects = numeric(0)), class = "fatebias_error_argument")
  plan <- plan_screen(n_cells = 6000)
  expect_output(print(plan), "Expected SE by day")
  expect_no_error(ggplot2::ggplot_build(ggplot2::autoplot(plan)))
})
