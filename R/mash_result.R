# What can be asked of a mash_result: printed, summarised, tidied.

weight_shown <- 0.005 # families and matrices with less weight are not printed

#' @export
format.mash_result <- function(x, ...) {
  t <- x$table
  best <- table(factor(x$days[t$best_day[t$hit_anyday] + 1L], levels = x$days))
  method <- sprintf("%s on %s", x$discovery_method, x$origin)
  days <- if (length(x$days) == 1) "one day" else sprintf("%d days", length(x$days))
  c(
    sprintf("<mash_result> %s %ss x %s: %s", count(nrow(t)), x$level, days, method),
    if (!is.null(x$n_all)) sprintf("Part of a result of %s genes; weights are those of all", count(x$n_all)),
    if (!is.null(x$v)) sprintf("V: %s (%s)", x$v$used, x$v$why),
    if (!is.null(x$covariances)) {
      c(
        sprintf("Covariances: %d, grid ratio %.3g", nrow(x$covariances), x$gridmult),
        paste("Weights:", weights_line(x))
      )
    },
    sprintf(
      "Hits: %d at lfsr < %s; best day %s", sum(t$hit_anyday), format(x$lfsr_thresh),
      paste(names(best), best, collapse = ", ")
    ),
    if (rule_of(x) != "lfsr") {
      sprintf("Called: %d, by %s on some day", sum(called_rows(t)), rule_text(rule_of(x), x$lfsr_thresh))
    },
    no_effects_line(x$no_effects),
    if (length(x$fallbacks) > 0) paste("Fall-back:", x$fallbacks),
    if (nrow(x$missing) > 0) {
      sprintf(
        "Missing estimates, given a vague one: %d (%s)", nrow(x$missing),
        first_few(paste(x$missing$name, "on", x$missing$day))
      )
    },
    "Next: summary(), rank_hits(), autoplot(); $table has all numbers."
  )
}

weights_line <- function(x) {
  weights <- c(null = x$null_pi, family_weights(x))
  shown <- weights[weights >= weight_shown]
  paste(names(shown), sprintf("%.2f", shown), collapse = ", ")
}

family_weights <- function(x) {
  families <- factor(x$covariances$family, levels = unique(x$covariances$family))
  vapply(split(x$covariances$pi, families), sum, numeric(1))
}

no_effects_line <- function(no_effects) {
  if (is.null(no_effects) || no_effects$prior == 0) {
    return(NULL)
  }
  lost <- if (no_effects$calls_lost > 0) sprintf("; without it %d more calls", no_effects$calls_lost)
  sprintf("Probability that there are no effects at all: %.2g (prior %s)%s", no_effects$posterior,
          format(no_effects$prior), lost %||% "")
}

#' @export
print.mash_result <- function(x, ...) {
  print_lines(format(x))
  invisible(x)
}

#' Summary and tables of a mash_result
#'
#' @param object,x a `mash_result`, from [run_mash()].
#' @param ... not used.
#' @returns
#' - `summary()`: a list with a print method: `families` (data.table `family`, `n_matrices`, `weight`:
#'   imaginary rows of the prior, `pi`), `matrices` (those with weight), `sets` (data.table
#'   `active_set`, `n`: rows by their most probable set, days by label), `days` (data.table `day`, `n_hits`:
#'   where there is an estimate, `n_calls`, `expected_active`: sum of `p_active` over rows), and the result's
#'   own fields.
#' - `tidy()`: data.table, one row for each row and day: names, `day` (label), `time`, `estimate`,
#'   `std.error` (what mash was given: fixed-effect estimates by default, else what `x$origin` says; NA where
#'   missing), `postmean`, `postsd` (mash's posterior mean and SD), `lfsr`, `p_active`, `plarge`; log odds;
#'   `svalue`, `padj`, `mde` and `call`, see [run_mash()].
#'   Of genes `p` and `q` of the day; then, the same on all days: `p_gene`, `q_gene`, `n_guides`,
#'   `guides_agree`, `loo_effect_min`, `loo_lfsr_max`, `top_guide`, `top_guide_share`, `robust`,
#'   `replicates_agree`, `n_replicates`, `replicate_p`, see [run_mash()].
#' - `glance()`: data.table of one row: `n`, `n_days`, `n_hits`, `loglik`, `null_pi`, `no_effects`
#'   (posterior probability), `n_matrices`, `v`, `n_missing`, `n_fallbacks`, `discovery_method`, `n_calls`,
#'   `call_rule`.
#' @seealso [autoplot.mash_result()] for plots.
#' @name mash_result
#' @examples
#' result <- run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' summary(result)
#' glance(result)
#' tidy(result)
NULL

#' @rdname mash_result
#' @export
summary.mash_result <- function(object, ...) {
  sets <- table(with_labels(object$table$active_set, object$days))
  sets <- sort(sets, decreasing = TRUE)
  by_day <- lapply(c("lfsr", "p_active"), function(name) {
    as.matrix(object$table[, day_columns(object$table, name), with = FALSE])
  })
  structure(
    list(
      result = object, families = family_table(object),
      matrices = if (!is.null(object$covariances)) {
        object$covariances[object$covariances$pi >= weight_shown][order(-rank_apart(pi))]
      },
      sets = data.table::data.table(active_set = names(sets), n = as.integer(sets)),
      days = data.table::data.table(
        day = object$days, n_hits = unname(colSums(by_day[[1]] < object$lfsr_thresh & has_estimate(object))),
        n_calls = unname(colSums(called_matrix(object$table, object$lfsr_thresh))),
        expected_active = unname(colSums(by_day[[2]]))
      )
    ),
    class = "summary_mash_result"
  )
}

#' Where estimates were given: rows x days
#' @noRd
has_estimate <- function(x) !is.na(as.matrix(x$table[, day_columns(x$table, "betahat"), with = FALSE]))

#' Sets of days by their labels instead of their numbers
#' @noRd
with_labels <- function(sets, labels) {
  vapply(strsplit(sets, "+", fixed = TRUE), function(days) {
    if (identical(days, "none")) {
      return("none")
    }
    paste(labels[as.integer(sub("^d", "", days)) + 1L], collapse = "+")
  }, character(1))
}

family_table <- function(x) {
  if (is.null(x$covariances)) {
    return(NULL)
  }
  pi <- weight <- family <- NULL
  x$covariances[, list(n_matrices = .N, weight = sum(weight), pi = sum(pi)), by = family]
}

#' @export
print.summary_mash_result <- function(x, ...) {
  show <- function(title, table) {
    if (is.null(table)) {
      return(NULL)
    }
    cat("\n", title, "\n", sep = "")
    print(table, digits = 3, row.names = FALSE, class = FALSE)
  }
  print(x$result)
  show("Families (pi: estimated weight):", x$families)
  show("Matrices with weight:", x$matrices[, c("matrix", "active", "pi")])
  show("Most probable sets of active days:", utils::head(x$sets, 12))
  show("By day:", x$days)
  invisible(x)
}

#' @importFrom generics tidy
#' @export
generics::tidy

#' @importFrom generics glance
#' @export
generics::glance

#' @importFrom ggplot2 autoplot
#' @export
ggplot2::autoplot

#' @importFrom data.table as.data.table
#' @export
data.table::as.data.table

#' @rdname mash_result
#' @export
tidy.mash_result <- function(x, ...) {
  names <- intersect(c("guide", "gene"), names(x$table))
  column <- c(
    estimate = "betahat", std.error = "se", postmean = "postmean", postsd = "postsd", lfsr = "lfsr",
    p_active = "p_active", plarge = "plarge"
  )
  called <- called_matrix(x$table, x$lfsr_thresh)
  by_day <- lapply(seq_along(x$days), function(d) {
    values <- x$table[, paste0(column, "_d", d - 1L), with = FALSE]
    data.table::setnames(values, names(column))
    data.table::data.table(
      x$table[, names, with = FALSE], day = x$days[[d]], time = x$times[[d]], values, call_marks(x$table, d),
      call = unname(called[, d]),
      if (x$level == "gene") data.table::data.table(p_value_marks(x$table, d), guide_marks(x$table))
    )
  })
  data.table::rbindlist(by_day)
}

#' @rdname mash_result
#' @export
glance.mash_result <- function(x, ...) {
  data.table::data.table(
    n = nrow(x$table), n_days = length(x$days), n_hits = sum(x$table$hit_anyday), loglik = x$loglik,
    null_pi = x$null_pi %||% NA_real_, no_effects = x$no_effects$posterior %||% NA_real_,
    n_matrices = nrow(x$covariances) %||% NA_integer_, v = x$v$used %||% NA_character_,
    n_missing = nrow(x$missing), n_fallbacks = length(x$fallbacks), discovery_method = x$discovery_method,
    n_calls = sum(called_rows(x$table)), call_rule = rule_of(x)
  )
}

#' Whether mash was given this fit's estimates, or its posterior
#' @noRd
is_made_from <- function(mash, fit) {
  same <- function(table) {
    if (is.null(table)) {
      return(FALSE)
    }
    given <- day_matrix(table, "betahat")[match(mash$table$gene, table$gene), , drop = FALSE]
    isTRUE(all.equal(given, day_matrix(mash$table, "betahat"), check.attributes = FALSE))
  }
  same(fit$estimate) || same(fit$gene)
}
