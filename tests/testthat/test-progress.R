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

test_that("stages are told in scripts and pipelines, not beside bars, to who watches, or in tests", {
  tells <- function(bars = FALSE, wanted = NULL, watched = FALSE, tests = "") {
    tells_stages(bars, wanted, watched, tests)
  }
  expect_true(tells())
  expect_false(tells(bars = TRUE))
  expect_false(tells(watched = TRUE))
  expect_false(tells(wanted = FALSE))
  expect_false(tells(tests = "true"))
})

test_that("a stage gives its value, and one line with its seconds", {
  expect_silent(expect_identical(timed_stage("nothing", 2), 2))
  local_mocked_bindings(tells_stages = function(...) TRUE)
  expect_message(value <- timed_stage("sum of numbers", sum(1:4)), "^sum of numbers: [0-9]+[.][0-9] s")
  expect_identical(value, 10L)
})
