test_that("axes of arrays are read from the lines that name them", {
  axes <- axes_of(c("theta, theta_mean: gene, day, fate", "guide_gene: guide"))
  expect_identical(axes, list(
    theta = c("gene", "day", "fate"), theta_mean = c("gene", "day", "fate"), guide_gene = "guide"
  ))
})

test_that("a part of an array keeps its names and its axes", {
  values <- array(as.numeric(1:24), c(2, 3, 4))
  values[2, 3, 4] <- NaN
  labels <- list(replicate = c("r1", "r2"), gene = c("A", "B", "C"), day = paste0("d", 1:4))
  part <- part_of_array(values, labels, list(NULL, c("C", "A"), NULL))
  expect_identical(dimnames(part), list(c("r1", "r2"), c("C", "A"), paste0("d", 1:4)))
  expect_identical(unname(part[, "A", ]), values[, 1, ])
  expect_true(is.na(part["r2", "C", "d4"]) && !is.nan(part["r2", "C", "d4"]))
  expect_identical(dim(part_of_array(c(5, 6), list(c("MES", "NEU")), list(NULL))), 2L)
})

test_that("a fit without the file is told to fit again", {
  expect_error(all_fates(example_fit()), "Fit again", class = "fatebias_error_export")
})

test_that("Python: the archive has the fit's genes, guides, days and fates, and its estimates", {
  fit <- small_fit()
  found <- all_fates(fit)
  expect_identical(found$genes, fit$gene$gene)
  expect_identical(found$guides, fit$guide$guide)
  expect_identical(found$guide_gene, fit$guide$gene)
  expect_identical(found[c("days", "fates", "ref_fate")], list(
    days = fit$days, fates = c("MES", "NEU"), ref_fate = "EC"
  ))
  d <- length(fit$days)
  expect_identical(dim(found$theta), c(12L, d, 2L))
  expect_identical(dimnames(found$noise), rep(dimnames(found$theta), c(1, 2, 2))[c(1, 2, 4, 3, 5)])
  betahat <- unname(as.matrix(fit$estimate[, day_columns(fit$estimate, "betahat"), with = FALSE]))
  expect_equal(unname(found$theta[, , "MES"]), betahat, tolerance = 1e-8)
  posterior <- unname(as.matrix(fit$gene[, day_columns(fit$gene, "betahat"), with = FALSE]))
  expect_equal(unname(found$theta_mean[, , "MES"]), posterior, tolerance = 1e-8)
  genes <- fit$gene$gene[c(7, 3)]
  part <- all_fates(fit[genes])
  expect_identical(part$genes, genes)
  expect_identical(part$theta, found$theta[genes, , ])
  expect_identical(part$replicate_theta, found$replicate_theta[, genes, , ])
  expect_identical(part$guide_y, found$guide_y[fit[genes]$guide$guide, , ])
  expect_identical(part$guide_gene, fit[genes]$guide$gene)
})

test_that("Python: a screen with one replicate has arrays without rows", {
  files <- simulate_screen(withr::local_tempdir(), cells = 800, genes = 4, replicates = 1, ntc = 4)
  out_dir <- withr::local_tempdir()
  fit <- suppressWarnings(fit_fate_bias(
    read_screen(files$screen, files$guide_map), inference = "laplace", num_posterior_draws = 50,
    out_dir = out_dir, progress = FALSE
  ))
  found <- all_fates(fit)
  expect_identical(dim(found$replicate_theta)[[1]], 0L)
  expect_identical(found$replicates, character())
  expect_identical(nrow(contrast_fit(fit, "NEU")$by_replicate), 0L)
})
