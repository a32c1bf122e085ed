# Labels that were smoothed over a graph: standard errors by blocks of like cells.

#' Block jackknife of the estimates
#'
#' `r lifecycle::badge("experimental")`
#'
#' Fate probabilities that were smoothed over a graph of cells share noise between neighbours, so
#' standard errors that treat cells as independent are too small. The jackknife leaves out blocks of similar
#' cells in turn. Use it if the check `heldout` of [certify_fit()] fails, or if CellRank made the labels.
#'
#' @inheritParams run_calibration
#' @param coordinates matrix, cells of the screen file (all of them, in its order) x dimensions, in which
#'   near cells are like cells: what the graph was made from, such as principal components. Blocks are
#'   clusters by [stats::kmeans()].
#' @param groups instead of coordinates: a label for each cell of the file.
#' @param n_blocks number of clusters; more and smaller ones than noise reaches are no use.
#' @param seed of the clustering.
#' @details
#' The jackknife sees the noise of labels, not that guides of a gene differ; it is compared with that part
#' of the model's SE. Smoothing also makes all effects smaller, and no standard error repairs this: in
#' simulated screens of 8,000 cells with labels averaged over 31 cells, estimates were .66 of the effects'
#' size where neighbours were cells of nearly the same fate, and .51 and .30 where neighbours had less to
#' do with fate (bench/smoothing.py). Standard errors were hardly too small there (blocks: 1.03 to 1.07
#' times), since guides do not follow the graph; where they do, through strong effects or batches, they will
#' be.
#' @returns data.table `gene`, `day` (label), `se` (the labels' part of the model's), `jackknife`, `ratio`;
#'   attribute `ratio`: the square root of the median of squared ratios, by which standard errors are to be
#'   multiplied.
#' @section Errors: `fatebias_error_screen` for another number of cells, or fewer than 10 blocks; as
#'   [run_calibration()].
#' @references Kunsch (1989), Annals of Statistics 17, 1217-1241.
#' @examplesIf nzchar(Sys.getenv("RETICULATE_PYTHON"))
#' files <- simulate_screen(tempfile(), cells = 1500, genes = 10)
#' screen <- read_screen(files$screen, files$guide_map)
#' fit <- fit_fate_bias(screen, inference = "laplace", out_dir = tempfile())
#' block_jackknife(fit, groups = rep(1:30, 50))
#' @export
block_jackknife <- function(fit, coordinates = NULL, groups = NULL, n_blocks = 50, seed = 1, screen = NULL) {
  validate_class(fit, "fatebias_fit", "read_fit", abort_fit)
  if (is.null(coordinates) == is.null(groups)) {
    abort_argument("Give either {.arg coordinates} or {.arg groups}.")
  }
  if (is.null(groups)) groups <- cluster_cells(coordinates, n_blocks, seed)
  validate_arg(groups, checkmate::check_atomic_vector, any.missing = FALSE, min.len = 1)
  validate_same_screen(fit, screen)
  source <- calibration_source(fit, screen)
  source$out_dir <- NULL
  source$blocks <- I(as.character(groups))
  found <- py_apply("jackknife_blocks", source)
  rows <- data.table::data.table(
    gene = rep(unlist(found$gene), length(fit$days)), day = rep(fit$days, each = length(found$gene)),
    se = as.vector(number_matrix(found$se)), jackknife = as.vector(number_matrix(found$jackknife))
  )
  rows$ratio <- rows$jackknife / rows$se
  # a variance from K blocks is skewed: its median lies below its mean
  skew <- stats::qchisq(0.5, found$n_blocks - 1) / (found$n_blocks - 1)
  data.table::setattr(rows, "ratio", sqrt(stats::median(rows$ratio^2, na.rm = TRUE) / skew))
  rows
}

cluster_cells <- function(coordinates, n_blocks, seed) {
  coordinates <- as.matrix(coordinates)
  validate_arg(coordinates, checkmate::check_matrix, mode = "numeric", any.missing = FALSE)
  numbers <- as.vector(coordinates)
  validate_arg(numbers, checkmate::check_numeric, finite = TRUE, arg = "coordinates")
  validate_arg(n_blocks, checkmate::check_int, lower = 10)
  validate_arg(seed, checkmate::check_int)
  if (nrow(unique(coordinates)) < n_blocks) {
    abort_argument("{.arg coordinates} has fewer different rows than {.arg n_blocks}, {n_blocks}.")
  }
  withr::with_seed(seed, stats::kmeans(coordinates, n_blocks, iter.max = 100, nstart = 1)$cluster)
}
