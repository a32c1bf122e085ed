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

test_that("terms of the model are those that the fit used", {
  expect_identical(terms_words(fit), paste(
    "an intercept by day, an effect of the replicate, a slope on the number of guides in the cell"
  ))
  expect_no_match(prior_words(fit), "by day and replicate|covariates|deviations by day")
  fit$manifest$settings[c("burden_by_day", "sample_effects")] <- list(TRUE, TRUE)
  fit$manifest$settings$covariates <- c("log_umi", "lane")
  said <- terms_words(fit)
  expect_match(said, "an intercept by day, an intercept by day and replicate, an effect", fixed = TRUE)
  expect_match(said, "in the cell, which differs by day, effects of log\\_umi and lane", fixed = TRUE)
  fit$settings <- update_settings(fit$settings, s_gamma_day = 0.25, s_sample = 0.4, s_covariate = 0.7)
  said <- prior_words(fit)
  for (prior in c(
    "N(0, 0.25^2^) for its deviations by day", "N(0, 0.4^2^) for intercepts by day and replicate",
    "N(0, 0.7^2^) for covariates"
  )) {
    expect_match(said, prior, fixed = TRUE)
  }
  # every replicate has cells on one day only: it is its day's, and has no intercept of its own
  fit$manifest$screen$cells_by_day_replicate <- rbind(c(9, 0), c(0, 9), c(0, 0), c(0, 0))
  expect_false(terms_used(fit)$sample)
})

test_that("the estimand and what is in standard errors follow from settings and manifest", {
  expect_match(estimand_words(fit), "are those of effects of these guides in these cultures.", fixed = TRUE)
  new <- fit_with_guides()
  said <- estimand_words(new)
  expect_match(said, "that other guides of the gene and other cultures would show", fixed = TRUE)
  for (part in c(
    "towards 0.1 log odds with 4 prior degrees of freedom, Smyth 2004; by day 0.05",
    "between the 2 replicates (SD of effects 0.05, 0.05, 0.05, 0.05 log odds, day by day)"
  )) {
    expect_match(said, part, fixed = TRUE)
  }
  expect_no_match(said, "sandwich")
  new$manifest$estimates$se <- "sandwich"
  expect_match(estimand_words(new), "from the scores of cells (sandwich)", fixed = TRUE)
  new$manifest$settings$cluster_key <- "clone"
  expect_match(estimand_words(new), "from the scores of clusters of cells (clone) (sandwich)", fixed = TRUE)
  new$manifest$settings$cluster_key <- NULL
  new$manifest$screen$n_clusters <- 300L
  expect_match(estimand_words(new), "clones, taken to be the cells that share", fixed = TRUE)
  one <- fit_with_guides(shift = c(r1 = 0))
  expect_match(estimand_words(one), "one replicate they cannot include how cultures differ", fixed = TRUE)
  expect_true("smyth" %in% names(cited(new, mash)))
})
