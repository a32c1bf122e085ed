test_that("arguments go to Python as they are", {
  asked <- NULL
  local_mocked_bindings(py_call = function(...) {
    asked <<- list(...)
    list(screen = "a/screen.h5ad", guide_map = "a/guide_map.csv", truth = "a/truth.csv")
  })
  sim <- simulate_screen(file.path(tempdir(), "a"), preset = "strong", seed = 4, cells = 100)
  expect_identical(asked$given, list(preset = "strong", seed = 4, cells = 100))
  expect_identical(sim$screen, "a/screen.h5ad")
  expect_snapshot(sim)
  expect_error(simulate_screen(tempdir(), "weak", 1, 100), class = "fatebias_error_simulation")
  expect_error(simulate_screen(tempdir(), seed = -1))
})

test_that("Python: the files are there and the truth has a row a gene", {
  files <- small_screen()
  paths <- unlist(unclass(files)[c("screen", "guide_map", "truth")])
  expect_true(all(file.exists(paths)))
  truth <- data.table::fread(files$truth)
  expect_identical(names(truth), c("gene", paste0("theta_d", 0:3)))
  expect_identical(nrow(truth), 12L)
})

test_that("Python: the same seed gives the same screen, another seed another", {
  truth <- function(seed) {
    files <- simulate_screen(
      withr::local_tempdir(), seed = seed, cells = 500, genes = 12, effects = "random_walk"
    )
    data.table::fread(files$truth)
  }
  expect_identical(truth(5), truth(5))
  expect_false(identical(truth(5), truth(6)))
})

test_that("Python: unknown arguments are refused", {
  expect_error(simulate_screen(tempdir(), cels = 10), "cels", class = "fatebias_error_simulation")
  expect_error(simulate_screen(tempdir(), labels = "fuzzy"), class = "fatebias_error_simulation")
})

test_that("Python: arguments of screens of life arrive as they are", {
  simulated <- function(...) {
    folder <- withr::local_tempdir()
    files <- simulate_screen(folder, preset = "life", seed = 2, cells = 300, genes = 5, ...)
    jsonlite::fromJSON(files$arguments)
  }
  asked <- simulated(guide_sd = 0.3, clones = c(2, 4), rare = TRUE, day_dispersion = c(9, 8, 7, 6))
  expect_equal(asked[c("guide_sd", "clones", "rare")], list(guide_sd = 0.3, clones = c(2, 4), rare = TRUE))
  expect_equal(asked$day_dispersion, c(9, 8, 7, 6))
  expect_equal(asked$sampling_weight, c(10, 9, 8, 7))
  expect_equal(simulated(clones = 3)$clones, 3)
  expect_error(simulate_screen(tempdir(), dead = 1), "dead is a share", class = "fatebias_error_simulation")
  expect_error(
    simulate_screen(tempdir(), preset = "life", days = 5), "one concentration a day \\(5\\), not 4",
    class = "fatebias_error_simulation"
  )
})

test_that("Python: a screen has as many fates as asked, under their names", {
  names <- c("other", "T cell", "B cell", "NK", "mono")
  files <- simulate_screen(withr::local_tempdir(), cells = 200, genes = 3, days = 1, fate_names = names)
  asked <- jsonlite::fromJSON(files$arguments)
  expect_identical(asked$fate_names, names)
  expect_identical(asked$fates, 5L)
  settings <- fate_settings(ref_fate = "other", contrast_fate = "T cell - NK")
  screen <- suppressWarnings(read_screen(files$screen, files$guide_map, settings = settings)) # it is small
  expect_identical(as.character(screen$summary$fates), names)
  expect_error(
    simulate_screen(tempdir(), fates = 3, fate_names = c("A", "B")), "2 names for 3 fates",
    class = "fatebias_error_simulation"
  )
})

test_that("tidy is the truth in long form", {
  folder <- withr::local_tempdir()
  truth <- file.path(folder, "truth.csv")
  writeLines(c("gene,theta_d0,theta_d1", "1,0.5,-0.25", "B,0,1"), truth)
  simulation <- structure(list(truth = truth, preset = "weak", seed = 1), class = "fatebias_simulation")
  expect_identical(
    as.data.frame(simulation),
    data.frame(gene = c("1", "B", "1", "B"), day = c("d0", "d0", "d1", "d1"), truth = c(0.5, 0, -0.25, 1))
  )
  expect_identical(data.table::as.data.table(simulation), tidy(simulation))
})
