# The certificate's units of work: which there are, making those that are missing (here, in several processes,
# or as Slurm jobs), and reading them. Python makes them (inst/python/fatebias/certificate).

#' Checks, and the units of work that each needs
#' @noRd
calibration_checks <- function() shared_constant("certificate_checks")

#' Names of checks from names, or from a word that stands for several
#' @noRd
named_checks <- function(checks, call = rlang::caller_env()) {
  levels <- shared_constant("certificate_levels")
  known <- c(names(levels), names(calibration_checks()))
  validate_arg(checks, checkmate::check_subset, known, empty.ok = FALSE, call = call)
  unique(unlist(lapply(checks, function(word) levels[[word]] %||% word)))
}

#' Make the refits behind a certificate
#'
#' Makes the refits that [certify_fit()] judges: refits of a fit's own screen with guides shuffled,
#' controls held out, cells resampled or held out. Each unit of work is a whole file in the folder
#' `calibration` of the fit. A stopped run resumes there, and makes no unit of this fit twice.
#'
#' @param fit a `fatebias_fit`.
#' @param checks `"quick"`: checks without whole refits (`"sandwich"`,
#'   `"guides"`, `"replicates"`, `"dispersion"`, `"burden"`, `"associations"`, `"shuffle"`); `"full"`: all,
#'   with whole refits (`"permutation"`, `"regroup"`, `"ntc"`, `"bootstrap"`, `"heldout"`) in place of
#'   `"shuffle"`; `"fitted"`: the first six, which refit nothing; or some of these names.
#' @param screen the `fatebias_screen` that the fit was made from; NULL: the files that its manifest names.
#' @param n_permutations,n_splits,n_bootstraps,n_seeds numbers of refits: with guides shuffled, with other
#'   halves of the controls held out, with cells resampled, with other seeds.
#' @param cores processes on this machine that share the work; each reads the screen, and uses one thread.
#' @param progress say how long it will take, and show a progress bar?
#' @returns Paths of the files, one a unit, invisibly.
#' @section Errors: `fatebias_error_screen` for a screen that is not there or not the fit's, or with fewer
#'   than two control guides (check `"ntc"`); `fatebias_error_fit`; `fatebias_error_export`.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' files <- simulate_screen(tempfile(), cells = 1500, genes = 10)
#' screen <- read_screen(files$screen, files$guide_map)
#' fit <- fit_fate_bias(screen, inference = "laplace", out_dir = tempfile())
#' basename(run_calibration(fit, "permutation", n_permutations = 2))
#' @export
run_calibration <- function(fit, checks = "quick", screen = NULL, n_permutations = 20,
                            n_splits = 10, n_bootstraps = 20, n_seeds = 5, cores = 1,
                            progress = interactive()) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_fit)
  checks <- named_checks(checks)
  sizes <- unit_sizes(fit, n_permutations, n_splits, n_bootstraps, n_seeds)
  invisible(make_calibration(fit, checks, screen, sizes, cores, progress)$paths)
}

unit_sizes <- function(fit, n_permutations, n_splits, n_bootstraps, n_seeds) {
  validate_arg(n_permutations, checkmate::check_count, positive = TRUE)
  validate_arg(n_splits, checkmate::check_count, positive = TRUE)
  validate_arg(n_bootstraps, checkmate::check_int, lower = 2) # one has no scatter
  validate_arg(n_seeds, checkmate::check_count, positive = TRUE)
  list(
    shuffle = shuffles_of(fit$manifest$screen$n_genes),
    regroup = shared_constant("certificate_sizes")$regroup, permutation = n_permutations,
    ntc = n_splits, bootstrap = n_bootstraps, seed = n_seeds
  )
}

#' Shuffles of a screen of so many genes: of many genes fewer say as much
#' @noRd
shuffles_of <- function(n_genes) {
  most <- shared_constant("certificate_sizes")$shuffle
  as.integer(min(most, max(2, ceiling(shared_constant("shuffled_genes") / n_genes))))
}

#' Units made where they are missing: `paths` of all, and the `key` of this fit
#' @noRd
make_calibration <- function(fit, checks, screen, sizes, cores, progress) {
  validate_arg(cores, checkmate::check_count, positive = TRUE)
  validate_arg(progress, checkmate::check_flag)
  if (length(checks) == 0) {
    return(list(paths = character(), key = ""))
  }
  validate_same_screen(fit, screen)
  source <- calibration_source(fit, screen)
  found <- describe_units(source, plan_units(checks, sizes))
  make_units(source, found$missing, cores, progress, fit)
  found
}

#' Arguments of every call of Python: files, settings and folder of a fit
#' @noRd
calibration_source <- function(fit, screen, call = rlang::caller_env()) {
  made_from <- fit$manifest$screen
  screen_path <- screen$path %||% made_from$path
  guide_map <- screen$guide_map %||% made_from$guide_map
  for (file in c(screen_path, guide_map)) {
    if (!file.exists(file)) {
      abort_screen(c(
        "The fit was made from {.path {file}}, which is not there.",
        i = "Give the screen as {.arg screen}, from {.fn read_screen}."
      ), call = call)
    }
  }
  settings <- settings_list(update_settings(fit$settings), c("screen", "fit"))
  list(
    screen_path = path.expand(screen_path), guide_map = path.expand(guide_map),
    out_dir = path.expand(fit$out_dir), settings = settings
  )
}

#' A screen given by hand must be the fit's
#' @noRd
validate_same_screen <- function(fit, screen, call = rlang::caller_env()) {
  if (is.null(screen)) {
    return(invisible())
  }
  validate_class(screen, "fatebias_screen", "read_screen", abort_fit, call = call)
  sizes <- c("n_cells", "n_genes", "n_guides", "n_ntc", "days")
  other <- sizes[!mapply(function(a, b) isTRUE(all.equal(unlist(a), unlist(b))),
                         screen$summary[sizes], fit$manifest$screen[sizes])]
  if (length(other) > 0) {
    abort_screen("{.arg screen} is not the one that was fitted: {.field {other}} differ{?s/}.", call = call)
  }
}

#' Pairs of unit and number, as Python takes them
#' @noRd
plan_units <- function(checks, sizes) {
  names <- unlist(calibration_checks()[checks], use.names = FALSE)
  unlist(lapply(names, function(name) {
    lapply(seq_len(sizes[[name]] %||% 1L), function(number) list(name, number))
  }), recursive = FALSE)
}

describe_units <- function(source, units) {
  found <- py_apply("describe_units", c(source, list(units = units)))
  # a JSON array of pairs comes back as a matrix or as a list
  if (is.matrix(found$missing)) found$missing <- asplit(found$missing, 1)
  found$missing <- lapply(found$missing, function(unit) unname(as.list(unit)))
  found
}

#' Make units, one after the other or in processes that share them
#' @noRd
make_units <- function(source, units, cores, progress, fit) {
  if (length(units) == 0) {
    return(invisible())
  }
  cores <- min(cores, length(units))
  if (progress) say_how_long(units, cores, fit$manifest)
  if (cores == 1) make_units_here(source, units, progress)
  else make_units_aside(source, units, cores, progress)
}

# Seconds of a unit, in fits by mode and curvature: measured at 6,000 and at 100,000 cells
unit_costs <- c(
  permutation = 1.5, ntc = 1.5, sandwich = 0, reference = 2, bootstrap = 0.3, seed = 1.2, heldout = 2,
  guides = 0, replicates = 0, dispersion = 0, burden = 0.1, associations = 0.1, shuffle = 0.15, regroup = 1.5
)

say_how_long <- function(units, cores, manifest) {
  fit_seconds <- sum(unlist(manifest$seconds[c("laplace", "estimates")]))
  cost <- sum(unit_costs[vapply(units, `[[`, character(1), 1L)])
  minutes <- cost * fit_seconds / cores / 60
  text <- if (minutes < 1) "less than a minute" else sprintf("about %.0f minutes", ceiling(minutes))
  cli::cli_inform(c(i = "{length(units)} refit{?s} to make: {text}. What is made is kept, should you stop."))
}

make_units_here <- function(source, units, progress) {
  if (progress) {
    bar <- cli::cli_progress_bar("Refits", total = length(units))
  }
  for (unit in units) {
    py_apply("run_units", c(source, list(units = list(unit))))
    if (progress) cli::cli_progress_update(id = bar)
  }
}

#' Processes that each take every n-th unit; they end with this one
#' @noRd
make_units_aside <- function(source, units, cores, progress) {
  rlang::check_installed("callr", "to make units in several processes.")
  source$settings$threads <- 1L
  share <- split(units, (seq_along(units) - 1L) %% cores)
  workers <- lapply(share, function(own) {
    callr::r_bg(work_aside, list(source = source, units = own), supervise = TRUE, libpath = .libPaths())
  })
  on.exit(for (worker in workers) worker$kill())
  paths <- describe_units(source, units)$paths
  if (progress) bar <- cli::cli_progress_bar("Refits", total = length(units))
  while (any(vapply(workers, function(worker) worker$is_alive(), logical(1)))) {
    Sys.sleep(0.5)
    if (progress) cli::cli_progress_update(id = bar, set = sum(file.exists(paths)))
  }
  for (worker in workers) deliver_worker(worker)
}

#' What a worker process runs: the outcome as a value, since conditions lose their class on the way
#' @noRd
work_aside <- function(source, units) {
  room <- asNamespace("fatebias")
  room$catch_conditions(function() room$make_units_here(source, units, progress = FALSE))
}

deliver_worker <- function(worker) {
  outcome <- worker$get_result()
  for (warning in outcome$warnings) warning(warning)
  if (!is.null(outcome$error)) stop(outcome$error)
}

#' Units of one kind as lists, in order
#' @noRd
read_units <- function(found, name) {
  own <- grepl(paste0("^", name, "_[0-9]+\\.json$"), basename(found$paths))
  lapply(found$paths[own], function(path) {
    unit <- jsonlite::fromJSON(path, simplifyDataFrame = FALSE)
    if (!identical(unit$key, found$key)) {
      abort_export("{.path {path}} belongs to another fit; run {.fn certify_fit} again.")
    }
    unit$value
  })
}

#' z of units, genes x days x units; missing estimates are NA
#' @noRd
unit_z <- function(units) {
  one <- function(unit) number_matrix(unit$betahat) / number_matrix(unit$se)
  stack_matrices(lapply(units, one))
}

#' Matrices of one shape, be it 1 x 1, as an array rows x columns x matrices
#' @noRd
stack_matrices <- function(matrices) {
  array(unlist(matrices), c(dim(matrices[[1]]), length(matrices)))
}

#' A matrix of numbers, also where a row or all of it is missing
#' @noRd
number_matrix <- function(x) {
  if (is.list(x)) x <- do.call(rbind, lapply(x, function(row) vapply(row, function(v) v %||% NA_real_, 0)))
  matrix(as.numeric(x), nrow = NROW(x))
}
