# One day against another, under the mixture that mash has learned.

#' Compare two days
#'
#' Gives the change of each effect between two days, under the mixture of [run_mash()], in closed form.
#'
#' @param result a `mash_result`, from [run_mash()].
#' @param contrast two days with a minus between them, such as `"d3 - d0"`: by label or by number (`d0` is the
#'   first). The result is the effect on the first minus that on the second.
#' @details
#' The local false sign rate is the posterior probability that the difference is zero or has the other sign
#' than it seems. Where no component tells the two days apart, as when a gene acts on neither, the difference
#' is zero. The standard error rests on the correlation `v` of the estimates that mash was given.
#' @returns data.table, one row a gene or guide in the order of the result: its name, `contrast`, `estimate`
#'   and `std.error` (of the estimates' difference; NA where one is missing), `postmean`, `postsd` (log odds),
#'   `lfsr`, `svalue` (mean of the lfsr up to this one, over rows).
#' @section Errors: `fatebias_error_argument` for a contrast that is not two days of the result;
#'   `fatebias_error_mash` for a result of ashr, which takes days as independent.
#' @references Stephens (2017), Biostatistics 18, 275-294 (lfsr, s-values).
#' @examples
#' result <- run_mash(read_fit(system.file("extdata", "example_fit", package = "fatebias")))
#' day_contrast(result, "d3 - d0")
#' @export
day_contrast <- function(result, contrast) {
  validate_class(result, "mash_result", "run_mash", abort_mash)
  if (result$discovery_method == "ashr") {
    abort_mash("Days are independent under {.pkg ashr}; a contrast of days needs {.pkg mashr}.")
  }
  days <- days_of_contrast(contrast, result$days)
  by <- replace(numeric(length(result$days)), days, c(1, -1))
  mixture <- mixture_of(result)
  found <- linear_posterior(mixture$components, mixture$data, mixture$weight, rbind(by))
  none <- result$no_effects$posterior
  mean <- (1 - none) * found$postmean[, 1]
  lfsr <- none + (1 - none) * lfsr_of(found)[, 1]
  lfsr[lfsr < lfsr_rounding] <- 0
  given <- estimates_in(result)
  columns <- if (result$level == "guide") c("guide", "gene") else "gene"
  data.table::data.table(
    result$table[, columns, with = FALSE],
    contrast = paste(result$days[days], collapse = " - "),
    estimate = drop(given$betahat %*% by), std.error = contrast_se(given$se, days, result$v),
    postmean = mean,
    postsd = sqrt(pmax(0, (1 - none) * (found$postsd[, 1]^2 + found$postmean[, 1]^2) - mean^2)),
    lfsr = lfsr, svalue = ashr::qval.from.lfdr(lfsr)
  )
}

#' Numbers of the two days of "A - B", by label or number
#' @noRd
days_of_contrast <- function(contrast, labels, call = rlang::caller_env()) {
  validate_arg(contrast, checkmate::check_string, min.chars = 1, call = call)
  names <- c(labels, numbered(length(labels)))
  day <- rep(seq_along(labels), 2)
  pairs <- outer(names, names, paste, sep = "-")
  squeezed <- function(x) gsub("[[:space:]]", "", x)
  at <- which(matrix(squeezed(pairs) == squeezed(contrast), nrow(pairs)), arr.ind = TRUE)
  if (nrow(at) == 0 || day[at[1, 1]] == day[at[1, 2]]) {
    contrast <- cut_text(contrast)
    abort_argument(
      "{.arg contrast} must be two days, such as {.val {paste(labels[c(2, 1)], collapse = ' - ')}}; it is
       {.val {contrast}}, and the days are {first_few(labels, 12)}.", call = call
    )
  }
  day[at[1, ]]
}

#' Estimates and SEs of a result as they were given, rows x days
#' @noRd
estimates_in <- function(result) lapply(c(betahat = "betahat", se = "se"), day_matrix, table = result$table)

contrast_se <- function(se, days, v) {
  a <- se[, days[[1]]]
  b <- se[, days[[2]]]
  r <- if (is.null(v$by_row)) v$matrix[days[[1]], days[[2]]] else v$by_row[days[[1]], days[[2]], ]
  sqrt(a^2 + b^2 - 2 * r * a * b)
}

#' The mixture of a result with its rows: its own, or mashr's in the same form
#' @noRd
mixture_of <- function(result) {
  if (result$prior == "averaged") {
    mixture <- result$fit
    mixture$weight <- row_weights(mixture)
    return(mixture)
  }
  mixture <- mixture_of_mash(result$fit)
  given <- estimates_in(result)
  data <- information(c(given, list(is_missing = is.na(given$betahat))), result$v$by_row %||% result$v$matrix)
  weight <- weights_of(mixture$pi, component_loglik(mixture$components, data))
  c(mixture, list(data = data, weight = weight))
}
