said <- function(version = "3.12.1", shared = TRUE, venv = TRUE) {
  function(path) list(version = version, base = path, shared = shared, venv = venv)
}

test_that("the commands: an environment, torch at its version first, the other packages, a look", {
  lock <- withr::local_tempfile(lines = c("# pins", "numpy==2.4.6", "torch==2.13.0", "torchmetrics==1.0"))
  commands <- install_commands("/v", "/usr/bin/python3", c("--extra-index-url", "https://example.org"), lock)
  expect_identical(commands[[1]], list("/usr/bin/python3", c("-m", "venv", "/v")))
  pip <- c("-m", "pip", "install", "--disable-pip-version-check", "--extra-index-url", "https://example.org")
  expect_identical(commands[[2]], list("/v/bin/python", c(pip, "torch==2.13.0")))
  expect_identical(commands[[3]], list("/v/bin/python", c(pip, "-r", lock)))
  expect_match(commands[[4]][[2]][[2]], "import fatebias.results")
  expect_length(commands, 4)
})

test_that("the lock pins torch once, and what the look imports starts here", {
  expect_length(grep(torch_pin, readLines(lock_file())), 1)
})

test_that("a Python is chosen that can do it, in the order given", {
  ask <- function(path) {
    answer <- list(b = said("3.9.2"), c = said(shared = FALSE), d = said(), e = said("3.13.0rc1"))[[path]]
    if (!is.null(answer)) answer(path)
  }
  expect_identical(choose_python(found = c("a", "b", "c", "d", "e"), ask = ask), "d")
  expect_identical(choose_python("e", found = "d", ask = ask), "e")
  expect_error(
    choose_python(found = c("a", "b", "c", ""), ask = ask),
    "a: does not run.*b: is 3.9.2.*c: 3.12.1 without its shared library",
    class = "fatebias_error_environment"
  )
  expect_error(choose_python(found = ""), "No suitable Python", class = "fatebias_error_environment")
  expect_match(python_problem(said(shared = FALSE, venv = FALSE)("x")), "its shared library and venv")
})

test_that("a place that is taken is refused before anything is done", {
  folder <- withr::local_tempdir()
  expect_no_error(validate_venv_place(folder, FALSE)) # empty
  writeLines("x", file.path(folder, "mine"))
  expect_error(validate_venv_place(folder, TRUE), "no Python env", class = "fatebias_error_environment")
  writeLines("x", file.path(folder, "pyvenv.cfg"))
  expect_error(validate_venv_place(folder, FALSE), "overwrite", class = "fatebias_error_environment")
  expect_no_error(validate_venv_place(folder, TRUE))
})

# Commands that make files, in the place of venv and pip
fake_commands <- function(path, ...) {
  make <- list("mkdir", c("-p", file.path(path, "bin")))
  c(list("Making" = make, "Filling" = list("touch", venv_python(path))), ...)
}

test_that("whole or not at all: a failure leaves nothing, or what was there", {
  path <- file.path(withr::local_tempdir(), "a", "venv")
  fails <- fake_commands(path, list("Failing" = list("sh", c("-c", "echo no such package; exit 3"))))
  expect_error(
    suppressMessages(build_venv(path, fails, TRUE)), "no such package", class = "fatebias_error_environment"
  )
  expect_false(file.exists(path))
  expect_error(
    suppressMessages(build_venv(path, list("Running" = list("no-such-program", character())), TRUE)),
    class = "fatebias_error_environment"
  )
  expect_identical(suppressMessages(build_venv(path, fake_commands(path), TRUE)), venv_python(path))
  writeLines("first", file.path(path, "mark"))
  expect_error(suppressMessages(build_venv(path, fails, TRUE)), class = "fatebias_error_environment")
  expect_identical(readLines(file.path(path, "mark")), "first")
  suppressMessages(build_venv(path, fake_commands(path), TRUE))
  expect_false(file.exists(file.path(path, "mark")))
  expect_identical(list.files(dirname(path)), "venv")
})

test_that("Ctrl-C while it installs leaves nothing", {
  skip_on_os("windows")
  path <- file.path(withr::local_tempdir(), "venv")
  slow <- fake_commands(path, list("Waiting" = list("sleep", "30")))
  pid <- Sys.getpid()
  killer <- processx::process$new("sh", c("-c", sprintf("sleep 1; kill -INT %d", pid)))
  started <- Sys.time()
  ended <- tryCatch(
    suppressMessages(build_venv(path, slow, TRUE)), interrupt = function(condition) "interrupted"
  )
  expect_identical(ended, "interrupted")
  expect_lt(as.numeric(Sys.time() - started, units = "secs"), 5)
  expect_false(file.exists(path))
})

test_that("what to do next follows from the place", {
  local_mocked_bindings(stored_venv = function() "/home/me/venv", python_is_running = function() FALSE)
  expect_no_match(install_advice("/home/me/venv"), "RETICULATE_PYTHON")
  expect_match(install_advice("/group/venv"), "RETICULATE_PYTHON", all = FALSE)
})

test_that("Python: this machine's Python answers", {
  python <- Sys.getenv("RETICULATE_PYTHON")
  skip_if_not(nzchar(python), "RETICULATE_PYTHON")
  answer <- ask_python(python)
  expect_identical(python_problem(answer), "")
  # not an environment itself
  expect_false(file.exists(file.path(dirname(dirname(answer$base)), "pyvenv.cfg")))
  expect_match(answer$version, "^3[.]")
  expect_null(ask_python("/no/such/python"))
})

# As it is on a cluster: the library belongs to somebody else. root may write everywhere: it becomes nobody.
test_that("Python: a shared library that cannot be written to works, and nothing is written there", {
  skip_on_os(c("windows", "mac"))
  root <- system("id -u", intern = TRUE) == "0"
  skip_if(root && !nzchar(Sys.which("runuser")), "runuser")
  top <- tempfile("shared-", tmpdir = dirname(tempdir())) # tempdir() itself is closed to others
  dir.create(file.path(top, "library"), recursive = TRUE)
  dir.create(file.path(top, "work"))
  withr::defer({
    system2("chmod", c("-R", "u+w", top))
    unlink(top, recursive = TRUE)
  })
  file.copy(find.package("fatebias"), file.path(top, "library"), recursive = TRUE)
  unlink(file.path(top, "library", "fatebias", "python", "fatebias", "__pycache__"), recursive = TRUE)
  before <- list.files(file.path(top, "library"), recursive = TRUE, all.files = TRUE)
  system2("chmod", c("-R", "a-w,a+rX", file.path(top, "library")))
  system2("chmod", c("a+rx", top))
  if (root) system2("chown", c("nobody", file.path(top, "work")))
  code <- sprintf(
    "setwd('%s'); stopifnot(startsWith(find.package('fatebias'), '%s'))
    files <- fatebias::simulate_screen('s', cells = 1000, genes = 5)
    screen <- fatebias::read_screen(files$screen, files$guide_map)
    fit <- fatebias::fit_fate_bias(screen, inference = 'laplace')
    cat(nrow(fit$gene), fatebias::check_screen(files$screen, files$guide_map)$ok)",
    file.path(top, "work"), file.path(top, "library")
  )
  libraries <- paste(c(file.path(top, "library"), .libPaths()), collapse = ":")
  with_env <- c("env", "-u", "PYTHONPATH", paste0("R_LIBS=", libraries), paste0("HOME=", top))
  run <- c(with_env, file.path(R.home("bin"), "Rscript"), "-e", code)
  command <- c(if (root) c("runuser", "-u", "nobody", "--"), run)
  done <- processx::run(command[[1]], command[-1], error_on_status = FALSE)
  expect_identical(done$stdout, "5 TRUE", info = done$stderr)
  expect_identical(list.files(file.path(top, "library"), recursive = TRUE, all.files = TRUE), before)
})

# Minutes, and downloads of gigabytes where pip has no copy: only where FATEBIAS_TEST_INSTALL is set
test_that("Python: an environment is made, found by a new session without settings, and fits", {
  skip_if_not(nzchar(Sys.getenv("FATEBIAS_TEST_INSTALL")), "FATEBIAS_TEST_INSTALL")
  home <- withr::local_tempdir()
  files <- small_screen() # starts Python, which sets RETICULATE_PYTHON
  withr::local_envvar(R_USER_DATA_DIR = home, RETICULATE_PYTHON = NA, PYTHONPATH = NA)
  install_fatebias_python(ask = FALSE)
  code <- sprintf(
    "setwd('%s'); screen <- fatebias::read_screen('%s', '%s')
    fit <- fatebias::fit_fate_bias(screen, inference = 'laplace', out_dir = 'out')
    cat(nrow(fit$gene), fatebias::fatebias_sitrep()$python$python)", home, files$screen, files$guide_map
  )
  done <- processx::run(file.path(R.home("bin"), "Rscript"), c("-e", code), error_on_status = FALSE)
  expect_identical(done$stdout, paste("12", venv_python(stored_venv())), info = done$stderr)
})
