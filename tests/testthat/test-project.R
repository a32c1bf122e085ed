test_that("the pipeline's files are copied, and not over others", {
  folder <- file.path(withr::local_tempdir(), "new")
  expect_message(paths <- use_fatebias_pipeline(folder), "tar_make")
  expect_identical(basename(paths), c("_targets.R", "config.yaml"))
  expect_identical(list.files(folder), c("_targets.R", "config.yaml"))
  writeLines("mine", file.path(folder, "config.yaml"))
  expect_error(use_fatebias_pipeline(folder), class = "fatebias_error_export")
  expect_identical(readLines(file.path(folder, "config.yaml")), "mine")
  suppressMessages(use_fatebias_pipeline(folder, overwrite = TRUE))
  expect_identical(readLines(file.path(folder, "config.yaml")), config_lines())
  blocked <- withr::local_tempfile(lines = "x")
  expect_error(use_fatebias_pipeline(blocked), class = "fatebias_error_export")
})

test_that("the driver of a cluster comes with the pipeline when it is asked for", {
  folder <- withr::local_tempdir()
  expect_message(use_fatebias_pipeline(folder, slurm = TRUE), "sbatch driver.sbatch")
  expect_setequal(list.files(folder), c("_targets.R", "config.yaml", "driver.sbatch"))
  expect_error(use_fatebias_pipeline(folder, slurm = TRUE), class = "fatebias_error_export")
})

test_that("the copies in inst/pipeline are those at the top", {
  top <- test_path("..", "..", pipeline_files)
  skip_if_not(all(file.exists(top)), "the top level (this is an installed package)")
  for (file in top) {
    installed <- system.file("pipeline", basename(file), package = "fatebias")
    expect_identical(readLines(file), readLines(installed), info = file)
  }
})

test_that("Python sources are listed, without what Python leaves beside them", {
  files <- basename(python_sources())
  expect_true(all(c("model.py", "settings.yaml", "bridge.py") %in% files))
  expect_no_match(files, "pyc")
  expect_false(is.unsorted(python_sources()))
})

test_that("a sitrep says what is missing", {
  r <- c(R = "4.2.2", targets = NA)
  python <- list(
    python = "/v/python", version = "3.11.2", packages = list(torch = "2.13.0", h5py = NULL),
    threads = 2L, device = "cpu", problem = NULL
  )
  report <- structure(
    list(
      r = r, plan = list(source = ".venv"), python = python, problems = sitrep_problems(python, "targets")
    ),
    class = "fatebias_sitrep"
  )
  expect_snapshot(report)
  local_mocked_bindings(py_call = function(...) abort_environment("No Python environment was found."))
  broken <- fatebias_sitrep()
  expect_match(broken$problems, "No Python environment")
  expect_output(print(broken), "Missing:")
})

test_that("Python: a sitrep of this machine finds all in place", {
  report <- fatebias_sitrep()
  expect_identical(report$problems, NULL)
  expect_output(print(report), "torch [0-9].*Nothing is missing")
})
