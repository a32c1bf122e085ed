# The Python environment, made where there is none. What is decided (which Python, which commands) is apart
# from what is done, so that it is tested without a network.

torch_pin <- "^torch=="
python_names <- c("python3", "python3.13", "python3.12", "python3.11", "python")
# What a Python must say of itself: version; its own path (of an environment: that of the Python it was made
# from); can R run it within its own process; can it make environments?
python_question <- paste(
  "import importlib.util as u, json, platform, sysconfig as s, sys;",
  "shared = s.get_config_var('Py_ENABLE_SHARED') or s.get_config_var('PYTHONFRAMEWORK');",
  "shared = bool(shared) or sys.platform == 'win32';",
  "venv = all(u.find_spec(m) for m in ('venv', 'ensurepip'));",
  "base = getattr(sys, '_base_executable', sys.executable);",
  "print(json.dumps(dict(version=platform.python_version(), base=base, shared=shared, venv=venv)))"
)

#' Make the Python environment of fatebias
#'
#' Makes a virtual environment and installs into it, with pip, the exact versions of packages that fatebias
#' was tested with. Nothing outside of `path` is written (but pip's own cache); a failure or Ctrl-C leaves no
#' environment behind, and an environment that was there stays as it was. pip's own settings (an index of your
#' institute, a proxy) hold.
#'
#' A machine downloads 0.3 GB with torch for CPUs, 3 GB with torch for GPUs (which is what pip takes on Linux
#' by default), and needs 1.5 or 7 GB of disk. For CPUs only: `pip_options = c("--extra-index-url", url)` with
#' the address of PyTorch's CPU builds, see pytorch.org.
#'
#' Which Python a session uses, in this order: the environment variable `RETICULATE_PYTHON`, the option
#' `fatebias.python`, a `.venv` in the folder of the project (the working directory, or the nearest folder
#' above it, that holds `DESCRIPTION`, `_targets.R` or `config.yaml`) if you or root own it, the environment
#' at the default `path`, that of the clone whose `make` installed this package. An environment elsewhere,
#' such as one for a group on a cluster, is named by one of the first two.
#'
#' @param path folder of the environment; default: one of your own, which every session finds.
#' @param python the Python to make it from, 3.11 or later with `venv` and its shared library; NULL: the first
#'   suitable one on the search path.
#' @param pip_options character, options for every `pip install`.
#' @param overwrite replace an environment that is there?
#' @param ask ask before anything is downloaded?
#' @param quiet show nothing of what pip says?
#' @returns Path of the environment's Python, invisibly; NULL when you said no.
#' @section Errors: `fatebias_error_environment` when no Python is suitable, when `path` is there already, or
#'   when an installation fails (with the last lines of what pip said).
#' @seealso [fatebias_sitrep()] shows what is used.
#' @examples
#' # a folder that exists is replaced only with overwrite = TRUE
#' try(install_fatebias_python(tempdir(), ask = FALSE))
#'
#' # downloads several GB, once
#' if (interactive()) {
#'   install_fatebias_python()
#' }
#' @export
install_fatebias_python <- function(path = stored_venv(), python = NULL, pip_options = character(),
                                    overwrite = FALSE, ask = interactive(), quiet = !interactive()) {
  validate_arg(path, check_path)
  validate_arg(python, check_path, null.ok = TRUE)
  validate_arg(pip_options, checkmate::check_character, any.missing = FALSE)
  validate_arg(overwrite, checkmate::check_flag)
  validate_arg(ask, checkmate::check_flag)
  validate_arg(quiet, checkmate::check_flag)
  path <- normalizePath(path, mustWork = FALSE)
  validate_venv_place(path, overwrite)
  base <- choose_python(python)
  cli::cli_inform(c(
    i = "Makes a Python environment in {.path {path}} from {.path {base}}.",
    i = "Downloads 0.3 GB (torch for CPUs) to 3 GB (torch for GPUs), unless pip has them."
  ))
  if (ask && !isTRUE(utils::askYesNo("Go on?"))) {
    return(invisible(NULL))
  }
  installed <- build_venv(path, install_commands(path, base, pip_options), quiet)
  cli::cli_inform(c(v = "Installed {.path {installed}}.", install_advice(path)))
  invisible(installed)
}

#' The commands of an installation, by what they do: each a program and its arguments
#' @noRd
install_commands <- function(path, base, pip_options = character(), lock = lock_file()) {
  python <- venv_python(path)
  pip <- function(...) {
    list(python, c("-m", "pip", "install", "--disable-pip-version-check", pip_options, ...))
  }
  # torch first and by its exact version: a build that is on disk or in pip's cache is then taken
  torch <- grep(torch_pin, readLines(lock), value = TRUE)
  list(
    "Making the environment" = list(base, c("-m", "venv", path)),
    "Installing torch" = pip(torch),
    "Installing the other packages" = pip("-r", lock),
    "Looking whether fatebias starts" = list(python, c("-c", start_code()))
  )
}

#' Python that ends with an error where a package of fatebias is missing
#' @noRd
start_code <- function() {
  sprintf("import sys; sys.path.insert(0, %s); import fatebias.results", to_json(python_folder()))
}

#' Run the commands; what was at `path` before is put back unless all succeed
#' @noRd
build_venv <- function(path, commands, quiet, call = rlang::caller_env()) {
  before <- paste0(path, ".before")
  done <- FALSE
  unlink(before, recursive = TRUE) # of a run that was killed
  if (dir.exists(path) && !file.rename(path, before)) {
    abort_environment("Cannot replace {.path {path}}.", call = call)
  }
  on.exit({
    if (!done) unlink(path, recursive = TRUE)
    if (done) unlink(before, recursive = TRUE) else if (dir.exists(before)) file.rename(before, path)
  })
  dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
  for (what in names(commands)) {
    cli::cli_progress_step(what)
    run_install(commands[[what]], what, quiet, call)
  }
  done <- TRUE
  venv_python(path)
}

run_install <- function(command, what, quiet, call) {
  ran <- tryCatch(
    processx::run(
      command[[1]], command[[2]], echo = !quiet, stderr_to_stdout = TRUE, error_on_status = FALSE,
      cleanup_tree = TRUE # Ctrl-C ends pip as well
    ),
    c_error = function(error) list(status = 127, stdout = conditionMessage(error)) # no such program
  )
  if (ran$status != 0) {
    said <- utils::tail(strsplit(ran$stdout, "\n", fixed = TRUE)[[1]], n_said)
    line <- paste(shQuote(c(command[[1]], command[[2]]), type = "sh"), collapse = " ")
    abort_environment(c(
      paste(what, "failed; nothing was left behind."),
      verbatim(paste(c("pip said:", said), collapse = "\n")),
      i = "The command was {.code {line}}"
    ), call = call)
  }
}

n_said <- 15L # last lines of what a command said

validate_venv_place <- function(path, overwrite, call = rlang::caller_env()) {
  if (!file.exists(path)) {
    return(validate_writable(path, call = call))
  }
  is_venv <- file.exists(file.path(path, "pyvenv.cfg"))
  if (!is_venv && (!dir.exists(path) || length(list.files(path, all.files = TRUE, no.. = TRUE)) > 0)) {
    abort_environment(
      "{.path {path}} is there and is no Python environment; choose another {.arg path}.", call = call
    )
  }
  if (is_venv && !overwrite) {
    abort_environment(c(
      "{.path {path}} is there already.",
      i = "Use {.code overwrite = TRUE} to make it anew; {.fn fatebias_sitrep} shows what it lacks."
    ), call = call)
  }
}

#' The Python given, or the first suitable one on the search path
#' @noRd
choose_python <- function(given = NULL, found = Sys.which(python_names), ask = ask_python,
                          call = rlang::caller_env()) {
  candidates <- given %||% unique(found[nzchar(found)])
  said <- lapply(candidates, ask)
  problems <- vapply(said, python_problem, character(1))
  if (any(problems == "")) {
    return(said[[which(problems == "")[[1]]]]$base)
  }
  abort_environment(c(
    "No suitable Python: fatebias needs {python_min} or later, with venv and its shared library.",
    verbatim(paste(c("", sprintf("%s: %s", candidates, problems)), collapse = "\n"), bullet = "x")[-1],
    i = "Debian and Ubuntu: {.code apt install python3-venv libpython3-dev}. On a cluster: load its module.",
    i = "Then {.code install_fatebias_python(python = \"...\")} names it."
  ), call = call)
}

#' What a Python says of itself: version, base, shared, venv; NULL where it does not run
#' @noRd
ask_python <- function(path) {
  ran <- tryCatch(
    processx::run(path, c("-c", python_question), error_on_status = FALSE, timeout = 60),
    error = function(error) list(status = 127)
  )
  # another program than Python may end well, and say nothing or something else
  if (identical(ran$status, 0L)) tryCatch(jsonlite::parse_json(ran$stdout), error = function(error) NULL)
}

#' Why fatebias cannot be installed with a Python; "" where it can
#' @noRd
python_problem <- function(said) {
  if (is.null(said)) {
    return("does not run")
  }
  if (numeric_version(sub("[^0-9.].*", "", said$version)) < python_min) {
    return(paste("is", said$version))
  }
  lacks <- c("its shared library", "venv")[!c(said$shared, said$venv)]
  if (length(lacks) > 0) paste(said$version, "without", paste(lacks, collapse = " and ")) else ""
}

#' What to do so that sessions use the environment
#' @noRd
install_advice <- function(path) {
  c(
    i = if (path != normalizePath(stored_venv(), mustWork = FALSE)) {
      "Sessions use it when {.file ~/.Renviron} has the line {.code RETICULATE_PYTHON={venv_python(path)}}."
    },
    i = if (python_is_running()) "Restart R: this session has started another Python.",
    i = "{.run fatebias::fatebias_sitrep()} shows what is used."
  )
}
