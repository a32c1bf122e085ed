test_that("without Python the message says what to type", {
  hide <- function(lines) {
    gsub(stored_venv(), "STORED", gsub(getwd(), "PROJECT", lines, fixed = TRUE), fixed = TRUE)
  }
  withr::local_dir(withr::local_tempdir())
  words <- "for a project (DESCRIPTION, _targets.R, config.yaml)"
  expect_match(install_hints(plan()), words, fixed = TRUE, all = FALSE)
  file.create("config.yaml")
  expect_snapshot(cat(install_hints(plan()), sep = "\n"), transform = hide)
  local_mocked_bindings(py_available = function(...) FALSE, .package = "reticulate")
  expect_error(apply_python_plan(plan()), class = "fatebias_error_environment")
})

test_that("a Python that was named wrongly is to be named right: an installation does not help", {
  local_mocked_bindings(py_available = function(...) FALSE, .package = "reticulate")
  wrong <- plan("/no/python", installed = "d", exists = function(path) path == "d")
  error <- expect_error(apply_python_plan(wrong), class = "fatebias_error_environment")
  expect_match(conditionMessage(error), "RETICULATE_PYTHON names /no/python")
  expect_match(conditionMessage(error), "Unset or correct RETICULATE_PYTHON")
  expect_no_match(conditionMessage(error), "Type fatebias::install_fatebias_python")
  expect_match(install_hints(plan(stored = "o")), "correct option fatebias.python", all = FALSE)
  expect_match(install_hints(plan(found = "v")), "Type fatebias::install_fatebias_python", all = FALSE)
})

test_that("a module that the session's Python lacks is told with its path, and the variable that named it", {
  before <- python_session$plan
  withr::defer(python_session$plan <- before)
  python_session$plan <- plan("/other/python")
  said <- tryCatch(
    raise_python_error(list(kind = "environment", message = "Python has no module torch."), NULL),
    fatebias_error_environment = conditionMessage
  )
  expect_match(said, "no module torch.*The Python is /other/python, from RETICULATE_PYTHON")
  expect_match(said, "Unset or correct RETICULATE_PYTHON")
})

test_that("an old Python, and one that does not start, are problems of the environment", {
  expect_error(validate_python_version(numeric_version("3.9")), "3.9", class = "fatebias_error_environment")
  expect_no_error(validate_python_version(numeric_version("3.11")))
  local_mocked_bindings(import = function(...) stop("no shared library"), .package = "reticulate")
  expect_error(import_bridge(NULL), "no shared library", class = "fatebias_error_environment")
  pyproject <- readLines(system.file("python", "pyproject.toml", package = "fatebias"))
  expect_match(pyproject, sprintf("requires-python = \">=%s", python_min), fixed = TRUE, all = FALSE)
})

test_that("a session keeps the Python it has", {
  local_mocked_bindings(py_available = function(...) TRUE, .package = "reticulate")
  withr::local_envvar(RETICULATE_PYTHON = "kept")
  apply_python_plan(plan("other"))
  expect_identical(Sys.getenv("RETICULATE_PYTHON"), "kept")
})

fake_bridge <- function(report) {
  list(call = function(...) as.character(jsonlite::toJSON(report, auto_unbox = TRUE, null = "null")))
}

test_that("errors come back with class and message, warnings too", {
  report <- function(kind, ...) {
    list(
      value = 1, error = list(kind = kind, message = "file {a}: no key\nfix it", trace = "T"),
      warnings = list(...)
    )
  }
  kinds <- c("settings", "screen", "fit", "qc", "export", "simulation", "environment", "python")
  for (kind in kinds) {
    local_mocked_bindings(python_bridge = function(...) fake_bridge(report(kind)))
    expect_error(py_call("f"), "file \\{a\\}: no key", class = paste0("fatebias_error_", kind))
  }
  expect_identical(last_python_trace(), "T")
  warned <- list(value = 1, error = NULL, warnings = list(list(kind = "fit", message = "not {converged}")))
  local_mocked_bindings(python_bridge = function(...) fake_bridge(warned))
  expect_warning(py_call("f"), "not \\{converged\\}", class = "fatebias_warning_fit")
})

test_that("Python: settings errors and unknown functions are classed, other errors show their last line", {
  expect_error(
    py_call("describe_screen", screen_path = "a", guide_map = "b", settings = list(nonsense = 1)),
    "nearest", class = "fatebias_error_settings"
  )
  expect_error(py_call("no_such_function"), "KeyError.*no_such_function", class = "fatebias_error_python")
  expect_error(py_call("describe_environment", x = 1), "TypeError", class = "fatebias_error_python")
  expect_match(last_python_trace(), "Traceback")
})

test_that("Python: values come back as R values, never as Python objects", {
  found <- py_call("describe_environment")
  expect_type(found, "list")
  expect_match(found$packages$torch, "^[0-9]")
  leaves <- rapply(found, class, how = "unlist")
  expect_true(all(leaves %in% c("character", "integer", "numeric", "logical")))
})

test_that("Python: torch is imported with RTLD_DEEPBIND, and the flags are restored", {
  skip_on_os(c("mac", "windows")) # there is no such flag there
  py_call("describe_environment")
  code <- c(
    "import os, sys",
    "from unittest import mock",
    "from fatebias import bridge",
    "flags, seen = sys.getdlopenflags(), []",
    "torch = sys.modules.pop('torch')",
    "try:",
    "    record = lambda name: seen.append((name, sys.getdlopenflags()))",
    "    with mock.patch.object(bridge.importlib, 'import_module', record):",
    "        bridge._isolate_torch()",
    "finally:",
    "    sys.modules['torch'] = torch",
    "deep = [name for name, used in seen if used & os.RTLD_DEEPBIND]",
    "restored = sys.getdlopenflags() == flags"
  )
  found <- reticulate::py_run_string(paste(code, collapse = "\n"))
  expect_identical(found$deep, "torch")
  expect_true(found$restored)
})

# The time of a 1500 x 1500 float64 product in this process against a plain Python: without
# RTLD_DEEPBIND R's BLAS captures torch's (20 times slower). Smallest of 5, same threads.
test_that("Python: torch keeps its own BLAS inside R", {
  code <- c(
    "import time, torch",
    "torch.set_num_threads(2)",
    "a = torch.ones(1500, 1500, dtype=torch.float64)",
    "def seconds():",
    "    start = time.perf_counter()",
    "    a @ a",
    "    return time.perf_counter() - start",
    "smallest = min(seconds() for _ in range(5))"
  )
  python <- py_call("describe_environment")$python # torch is loaded now, by the bridge
  script <- withr::local_tempfile(lines = c(code, "print(smallest)"), fileext = ".py")
  plain <- function() as.numeric(system2(python, script, stdout = TRUE))
  inside <- function() reticulate::py_run_string(paste(code, collapse = "\n"))$smallest
  ratios <- replicate(2, inside() / plain()) # twice: other work on the machine may slow one of them
  expect_lte(min(ratios), 1.5)
})

test_that("a declared Python is told of, and its packages are those of the lock", {
  before <- python_session$plan
  withr::defer(python_session$plan <- before)
  withr::local_envvar(RETICULATE_PYTHON = NA)
  asked <- NULL
  local_mocked_bindings(
    py_available = function(...) FALSE, py_require = function(...) asked <<- list(...),
    use_python = function(...) stop("another Python"), .package = "reticulate"
  )
  expect_message(apply_python_plan(plan(refusal = NULL)), "was set up.*downloads 0.3 GB")
  expect_identical(asked[[1]], locked_packages())
  expect_identical(asked$python_version, ">=3.11")
  expect_identical(Sys.getenv("RETICULATE_PYTHON"), "managed")
  # a child process, which has the variable, decides the same
  expect_true(is_declared(python_plan()))
})

test_that("where none may be declared the message says why", {
  expect_match(install_hints(plan(refusal = "there is no network")), "there is no network", all = FALSE)
})

test_that("an older reticulate declares nothing", {
  local_mocked_bindings(packageVersion = function(...) numeric_version("1.40.9"), .package = "utils")
  expect_match(no_py_require(), "1.41 or later")
  local_mocked_bindings(packageVersion = function(...) numeric_version("1.41.0"), .package = "utils")
  expect_null(no_py_require())
})

test_that("threads of processes that a session starts are told not to spin, unless the user decided", {
  withr::local_envvar(OMP_WAIT_POLICY = NA)
  .onLoad()
  expect_equal(Sys.getenv("OMP_WAIT_POLICY"), "passive")
  Sys.setenv(OMP_WAIT_POLICY = "active")
  .onLoad()
  expect_equal(Sys.getenv("OMP_WAIT_POLICY"), "active")
})
