# The pages of genes in the report: numbers by day of guides, replicates, fates and cells, which a script of
# the page draws when a row of the table is opened. Numbers are columns, so that they take little room.

pages_bytes <- 1.2e6 # bytes that pages may take; the strongest genes have one, all where there is room
number_bytes <- 6.5 # bytes of a number and what parts it from the next
name_bytes <- 3 # bytes around a name

#' Numbers behind the pages of the first genes of a ranking
#'
#' Matrices are told row by row (gene, then what is inside a gene, then day); NULL where the fit has none.
#'
#' @param n number of genes, strongest first; NULL: as many as there is room for.
#' @returns list `n` and, of these genes, `by_day` (list of genes x days: `estimate`, `se`, `mde`, `p`,
#'   `p_random`, `lfsr`, `postsd`), `guides` (`of`: number of each gene; `name`; `kind`; `estimate`, `cells`:
#'   guides x days), `replicates` (`name`; `estimate`, `se`: genes x replicates x days), `fates` (`name`;
#'   `change`, `low`, `high`: genes x fates x days, percentage points) and `course` (sentences; "" of genes
#'   that are not called).
#' @noRd
gene_pages <- function(fit, mash, hits, n = NULL) {
  n <- min(nrow(hits), n %||% pages_that_fit(fit, hits))
  hits <- utils::head(hits, n)
  by_day <- c(
    estimate = "betahat", se = "se", postsd = "postsd", lfsr = "lfsr", mde = "mde", p = "p",
    p_random = "p_random"
  )
  by_day <- by_day[lengths(lapply(by_day, day_columns, table = hits)) > 0]
  list(
    n = n, by_day = lapply(by_day, function(name) signif(flat_rows(day_matrix(hits, name)), 3)),
    guides = page_guides(fit, mash, hits$gene),
    replicates = page_replicates(fit, hits$gene), fates = page_fates(fit, hits$gene),
    course = page_courses(mash, hits)
  )
}

#' How many pages there is room for
#' @noRd
pages_that_fit <- function(fit, hits) {
  n_days <- length(fit$days)
  n_replicates <- if (NROW(fit$by_replicate) > 0) length(fit$manifest$screen$replicates) else 0
  n_fates <- if (is.null(fit$probability_change)) 0 else min(fates_drawn, length(fit$manifest$fates))
  guides <- tabulate(match(fit$guide$gene, hits$gene), nrow(hits))
  names <- sum(nchar(fit$guide$guide, "bytes") + name_bytes) / nrow(fit$guide)
  numbers <- n_days * (7 + 2 * n_replicates + 3 * n_fates) + guides * 2 * n_days
  sum(cumsum(number_bytes * numbers + guides * names) < pages_bytes)
}

flat_rows <- function(x) as.vector(t(x))

#' @param genes names of genes, in the order of their pages.
#' @noRd
page_guides <- function(fit, mash, genes) {
  table <- guides_to_scale(fit, mash)
  table <- table[order(match(table$gene, genes), na.last = NA)]
  cells <- if (!is.null(fit$cells)) {
    day_matrix(fit$cells, "n_cells")[match(table$guide, fit$cells$guide), , drop = FALSE]
  }
  list(
    of = tabulate(match(table$gene, genes), length(genes)), name = table$guide,
    kind = guide_kinds[[guide_kind(fit, mash)]],
    estimate = signif(flat_rows(day_matrix(table, "betahat")), 3),
    cells = if (!is.null(cells)) as.integer(flat_rows(cells))
  )
}

page_replicates <- function(fit, genes) {
  rows <- fit$by_replicate
  if (NROW(rows) == 0) {
    return(NULL)
  }
  names <- unique(rows$replicate)
  at <- cbind(rows$day + 1L, match(rows$replicate, names), match(rows$gene, genes))
  filled <- function(values) filled_array(values, at, c(length(fit$days), length(names), length(genes)))
  list(name = names, estimate = signif(filled(rows$betahat), 3), se = signif(filled(rows$se), 3))
}

#' Changes of fates in percentage points, of those that change most where there are many
#' @noRd
page_fates <- function(fit, genes) {
  rows <- fit$probability_change
  if (is.null(rows)) {
    return(NULL)
  }
  rows <- rows[rows$gene %in% genes]
  names <- fates_that_move(rows)
  at <- cbind(rows$day + 1L, match(rows$fate, names), match(rows$gene, genes))
  shape <- c(length(fit$days), length(names), length(genes))
  filled <- function(values) round(100 * filled_array(values, at, shape), 1)
  list(name = names, change = filled(rows$change), low = filled(rows$low), high = filled(rows$high))
}

#' Values at their places of an array, as a vector; NA where there is none
#' @noRd
filled_array <- function(values, at, shape) {
  out <- array(NA_real_, shape)
  known <- stats::complete.cases(at)
  out[at[known, , drop = FALSE]] <- values[known]
  as.vector(out)
}

#' When effects begin and whether they last, in plain text
#' @noRd
page_courses <- function(mash, hits) {
  if (has_one_day(mash)) {
    return(NULL)
  }
  called <- which(called_rows(hits))
  row <- match(hits$gene[called], mash$table$gene)
  told <- vapply(row, function(i) course_words(mash$table[i], mash), character(1))
  replace(rep("", nrow(hits)), called, told)
}

#' Changes of probability of genes on their best day
#'
#' @returns list `change`, `low`, `high`: genes x fates, percentage points; NULL of a fit without them.
#' @noRd
best_day_changes <- function(fit, hits) {
  rows <- fit$probability_change
  if (is.null(rows)) {
    return(NULL)
  }
  gene <- match(rows$gene, hits$gene)
  on_day <- which(rows$day == hits$best_day[gene])
  fates <- unlist(fit$manifest$fates)
  at <- cbind(gene, match(rows$fate, fates))[on_day, , drop = FALSE]
  lapply(rlang::set_names(c("change", "low", "high")), function(name) {
    of <- filled_array(100 * rows[[name]][on_day], at, c(nrow(hits), length(fates)))
    matrix(of, nrow(hits), dimnames = list(NULL, fates))
  })
}
