cluster_files <- c("README.md", "cpu.tmpl", "driver.sbatch", "gpu.tmpl")
all_files <- c("README.md", "_targets.R", "config.yaml", file.path("sherlock", cluster_files))

test_that("a project has pipeline, settings, the cluster's files and a README, and replaces nothing", {
  folder <- file.path(withr::local_tempdir(), "new")
  expect_message(paths <- use_fatebias_pipeline(folder), "tar_make")
  expect_setequal(paths, file.path(folder, all_files))
  expect_setequal(list.files(folder, recursive = TRUE, all.files = TRUE), all_files)
  writeLines("mine", file.path(folder, "config.yaml"))
  unlink(file.path(folder, "_targets.R"))
  expect_error(use_fatebias_pipeline(folder), "config.yaml", class = "fatebias_error_export")
  expect_identical(readLines(file.path(folder, "config.yaml")), "mine")
  expect_false(file.exists(file.path(folder, "_targets.R"))) # all or nothing
  suppressMessages(use_fatebias_pipeline(folder, overwrite = TRUE))
  expect_identical(readLines(file.path(folder, "config.yaml")), config_lines())
  expect_setequal(list.files(folder, recursive = TRUE, all.files = TRUE), all_files)
})

test_that("without a cluster there is no folder for it", {
  folder <- withr::local_tempdir()
  suppressMessages(use_fatebias_pipeline(folder, slurm = FALSE))
  expect_setequal(list.files(folder), c("README.md", "_targets.R", "config.yaml"))
})

test_that("a README of one's own is never replaced", {
  folder <- withr::local_tempdir()
  writeLines("# My screen", file.path(folder, "README.md"))
  expect_message(paths <- use_fatebias_pipeline(folder, overwrite = TRUE), "Your own.*is kept")
  expect_identical(readLines(file.path(folder, "README.md")), "# My screen")
  expect_false(file.path(folder, "README.md") %in% paths)
})

test_that("what cannot be written leaves nothing", {
  blocked <- withr::local_tempfile(lines = "x")
  expect_error(use_fatebias_pipeline(blocked), class = "fatebias_error_export")
  folder <- withr::local_tempdir()
  dir.create(file.path(folder, "config.yaml"))
  expect_error(
    use_fatebias_pipeline(folder, overwrite = TRUE), "config.yaml",
    class = "fatebias_error_export"
  )
  # sources that are not there
  local_mocked_bindings(project_files = function(...) c(a = tempfile(), b = tempfile()))
  expect_error(use_fatebias_pipeline(folder), class = "fatebias_error_export")
  expect_identical(list.files(folder, all.files = TRUE, no.. = TRUE), "config.yaml")
})

test_that("the README names files that are there, and functions that are exported", {
  readme <- readLines(system.file("pipeline", "README.md", package = "fatebias"))
  calls <- regmatches(readme, regexpr("fatebias::[a-z_]+", readme))
  expect_gt(length(calls), 3)
  expect_identical(setdiff(sub("fatebias::", "", calls), getNamespaceExports("fatebias")), character())
  for (file in c("config.yaml", "_targets.R", "sherlock/driver.sbatch")) {
    expect_match(readme, file, fixed = TRUE, all = FALSE)
  }
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
  files <- substring(python_sources(), nchar(python_folder()) + nchar("/fatebias/") + 1)
  expect_true(all(c("bridge.py", "base/settings.yaml", "model/pyro_model.py") %in% files))
  wings <- list.dirs(file.path(python_folder(), "fatebias"), full.names = FALSE, recursive = FALSE)
  wings <- setdiff(wings, "__pycache__")
  expect_gt(length(wings), 8)
  expect_true(all(file.path(wings, "__init__.py") %in% files))
  expect_no_match(files, "pyc")
  expect_false(is.unsorted(python_sources()))
})

test_that("an input of the pipeline that is not there is told by its key", {
  folder <- withr::local_tempdir()
  there <- withr::local_tempfile(lines = "x")
  settings <- fate_settings(screen = there, guide_map = file.path(folder, "{no}.csv"))
  expect_identical(existing_input(settings, "screen"), there)
  expect_error(
    existing_input(settings, "guide_map"), "guide_map: .*config.yaml.*does not exist.*check_screen",
    class = "fatebias_error_screen"
  )
  expect_error(
    existing_input(fate_settings(screen = folder), "screen"), "is a folder",
    class = "fatebias_error_screen"
  )
  writeLines("{}", file.path(folder, ".zgroup"))
  expect_identical(existing_input(fate_settings(screen = folder), "screen"), folder)
  expect_error(
    existing_input(fate_settings(guide_map = folder), "guide_map"), "is a folder",
    class = "fatebias_error_screen"
  )
  expect_error(existing_input(settings, "guide_map"), "guide_map: null", class = "fatebias_error_screen")
  expect_error(existing_input(settings, "out_dir"), class = "fatebias_error_argument")
})

test_that("without a guide map of its own a pipeline takes the screen's file, be it a folder", {
  folder <- withr::local_tempdir()
  writeLines("{}", file.path(folder, "zarr.json"))
  settings <- fate_settings(screen = folder, guide_map = NULL)
  expect_identical(existing_input(settings, "guide_map"), folder)
  expect_error(
    existing_input(fate_settings(screen = "no.h5ad", guide_map = NULL), "guide_map"), "screen: no.h5ad",
    class = "fatebias_error_screen"
  )
})

test_that("tar_make() without the screen says what is missing", {
  skip_if_not_installed("targets")
  folder <- withr::local_tempdir()
  suppressMessages(use_fatebias_pipeline(folder, slurm = FALSE))
  withr::local_dir(folder)
  expect_error(
    targets::tar_make("screen_file", reporter = "silent", callr_arguments = list(show = FALSE)),
    "screen: screen.h5ad.*does not exist"
  )
})
