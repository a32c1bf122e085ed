fit <- example_fit()

test_that("tidy: one row a gene and day, estimates and posterior from their tables", {
  long <- tidy(fit)
  expect_named(long, c("gene", "day", "time", "estimate", "std.error", "posterior.mean", "posterior.sd"))
  expect_identical(nrow(long), 160L)
  one <- long[long$gene == "G05" & long$day == "d4"]
  expect_identical(one$estimate, fit$estimate$betahat_d2[fit$estimate$gene == "G05"])
  expect_identical(one$std.error, fit$estimate$se_d2[fit$estimate$gene == "G05"])
  expect_identical(one$posterior.mean, fit$gene$betahat_d2[fit$gene$gene == "G05"])
  expect_identical(one$posterior.sd, fit$gene$se_d2[fit$gene$gene == "G05"])
  expect_identical(one$time, 4)
  guides <- tidy(fit, "guide")
  expect_identical(nrow(guides), 4L * nrow(fit$guide))
  expect_named(guides, c("guide", "gene", "day", "time", "posterior.mean", "posterior.sd"))
  expect_error(tidy(fit, "cell"), "level", class = "fatebias_error_argument")
})

test_that("each column is a cell of the file that holds it", {
  folder <- system.file("extdata", "example_fit", package = "fatebias")
  shipped <- read_fit(folder)
  cell <- function(file, name, column) { # by hand, without the reader of fits
    lines <- strsplit(readLines(file.path(folder, file)), ",", fixed = TRUE)
    row <- Filter(function(line) line[[1]] == name, lines)[[1]]
    as.numeric(row[[match(column, lines[[1]])]])
  }
  long <- tidy(shipped)
  one <- as.list(long[long$gene == "GENE00030" & long$day == shipped$days[[3]]])
  by_hand <- list(
    estimate = cell("gene_daywise_likelihood.csv", "GENE00030", "betahat_d2"),
    std.error = cell("gene_daywise_likelihood.csv", "GENE00030", "se_d2"),
    posterior.mean = cell("gene_daywise_for_mash.csv", "GENE00030", "betahat_d2"),
    posterior.sd = cell("gene_daywise_for_mash.csv", "GENE00030", "se_d2")
  )
  expect_equal(one[names(by_hand)], by_hand, tolerance = 1e-12)
  expect_gt(abs(one$estimate - one$posterior.mean), 1e-4) # or the two could be swapped unseen
  # SEs and SDs are the roots of the covariances' diagonals, each of its own column
  diagonal <- shipped$cov[shipped$cov$gene == "GENE00030" & shipped$cov$day_1 == 2 & shipped$cov$day_2 == 2]
  expect_equal(one$std.error^2, diagonal$likelihood_cov, tolerance = 1e-6)
  expect_equal(one$posterior.sd^2, diagonal$theta_cov, tolerance = 1e-6)
  name <- shipped$guide$guide[[5]]
  guides <- tidy(shipped, "guide")
  own <- guides[guides$guide == name & guides$day == shipped$days[[2]]]
  expect_equal(own$posterior.mean, cell("guide_daywise_for_mash.csv", name, "betahat_d1"), tolerance = 1e-12)
  expect_equal(own$posterior.sd, cell("guide_daywise_for_mash.csv", name, "se_d1"), tolerance = 1e-12)
})

test_that("estimates in another order than the genes stand beside their own posterior", {
  turned <- fit
  turned$estimate <- fit$estimate[rev(seq_len(nrow(fit$estimate)))]
  expect_identical(tidy(turned), tidy(fit))
})

test_that("a fit without estimates or times has missing ones", {
  old <- fit
  old["estimate"] <- list(NULL)
  old$manifest$screen$day_values <- NULL
  long <- tidy(old)
  expect_identical(names(long), names(tidy(fit)))
  expect_true(all(is.na(long$estimate)) && all(is.na(long$std.error)) && all(is.na(long$time)))
  expect_identical(long$posterior.mean, tidy(fit)$posterior.mean)
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
  for (name in c("estimate", "qc_delta", "qc_offset", "qc_centering")) {
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
