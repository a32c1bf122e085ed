fit <- example_fit()
result <- run_mash(fit)

test_that("scales too small to matter are left out: the numbers are those of mashr's own grid", {
  direct <- mashr::mash(result$model$data, mashr::cov_canonical(result$model$data), verbose = FALSE)
  lfsr <- as.matrix(as.data.frame(result$table)[paste0("lfsr_d", 0:3)])
  expect_lt(length(result$model$grid), length(direct$fitted_g$grid))
  expect_equal(result$loglik, direct$loglik, tolerance = 1e-6)
  expect_lt(max(abs(lfsr - direct$result$lfsr)), 1e-3)
})

test_that("without effects the answer is that there are none", {
  set.seed(1)
  nothing <- list(betahat = matrix(rnorm(400, 0, 0.1), 100), se = matrix(0.1, 100, 4))
  found <- run_mash(nothing, v = diag(4))
  alone <- run_mash(nothing, v = diag(4), no_effects_prior = 0)
  expect_gt(found$no_effects$posterior, 0.1)
  expect_identical(alone$no_effects$posterior, 0)
  p <- found$no_effects$posterior
  expect_equal(found$table$lfsr_d0, alone$table$lfsr_d0 + p * (1 - alone$table$lfsr_d0))
  expect_equal(found$table$p_any, (1 - p) * alone$table$p_any)
  expect_identical(sum(found$table$hit_anyday), 0L)
})

test_that("the draws have a seed, and leave the session's random numbers alone", {
  set.seed(5)
  before <- .Random.seed
  one <- run_mash(fit)
  expect_identical(.Random.seed, before)
  set.seed(6)
  expect_equal(run_mash(fit)$table, one$table, tolerance = same_numbers)
  other <- run_mash(fit, seed = 2)$table
  expect_gt(max(abs(other$plarge_d2 - one$table$plarge_d2)), 1e-3) # other draws
  expect_equal(other$lfsr_min, one$table$lfsr_min, tolerance = same_numbers)
})

test_that("prior weight of a family draws weight to it; the null's weight likewise", {
  plain <- run_mash(fit, covariances = cov_day_subsets() + cov_random_walk())
  pulled <- run_mash(fit, covariances = cov_day_subsets() + cov_random_walk(weight = 200))
  weight <- function(x) sum(x$covariances$pi[x$covariances$family == "random_walk"])
  expect_gt(weight(pulled), weight(plain) + 0.5)
  expect_gt(run_mash(fit, null_weight = 100)$null_pi, run_mash(fit, null_weight = 1)$null_pi + 0.2)
})

test_that("a family without matrices is left out with a warning, and stands among the fall-backs", {
  spec <- cov_day_subsets() + covariance_family("empty", function(data, days) no_matrices("there is nothing"))
  expect_warning(found <- run_mash(fit, covariances = spec), "is nothing", class = "fatebias_warning_mash")
  expect_identical(found$fallbacks, "Covariance family empty left out: there is nothing")
})

test_that("ashr day by day gives the same columns, as a direct call", {
  by_day <- run_mash(fit, discovery_method = "ashr")
  expect_identical(names(by_day$table), names(result$table))
  expect_equal(by_day$table$p_active_d2, 1 - ashr::get_lfdr(by_day$fit[[3]]), tolerance = 0.05)
  direct <- ashr::ash(fit$gene$betahat_d2, fit$gene$se_d2, mixcompdist = "normal")
  lfsr <- direct$result$lfsr
  expect_equal(by_day$table$lfsr_d2, ifelse(lfsr < 1e-12, 0, lfsr), tolerance = same_numbers)
  expect_equal(by_day$table$postmean_d2, direct$result$PosteriorMean, tolerance = same_numbers)
  expect_identical(by_day$fallbacks, character())
})

test_that("grid: given, or by the number of matrices", {
  expect_identical(result$gridmult, sqrt(2))
  expect_identical(run_mash(fit, gridmult = 3)$gridmult, 3)
  many <- rlang::set_names(lapply(seq_len(41), function(i) diag(4) * i), paste0("m", seq_len(41)))
  expect_identical(run_mash(fit, covariances = many)$gridmult, 2)
})

test_that("one estimate without information does not end the run", {
  huge <- data.table::copy(fit$gene)
  huge$se_d1[1] <- 1e8
  expect_identical(nrow(run_mash(huge)$table), 40L)
})

test_that("in a large screen one clear effect among thousands of genes is still called", {
  set.seed(2)
  n <- 5000
  x <- list(betahat = matrix(rnorm(4 * n, 0, 0.1), n), se = matrix(0.1, n, 4))
  x$betahat[1:3, 2] <- 0.6
  found <- run_mash(x, v = diag(4), gridmult = 2)
  expect_true(all(found$table$lfsr_d1[1:3] < 0.05))
})

test_that("where mashr's optimiser fails EM takes its place, and the result says so", {
  own <- mashr::mash
  local_mocked_bindings(mash = function(..., optmethod = "mixSQP") {
    if (optmethod == "mixSQP") stop("solve(): solution not found")
    own(..., optmethod = optmethod)
  }, .package = "mashr")
  expect_warning(found <- run_mash(fit), "solution not found", class = "fatebias_warning_mash")
  expect_match(found$fallbacks, "EM: mixSQP failed \\(solve\\(\\): solution not found\\)")
  expect_null(found$fit$fallback)
  expect_equal(found$table$postmean_d0, result$table$postmean_d0, tolerance = 0.01)
  expect_error(run_mash(fit, optmethod = "mixSQP"), "solution not found") # asked for by name
})

test_that("two days and thirty, two rows and three: averaged weights give finite numbers", {
  set.seed(8)
  for (size in list(c(2, 2), c(3, 12), c(3, 30))) {
    x <- list(betahat = matrix(rnorm(prod(size), 0, 0.3), size[[1]]), se = matrix(0.1, size[[1]], size[[2]]))
    covariances <- if (size[[2]] < 30) "days" else "canonical" # of thirty days the usual sets take a minute
    table <- run_mash(x, v = diag(size[[2]]), covariances = covariances, gridmult = 2, n_draws = 10)$table
    by_day <- grep("^(postmean|postsd|lfsr|p_active|plarge)_d", names(table))
    numbers <- as.matrix(table[, by_day, with = FALSE])
    expect_true(all(is.finite(numbers)))
  }
})
