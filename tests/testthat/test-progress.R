test_that("bars are for those who watch: no pipeline, no CI, no script", {
  show <- function(wanted = NULL, watched = TRUE, pipeline = "", ci = "") {
    show_progress(wanted, watched, pipeline, ci)
  }
  expect_true(show())
  expect_false(show(watched = FALSE))
  expect_false(show(pipeline = "true"))
  expect_false(show(ci = "true"))
  expect_true(show(TRUE, watched = FALSE, ci = "true"))
  expect_false(show(FALSE))
})

test_that("in a pipeline of targets nothing is shown", {
  skip_if_not_installed("targets")
  folder <- withr::local_tempdir()
  withr::local_dir(folder)
  pipeline <- "list(targets::tar_target(shown, fatebias:::show_progress(watched = TRUE)))"
  writeLines(pipeline, "_targets.R")
  withr::with_envvar(c(CI = NA), targets::tar_make(callr_function = NULL, reporter = "silent"))
  expect_false(targets::tar_read(shown))
  expect_true(show_progress(NULL, TRUE, Sys.getenv("TAR_ACTIVE"), ""))
})

test_that("a bar over rows gives the rows, shown or not", {
  expect_identical(vapply(progress_along(3, "x"), identity, 1L), 1:3)
  withr::local_options(fatebias.progress = TRUE)
  expect_identical(vapply(progress_along(3, "x"), identity, 1L), 1:3)
})
