# The only file that names reticulate. Deciding which Python to use (`python_plan()`, pure) and using
# it (`apply_python_plan()`) are apart, so that precedence is tested without Python. `py_call()` is
# the single door to Python; its other side is `bridge.py`.

python_min <- "3.11" # the oldest that the Python package is made for; a test compares

#' Which Python to use
#'
#' In order: the environment variable `RETICULATE_PYTHON`, the option `fatebias.python`, the `.venv` in the
#' folder of the project, the environment of [install_fatebias_python()].
#'
#' @param env,stored,found,installed paths of a Python, empty or NULL where there is none.
#' @param exists function that says whether something is there.
#' @returns `list(python, source, problem)`: a path and where it comes from, or a problem (a text).
#' @noRd
python_plan <- function(env = Sys.getenv("RETICULATE_PYTHON"), stored = getOption("fatebias.python"),
                        found = find_venv_python(), installed = find_stored_python(), exists = file.exists) {
  candidates <- list(
    "RETICULATE_PYTHON" = env, "option fatebias.python" = stored, ".venv" = found,
    "install_fatebias_python()" = installed
  )
  given <- Filter(function(path) length(path) == 1 && nzchar(path), candidates)
  if (length(given) == 0) {
    return(list(python = NULL, source = NULL, problem = "No Python environment was found."))
  }
  source <- names(given)[[1]]
  python <- given[[1]]
  problem <- if (!exists(python)) "which does not exist" else no_program(python)
  if (!is.null(problem)) problem <- sprintf("%s names %s, %s.", source, python, problem)
  list(python = python, source = source, problem = problem)
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
  way <- c(environment, file.path(environment, "pyvenv.cfg"), dirname(python), python)
  owners <- owner(way[file.exists(way)])
  if (all(is.na(owners) | owners %in% c(0, owner(tempdir())))) python
}

#' Numbers of the users that own files, links followed; NA where the system has none (Windows)
#' @noRd
owner_of <- function(paths) {
  found <- file.info(paths, extra_cols = TRUE)$uid
  if (is.null(found)) rep(NA_integer_, length(paths)) else found
}

#' What to type where Python or a package of it is missing
#'
#' @param plan what was decided; of a Python that was named, its name is to be mended first.
#' @noRd
install_hints <- function(plan = session_plan()) {
  lines <- c(
    if (!is.null(plan$python)) sprintf("The Python is %s, from %s.", plan$python, plan$source),
    if (is_set_by_user(plan)) {
      c(
        sprintf("Unset or correct %s (%s), and restart R.", plan$source, named_in[[plan$source]]),
        "While it is set no other Python is looked for, one of fatebias::install_fatebias_python() neither."
      )
    } else {
      c(
        "Type fatebias::install_fatebias_python() to make a Python environment, and restart R.",
        paste(
          "One that is there already is named by a line in ~/.Renviron:",
          "RETICULATE_PYTHON=/path/of/venv/bin/python"
        ),
        sprintf(
          "Looked at RETICULATE_PYTHON, the option fatebias.python, %s, and at %s.",
          venv_words(), stored_venv()
        )
      )
    },
    sitrep_hint
  )
  rlang::set_names(verbatim(lines), rep("i", length(lines)))
}

#' Where a .venv is looked for, in words
#' @noRd
venv_words <- function(project = project_folder()) {
  if (is.null(project)) {
    return(sprintf("for a project (%s) from %s upwards", toString(project_marks), getwd()))
  }
  sprintf("for a .venv in %s that you or root own", project)
}

sitrep_hint <- "fatebias::fatebias_sitrep() shows what is used."
# sources of a plan that win over an installed environment, and where they are set
named_in <- c(
  "RETICULATE_PYTHON" = "a line in ~/.Renviron or the shell", "option fatebias.python" = "~/.Rprofile"
)

is_set_by_user <- function(plan) isTRUE(plan$source %in% names(named_in))

#' The plan that this session follows; RETICULATE_PYTHON is set by it, and no longer says where it came from
#' @noRd
session_plan <- function() {
  if (!is.null(python_session$plan)) {
    return(python_session$plan)
  }
  if (!python_is_running()) {
    return(python_plan())
  }
  list(python = reticulate::py_exe(), source = "the running session")
}

needed_packages <- c("fatebias", "mashr", "ashr", "reticulate", "rmarkdown") # R packages that a sitrep shows

python_folder <- function() system.file("python", package = "fatebias", mustWork = TRUE)

#' Use the Python of a plan; a session keeps the Python it has started
#' @noRd
apply_python_plan <- function(plan = python_plan(), call = rlang::caller_env()) {
  if (python_is_running()) {
    return(invisible(plan))
  }
  if (!is.null(plan$problem)) {
    abort_environment(c(verbatim(plan$problem), install_hints(plan)), call = call)
  }
  # the variable is what keeps reticulate from building an environment of its own over the network
  Sys.setenv(RETICULATE_PYTHON = plan$python)
  python_session$plan <- plan
  reticulate::use_python(plan$python, required = TRUE)
  invisible(plan)
}

python_bridge <- function(call = rlang::caller_env()) {
  if (is.null(python_session$bridge)) {
    # reticulate draws random numbers as it starts Python
    python_session$bridge <- withr::with_preserve_seed(import_bridge(call))
  }
  python_session$bridge
}

#' The Python side of the door; what keeps Python from starting is a problem of the environment
#' @noRd
import_bridge <- function(call) {
  tryCatch(
    {
      apply_python_plan(call = call)
      reticulate::import("sys") # starts Python: py_version() alone does not
      validate_python_version(reticulate::py_version(), call)
      reticulate::import_from_path("fatebias.bridge", path = python_folder())
    },
    error = function(error) {
      if (inherits(error, "fatebias_error")) stop(error)
      program <- session_plan()$python
      problem <- if (is.null(program) || says_python(program)) {
        paste("Python does not start:", conditionMessage(error))
      } else {
        sprintf("%s is no Python.", program)
      }
      abort_environment(c(verbatim(problem), install_hints()), call = call)
    }
  )
}

#' Does a program say of itself that it is Python?
#' @noRd
says_python <- function(program) {
  said <- suppressWarnings(tryCatch(
    system2(program, "--version", stdout = TRUE, stderr = TRUE, timeout = 20), error = function(error) ""
  ))
  any(grepl("^Python [0-9]", said))
}

validate_python_version <- function(version, call = rlang::caller_env()) {
  if (version < python_min) {
    problem <- sprintf("Python is %s; fatebias needs %s or later.", version, python_min)
    abort_environment(c(verbatim(problem), install_hints()), call = call)
  }
}

#' Has this session started a Python?
#' @noRd
python_is_running <- function() reticulate::py_available(initialize = FALSE)

python_session <- new.env(parent = emptyenv())

#' Call a function of the Python package
#'
#' @param fun name of a function of `r_api.py`.
#' @param ... arguments by name that JSON can hold.
#' @param objects named list of matrices (dense, or sparse of class `dgCMatrix`).
#' @returns What the function returns, as R lists, vectors and matrices. Errors and warnings of
#'   fatebias come back with the same class and message.
#' @noRd
py_call <- function(fun, ..., objects = list(), call = rlang::caller_env()) {
  bridge <- python_bridge(call = call)
  arguments <- to_json(rlang::set_names(list(...), names(list(...)) %||% character()))
  report <- jsonlite::fromJSON(bridge$call(fun, arguments, objects), simplifyDataFrame = FALSE)
  for (warning in report$warnings) warner(warning$kind)(verbatim(warning$message))
  if (!is.null(report$error)) raise_python_error(report$error, call)
  report$value
}

#' Names out of JSON: jsonlite takes an array of "NA" alone for missing values, and an empty one has no type
#' @noRd
names_from_json <- function(x) {
  x <- as.character(unlist(x))
  replace(x, is.na(x), "NA")
}

#' The same with the arguments as a list
#' @noRd
py_apply <- function(fun, arguments) do.call(py_call, c(list(fun), arguments))

raise_python_error <- function(error, call) {
  python_session$last_trace <- error$trace
  message <- verbatim(cut_lines(error$message))
  if (error$kind == "stopped") abort_stopped(message, error$exit_code, call = call)
  if (error$kind == "environment") message <- c(message, install_hints())
  if (error$kind == "python") {
    message <- c(message, i = "The whole trace: {.code cat(fatebias::last_python_trace())}.")
  }
  thrower(error$kind)(message, call = call)
}

most_in_line <- 2000L # characters of a line of Python's message, which may hold what a user gave

cut_lines <- function(text) {
  paste(cut_text(strsplit(text, "\n", fixed = TRUE)[[1]], most_in_line), collapse = "\n")
}

#' The trace of the last Python error of this session
#'
#' @returns A text, or NULL where there was none.
#' @examples
#' last_python_trace()
#' @export
last_python_trace <- function() python_session$last_trace
