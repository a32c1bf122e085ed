test_that("units are planned by check", {
  units <- plan_units(c("sandwich", "bootstrap"), list(bootstrap = 3, seed = 2))
  names <- c("sandwich", "reference", rep("bootstrap", 3), rep("seed", 2))
  expect_identical(vapply(units, `[[`, "", 1), names)
  expect_identical(vapply(units, `[[`, 1L, 2), c(1L, 1L, 1:3, 1:2))
})

test_that("of many genes fewer shuffles are made, two at the least", {
  expect_identical(vapply(c(60, 298, 2500, 5000, 18000), shuffles_of, 1L), c(5L, 5L, 4L, 2L, 2L))
  fit <- example_fit()
  fit$manifest$screen$n_genes <- 18000L
  expect_identical(unit_sizes(fit, 20, 10, 20, 5)$shuffle, 2L)
})

test_that("numbers come out of JSON as matrices, missing ones NA", {
  expect_identical(number_matrix(jsonlite::fromJSON("[[1, null], [3, 4]]")), matrix(c(1, 3, NA, 4), 2))
  expect_identical(number_matrix(jsonlite::fromJSON("[[null, null]]")), matrix(NA_real_, 1, 2))
})

test_that("wrong sizes and a screen of another fit are refused", {
  fit <- example_fit()
  expect_error(run_calibration(fit, "nonsense"), class = "fatebias_error_argument")
  expect_error(run_calibration(fit, n_bootstraps = 1), class = "fatebias_error_argument")
  expect_error(run_calibration("fit"), class = "fatebias_error_argument")
  fit$manifest$screen$path <- "not/there.h5ad"
  expect_error(run_calibration(fit, "ntc"), class = "fatebias_error_screen")
})

test_that("Python: units are made once, by several processes too, and belong to their fit", {
  fit <- small_fit()
  fit$settings <- update_settings(fit$settings, threads = 1L)
  files <- small_screen()
  screen <- without_doubts(read_screen(files$screen, files$guide_map))
  aside <- run_calibration(fit, "bootstrap", screen, n_bootstraps = 2, n_seeds = 1, cores = 2)
  names <- c("reference_0001.json", "bootstrap_0001.json", "bootstrap_0002.json", "seed_0001.json")
  expect_setequal(basename(aside), names)
  made <- file.mtime(aside)
  value <- jsonlite::read_json(aside[basename(aside) == "bootstrap_0002.json"])$value
  expect_identical(file.mtime(run_calibration(fit, "bootstrap", n_bootstraps = 2, n_seeds = 1)), made)
  # the same numbers in this process
  unlink(aside)
  here <- run_calibration(fit, "bootstrap", n_bootstraps = 2, n_seeds = 1)
  again <- jsonlite::read_json(here[basename(here) == "bootstrap_0002.json"])$value
  expect_equal(again, value, tolerance = 1e-6)
  other <- fit
  other$manifest$screen$n_cells <- 1L
  expect_error(run_calibration(other, "bootstrap", screen), class = "fatebias_error_screen")
})

test_that("Python: an error of a process comes back with its class", {
  fit <- small_fit()
  fit$settings <- update_settings(fit$settings, threads = 1L)
  source <- calibration_source(fit, NULL)
  source$settings$ref_fate <- "NONE"
  units <- list(list("heldout", 1L), list("sandwich", 1L))
  expect_error(make_units_aside(source, units, 2, FALSE), class = "fatebias_error_screen")
})
