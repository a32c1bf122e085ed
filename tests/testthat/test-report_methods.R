fit <- example_fit()
mash <- run_mash(fit)
qc <- assess_qc(fit)

test_that("methods name engine, weight and mash as they were", {
  expect_match(engine_words(fit), "Pyro.*approximate posterior: normal")
  expect_identical(weight_words(fit), "was weighted by 7")
  fit$manifest$convergence$engine <- "laplace"
  fit$manifest$settings$likelihood_weight <- "auto"
  expect_match(engine_words(fit), "posterior mode")
  expect_match(weight_words(fit), "Pearson dispersion.*weight 7")
  expect_match(mash_words(mash), as.character(utils::packageVersion("mashr")), fixed = TRUE)
  expect_match(mash_words(run_mash(fit, discovery_method = "ashr")), "day by day with ashr")
})

test_that("the priors are those that the fit used", {
  used <- list(s_alpha = 1.25, s_rep = 0.7, s_gamma = 0.6, s_tau = 3, s_time = 0.5, s_guide = 2)
  fit$settings <- update_settings(fit$settings, !!!used)
  said <- prior_words(fit)
  for (prior in c(
    "N(0, 1.25^2^) for intercepts", "N(0, 0.7^2^) for effects of replicates", "N(0, 0.6^2^) for the slope",
    "first day is half-normal with scale 3", "day to day half-normal with scale 0.5",
    "guide deviations half-normal with scale 2"
  )) {
    expect_match(said, prior, fixed = TRUE)
  }
})

test_that("what mash was given is told, and only works that were used are cited", {
  expect_match(input_words(mash, fit), "^The posterior means") # of the preset plain
  estimates <- run_mash(fit, input = "likelihood")
  expect_match(input_words(estimates, fit), "^Fixed-effect estimates.*N\\(0, 2.5")
  fit$settings <- update_settings(fit$settings, estimate_prior_sd = 1.25) # the prior of this fit
  expect_match(input_words(estimates, fit), "N(0, 1.25^2^)", fixed = TRUE)
  expect_match(mash_words(run_mash(fit, no_effects_prior = 0.1)), "no effects at all, prior probability 0.1")
  expect_named(cited(fit, mash), c("bingham", "stephens", "urbut", "weiler"))
  fit$manifest$convergence$engine <- "laplace"
  fit$manifest$settings$likelihood_weight <- "auto"
  expect_named(cited(fit, run_mash(fit, discovery_method = "ashr")), c("stephens", "wedderburn", "weiler"))
})

read_back <- function(...) {
  read_settings(withr::local_tempfile(lines = settings_lines(...), fileext = ".yaml"))
}

test_that("the settings make the result again: files, keys, thresholds, mode", {
  fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
  fit$manifest$screen$path <- "/data/my_screen.h5ad"
  fit$settings <- update_settings(fit$settings, covar_key = NULL, rep_key = "donor", Kmax = 12)
  qc <- assess_qc(fit, qc_offset_max = 0.07, mode = "simulation")
  read <- read_back(fit, run_mash(fit, lfsr_thresh = 0.1), qc)
  expect_identical(read$screen, "/data/my_screen.h5ad")
  expect_null(read$covar_key)
  expect_identical(read[c("rep_key", "mode")], list(rep_key = "donor", mode = "simulation"))
  numbers <- unlist(read[c("Kmax", "qc_offset_max", "mash_lfsr_thresh")])
  expect_equal(unname(numbers), c(12, 0.07, 0.1))
  expect_equal(read$likelihood_weight, fit$settings$likelihood_weight)
  expect_identical(read$out_dir, fit$out_dir)
  expect_identical(read$execution, "local")
})

test_that("what was given as an object is told, and not replaced by a default in silence", {
  lines <- settings_lines(fit, run_mash(fit, v = diag(4)), qc)
  expect_match(lines, "^# mash_v: given to run_mash\\(\\) as an object", all = FALSE)
  expect_false(any(grepl("^mash_v", lines)))
})
