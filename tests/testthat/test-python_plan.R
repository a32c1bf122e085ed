test_that("precedence: environment variable, option, .venv, the installed one, that of make", {
  expect_identical(plan("a", "b", "c", "d")$python, "a")
  expect_identical(plan("a", "b", "c")$source, "RETICULATE_PYTHON")
  expect_identical(plan("", "b", "c")$python, "b")
  expect_identical(plan("", "", "c")[c("python", "source")], list(python = "c", source = ".venv"))
  expect_identical(plan(installed = "d")$python, "d")
  expect_identical(plan(installed = "d")$source, "install_fatebias_python()")
  expect_identical(plan(installed = "d", made = "e")$python, "d")
  of_make <- plan(made = "e", refusal = NULL)
  expect_identical(of_make[c("python", "source")], list(python = "e", source = "make"))
  expect_null(plan("a")$problem)
})

test_that("no Python, or one that does not exist, is a problem and not passed over", {
  expect_match(plan()$problem, "No Python")
  missing <- plan("a", "b", exists = function(path) path != "a")
  expect_match(missing$problem, "RETICULATE_PYTHON names a, which does not exist")
})

make_venv <- function(folder) {
  bin <- file.path(folder, ".venv", "bin")
  dir.create(bin, recursive = TRUE)
  file.create(file.path(bin, "python"))
  file.path(bin, "python")
}

test_that("the .venv of the project is found from below, and none above the project", {
  root <- withr::local_tempdir()
  python <- make_venv(root)
  deep <- file.path(root, "a", "b")
  dir.create(deep, recursive = TRUE)
  expect_null(find_venv_python(deep)) # no project here: anyone may have put it there
  for (mark in c("DESCRIPTION", "_targets.R", "config.yaml")) {
    file.create(file.path(root, mark))
    expect_identical(find_venv_python(deep), python)
    expect_identical(find_venv_python(root), python)
    file.remove(file.path(root, mark))
  }
  file.create(file.path(root, "config.yaml"), file.path(deep, "config.yaml"))
  expect_null(find_venv_python(deep))
  expect_identical(find_venv_python(file.path(root, "a")), python)
  expect_null(find_venv_python(file.path(dirname(root), "nowhere")))
})

test_that("a .venv of another user is not run", {
  root <- withr::local_tempdir()
  python <- make_venv(root)
  file.create(file.path(root, "config.yaml"))
  me <- 1000L
  owned <- function(foreign, by) function(paths) ifelse(grepl(foreign, paths), by, me)
  expect_identical(find_venv_python(root, owned("nothing", me)), python)
  expect_identical(find_venv_python(root, owned("[.]venv", 0L)), python) # root's
  expect_null(find_venv_python(root, owned("[.]venv$", 1001L)))
  expect_null(find_venv_python(root, owned("python$", 1001L)))
  skip_if(owner_of(tempdir()) != 0, "not root, who alone can give a file away")
  skip_if(system2("chown", c("12345", shQuote(file.path(root, ".venv")))) != 0, "no chown")
  expect_null(find_venv_python(root))
})

test_that("a Python that is a folder or no program is told before it is started", {
  root <- withr::local_tempdir()
  python <- make_venv(root)
  said <- function(path) plan(path, exists = file.exists)$problem
  expect_match(said(file.path(root, ".venv")), "names .*, which is a folder; name .*bin/python")
  expect_match(said(dirname(python)), "which is a folder; name ")
  expect_match(said(root), "which is a folder[.]$")
  expect_match(said(python), "which cannot be run")
  Sys.chmod(python, "755")
  expect_null(said(python))
  expect_match(said("/dev/zero"), "which cannot be run")
})

test_that("an environment of install_fatebias_python() is found at its default place", {
  home <- withr::local_tempdir()
  withr::local_envvar(R_USER_DATA_DIR = home)
  expect_length(find_stored_python(), 0)
  expect_true(startsWith(normalizePath(stored_venv(), mustWork = FALSE), normalizePath(home)))
  dir.create(dirname(venv_python(stored_venv())), recursive = TRUE)
  file.create(venv_python(stored_venv()))
  expect_identical(plan(installed = find_stored_python())$python, venv_python(stored_venv()))
})

test_that("where nothing is set up one is declared, unless something speaks against it", {
  expect_identical(plan(refusal = NULL), list(python = NULL, source = "py_require()", problem = NULL))
  expect_identical(plan("managed", "b", "c", "d")$source, "py_require()")
  expect_identical(plan(refusal = "no network")$not_declared, "no network")
  looked_at <- FALSE
  plan("a", refusal = looked_at <- TRUE) # the network is not asked where there is a Python
  expect_false(looked_at)
})

test_that("none is declared on a cluster, in a batch job, without a network, or where it is forbidden", {
  why <- function(variables = "HOME", allowed = TRUE, managed = "", online = function() TRUE) {
    why_not_declared(variables, allowed, managed, online)
  }
  expect_null(why())
  expect_null(why(c("HOME", "PATH", "SSH_CLIENT", "GDM_SESSION", "JOBS"), managed = "yes"))
  jobs <- c(
    "SLURM_JOB_ID", "SLURM_JOBID", "SLURM_CLUSTER_NAME", "PBS_JOBID", "LSB_JOBID", "JOB_ID", "CI_JOB_ID",
    "LMOD_CMD", "MODULESHOME"
  )
  for (variable in jobs) expect_match(why(c("HOME", variable)), variable, fixed = TRUE)
  expect_match(why("_R_CHECK_PACKAGE_NAME_"), "R CMD check")
  expect_match(why(allowed = FALSE), "option fatebias.py_require")
  expect_match(why(managed = "No"), "RETICULATE_USE_MANAGED_VENV")
  expect_match(why(online = function() FALSE), "no network")
  asked <- FALSE
  why("PBS_JOBID", online = function() asked <<- TRUE)
  expect_false(asked)
})

test_that("a network is there where a port answers, or a proxy or an index is named", {
  ways <- c("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX")
  withr::local_envvar(rlang::set_names(rep(NA, length(ways)), ways))
  port <- 1L # nothing listens there
  expect_false(can_fetch("127.0.0.1", port))
  withr::local_envvar(https_proxy = "http://proxy:3128")
  expect_true(can_fetch("127.0.0.1", port))
})

test_that("the Python of make is the one written into the package, where its owner is trusted", {
  root <- withr::local_tempdir()
  python <- make_venv(root)
  package <- file.path(root, "library", "fatebias")
  dir.create(package, recursive = TRUE)
  expect_null(find_made_python(package))
  record <- file.path(package, "PYTHON")
  writeLines(python, record)
  expect_identical(find_made_python(package), python)
  by <- function(venv, library) function(paths) ifelse(grepl("library", paths), library, venv)
  me <- owner_of(tempdir())
  skip_if(is.na(me), "no owners here")
  mine <- function(paths, of) ifelse(paths == tempdir(), me, of(paths))
  expect_null(find_made_python(package, function(paths) mine(paths, by(4242L, me))))
  expect_identical(find_made_python(package, function(paths) mine(paths, by(4242L, 4242L))), python)
  writeLines("/none/python", record)
  expect_null(find_made_python(package))
  writeLines(character(), record)
  expect_null(find_made_python(package))
})

test_that("what is declared are the exact versions of the lock, torch among them", {
  packages <- locked_packages()
  expect_match(packages, "^[A-Za-z0-9._-]+==[0-9]")
  expect_length(grep("^torch==", packages), 1)
})

# A library whose package is the installed one, as `make` leaves it: with the path of a Python
made_library <- function(python, env = parent.frame()) {
  top <- withr::local_tempdir(.local_envir = env)
  dir.create(file.path(top, "library"))
  file.copy(find.package("fatebias"), file.path(top, "library"), recursive = TRUE)
  writeLines(python, file.path(top, "library", "fatebias", "PYTHON"))
  top
}

test_that("Python: after make a session in any folder finds the Python of the clone, and uses it", {
  python <- Sys.getenv("RETICULATE_PYTHON")
  skip_if_not(file.exists(python), "RETICULATE_PYTHON")
  top <- made_library(python)
  code <- sprintf(
    "setwd('%s'); plan <- fatebias:::session_plan(); found <- fatebias::fatebias_sitrep()$python
    cat(plan$source, found$version, is.null(found$problem), found$python)", tempdir()
  )
  libraries <- paste(c(file.path(top, "library"), .libPaths()), collapse = ":")
  withr::local_envvar(RETICULATE_PYTHON = NA, PYTHONPATH = NA, R_LIBS = libraries, R_USER_DATA_DIR = top)
  done <- processx::run(file.path(R.home("bin"), "Rscript"), c("-e", code), error_on_status = FALSE)
  expect_match(done$stdout, "^make 3[.][0-9.]+ TRUE ", info = done$stderr)
  expect_true(endsWith(done$stdout, python), info = done$stdout)
})

setup_functions <- function() {
  path <- test_path("..", "..", "tools", "setup_self.R")
  skip_if_not(file.exists(path), "the sources (this is an installed package)")
  here <- new.env()
  withr::with_dir(dirname(dirname(path)), {
    for (line in as.list(parse("tools/setup_self.R"))) {
      if (is.call(line) && identical(line[[1]], as.name("<-"))) eval(line, here)
    }
    sys.source("tools/setup_vignettes.R", here)
  })
  here
}

test_that("make writes the path of its Python into the package, once", {
  setup <- setup_functions()
  root <- withr::local_tempdir()
  package <- file.path(root, "fatebias")
  dir.create(package)
  setup$record_python(root, package) # no .venv yet
  expect_false(file.exists(file.path(package, "PYTHON")))
  python <- make_venv(root)
  setup$record_python(root, package)
  expect_identical(find_made_python(package), python)
  Sys.setFileTime(file.path(package, "PYTHON"), as.POSIXct("2020-01-01"))
  setup$record_python(root, package)
  expect_lt(as.numeric(file.mtime(file.path(package, "PYTHON"))), as.numeric(as.POSIXct("2020-01-02")))
})

test_that("make brings the pages of vignette(), and keeps them while the articles are the same", {
  skip_if_not(rmarkdown::pandoc_available("2.0"), "pandoc")
  setup <- setup_functions()
  root <- withr::local_tempdir()
  library <- file.path(root, "library")
  package <- file.path(library, "fatebias")
  dir.create(file.path(root, "vignettes"))
  dir.create(file.path(package, "Meta"), recursive = TRUE)
  file.copy(file.path(find.package("fatebias"), "DESCRIPTION"), package)
  file.copy(file.path(find.package("fatebias"), "Meta", "package.rds"), file.path(package, "Meta"))
  writeLines(c(
    "---", "title: \"A title\"", "output: rmarkdown::html_vignette", "vignette: >",
    "  %\\VignetteIndexEntry{A title}", "  %\\VignetteEngine{knitr::rmarkdown}", "---", "",
    "```{r, eval = TRUE}", "stop('the code was run')", "```", "", "```{r}", "1", "```", "",
    "The number is `r stop('the code was run')`."
  ), file.path(root, "vignettes", "page.Rmd"))
  expect_message(setup$ensure_pages(root, package, tempfile()), "pages of vignette")
  found <- utils::vignette("page", "fatebias", lib.loc = library)
  expect_identical(found$Title %||% found$title, "A title")
  page <- readLines(file.path(package, "doc", found$PDF), warn = FALSE)
  expect_match(page, "the code was run", all = FALSE)
  expect_match(page, "The code of this page was not run", all = FALSE)
  expect_length(knitr::opts_hooks$get(), 0) # other pages of this process are knitted as ever
  expect_silent(setup$ensure_pages(root, package, tempfile()))
  kept <- setup$keep_pages(package) # R CMD INSTALL takes them away
  unlink(file.path(package, c("doc", "Meta/vignette.rds")), recursive = TRUE)
  expect_silent(setup$ensure_pages(root, package, kept))
  expect_true(file.exists(file.path(package, "doc", "page.html")))
  expect_true(file.exists(file.path(package, "Meta", "vignette.rds")))
})
