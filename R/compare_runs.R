# Two runs beside each other: which genes were gained, lost or reversed, and what differs between the runs.

#' Compare two runs
#'
#' Sets the effects and calls of two runs beside each other by gene and day, and says what differs in the
#' settings, the data and the versions. Use it after a change of a setting, after more cells were sequenced,
#' or to compare a run with that of a colleague. The pipeline compares every new fit with the one that it
#' replaces, see `compare_with_previous()`. A change after the fit (mash, calls, contrasts) overwrites the
#' tables of a folder: copy the folder first.
#'
#' `r lifecycle::badge("experimental")`
#'
#' @param a,b the two runs, the earlier one first. Each is one of: the folder of results of a pipeline, or
#'   `previous` in it (a path); a `fatebias_fit`, from [fit_fate_bias()] or [read_fit()] (mash runs with the
#'   settings of the fit); a `mash_result` of genes, from [run_mash()]; a `fatebias_hits`, from [rank_hits()].
#' @param x,object,comparison what `compare_runs()` returned.
#' @param out_dir folder of results: of the pipeline; for `write_runs()` the one to write to.
#' @param row.names,optional,... not used.
#' @details
#' Genes are matched by name and days by label. Genes and days that only one run has are named and left out;
#' calls are those on the days of both. A gene is `gained` if only `b` calls it, `lost` if only `a` does,
#' `reversed` if both call it and no sign is called in both, `kept` if both call it otherwise, and `none`
#' if neither does. The sign of a call is that of mash's posterior mean.
#'
#' Settings, data and versions are those in the manifest of each fit, which results of mash and ranked hits
#' do not have; two results of mash compare the settings of mash.
#' @returns
#' - `compare_runs()`: a `fatebias_runs`, a list with
#'   - `table`: data.table, one row a gene of both runs: `gene`, `change`, then for each run (`_a`, `_b`)
#'     `call`, `direction` (`up`, `down` or `both`; NA for genes that are not called), `best_day` (label) and
#'     `lfsr` (the smallest over all days of the run), then `postmean_<day>_a` and `postmean_<day>_b` (log
#'     odds). Changed genes come first, by the smallest lfsr of the two runs;
#'   - `effects`: data.table, one row a gene and day: `gene`, `day`, and for each run `postmean`, `postsd`
#'     (log odds), `lfsr` and `call`;
#'   - `days`: data.table, one row a day: `day`, `n` (genes), `correlation` (Pearson, of posterior means),
#'     `rms_difference` (root of the mean squared difference, log odds);
#'   - `only`: data.table `what` (`gene` or `day`), `name`, `run` (`a` or `b`), `call` (of a gene): what only
#'     one run has;
#'   - `settings`, `data`, `versions`: data.table `name`, `a`, `b` (texts): what differs; NULL where it is not
#'     known of both;
#'   - `runs`: data.table `run`, `source`, `fit_id`, `n_genes`, `n_called` (on the days of both);
#'   - `contrast`, `reference`: what effects are of.
#' - `compare_with_previous()`: the comparison of `previous/` in a folder of results (`a`) with the folder
#'   itself (`b`); NULL where there is nothing to compare, or where it is of another contrast (a message
#'   says so).
#' - `write_runs()`: the path of `compared_with_previous.csv` (the table), written whole or not at all.
#' - `as.data.table()`: the table. `tidy()`: the effects. `summary()`: data.table `change`, `n`, `genes`.
#'   `glance()`: data.table of one row: `n` (genes of both), `n_days`, `n_called_a`, `n_called_b`, `n_kept`,
#'   `n_gained`, `n_lost`, `n_reversed`, `n_only_a`, `n_only_b` (genes), `correlation` (over all genes and
#'   days), `same_fit` (NA where it is not known).
#' @section Errors: `fatebias_error_argument` for anything else, for runs of different contrasts or fates, and
#'   for runs without a gene or a day in common; `fatebias_error_export` for a folder without results of mash,
#'   or with damaged ones.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' compared <- compare_runs(run_mash(fit), run_mash(fit, covariances = "canonical"))
#' compared
#' summary(compared)
#' plot_runs(compared)
#' folder <- tempfile()
#' write_runs(compared, folder)
#' compare_with_previous(folder) # NULL: no earlier fit is there
#' @export
compare_runs <- function(a, b) {
  call <- rlang::current_env()
  validate_given(a, call)
  validate_given(b, call)
  a <- as_side(a, "a", call)
  b <- as_side(b, "b", call)
  validate_comparable(a, b, call)
  days <- days_of_sides(a, b, call)
  genes <- intersect(a$table$gene, b$table$gene)
  if (length(genes) == 0) {
    abort_argument(c(
      "{.arg a} and {.arg b} have no gene in common.",
      x = "{.arg a} has {first_few(a$table$gene, 3)}; {.arg b} has {first_few(b$table$gene, 3)}."
    ), call = call)
  }
  sides <- Map(values_on_days, list(a = a, b = b), list(genes), days[c("a", "b")], days$labels)
  table <- runs_table(genes, sides, days$both)
  effects <- runs_effects(genes, sides, days$both)
  structure(
    c(
      list(
        table = table, effects = effects, days = runs_days(effects), only = only_in_one(a, b, days),
        runs = data.table::data.table(
          run = c("a", "b"), source = c(a$source, b$source), fit_id = c(a$fit_id %||% NA, b$fit_id %||% NA),
          n_genes = c(nrow(a$table), nrow(b$table)), n_called = c(sum(table$call_a), sum(table$call_b))
        )
      ),
      runs_differences(a, b),
      list(contrast = b$contrast %||% a$contrast, reference = b$reference %||% a$reference, fit_id = b$fit_id)
    ),
    class = "fatebias_runs"
  )
}

#' @rdname compare_runs
#' @export
compare_with_previous <- function(out_dir) {
  validate_arg(out_dir, check_path)
  previous <- file.path(out_dir, "previous")
  if (!all(file.exists(file.path(c(previous, out_dir), mash_file)))) {
    return(NULL)
  }
  tryCatch(
    {
      compared <- compare_runs(previous, out_dir)
      cli::cli_inform(c(i = "{verbatim(runs_line(compared))}"))
      compared
    },
    fatebias_error = function(error) {
      cli::cli_inform(c(
        i = "Not compared with the results of the fit before, in {.path {previous}}.",
        x = "{conditionMessage(error)}"
      ))
      NULL
    }
  )
}

#' Stop unless effects of two runs mean the same
#' @noRd
validate_comparable <- function(a, b, call) {
  stop_different <- function(what, x, y) {
    abort_argument(c(
      "{.arg a} and {.arg b} have different {what}, so that their effects are not the same thing.",
      x = "{.arg a}: {.val {x}}; {.arg b}: {.val {y}}.",
      i = "Compare runs of one contrast; {.fn contrast_fit} gives another contrast of a fit."
    ), call = call)
  }
  differ <- function(x, y) !is.null(x) && !is.null(y) && !identical(x, y)
  if (differ(a$contrast, b$contrast)) stop_different("contrasts", a$contrast, b$contrast)
  if (differ(a$reference, b$reference)) stop_different("reference fates", a$reference, b$reference)
  fates <- list(a$manifest$fates, b$manifest$fates)
  if (all(lengths(fates) > 0) && !setequal(fates[[1]], fates[[2]])) {
    stop_different("fates", fates[[1]], fates[[2]])
  }
}

#' Labels of the days of both runs, and where they stand in each; a run without labels has those of the other
#' @returns list `both` (labels), `a`, `b` (positions), `labels` (list a, b: all labels of each).
#' @noRd
days_of_sides <- function(a, b, call) {
  n <- lapply(list(a = a, b = b), function(side) length(day_columns(side$table, "postmean")))
  labels <- list(a = a$days, b = b$days)
  if (n$a == n$b) labels <- list(a = labels$a %||% labels$b, b = labels$b %||% labels$a)
  labels <- Map(function(own, n) {
    if (length(own) == n) as.character(own) else paste0("d", seq_len(n) - 1L)
  }, labels, n)
  both <- intersect(labels$b, labels$a)
  if (length(both) == 0) {
    abort_argument(c(
      "{.arg a} and {.arg b} have no day in common.", x = "{.arg a}: {labels$a}; {.arg b}: {labels$b}.",
      i = "Days are matched by their labels."
    ), call = call)
  }
  list(both = both, a = match(both, labels$a), b = match(both, labels$b), labels = labels)
}

#' Matrices genes x days of what is compared, on the days of both
#' @param days positions of these days. labels: of all days of the run.
#' @noRd
values_on_days <- function(side, genes, days, labels) {
  rows <- match(genes, side$table$gene)
  pick <- function(matrix) unname(matrix[rows, days, drop = FALSE])
  values <- lapply(rlang::set_names(c("postmean", "postsd", "lfsr")), function(name) {
    pick(day_matrix(side$table, name))
  })
  called <- pick(called_matrix(side$table, side$threshold %||% fate_settings()$mash_lfsr_thresh))
  c(values, list(
    call = !is.na(called) & called, best_day = labels[side$table$best_day[rows] + 1L],
    lfsr_min = side$table$lfsr_min[rows]
  ))
}

#' One row a gene: what has become of its calls, changed ones first
#' @noRd
runs_table <- function(genes, sides, days) {
  called <- lapply(sides, function(side) rowSums(side$call) > 0)
  words <- lapply(sides, called_direction)
  by_run <- Map(function(side, run) {
    columns <- data.table::data.table(
      call = called[[run]], direction = words[[run]], best_day = side$best_day, lfsr = side$lfsr_min
    )
    data.table::setnames(columns, paste0(names(columns), "_", run))
  }, sides, names(sides))
  effects <- lapply(seq_along(days), function(d) {
    columns <- lapply(sides, function(side) side$postmean[, d])
    rlang::set_names(columns, sprintf("postmean_%s_%s", days[[d]], names(sides)))
  })
  table <- data.table::data.table(
    gene = genes, change = change_of(called, words), do.call(cbind, unname(by_run)),
    data.table::as.data.table(unlist(effects, recursive = FALSE))
  )
  surest <- rank_apart(pmin(table$lfsr_a, table$lfsr_b), lfsr_rounding)
  table[order(match(table$change, kinds_of_change), surest)]
}

kinds_of_change <- c("reversed", "gained", "lost", "kept", "none") # in the order in which they are read

#' What has become of calls: gained, lost, reversed, kept or none
#' @param called,words lists a, b, each with one value a gene.
#' @noRd
change_of <- function(called, words) {
  reversed <- paste(words$a, words$b) %in% c("up down", "down up")
  data.table::fcase(
    called$a & called$b & reversed, "reversed", called$a & called$b, "kept", called$b, "gained",
    called$a, "lost", default = "none"
  )
}

#' Signs of the effects that are called: up, down, both; NA for genes that are not
#' @noRd
called_direction <- function(side) {
  up <- rowSums(side$call & side$postmean > 0) > 0
  down <- rowSums(side$call & side$postmean < 0) > 0
  data.table::fcase(up & down, "both", up, "up", down, "down", default = NA_character_)
}

#' One row a gene and day of both runs
#' @noRd
runs_effects <- function(genes, sides, days) {
  by_day <- lapply(seq_along(days), function(d) {
    columns <- lapply(c("postmean", "postsd", "lfsr", "call"), function(name) {
      both <- lapply(sides, function(side) side[[name]][, d])
      rlang::set_names(both, paste0(name, "_", names(sides)))
    })
    data.table::data.table(
      gene = genes, day = days[[d]], data.table::as.data.table(unlist(columns, recursive = FALSE))
    )
  })
  data.table::rbindlist(by_day)
}

#' Agreement of effects by day
#' @noRd
runs_days <- function(effects) {
  by_day <- split(effects, factor(effects$day, levels = unique(effects$day)))
  data.table::rbindlist(lapply(by_day, function(one) {
    data.table::data.table(
      day = one$day[[1]], n = nrow(one), correlation = correlation_of(one$postmean_a, one$postmean_b),
      rms_difference = sqrt(mean((one$postmean_b - one$postmean_a)^2))
    )
  }))
}

#' Pearson's correlation; NA where one of the two does not vary
#' @noRd
correlation_of <- function(x, y) {
  if (length(x) < 2 || stats::sd(x) == 0 || stats::sd(y) == 0) NA_real_ else stats::cor(x, y)
}

#' Genes and days that only one run has
#' @noRd
only_in_one <- function(a, b, days) {
  of_run <- function(own, other, labels, run) {
    genes <- setdiff(own$table$gene, other$table$gene)
    called <- called_rows(own$table)[match(genes, own$table$gene)]
    lone <- setdiff(labels, days$both)
    data.table::data.table(
      what = rep(c("gene", "day"), c(length(genes), length(lone))), name = c(genes, lone),
      run = rep(run, length(genes) + length(lone)), call = c(called, rep(NA, length(lone)))
    )
  }
  rbind(of_run(a, b, days$labels$a, "a"), of_run(b, a, days$labels$b, "b"))
}
