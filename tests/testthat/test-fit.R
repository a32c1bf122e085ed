test_that("a fit is read from its files: tables, manifest, paths", {
  fit <- example_fit()
  expect_s3_class(fit, "fatebias_fit")
  expect_identical(dim(fit$gene), c(40L, 9L))
  expect_identical(dim(fit$guide), c(116L, 10L))
  expect_identical(fit$days, c("d0", "d2", "d4", "d10"))
  expect_identical(dim(fit$estimate), dim(fit$gene))
  expect_identical(dim(fit$cov), c(400L, 5L))
  expect_true(all(file.exists(fit$files)))
  expect_identical(fit$settings$likelihood_weight, 7L)
  expect_identical(update_settings(fit$settings)$mode, "simulation")
})

test_that("a fit without estimates and covariances, of an earlier version, is read as well", {
  folder <- withr::local_tempdir()
  file.copy(list.files(test_path("fixtures", "fit"), full.names = TRUE), folder)
  gone <- c("gene_daywise_likelihood.csv", "gene_daywise_cov.csv")
  unlink(file.path(folder, gone))
  manifest <- file.path(folder, "fit_manifest.json")
  writeLines(gsub(sprintf('"(%s)",? ?', paste(gone, collapse = "|")), "", readLines(manifest)), manifest)
  fit <- read_fit(folder)
  expect_null(fit$estimate)
  expect_null(fit$cov)
  expect_error(run_mash(fit, input = "likelihood"), class = "fatebias_error_mash")
})

test_that("print and summary", {
  hide <- function(lines) sub("(<fatebias_fit>) .*", "\\1 FOLDER", lines)
  expect_snapshot(example_fit(), transform = hide)
  expect_snapshot(summary(example_fit()))
})

test_that("settings of the screen come from the screen; others are refused when it is too late", {
  screen <- new_screen("s", "m", settings_for(fate_settings(Kmax = 10), "screen"), described())
  settings <- with_screen_settings(fate_settings(seed = 3), screen)
  expect_identical(settings$Kmax, 10L)
  expect_identical(settings$seed, 3L)
  expect_identical(with_screen_settings(fate_settings(Kmax = 10), screen)$Kmax, 10L)
  expect_snapshot(
    error = TRUE, with_screen_settings(fate_settings(Kmax = 12, day_key = "t"), screen, call = NULL)
  )
})

test_that("what cannot work is refused before Python starts", {
  local_mocked_bindings(py_call = function(...) stop("Python was called"))
  screen <- new_screen("s", "m", settings_for(fate_settings(), "screen"), described())
  file <- withr::local_tempfile(lines = "x")
  expect_error(fit_fate_bias("screen.h5ad"), class = "fatebias_error_fit")
  expect_error(fit_fate_bias(screen, out_dir = file.path(file, "a")), class = "fatebias_error_export")
  expect_error(fit_fate_bias(screen, s_tua = 1), class = "fatebias_error_settings")
  for (bad in list(NA, NA_character_, 1:2, character(0), list(), "")) {
    expect_error(fit_fate_bias(screen, out_dir = bad), "`out_dir`", class = "fatebias_error_argument")
  }
  for (bad in list("x", NA, NULL, c(TRUE, FALSE))) {
    expect_error(fit_fate_bias(screen, progress = bad), "`progress`", class = "fatebias_error_argument")
  }
})

test_that("Python: a fit from R has the contract's files, rows and columns", {
  fit <- small_fit()
  expect_setequal(fit$gene$gene, data.table::fread(small_screen()$truth)$gene)
  expect_identical(names(fit$gene), c("gene", paste0("betahat_d", 0:3), paste0("se_d", 0:3)))
  expect_identical(names(fit$guide)[1:2], c("guide", "gene"))
  expect_identical(nrow(fit$guide), as.integer(fit$manifest$screen$n_guides))
  expect_true(all(is.finite(as.matrix(fit$gene[, -1]))))
  expect_identical(fit$settings$num_steps, 60L)
  expect_length(grep("fit_manifest.json|\\.npz$", fit$files), 5)
  expect_output(print(summary(fit)), "after 60 steps")
  expect_identical(fit$settings$mode, "simulation")
  expect_null(fit$manifest$settings$mode)
})

test_that("Python: few steps are said not to have converged", {
  files <- small_screen()
  screen <- without_doubts(read_screen(files$screen, files$guide_map))
  expect_warning(
    fit <- fit_fate_bias(screen, num_steps = 5, num_posterior_draws = 10, out_dir = withr::local_tempdir()),
    class = "fatebias_warning_fit"
  )
  expect_output(print(fit), "NOT converged")
})
