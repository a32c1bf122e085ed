# What runs here, and what is missing.

# R packages beside needed_packages, and what they are for
optional_packages <- c(targets = "the pipeline", crew = "Slurm, execution: crew", clustermq = "Slurm")

#' Report the Python and the packages that fatebias will use
#'
#' Shows R packages, Python and its packages, pandoc and devices, with the missing parts and the commands that
#' install them.
#'
#' @returns A `fatebias_sitrep`: `r` (versions; NA: not installed), `pandoc` (version or NA), `plan` (which
#'   Python and why), `stored` (the environment of [install_fatebias_python()], NULL where there is none),
#'   `python` (path, version, versions of packages, device, threads) and `problems` (character, NULL when all
#'   is there). Printing says what to type.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' fatebias_sitrep()
#' @export
fatebias_sitrep <- function() {
  plan <- session_plan() # before Python starts: that sets RETICULATE_PYTHON
  python <- if (is_declared(plan) && !python_is_running()) list(problem = declared_words) else tryCatch(
    c(py_call("describe_environment"), problem = list(NULL)),
    fatebias_error = function(error) {
      error$body <- error$body[!grepl("fatebias_sitrep()", error$body, fixed = TRUE)] # here it is
      list(problem = conditionMessage(error))
    }
  )
  packages <- c(needed_packages, names(optional_packages))
  r <- c(R = as.character(getRversion()), vapply(packages, package_version_text, character(1)))
  pandoc <- pandoc_version_text()
  structure(
    list(
      r = r, pandoc = pandoc, plan = plan, stored = find_stored_python(), python = python,
      problems = sitrep_problems(python, names(r)[is.na(r)], pandoc, plan)
    ),
    class = "fatebias_sitrep"
  )
}

# nothing is downloaded to say what is missing
declared_words <- paste(
  "No Python environment is set up: fatebias::install_fatebias_python(). Else the first call that needs",
  "Python makes one by py_require() and downloads 0.3 to 3 GB"
)

package_version_text <- function(package) {
  there <- requireNamespace(package, quietly = TRUE)
  if (there) as.character(utils::packageVersion(package)) else NA_character_
}

#' Version of the pandoc that rmarkdown would take
#' @noRd
pandoc_version_text <- function() {
  if (rmarkdown::pandoc_available()) as.character(rmarkdown::pandoc_version()) else NA_character_
}

sitrep_problems <- function(python, absent_r, pandoc, plan = NULL) {
  absent_python <- names(Filter(is.null, python$packages))
  use <- optional_packages[absent_r]
  c(
    if (length(absent_r) > 0) {
      purpose <- ifelse(is.na(use), "", sprintf(" (for %s)", use))
      sprintf("R has no package %s%s: install.packages(\"%s\")", absent_r, purpose, absent_r)
    },
    if (is.na(pandoc)) {
      "No pandoc, for the report: install it, or name the folder of RStudio's as RSTUDIO_PANDOC"
    },
    if (length(absent_python) > 0) {
      paste0(
        "Python has no package ", paste(absent_python, collapse = ", "),
        if (is_set_by_user(plan)) {
          sprintf(": unset or correct %s, which names %s", plan$source, plan$python)
        } else {
          ": fatebias::install_fatebias_python()"
        }
      )
    },
    if (!is.null(python$driver) && is.null(python$cuda) && !is.null(python$threads)) {
      "There is a GPU, but torch is built for CPUs: fatebias::install_fatebias_python(overwrite = TRUE)"
    },
    python$problem
  )
}

#' @export
format.fatebias_sitrep <- function(x, ...) {
  p <- x$python
  versions <- unlist(p$packages)
  there <- x$r[!is.na(x$r)]
  c(
    "<fatebias_sitrep>",
    paste("R:", paste(names(there), there, collapse = ", ")),
    if (!is.na(x$pandoc)) paste("pandoc:", x$pandoc),
    if (!is.null(p$version)) {
      c(
        sprintf("Python: %s (%s, from %s)", p$version, p$python, x$plan$source %||% "the running session"),
        paste("Packages:", paste(names(versions), versions, collapse = ", ")),
        sprintf("Device: %s, %s threads; torch built for %s", p$device, p$threads, cuda_text(p$cuda))
      )
    },
    if (length(x$stored) > 0) paste("Environment of install_fatebias_python():", dirname(dirname(x$stored))),
    if (length(x$problems) == 0) "Nothing is missing." else c("Missing:", paste("-", x$problems))
  )
}

cuda_text <- function(cuda) if (is.null(cuda)) "CPUs" else paste("CUDA", cuda)

#' @export
print.fatebias_sitrep <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}
