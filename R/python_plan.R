# Which Python to use: decided without starting one, so that precedence is tested without Python.

python_min <- "3.11" # the oldest that the Python package is made for; a test compares

#' Which Python to use
#'
#' In order: the environment variable `RETICULATE_PYTHON`, the option `fatebias.python`, the `.venv` in the
#' folder of the project, the environment of [install_fatebias_python()], that of the clone whose `make`
#' installed this package. Where there is none of them, one is declared to be made, unless something speaks
#' against that. `RETICULATE_PYTHON=managed` declares one whatever there is.
#'
#' @param env,stored,found,installed,made paths of a Python, empty or NULL where there is none.
#' @param exists function that says whether something is there.
#' @param refusal why none is declared (a text), or NULL; looked at only where there is no other.
#' @returns `list(python, source, problem, not_declared)`: a path and where it comes from, or a problem (a
#'   text) and why none was declared. A declared one has neither path nor problem.
#' @noRd
python_plan <- function(env = Sys.getenv("RETICULATE_PYTHON"), stored = getOption("fatebias.python"),
                        found = find_venv_python(), installed = find_stored_python(), exists = file.exists,
                        made = find_made_python(), refusal = why_not_declared()) {
  if (identical(env, managed_word)) {
    return(list(python = NULL, source = declared_source, problem = NULL))
  }
  candidates <- list(
    "RETICULATE_PYTHON" = env, "option fatebias.python" = stored, ".venv" = found,
    "install_fatebias_python()" = installed, "make" = made
  )
  given <- Filter(function(path) length(path) == 1 && nzchar(path), candidates)
  if (length(given) == 0) {
    if (is.null(refusal)) {
      return(list(python = NULL, source = declared_source, problem = NULL))
    }
    return(list(
      python = NULL, source = NULL, problem = "No Python environment was found.", not_declared = refusal
    ))
  }
  source <- names(given)[[1]]
  python <- given[[1]]
  problem <- if (!exists(python)) "which does not exist" else no_program(python)
  if (!is.null(problem)) problem <- sprintf("%s names %s, %s.", source, python, problem)
  list(python = python, source = source, problem = problem)
}

managed_word <- "managed" # in RETICULATE_PYTHON: an environment is made of the packages that are declared
declared_source <- "py_require()"

is_declared <- function(plan) identical(plan$source, declared_source)

# Variables of a job of a batch system or of CI, and of the environment modules that clusters have: there
# nothing large is downloaded unasked, into a home with a quota or again by every job
cluster_variables <- paste0(
  "^[A-Z]+_(JOB_?ID|CLUSTER_NAME|SUBMIT_DIR|SUBMIT_HOST)$", "|^JOB_ID$|^LMOD_CMD$|^MODULESHOME$"
)

#' Why no environment is declared to be made where none is set up; NULL where one may be
#'
#' @param variables names of the environment variables that are set.
#' @param allowed the option `fatebias.py_require`, TRUE unless it is set.
#' @param managed the variable RETICULATE_USE_MANAGED_VENV, which forbids it with no, false or 0.
#' @param online function that says whether packages can be fetched.
#' @noRd
why_not_declared <- function(variables = names(Sys.getenv()),
                             allowed = getOption("fatebias.py_require", TRUE),
                             managed = Sys.getenv("RETICULATE_USE_MANAGED_VENV"), online = can_fetch) {
  if (!isTRUE(allowed)) {
    return("the option fatebias.py_require forbids it")
  }
  if (tolower(managed) %in% c("no", "false", "0")) {
    return("RETICULATE_USE_MANAGED_VENV forbids it")
  }
  if ("_R_CHECK_PACKAGE_NAME_" %in% variables) {
    return("this is R CMD check")
  }
  of_cluster <- grep(cluster_variables, variables, value = TRUE)
  if (length(of_cluster) > 0) {
    return(sprintf("this is a cluster or a batch job (%s is set)", of_cluster[[1]]))
  }
  if (!online()) "there is no network"
}

#' Can packages be fetched: through a proxy, from an index that is named, or from PyPI?
#' @noRd
can_fetch <- function(host = "pypi.org", port = 443L) {
  ways <- c("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX")
  if (any(nzchar(Sys.getenv(ways)))) {
    return(TRUE)
  }
  tryCatch(
    {
      close(suppressWarnings(socketConnection(host, port, open = "r+", timeout = 3)))
      TRUE
    },
    error = function(error) FALSE
  )
}

#' Why something that is there is no program, or NULL
#' @noRd
no_program <- function(path) {
  if (dir.exists(path)) {
    inside <- Filter(file.exists, c(venv_python(path), file.path(path, "python")))
    return(paste0("which is a folder", if (length(inside) > 0) paste("; name", inside[[1]])))
  }
  if (file.exists(path) && (is_special(path) || file.access(path, 1) != 0)) "which cannot be run"
}

#' Where install_fatebias_python() puts an environment unless told otherwise
#' @noRd
stored_venv <- function() file.path(tools::R_user_dir("fatebias", "data"), "venv")

#' The Python of an environment
#' @noRd
venv_python <- function(path) {
  file.path(path, if (.Platform$OS.type == "windows") "Scripts/python.exe" else "bin/python")
}

find_stored_python <- function() Filter(file.exists, venv_python(stored_venv()))

#' The Python of the clone whose `make` installed this package, as written into the package; else NULL
#'
#' Used where you, root or the owner of the package own it: whose package runs, his Python may.
#' @param package folder of the installed package.
#' @noRd
find_made_python <- function(package = system.file(package = "fatebias"), owner = owner_of) {
  record <- file.path(package, "PYTHON") # tools/setup_self.R writes it
  python <- if (file.exists(record)) readLines(record, n = 1L, warn = FALSE)
  if (length(python) != 1 || !file.exists(python)) {
    return(NULL)
  }
  if (is_owned(dirname(dirname(python)), owner(package), owner)) python
}

project_marks <- c("DESCRIPTION", "_targets.R", "config.yaml") # by these the folder of a project is known

#' The folder of the project that a folder belongs to: the nearest one upwards with such a file, or NULL
#' @noRd
project_folder <- function(folder = getwd()) {
  while (!any(file.exists(file.path(folder, project_marks)))) {
    if (dirname(folder) == folder) {
      return(NULL)
    }
    folder <- dirname(folder)
  }
  folder
}

#' The Python of the project's .venv, if this user or root owns it; else NULL
#'
#' What is found is run, so that a folder above, or what another user has put in a shared one, will not do.
#' @noRd
find_venv_python <- function(folder = getwd(), owner = owner_of) {
  project <- project_folder(folder)
  if (is.null(project)) {
    return(NULL)
  }
  environment <- file.path(project, ".venv")
  python <- venv_python(environment)
  if (!file.exists(python)) {
    return(NULL)
  }
  if (is_owned(environment, owner = owner)) python
}

#' Does this user, root or one of some others own an environment and what of it is run?
#' @param trusted numbers of the others.
#' @noRd
is_owned <- function(environment, trusted = integer(), owner = owner_of) {
  python <- venv_python(environment)
  way <- c(environment, file.path(environment, "pyvenv.cfg"), dirname(python), python)
  owners <- owner(way[file.exists(way)])
  all(is.na(owners) | owners %in% c(0, owner(tempdir()), trusted))
}

#' Numbers of the users that own files, links followed; NA where the system has none (Windows)
#' @noRd
owner_of <- function(paths) {
  found <- file.info(paths, extra_cols = TRUE)$uid
  if (is.null(found)) rep(NA_integer_, length(paths)) else found
}

#' Where a .venv is looked for, in words
#' @noRd
venv_words <- function(project = project_folder()) {
  if (is.null(project)) {
    return(sprintf("for a project (%s) from %s upwards", toString(project_marks), getwd()))
  }
  sprintf("for a .venv in %s that you or root own", project)
}

python_folder <- function() system.file("python", package = "fatebias", mustWork = TRUE)

lock_file <- function() file.path(python_folder(), "requirements.lock")

#' The exact versions of packages that fatebias was tested with: "numpy==2.4.6", ...
#' @noRd
locked_packages <- function(lock = lock_file()) grep("^[A-Za-z0-9]", readLines(lock), value = TRUE)
