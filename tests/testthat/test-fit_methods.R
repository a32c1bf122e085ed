fit <- example_fit()

test_that("tidy: one row a gene and day, posterior and fixed effects from their tables", {
  long <- tidy(fit)
  expect_identical(dim(long), c(160L, 7L))
  one <- long[long$gene == "G05" & long$day == "d4"]
  expect_identical(one$estimate, fit$gene$betahat_d2[fit$gene$gene == "G05"])
  expect_identical(one$std.error, fit$gene$se_d2[fit$gene$gene == "G05"])
  expect_identical(one$fixed_estimate, fit$likelihood$betahat_d2[fit$likelihood$gene == "G05"])
  expect_identical(one$fixed_std.error, fit$likelihood$se_d2[fit$likelihood$gene == "G05"])
  expect_identical(one$time, 4)
  guides <- tidy(fit, "guide")
  expect_identical(nrow(guides), 4L * nrow(fit$guide))
  expect_named(guides, c("guide", "gene", "day", "time", "estimate", "std.error"))
  expect_error(tidy(fit, "cell"), "level", class = "fatebias_error_argument")
})

test_that("a fit without fixed effects or times has missing ones", {
  old <- fit
  old["likelihood"] <- list(NULL)
  old$manifest$screen$day_values <- NULL
  long <- tidy(old)
  expect_identical(names(long), names(tidy(fit)))
  expect_true(all(is.na(long$fixed_estimate)) && all(is.na(long$time)))
})

test_that("tables of other kinds are the same numbers", {
  expect_identical(data.table::as.data.table(fit), tidy(fit))
  expect_identical(class(as.data.frame(fit)), "data.frame")
  expect_identical(as.data.frame(fit)$estimate, tidy(fit)$estimate)
  one <- glance(fit)
  expect_identical(nrow(one), 1L)
  expect_identical(one$n_guides, nrow(fit$guide))
  expect_identical(one$likelihood_weight, 7)
  expect_true(one$converged)
  by_day <- fit
  by_day$manifest$likelihood_weight <- c(6, 8, 7, 11)
  expect_identical(glance(by_day)$likelihood_weight, 8)
})

test_that("a part by gene is consistent, in the order asked for", {
  part <- fit[c("G05", "G02")]
  expect_s3_class(part, "fatebias_fit")
  expect_identical(names(part), names(fit))
  expect_identical(part$gene$gene, c("G05", "G02"))
  for (name in c("likelihood", "qc_delta", "qc_offset", "qc_centering")) {
    expect_identical(part[[name]]$gene, c("G05", "G02"))
  }
  expect_identical(part$gene[2], fit$gene[fit$gene$gene == "G02"])
  guides_of <- function(gene) fit$guide$guide[fit$guide$gene == gene]
  expect_identical(part$guide$guide, c(guides_of("G05"), guides_of("G02")))
  expect_identical(part$cov[11:20], fit$cov[fit$cov$gene == "G02"])
  expect_identical(unique(part$cells$gene), c("G05", "G02"))
  expect_identical(part$manifest, fit$manifest)
  expect_output(print(part), "Part of the fit: 2 of its 40 genes (G05, G02)", fixed = TRUE)
  expect_identical(assess_qc(part)$pass, c(TRUE, TRUE, TRUE))
})

test_that("positions, logical vectors and nothing select genes too", {
  expect_identical(fit[2:1]$gene$gene, fit$gene$gene[2:1])
  expect_identical(fit[fit$gene$betahat_d0 > 0]$gene, fit$gene[fit$gene$betahat_d0 > 0])
  expect_identical(fit[-(1:39)]$gene$gene, fit$gene$gene[40])
  expect_identical(fit[], fit)
})

test_that("genes that are not there are refused with the nearest name", {
  expect_error(fit["G4O"], "'G4O'; the nearest one is 'G40'", class = "fatebias_error_argument")
  expect_error(fit[c("G01", "x", "y")], "2 names", class = "fatebias_error_argument")
  expect_error(fit[c("G01", "G01")], class = "fatebias_error_argument")
  expect_error(fit[character()], class = "fatebias_error_argument")
  expect_error(fit[41], class = "fatebias_error_argument")
})

test_that("a part gives mash the estimates and covariances of its genes", {
  genes <- fit$gene$gene[c(3, 1, 7)]
  whole <- mash_estimates(fit, "gene", "likelihood")
  part <- mash_estimates(fit[genes], "gene", "likelihood")
  expect_identical(part$names$gene, genes)
  expect_identical(part$betahat, whole$betahat[c(3, 1, 7), ])
  expect_identical(part$covariance, whole$covariance[c(3, 1, 7), , ])
})

test_that("a saved fit is whole in a session without Python, where its folder is gone", {
  folder <- withr::local_tempdir()
  file.copy(list.files(test_path("fixtures", "fit"), full.names = TRUE), folder)
  saved <- withr::local_tempfile(fileext = ".rds")
  answers <- withr::local_tempfile(fileext = ".rds")
  here <- read_fit(folder)
  saveRDS(here, saved)
  unlink(folder, recursive = TRUE)
  expect_equal(readRDS(saved), here)
  code <- sprintf(
    paste(
      "library(fatebias); fit <- readRDS('%s'); print(fit);",
      "saveRDS(list(tidy(fit), run_mash(fit)$table), '%s')"
    ), saved, answers
  )
  withr::local_envvar(RETICULATE_PYTHON = "/nowhere/python")
  said <- system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code)), stdout = TRUE, stderr = TRUE)
  expect_match(said, "<fatebias_fit>", fixed = TRUE, all = FALSE)
  expect_equal(readRDS(answers), list(tidy(here), run_mash(here)$table))
})
