test_that("every thrower has its class and the package's", {
  throwers <- list(
    settings = abort_settings, screen = abort_screen, fit = abort_fit,
    qc = abort_qc, mash = abort_mash, export = abort_export, simulation = abort_simulation,
    memory = abort_memory, environment = abort_environment, python = abort_python,
    slurm = function(message) abort_scheduler("slurm", message)
  )
  for (kind in names(throwers)) {
    error <- expect_error(throwers[[kind]]("no"), class = paste0("fatebias_error_", kind))
    expect_s3_class(error, "fatebias_error")
  }
})

test_that("an error of a job names its cause", {
  expect_identical(expect_error(abort_scheduler("slurm", "no", cause = "memory"))$cause, "memory")
})

test_that("every warning has its class and the package's", {
  warners <- list(qc = warn_qc, mash = warn_mash, fit = warn_fit, export = warn_export, python = warn_python)
  for (kind in names(warners)) {
    warning <- expect_warning(warners[[kind]]("no"), class = paste0("fatebias_warning_", kind))
    expect_s3_class(warning, "fatebias_warning")
  }
})

test_that("kinds that Python names find their thrower, unknown ones the Python error", {
  expect_error(thrower("screen")("no"), class = "fatebias_error_screen")
  expect_error(thrower("brand_new")("no"), class = "fatebias_error_python")
  expect_warning(warner("fit")("no"), class = "fatebias_warning_fit")
  expect_warning(warner("brand_new")("no"), class = "fatebias_warning_python")
})

test_that("every kind of Python's tree has an R class", {
  lines <- readLines(system.file("python", "fatebias", "base", "errors.py", package = "fatebias"))
  kinds <- sub('^ +kind = "(.*)"$', "\\1", grep("^ +kind = ", lines, value = TRUE))
  expect_setequal(kinds, c("python", "settings", "screen", "fit", "qc", "export", "simulation", "memory"))
  for (kind in setdiff(kinds, "python")) {
    expect_false(identical(thrower(kind), abort_python), info = kind)
  }
})

test_that("text from elsewhere is shown as it is", {
  expect_snapshot(error = TRUE, abort_screen(verbatim("obsm['a'] has {braces}\nand a second line", "x")))
})
