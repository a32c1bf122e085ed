fit <- example_fit()
calibrated <- run_mash(fit, settings = fate_settings())

test_that("a difference of days has the posterior that joint draws of mashr have", {
  result <- run_mash(fit, no_effects_prior = 0)
  found <- day_contrast(result, "d4 - d0")
  direct <- mashr::mash_compute_posterior_matrices(
    result$fit, result$model$data, A = rbind(c(-1, 0, 1, 0)), algorithm.version = "Rcpp"
  )
  expect_equal(found$postmean, drop(direct$PosteriorMean), tolerance = 1e-6, ignore_attr = TRUE)
  expect_equal(found$postsd, drop(direct$PosteriorSD), tolerance = 1e-6, ignore_attr = TRUE)
  expect_equal(found$lfsr, ifelse(direct$lfsr < 1e-12, 0, direct$lfsr), tolerance = 1e-6, ignore_attr = TRUE)
  expect_equal(found$estimate, result$table$betahat_d2 - result$table$betahat_d0)
})

test_that("two days are named by label or number, in either order; signs turn, rates do not", {
  one <- day_contrast(calibrated, "d10 - d0")
  other <- day_contrast(calibrated, "d0-d3") # the fourth day by its number
  expect_equal(one$postmean, -other$postmean)
  expect_equal(one$lfsr, other$lfsr)
  expect_identical(unique(one$contrast), "d10 - d0")
  expect_identical(unique(other$contrast), "d0 - d10")
  expect_equal(one$std.error, other$std.error)
})

test_that("no effects at all is weighed in, and missing estimates stay missing", {
  set.seed(1)
  x <- list(betahat = matrix(rnorm(120, 0, 0.1), 30), se = matrix(0.1, 30, 4))
  x$betahat[3, 2] <- x$se[3, 2] <- NA
  result <- run_mash(x, v = diag(4))
  found <- day_contrast(result, "d1 - d0")
  expect_true(all(found$lfsr >= result$no_effects$posterior))
  expect_identical(which(is.na(found$estimate)), 3L)
  expect_identical(which(is.na(found$std.error)), 3L)
  expect_false(anyNA(found$lfsr))
})

test_that("what is no contrast of two days is refused", {
  for (bad in list("d0", "d0 - d0", "d0 - d99", "", 3, NA_character_)) {
    expect_error(day_contrast(calibrated, bad), "`contrast`", class = "fatebias_error_argument")
  }
  by_day <- run_mash(fit, discovery_method = "ashr")
  expect_error(day_contrast(by_day, "d4 - d0"), "independent", class = "fatebias_error_mash")
})
