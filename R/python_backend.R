# The only file that names reticulate. Which Python to use is decided in python_plan.R; `apply_python_plan()`
# uses it. `py_call()` is the single door to Python; its other side is `bridge.py`.

#' Waiting threads of OpenMP shall not spin: in processes that this one starts, as `tar_make()` does, the
#' variable is there before any package is loaded (inst/python/fatebias/bridge.py)
#' @noRd
.onLoad <- function(libname, pkgname) { # nolint: object_name_linter.
  if (!nzchar(Sys.getenv("OMP_WAIT_POLICY"))) Sys.setenv(OMP_WAIT_POLICY = "passive")
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
          "Looked at RETICULATE_PYTHON, the option fatebias.python, %s, at %s, and for a clone's `make`.",
          venv_words(), stored_venv()
        ),
        if (!is.null(plan$not_declared)) sprintf("None is made by py_require(): %s.", plan$not_declared)
      )
    },
    sitrep_hint
  )
  rlang::set_names(verbatim(lines), rep("i", length(lines)))
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
    return(current_plan())
  }
  list(python = reticulate::py_exe(), source = "the running session")
}

needed_packages <- c("fatebias", "mashr", "ashr", "reticulate", "rmarkdown") # R packages that a sitrep shows

#' The plan as things are now
#' @noRd
current_plan <- function() python_plan(refusal = no_py_require() %||% why_not_declared())

#' Use the Python of a plan; a session keeps the Python it has started
#' @noRd
apply_python_plan <- function(plan = current_plan(), call = rlang::caller_env()) {
  if (python_is_running()) {
    return(invisible(plan))
  }
  if (!is.null(plan$problem)) {
    abort_environment(c(verbatim(plan$problem), install_hints(plan)), call = call)
  }
  python_session$plan <- plan
  if (is_declared(plan)) {
    declare_python()
    return(invisible(plan))
  }
  # the variable is what keeps reticulate from building an environment of its own over the network
  Sys.setenv(RETICULATE_PYTHON = plan$python)
  reticulate::use_python(plan$python, required = TRUE)
  invisible(plan)
}

#' @section Without an environment: Where none of these is there, `reticulate::py_require()` makes one of the
#'   same packages in the cache of uv when the first call needs Python. It downloads as much, and a message
#'   says so before. That needs reticulate 1.41 and a network, and is off on clusters, in batch jobs and under
#'   `options(fatebias.py_require = FALSE)`. `vignette("python", "fatebias")` tells of rig, conda, uv and
#'   modules.
#' @rdname install_fatebias_python
#' @name install_fatebias_python
NULL

#' Tell reticulate which packages are needed: as Python starts, it makes an environment of them in uv's cache
#' @noRd
declare_python <- function() {
  cli::cli_inform(c(
    i = "No Python environment was set up: {.fn reticulate::py_require} makes one in the cache of uv.",
    i = "The first time it downloads 0.3 GB (torch for CPUs) to 3 GB (torch for GPUs).",
    i = "{.run fatebias::install_fatebias_python()} makes one that stays;
         {.code options(fatebias.py_require = FALSE)} forbids this one."
  ))
  Sys.setenv(RETICULATE_PYTHON = managed_word)
  reticulate::py_require(locked_packages(), python_version = paste0(">=", python_min))
}

#' Why reticulate cannot make an environment of packages that are declared; NULL where it can
#' @noRd
no_py_require <- function() {
  version <- utils::packageVersion("reticulate")
  if (version < "1.41") sprintf("reticulate is %s, and 1.41 or later is needed", version)
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
