# Ranked hits: all genes in order, and what the ranking says in words.

ranking_columns <- c("gene", "hit_anyday", "lfsr_min", "best_day") # those that lead the table
ranking_by_day <- c("betahat", "se", "postmean", "postsd", "lfsr") # statistics that tidy() and a print need

#' Rank genes
#'
#' All genes, hits first; within hits and within the rest by the smallest local false sign rate, then
#' by the largest absolute posterior mean of mash, then as in the fit. Rates that differ by less than 1e-12 or
#' 1e-9 of their size are the same: they differ by rounding, which depends on the processor.
#'
#' @param result a `mash_result`, from [run_mash()].
#' @param randomisation what [randomisation_test()] returned, or NULL: its p-values are set beside the lfsr.
#' @param certificate a `fatebias_certificate`, from [certify_fit()], or NULL: the print says its verdict.
#' @param x,object what `rank_hits()` returned.
#' @param ... of `[`: as for a data.table, but that names of genes stand for their rows, as in
#'   `hits["GENE00030"]`; else not used.
#' @returns
#' - `rank_hits()`: a `fatebias_hits`, a data.table with the columns of `result$table`, those to read first in
#'   front: `gene`, `hit_anyday`, `lfsr_min`, `best_day`, `verdict` (see below), `postmean_d*`, `postsd_d*`,
#'   `lfsr_d*`, then activity, calls, then `betahat_d*`, `se_d*`; with `randomisation` at last `p_random_d*`,
#'   NA for genes and days that were not tested. Its attributes `days` (labels), `contrast`, `reference`,
#'   `lfsr_thresh`, `call_rule` and `fit_id` (of which fit) stay when rows are taken.
#'   `verdict` is `robust` where the call of a gene holds without any one guide and in every replicate, else
#'   what weakens it: `one guide`, `single guide`, `one replicate`, `not every replicate`, `one replicate
#'   there`, `unchecked`, `unchecked (called by the rule only)`, or two of these with a comma between; NA of
#'   genes that are not called. The verdicts of [compare_contrasts()] are others: which fates a gene changes.
#' - `tidy()`: data.table, one row a gene in the same order: `gene`, `hit`, `call` (on some day, by the rule
#'   of the result), `direction` (`up`, towards the contrast fate, `down` or `both`, by the days that are
#'   called; NA for genes that are not), `best_day` (label), `estimate` and `std.error` (what mash was given
#'   on that day), `postmean` and `postsd` (mash's posterior mean and SD there; all four in log odds),
#'   `lfsr` and `padj` (on that day), `verdict`, `onset` (label of the most probable first active day, called
#'   or not: the print tells the onset only where it is the first day called, else "0h (.57) or 24h", the most
#'   probable one with its probability or the first one called), `p_onset`; `p`, `q` (on the best day),
#'   `p_gene`, `q_gene`, NA where the fit has no p-values; then on guides and replicates, NA where they are
#'   not known: `n_guides`, `guides_agree`, `loo_effect_min`, `loo_lfsr_max`, `top_guide`, `top_guide_share`,
#'   `robust`, `replicates_agree`, `n_replicates`, `replicate_p`, see [run_mash()].
#' - `glance()`: data.table of one row: `n`, `n_hits`; of the genes called `n_up`, `n_down`, `n_both`,
#'   `n_robust` (those whose lfsr stays below the threshold with any one guide left out) and `n_single_guide`
#'   (those with one guide, which cannot be checked so; both NA where guides are not known); `n_calls`,
#'   `call_rule`, `lfsr_thresh`, `contrast`.
#' - `as.data.table()`: the plain table. `summary()`: data.table `best_day`, `up`, `down`, `both`: genes
#'   called by best day and direction.
#' @section Errors: `fatebias_error_mash` for anything but a `mash_result` of genes (guides are for QC,
#'   not discovery) and for things of different fits.
#' @seealso [write_hits()] for a colleague, [annotate_anndata()] for scanpy, [explain_columns()] for what each
#'   column means.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' hits <- rank_hits(run_mash(fit))
#' hits
#' summary(hits)
#' head(tidy(hits), 3)
#' as.data.table(hits)[1:2]
#' hits[c("GENE00030", "GENE00010")]
#' @export
rank_hits <- function(result, randomisation = NULL, certificate = NULL) {
  validate_class(result, "mash_result", "run_mash", abort_mash)
  if (result$level != "gene") {
    abort_mash("Genes are ranked, not {result$level}s: use {.code run_mash(level = \"gene\")}.")
  }
  parts <- list(result = result, randomisation = randomisation, certificate = certificate)
  validate_one_fit(parts, abort_mash)
  table <- result$table
  by_day <- lapply(c("postmean", "postsd", "lfsr"), day_columns, table = table)
  first <- c(ranking_columns, unlist(by_day))
  last <- c(day_columns(table, "betahat"), day_columns(table, "se"))
  ranked <- table[strongest_first(table), c(first, setdiff(names(table), c(first, last)), last), with = FALSE]
  if (!is.null(randomisation)) ranked <- with_randomisation(ranked, randomisation, result$days)
  with_verdict(with_gene_verdicts(new_hits(ranked, result)), certificate)
}

#' Verdicts as a column behind those that lead the table; NA of genes that are not called
#' @noRd
with_gene_verdicts <- function(hits) {
  verdict <- gene_verdicts(hits)
  data.table::set(hits, j = "verdict", value = replace(verdict, verdict == "", NA))
  data.table::setcolorder(hits, c(ranking_columns, "verdict"))
  hits
}

#' p-values of the randomisation test as columns, one a day
#' @noRd
with_randomisation <- function(ranked, randomisation, days, call = rlang::caller_env()) {
  found <- check_columns(randomisation, c("gene", "day", "p_value"))
  if (!found$ok || !all(randomisation$day %in% days) || !all(randomisation$gene %in% ranked$gene)) {
    abort_mash(
      "{.arg randomisation} must come from {.fn randomisation_test} for the same genes and days.", call = call
    )
  }
  for (d in seq_along(days)) {
    own <- randomisation[randomisation$day == days[[d]], ]
    p <- own$p_value[match(ranked$gene, own$gene)]
    data.table::set(ranked, j = paste0("p_random_d", d - 1L), value = p)
  }
  ranked
}

new_hits <- function(table, result) {
  attributes <- list(
    class = c("fatebias_hits", class(table)), days = result$days, contrast = result$contrast,
    reference = result$reference, lfsr_thresh = result$lfsr_thresh, call_rule = rule_of(result),
    n_ranked = result$n_all %||% nrow(table), fit_id = identity_of(result)
  )
  # by reference: after attr<- a table would be copied when a column is added
  for (name in names(attributes)) data.table::setattr(table, name, attributes[[name]])
  table
}

#' @rdname rank_hits
#' @export
`[.fatebias_hits` <- function(x, ...) { # no argument `i`: it would hide from data.table what was written
  written <- sys.call()
  label <- names(written) %||% rep("", length(written))
  place <- setdiff(c(which(label == "i"), which(label == "")), 1:2)[1]
  plain <- is.na(place) || "on" %in% label || !is.null(data.table::key(x)) # data.table's joins, or no `i`
  genes <- if (!plain) names_written(written[[place]], x, rlang::caller_env())
  if (is.null(genes)) {
    return(NextMethod())
  }
  written[[1]] <- quote(`[`)
  written[[place]] <- validate_names(genes, x$gene, "gene")
  eval(written, rlang::caller_env())
}

#' Names of genes that `i` stands for; NULL where it is anything else
#'
#' Only expressions without side effects are looked at, since data.table evaluates `i` again.
#' @noRd
names_written <- function(i, hits, env) {
  known <- c("", names(hits), ".N", ".I", ".SD") # "": nothing was written
  functions <- setdiff(all.names(i), all.vars(i))
  safe <- all(functions %in% c("c", "(", "[", "[[", "$")) && !any(all.vars(i) %in% known)
  if (!is.character(i) && !safe) {
    return(NULL)
  }
  value <- tryCatch(eval(i, env), error = function(error) NULL) # data.table says what is wrong with it
  if (is.character(value)) value
}

#' @rdname rank_hits
#' @exportS3Method data.table::as.data.table
as.data.table.fatebias_hits <- function(x, ...) data.table::as.data.table(as.list(x))

#' @rdname rank_hits
#' @export
tidy.fatebias_hits <- function(x, ...) {
  days <- day_labels(x)
  on_best_day <- function(prefix) day_matrix(x, prefix)[cbind(seq_len(nrow(x)), x$best_day + 1L)]
  data.table::data.table(
    gene = x$gene, hit = x$hit_anyday, call = called_rows(x), direction = directions(x),
    best_day = days[x$best_day + 1L], estimate = on_best_day("betahat"), std.error = on_best_day("se"),
    postmean = on_best_day("postmean"), postsd = on_best_day("postsd"), lfsr = x$lfsr_min,
    padj = if (length(day_columns(x, "padj")) > 0) on_best_day("padj") else NA_real_,
    verdict = x$verdict %||% NA_character_,
    onset = if (is.null(x$onset_day)) NA_character_ else days[x$onset_day + 1L],
    p_onset = x$p_onset %||% NA_real_, p_value_marks(x, x$best_day + 1L), guide_marks(x)
  )
}

#' The rule by which genes of a ranking are called; of one of an earlier version that of the lfsr
#' @noRd
rule_of_hits <- function(hits) attr(hits, "call_rule") %||% "lfsr"

#' Signs of the effects on the days that are called; where there are none, on the best day
#' @noRd
directions <- function(hits) {
  threshold <- attr(hits, "lfsr_thresh") %||% 0
  called <- called_matrix(hits, threshold)
  called <- called | (rowSums(called) == 0 & col(called) == hits$best_day + 1L)
  by_day <- lapply(c("postmean", "betahat", "lfsr"), day_matrix, table = hits)
  effect <- effect_of_call(by_day[[1]], by_day[[2]], by_day[[3]], threshold, rule_of_hits(hits))
  up <- rowSums(called & effect > 0) > 0
  down <- rowSums(called & effect < 0) > 0
  words <- ifelse(up & down, "both", ifelse(up, "up", "down"))
  ifelse(called_rows(hits), words, NA_character_)
}

#' @rdname rank_hits
#' @export
glance.fatebias_hits <- function(x, ...) {
  n_of <- function(word) sum(directions(x) == word, na.rm = TRUE)
  called <- called_rows(x)
  marks <- guide_marks(x)[called]
  known <- !anyNA(marks$n_guides) && !anyNA(marks$robust[marks$n_guides > 1])
  data.table::data.table(
    n = nrow(x), n_hits = sum(x$hit_anyday), n_up = n_of("up"), n_down = n_of("down"), n_both = n_of("both"),
    n_robust = if (known) sum(marks$robust, na.rm = TRUE) else NA_integer_,
    n_single_guide = if (known) sum(marks$n_guides == 1) else NA_integer_,
    n_calls = sum(called), call_rule = rule_of_hits(x), lfsr_thresh = attr(x, "lfsr_thresh") %||% NA_real_,
    contrast = attr(x, "contrast") %||% NA_character_
  )
}

#' @rdname rank_hits
#' @export
summary.fatebias_hits <- function(object, ...) {
  words <- c("up", "down", "both")
  called <- tidy(object)[called_rows(object)]
  counts <- table(factor(called$best_day, day_labels(object)), factor(called$direction, words))
  data.table::data.table(best_day = rownames(counts), unclass(counts)[, words, drop = FALSE])
}

#' @rdname rank_hits
#' @export
format.fatebias_hits <- function(x, ...) {
  g <- glance(x)
  shown <- data.table::data.table(tidy(x), when = onset_of_hits(x, doubt = ""))
  shown <- utils::head(shown[if (g$n_calls > 0) called_rows(x) else TRUE], rows_printed)
  left_out <- (if (g$n_calls > 0) g$n_calls else g$n) - nrow(shown)
  ranked <- attr(x, "n_ranked") %||% g$n
  c(
    headline(g),
    if (g$n < ranked) sprintf("Part of the ranking of %s genes", count(ranked)),
    direction_line(g, attr(x, "reference")),
    robust_line(g),
    hits_verdict(x),
    if (g$n_calls == 0 && g$n > 0) "No gene is called. Those with the smallest lfsr:",
    if (g$n > 0) table_lines(printed_columns(shown)),
    if (left_out > 0) sprintf("... and %s more", count(left_out)),
    "Next: render_report(), write_hits(), summary(); as.data.table() has all columns."
  )
}

#' How many genes are called, by which rule; beside it the hits, where they are something else
#' @noRd
headline <- function(g) {
  threshold <- if (is.na(g$lfsr_thresh)) "the threshold" else format(g$lfsr_thresh)
  of <- sprintf("of %s genes are", count(g$n))
  if (g$call_rule == "lfsr") {
    return(sprintf("<fatebias_hits> %s %s hits at lfsr < %s", count(g$n_hits), of, threshold))
  }
  sprintf(
    "<fatebias_hits> %s %s called by %s (%s by lfsr)", count(g$n_calls), of,
    rule_text(g$call_rule, threshold), count(g$n_hits)
  )
}

direction_line <- function(g, reference) {
  against <- if (!is.null(reference)) sprintf(" against %s", reference)
  towards <- if (!is.na(g$contrast)) sprintf(" (towards %s%s)", g$contrast, against %||% "")
  sprintf("Up%s: %d, down: %d, both directions: %d", towards %||% "", g$n_up, g$n_down, g$n_both)
}

#' How many hits do not rest on one guide
#' @noRd
robust_line <- function(g) {
  if (g$n_calls == 0 || is.na(g$n_robust)) {
    return(NULL)
  }
  noun <- call_noun(g$call_rule)
  paste0(
    cli::pluralize("{g$n_calls} {noun}{cli::qty(g$n_calls)}{?s}, {g$n_robust} of them robust: "),
    if (g$call_rule == "lfsr") "still called" else sprintf("an lfsr < %s", format(g$lfsr_thresh)),
    " with any one guide left out",
    if (g$n_single_guide > 0) sprintf("; %d with one guide cannot be checked", g$n_single_guide)
  )
}

printed_columns <- function(rows) {
  data.table::data.table(
    gene = rows$gene, direction = dash_for_none(rows$direction), best_day = rows$best_day,
    effect = sprintf("%+.2f", rows$postmean), sd = sprintf("%.2f", rows$postsd),
    lfsr = lfsr_text(rows$lfsr), onset = dash_for_none(rows$when)
  )
}

dash_for_none <- function(words) ifelse(is.na(words), "-", words)

#' Rates below the rounding of arithmetic are none to be told apart
#' @noRd
lfsr_text <- function(lfsr) {
  ifelse(lfsr < lfsr_rounding, "<1e-12", trimws(formatC(lfsr, digits = 2, format = "g")))
}

#' @rdname rank_hits
#' @export
print.fatebias_hits <- function(x, ...) {
  # columns may have been taken away: then it is a table like any other
  whole <- all(c(ranking_columns, paste0(ranking_by_day, "_d0")) %in% names(x))
  if (whole) print_lines(format(x)) else print(data.table::as.data.table(x), ...)
  invisible(x)
}
