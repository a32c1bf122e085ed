test_that("a sitrep says what is missing", {
  r <- c(R = "4.2.2", targets = NA)
  python <- list(
    python = "/v/python", version = "3.11.2", packages = list(torch = "2.13.0", h5py = NULL),
    threads = 2L, device = "cpu", cuda = NULL, driver = NULL, problem = NULL
  )
  report <- structure(
    list(
      r = r, plan = list(source = ".venv"), python = python, stored = NULL, pandoc = NA,
      problems = sitrep_problems(python, "targets", NA)
    ),
    class = "fatebias_sitrep"
  )
  expect_snapshot(report)
  local_mocked_bindings(py_call = function(...) abort_environment("No Python environment was found."))
  broken <- fatebias_sitrep()
  expect_match(broken$problems, "No Python environment")
  expect_output(print(broken), "Missing:")
})

test_that("a sitrep on a wrongly named Python says so, and does not send one to itself", {
  named <- list(python = "/v/python", source = "RETICULATE_PYTHON")
  lacking <- list(packages = list(torch = NULL))
  said <- sitrep_problems(lacking, character(), "3.1", named)
  expect_match(said, "unset or correct RETICULATE_PYTHON, which names /v/python")
  other <- sitrep_problems(lacking, character(), "3.1", list(source = ".venv"))
  expect_match(other, "install_fatebias_python")
  local_mocked_bindings(py_call = function(...) {
    abort_environment(c("Python has no module x.", install_hints(named)))
  })
  report <- fatebias_sitrep()
  expect_match(report$problems, "Unset or correct RETICULATE_PYTHON", all = FALSE)
  expect_no_match(report$problems, "fatebias_sitrep", fixed = TRUE)
})

test_that("a GPU that torch cannot use is told", {
  python <- list(threads = 2L, cuda = NULL, driver = "/usr/bin/nvidia-smi")
  expect_match(sitrep_problems(python, character(), "3.1"), "torch is built for CPUs")
  expect_null(sitrep_problems(utils::modifyList(python, list(cuda = "12.8")), character(), "3.1"))
  expect_null(sitrep_problems(list(problem = NULL, driver = "/usr/bin/nvidia-smi"), character(), "3.1"))
})

test_that("Python: a sitrep of this machine finds all in place", {
  report <- fatebias_sitrep()
  expect_identical(report$problems, NULL)
  expect_output(print(report), "torch [0-9].*Nothing is missing")
})

test_that("a sitrep starts no download", {
  local_mocked_bindings(
    session_plan = function() list(python = NULL, source = declared_source, problem = NULL),
    python_is_running = function() FALSE, py_call = function(...) stop("Python was started")
  )
  expect_match(fatebias_sitrep()$problems, "No Python environment is set up.*py_require", all = FALSE)
})
