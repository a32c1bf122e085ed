# Effects of all contrasts beside each other: of few by day, of many as a matrix of genes by contrasts.

facets_most <- 6L # contrasts with days of their own; of more each has one column, its surest day

#' Effects of all contrasts
#'
#' Effects as tiles, calls marked. Up to six contrasts have a panel each, with a column a day; of more, such
#' as one against the rest for each of many fates, clusters or programs, each is a column, and one sees which
#' gene moves which.
#'
#' @param x a `fatebias_contrasts`, from [compare_contrasts()]; or a table with a row a gene and contrast, and
#'   a day where there are several: `gene`, `contrast`, `effect` (log odds), `lfsr`, `call` (TRUE/FALSE),
#'   `day`.
#' @param genes names of genes, drawn in this order. NULL: the `n` with the strongest evidence.
#' @param n how many genes are drawn where `genes` is NULL: those called first, by the smallest lfsr.
#' @param mark names of genes that get a star; where `genes` is NULL they are drawn beside the `n` as well.
#' @param day label of the day that is drawn, a column a contrast. NULL: all days of up to six contrasts; of
#'   more a tile has the day with the strongest evidence, called ones first, by the smallest lfsr.
#' @details
#' Contrasts have the order of the table. Rows, where `genes` is NULL, stand so that patterns show: rows with
#' calls first, by the contrast of their surest call; those whose surest call raises before those whose it
#' lowers; then by the number of calls (most first) and the smallest lfsr.
#'
#' Names of more than 20 characters are shortened in the middle; the table has them in full.
#' @returns `plot_contrasts()`: a ggplot2 object. `plot_contrasts_data()`: data.table, one row a tile: `gene`,
#'   `contrast` (factors, in the order drawn), `day` where the table has it, `effect`, `lfsr`, `call`, and
#'   `mark`: `+` or `-` for a call that raises or lowers, `x` for no effect (NA), else empty.
#' @section Errors: `fatebias_error_argument` for a table that lacks one of these columns or has a gene,
#'   contrast and day twice, and for unknown genes and days, with the names that are near.
#' @examples
#' fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
#' plot_contrasts(compare_contrasts(fit))
#'
#' table <- expand.grid(gene = paste0("GENE", 1:8), contrast = paste0("program ", 1:30, " - rest"))
#' table$effect <- ifelse(as.integer(table$gene) == as.integer(table$contrast) %% 9, 0.8, 0.05)
#' table$lfsr <- ifelse(table$effect > 0.5, 0.001, 0.4)
#' table$call <- table$lfsr < 0.05
#' plot_contrasts(table)
#' @export
plot_contrasts <- function(x, genes = NULL, n = 30L, day = NULL, mark = NULL) {
  tiles <- plot_contrasts_data(x, genes, n, day, mark)
  by_day <- is.null(day) && shown_by_day(tiles)
  limit <- max(abs(tiles$effect), 0.1, na.rm = TRUE)
  tiles$ink <- ifelse(tiles$mark %in% c("+", "-") & abs(tiles$effect) > 0.6 * limit, "white", "black")
  ggplot2::ggplot(tiles, ggplot2::aes(.data[[if (by_day) "day" else "contrast"]], .data$gene)) +
    effect_tiles(tiles, "effect", limit) +
    columns_of_contrasts(tiles, by_day) +
    scale_y_rows(mark, expand = c(0, 0)) +
    ggplot2::labs(caption = contrasts_caption(tiles, day, by_day, mark)) +
    theme_fatebias() +
    wide_bar() +
    ggplot2::theme(panel.grid = ggplot2::element_blank())
}

#' @rdname plot_contrasts
#' @export
plot_contrasts_data <- function(x, genes = NULL, n = 30L, day = NULL, mark = NULL) {
  table <- table_of_contrasts(x)
  if (!is.null(day)) {
    validate_arg(day, checkmate::check_string)
    if (is.null(table$day)) abort_argument("{.arg x} has no column {.field day}.")
    validate_names(day, as.character(unique(table$day)), "day")
    on_day <- as.character(table$day) == day
    table <- table[on_day]
  }
  if (!is.null(genes)) validate_genes_drawn(genes, unique(table$gene))
  if (!is.null(mark)) validate_genes_drawn(mark, unique(table$gene))
  validate_arg(n, checkmate::check_count, positive = TRUE)
  surest <- strongest_tiles(table)
  rows <- if (is.null(genes)) union(genes_by_contrast(surest, n), mark) else genes
  tiles <- if (is.null(day) && shown_by_day(table)) table else surest
  tiles <- tiles[tiles$gene %in% rows]
  data.table::set(tiles, j = "gene", value = factor(tiles$gene, levels = rows))
  marks <- ifelse(tiles$call, ifelse(tiles$effect > 0, "+", "-"), "")
  data.table::set(tiles, j = "mark", value = ifelse(is.na(tiles$effect), no_estimate_mark, marks))
  columns <- intersect(c("gene", "contrast", "day", "effect", "lfsr", "call", "mark"), names(tiles))
  data.table::setorderv(tiles, intersect(c("gene", "contrast", "day"), columns))
  tiles[, columns, with = FALSE]
}

#' Has each contrast a panel with its days?
#' @noRd
shown_by_day <- function(table) {
  nlevels(table$contrast) <= facets_most && "day" %in% names(table) && length(unique(table$day)) > 1
}

columns_of_contrasts <- function(tiles, by_day) {
  if (by_day) {
    return(list(scale_x_days(levels(tiles$day)), ggplot2::facet_wrap("contrast", nrow = 1)))
  }
  ggplot2::scale_x_discrete(
    NULL, labels = short_contrasts, guide = axis_of_contrasts(levels(tiles$contrast)), expand = c(0, 0)
  )
}

contrasts_caption <- function(tiles, day, by_day, mark) {
  surest <- is.null(day) && !by_day && length(unique(tiles$day)) > 1
  caption(
    "Calls: + raises, - lowers.",
    if (surest) " Each tile: the day with the strongest evidence.",
    if (!is.null(day)) sprintf(" Day: %s.", day),
    if (!by_day && all_against_rest(levels(tiles$contrast))) {
      " Each is against the mean log odds of all others."
    },
    if (any(tiles$mark == no_estimate_mark)) " x: no estimate.", star_text(mark)
  )
}

#' The table of effects by gene and contrast, checked; contrasts as a factor in their order
#' @noRd
table_of_contrasts <- function(x, call = rlang::caller_env()) {
  validate_given(x, call)
  table <- if (is.data.frame(x)) x else if (is.list(x)) x$table
  needed <- c("gene", "contrast", "effect", "lfsr", "call")
  if (!is.data.frame(table) || !check_columns(table, needed)$ok || nrow(table) == 0) {
    abort_argument("{.arg x} must be a table with rows and the columns {.field {needed}}.", call = call)
  }
  table <- data.table::as.data.table(table)
  if (all(table$call %in% 0:1)) table$call <- as.logical(table$call)
  validate_columns(table, list(
    gene = is_label, contrast = is_label, effect = is_numbers, lfsr = is_numbers, call = is.logical
  ), call)
  if (!is.null(table$day)) {
    table$day <- day_factor(table$day, (if (!is.data.frame(x)) x$days) %||% unique(as.character(table$day)))
  }
  table$gene <- as.character(table$gene)
  if (!is.factor(table$contrast)) {
    table$contrast <- factor(table$contrast, levels = unique(as.character(table$contrast)))
  }
  table$contrast <- droplevels(table$contrast)
  twice <- which(duplicated(table, by = intersect(c("gene", "contrast", "day"), names(table))))
  if (length(twice) > 0) {
    first <- table[twice[[1]]]
    abort_argument(
      "{.arg x} has gene {.val {first$gene}}, contrast {.val {as.character(first$contrast)}} twice; needed is
       one row a gene, contrast and day.",
      call = call
    )
  }
  table$call <- table$call %in% TRUE & !is.na(table$effect)
  table
}

is_label <- function(x) is.atomic(x) && !anyNA(x)

#' Stop unless columns of `x` are what they must be
#' @param are by column: a function that says whether it is.
#' @noRd
validate_columns <- function(x, are, call) {
  wrong <- names(are)[!mapply(function(is, name) is(x[[name]]), are, names(are))]
  if (length(wrong) > 0) {
    abort_argument(c(
      "{.arg x} has a column {.field {wrong[[1]]}} that cannot be drawn.",
      i = "{.field gene} and {.field contrast} are labels without missing ones, {.field effect} and
           {.field lfsr} numbers, {.field call} is TRUE or FALSE."
    ), call = call)
  }
}

#' One row a gene and contrast: of its days the one with the strongest evidence, called ones first
#' @noRd
strongest_tiles <- function(table) {
  surest <- order(!table$call, rank_apart(table$lfsr, lfsr_rounding), -rank_apart(abs(table$effect)))
  unique(table[surest], by = c("gene", "contrast"))
}

#' Names of the n genes with the strongest evidence, in the order to be drawn; see the help
#' @noRd
genes_by_contrast <- function(tiles, n) {
  gene <- contrast <- effect <- NULL
  genes <- tiles[, list( # rows of tiles stand by evidence, so that the first is the surest
    called = call[[1]], contrast = as.integer(contrast[[1]]), lowers = effect[[1]] < 0, n_calls = sum(call),
    lfsr = min(lfsr, na.rm = TRUE)
  ), by = "gene"]
  lfsr <- rank_apart(genes$lfsr, lfsr_rounding)
  kept <- utils::head(order(!genes$called, lfsr, -genes$n_calls), n)
  genes <- genes[kept]
  genes$gene[order(
    !genes$called, ifelse(genes$called, genes$contrast, 0L), genes$called & genes$lowers, -genes$n_calls,
    lfsr[kept]
  )]
}

all_against_rest <- function(contrasts) length(contrasts) > 1 && all(grepl(" - rest$", contrasts))

#' Contrasts as drawn: without " - rest" where all have it, since the caption says so
#' @noRd
short_contrasts <- function(contrasts) {
  short_name(if (all_against_rest(contrasts)) sub(" - rest$", "", contrasts) else contrasts)
}

#' The axis of contrasts: upright where they are so many that slanted labels would touch
#' @noRd
axis_of_contrasts <- function(contrasts) {
  if (length(contrasts) > 12) ggplot2::guide_axis(angle = 90) else axis_of_labels(short_contrasts(contrasts))
}
