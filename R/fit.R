# A fit: its tables and the paths of its files, and never a Python object. So a fit made on the
# command line, or on another machine, is the same thing as one made here.

#' Fit the model of fate bias
#'
#' Fits the hierarchical model of fate probabilities to a screen and writes its results. In the model
#' (`theta` gene x day, `delta` guide, `beta = theta + delta`) theta is the average effect of a gene's
#' guides on the log odds of the contrast fate against the reference.
#'
#' @param screen a `fatebias_screen`, from [read_screen()] or [fate_screen()].
#' @param settings [fate_settings()]; the stages Fit and QC are used. What concerns the stage Screen
#'   was settled when the screen was read.
#' @param ... settings by name, such as `num_steps = 1000, seed = 7`.
#' @param out_dir folder of the results; it is created.
#' @param progress show bars with the time left? Default: in an interactive session, and not within a pipeline
#'   or on CI; the option `fatebias.progress` (TRUE or FALSE) decides otherwise.
#' @returns A `fatebias_fit`, a list with
#'   - `gene`: data.table `gene, betahat_d0.., se_d0..`, the posterior of theta: mean (`betahat`) and SD
#'     (`se`) by day, in log odds of the contrast fate;
#'   - `guide`: data.table `guide, gene, betahat_d*, se_d*`, the posterior of beta in the same way;
#'   - `estimate`: data.table `gene, betahat_d*, se_d*`, the fixed-effect estimates of theta and their
#'     standard errors, log odds: without theta's prior, so that nothing is shrunk; mash is given them by
#'     default. NULL where an earlier version made the fit;
#'   - `cov`: data.table `gene, day_1, day_2, theta_cov, likelihood_cov`, covariances between days of the
#'     posterior (`theta_cov`) and of the estimates (`likelihood_cov`), or NULL in the same way;
#'   - `qc_delta`, `qc_offset`, `qc_centering`: QC tables, see [assess_qc()];
#'   - `cells`: `guide, gene, is_ntc, n_cells_d*`, usable cells that carry a guide, by day; controls have no
#'     gene. NULL where an earlier version made the fit;
#'   - `guide_estimate`: data.table `guide, gene, betahat_d*, se_d*`, the fixed-effect estimate of each guide,
#'     not shrunk; their mean over the gene's guides is the gene's `estimate`;
#'   - `left_out`: `guide, gene, betahat_d*, se_d*`, the gene's estimate with this guide left out, of genes
#'     with two guides or more;
#'   - `by_replicate`: `gene, day` (number, from 0), `replicate, betahat, se`: estimates of each replicate;
#'     no rows where the screen has one;
#'   - `heterogeneity`: `gene, n_guides, guide_sd` (SD of the effects of its guides, log odds),
#'     `guide_share` (share of the variance of the gene's estimates that its guides make), `replicate_q,
#'     replicate_df, replicate_p` (Cochran's Q over replicates and days; NA with one replicate); of several
#'     label sets `label_share_d*` (share of the variance of an estimate by which they differ). The last four
#'     tables are NULL where an earlier version made the fit;
#'   - `p_value`: data.table `gene, z_d*, p_d*, p_guides_d*`: two-sided p-values (`p_d*`, 1e-300 or more) from
#'     where the gene's guides could have lain, and the standard normal number with the same tail (`z_d*`,
#'     positive where the contrast is raised). The null of `p_d*` and `z_d*` is that of the setting
#'     `estimand`: the mean effect over guides and cultures is zero (`gene`), or these guides do nothing
#'     (`guides`); that of `p_guides_d*` is always the latter. NA on a day without a cell that carries the
#'     gene. Of `contrast_fate` alone: NULL of another contrast ([contrast_fit()]), with `p_values: false` (as
#'     in `preset: plain`), and where an earlier version made the fit;
#'   - `probability_change`: data.table `gene, day` (number, from 0), `fate, baseline, change, low, high`:
#'     mean probability of each fate over the day's cells, and by how much one average guide of the gene
#'     changes it, with a 90 % interval (0 to 1); see [probability_change()]. NULL where an earlier version
#'     made the fit;
#'   - `manifest`: versions, seed, settings, sizes, scales, convergence, losses, seconds;
#'   - `days` (labels in order: `_d0` is the first), `settings`, `out_dir`, `files` (paths by name).
#' @section One folder, one fit: While a fit runs nobody else writes to `out_dir`: a second one is refused
#'   with who holds it. The lock of one that was killed is taken over, with a `fatebias_warning_export`; on
#'   another machine it counts as killed after 5 minutes without a sign. A fit has an identity, by its files:
#'   mash, hits, tables and reports that are made from it carry it (`fit_id`), and those of different fits are
#'   not put together. What was made from another fit and lies in `out_dir` is moved to `previous/` there, and
#'   a message says so; what was there before goes, but for files that somebody has edited.
#' @section Errors: `fatebias_error_fit`, `fatebias_error_export` (a folder that cannot be written to or that
#'   another fit holds, a missing file), `fatebias_error_settings`, `fatebias_error_screen` (a file of the
#'   screen was replaced since it was read). A fit that has not converged gives a `fatebias_warning_fit`.
#' @section Warnings: of class `fatebias_warning_screen` where the fit needs nearly all memory, there are few
#'   cells for `likelihood_weight`, or the labels are separated. [read_screen()] has given the others.
#' @section Ctrl-C: it ends a fit within seconds and leaves the results of an earlier one as they were. What
#'   was done is in a checkpoint in `out_dir`, written once a minute or oftener; the same call goes on from
#'   it.
#' @section Signals: SIGTERM and SIGUSR1 (Slurm ahead of a time limit, or as it preempts) end a fit with a
#'   `fatebias_error_stopped` when the step that it is in is done, after 10 s at most where Python can be
#'   reached, and what was done is in the checkpoint. Its field `exit_code` is for `quit(status = )`. Before
#'   and after the fit these signals do in R what they always do.
#' @examples
#' # a finished fit
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' fit
#' summary(fit)
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' # a fit of a small simulated screen
#' files <- simulate_screen(tempfile(), cells = 1000, genes = 8, ntc = 8)
#' screen <- read_screen(files$screen, files$guide_map)
#' fit_fate_bias(screen, inference = "laplace", out_dir = tempfile(), threads = 1, progress = FALSE)
#' @export
fit_fate_bias <- function(screen, settings = fate_settings(), ..., out_dir = NULL,
                          progress = show_progress()) {
  validate_class(screen, "fatebias_screen", "read_screen", abort_fit)
  validate_arg(out_dir, check_path, null.ok = TRUE)
  validate_arg(progress, checkmate::check_flag)
  settings <- with_screen_settings(update_settings(settings, ...), screen)
  out_dir <- out_dir %||% settings$out_dir
  validate_writable(out_dir)
  done <- withCallingHandlers(
    py_call(
      "fit_screen",
      screen_path = path.expand(screen$path), guide_map = path.expand(screen$guide_map),
      out_dir = path.expand(out_dir), settings = settings_list(settings, c("screen", "fit")),
      progress = progress, fingerprint = screen$summary$fingerprint,
      warned = as.list(screen$summary$warnings), stages = tells_stages(progress)
    ),
    interrupt = function(condition) tell_checkpoint(out_dir)
  )
  for (text in unlist(done$told)) cli::cli_inform(c(i = verbatim(text)))
  fit <- read_fit(out_dir)
  # mode and thresholds are no part of the fit's files, but of what was asked for here
  fit$settings <- update_settings(fit$settings, !!!settings_list(settings, c("qc", "contrasts")))
  fit
}

#' Say after Ctrl-C what is left
#' @noRd
tell_checkpoint <- function(out_dir) {
  kept <- file.exists(file.path(out_dir, shared_constant("checkpoint_file")))
  cli::cli_inform(c(
    "!" = "Interrupted; no results were written.",
    i = if (kept) "The same call goes on from the checkpoint in {.path {out_dir}}."
  ))
}

#' The stage Screen as it was when the screen was read; other wishes come too late
#' @noRd
with_screen_settings <- function(settings, screen, call = rlang::caller_env()) {
  late <- intersect(names(attr(settings, "given")), names(screen$settings))
  late <- late[!mapply(identical, settings[late], screen$settings[late])]
  if (length(late) > 0) {
    abort_settings(c(
      "{.arg {late}} {?concerns/concern} how the screen is read.",
      i = "Set {cli::qty(late)}{?it/them} in {.fn read_screen}, and fit that screen."
    ), call = call)
  }
  new_settings(override(settings, unclass(screen$settings)))
}

#' Read a fit from its files
#'
#' Reads the results folder of [fit_fate_bias()] or of `python -m fatebias fit`, without Python.
#'
#' @param out_dir the results folder.
#' @returns A `fatebias_fit`, see [fit_fate_bias()].
#' @section Errors: `fatebias_error_export` when a file or a column is missing, when a file is not as the fit
#'   wrote it (size and sha256 are in the manifest), when the manifest does not follow its schema, or when
#'   tables hold what is no finite number, a gene or guide twice, or other genes or days than the fit's.
#' @examples
#' read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' @export
read_fit <- function(out_dir) {
  validate_arg(out_dir, check_path)
  manifest <- read_manifest(out_dir)
  n_days <- length(manifest$days)
  tables <- lapply(fit_tables, read_fit_table, out_dir = out_dir, n_days = n_days)
  validate_rows(tables, n_days, out_dir)
  paths <- file.path(out_dir, manifest$files)
  structure(
    c(
      list(
        out_dir = out_dir, manifest = manifest, settings = manifest_settings(manifest),
        days = manifest$days
      ),
      tables,
      list(files = rlang::set_names(paths, manifest$files))
    ),
    class = "fatebias_fit"
  )
}

#' @export
format.fatebias_fit <- function(x, ...) {
  m <- x$manifest
  converged <- if (isTRUE(m$convergence$converged)) "converged" else "NOT converged"
  engine <- paste(c(m$convergence$engine, m$convergence$approx_posterior), collapse = ", ")
  c(
    paste("<fatebias_fit>", x$out_dir),
    screen_lines(m$screen),
    sprintf("Effects on %s, likelihood weight %s", m$contrast, show_weight(m$likelihood_weight)),
    sprintf("%s: %s, %.0f s on %s", engine, converged, m$seconds$total, m$device),
    label_line(x),
    kept_verdict(x),
    part_line(x),
    "Next: assert_qc(), run_mash(); summary(), tidy(), posterior_draws()."
  )
}

#' Said in the print of a part
#' @noRd
part_line <- function(fit) {
  n <- nrow(fit$gene)
  all <- fit$manifest$screen$n_genes
  if (n < all) sprintf("Part of the fit: %d of its %s genes (%s)", n, count(all), first_few(fit$gene$gene))
}

show_weight <- function(weight) paste(format(unlist(weight), digits = 3, trim = TRUE), collapse = " ")

#' @export
print.fatebias_fit <- function(x, ...) {
  print_lines(format(x))
  invisible(x)
}

#' Summary of a fit
#'
#' Gives the sizes, the scales, the convergence and the costs of a fit.
#'
#' @param object a `fatebias_fit`.
#' @param ... not used.
#' @returns A list with a print method: `sizes` (cells, cells of the file, genes, guides, controls),
#'   `left_out` (cells by reason), `days`, `fates`, `contrast`, `likelihood_weight`, `dispersion` (of the
#'   labels; weight times dispersion is 1 where the weight is right), `effective_parameters`, `scales`
#'   (posterior mean and SD by fate), `convergence` (steps, rounds, gradient, rules), `losses` (first and
#'   last of SVI), `sandwich_ratio` (median of the sandwich SE over the model's; 1 where the model is
#'   right), `seconds` by stage, `peak_memory_gb`, `seed`, `versions`, `fit_id` (identity of the fit).
#' @examples
#' summary(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' @export
summary.fatebias_fit <- function(object, ...) {
  m <- object$manifest
  losses <- m$losses
  structure(
    list(
      sizes = unlist(m$screen[c("n_cells", "n_cells_file", "n_genes", "n_guides", "n_ntc")]),
      left_out = unlist(m$screen$left_out),
      days = object$days, fates = m$fates[-1], contrast = m$contrast, likelihood_weight = m$likelihood_weight,
      dispersion = m$dispersion, effective_parameters = m$effective_parameters, scales = m$scales,
      convergence = m$convergence, losses = loss_ends(losses),
      sandwich_ratio = m$estimates$sandwich_ratio, seconds = unlist(m$seconds),
      peak_memory_gb = m$peak_memory_gb, seed = m$seed, versions = unlist(m$versions),
      fit_id = identity_of(object)
    ),
    class = "summary_fatebias_fit"
  )
}

#' @export
print.summary_fatebias_fit <- function(x, ...) {
  print_lines(c(
    paste("Sizes:", paste(names(x$sizes), count(x$sizes), collapse = ", ")),
    paste("Cells left out:", paste(names(x$left_out), x$left_out, collapse = ", ")),
    sprintf("Contrast %s; days %s; seed %s", x$contrast, paste(x$days, collapse = " < "), x$seed),
    sprintf(
      "Likelihood weight %s; dispersion of the labels %s; %s effective parameters",
      show_weight(x$likelihood_weight), show_weight(x$dispersion), format(x$effective_parameters, digits = 4)
    ),
    sprintf("Scale %s: %s", names(x$scales), vapply(x$scales, scale_line, character(1), fates = x$fates)),
    convergence_lines(x$convergence, x$losses),
    sprintf("Estimates: sandwich SE / model SE %.3f (median)", x$sandwich_ratio),
    paste("Seconds:", paste(names(x$seconds), format(x$seconds, digits = 3, trim = TRUE), collapse = ", ")),
    paste("Peak memory (GB):", x$peak_memory_gb),
    if (!is.null(x$fit_id)) paste("Identity:", x$fit_id),
    paste("Versions:", paste(names(x$versions), x$versions, collapse = ", "))
  ))
  invisible(x)
}

#' First and last loss of SVI; NULL without it
#' @noRd
loss_ends <- function(losses) if (length(losses) > 0) losses[c(1, nrow(losses)), 2]

convergence_lines <- function(convergence, losses) {
  l <- convergence$laplace
  svi <- convergence$svi
  c(
    sprintf(
      "Mode and scales: %d Newton steps, %d EM rounds, %d CG iterations, largest gradient %.2g",
      l$newton_steps, l$em_rounds, l$cg_iterations, l$gradient
    ),
    if (!is.null(svi)) {
      sprintf(
        "SVI (%s): %s after %d steps, loss %.5g at first and %.5g at last",
        convergence$approx_posterior, if (svi$converged) "converged" else "NOT converged", svi$steps,
        losses[[1]], losses[[2]]
      )
    },
    paste("Rule:", (svi %||% l)$rule)
  )
}

#' Posterior mean (SD) of a scale, fate by fate (one value, or one a day interval; one day has no interval)
#' @noRd
scale_line <- function(scale, fates) {
  as_rows <- function(values) matrix(unlist(values), nrow = length(fates))
  if (length(unlist(scale$mean)) == 0) return("none, with one day")
  text <- sprintf("%.3g (%.2g)", as_rows(scale$mean), as_rows(scale$sd))
  rows <- apply(as_rows(text), 1, paste, collapse = " ")
  paste(fates, rows, collapse = ", ")
}
