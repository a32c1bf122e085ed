# The covariance families that come with the package: builders that know what a day is.

many_days <- 5L # above, subsets are single days, pairs and runs: their number grows with days^2
most_days <- 12L # above, neighbouring pairs, and runs that begin or end with the screen
strong_rows_min <- 5L # rows with an effect on some day, below which nothing is learned from them

#' Covariance families for days
#'
#' Built-in families of prior covariances for [run_mash()]. `day_covariances()`, the default of
#' `preset: calibrated`, is `cov_day_subsets() + cov_ar1() + cov_random_walk() + cov_signed_days() +
#' cov_steady_days()`.
#'
#' - `cov_day_subsets()`: for every set of days the effects are independent on these days and exactly
#'   zero on all others. Above five days: single days, pairs and runs of neighbouring days; above twelve:
#'   single days, neighbouring pairs, and runs from the first or to the last day.
#' - `cov_signed_days()`: on the same sets of days (above five days: single days and pairs) effects of about
#'   one size, each of either sign: means of `size` and its negative with the standard deviation `spread`,
#'   both times the scale. A normal around zero has most small effects; these have few.
#' - `cov_steady_days()`: on a run of neighbouring days effects of one size and sign that hardly change from
#'   day to day (by a standard deviation of `wobble`). mashr has means of zero only, and leaves these two
#'   families out.
#' - `cov_ar1()`: on a run of neighbouring days the effects are correlated by `rho^gap`, and zero on all
#'   other days. The gap between two days is in units of the median distance of neighbouring days.
#' - `cov_random_walk()`: active on all days; the variance is 1 on the first day and grows by `step` with
#'   every unit of time: that of the model's own prior of theta.
#' - `cov_canonical_days()`: those of [mashr::cov_canonical()]: independent over days, one day only,
#'   equal on all days, equally correlated at .25, .5 and .75 (`mash_covariances: canonical`).
#' - `cov_data_driven()`: learned from rows with an effect: principal components
#'   ([mashr::cov_pca()]), and these refined by extreme deconvolution ([mashr::cov_ed()]). Each gets a
#'   nugget on its diagonal, since matrices of rank one give local false sign rates that are too small
#'   (mashr's issue 91). It gives no matrices, and the result says so, where fewer than
#'   five rows have an effect.
#'
#' @param rho numbers in \[0, 1), correlation of neighbouring days.
#' @param runs `TRUE`: one matrix for every run of two and more neighbouring days; `FALSE`: all days.
#' @param step positive numbers, growth of the variance in a unit of time, relative to the first day.
#' @param size,spread,wobble mean of the size of effects, and standard deviations of it and of changes from
#'   day to day, in units of the scale.
#' @param n_pcs number of principal components, at most the number of days.
#' @param strong_lfsr rows count as strong with a local false sign rate below this on some day, each day
#'   looked at alone.
#' @param nugget added to the diagonal, relative to its largest entry.
#' @param weight prior weight of the family, see [covariance_family()].
#' @returns A `fatebias_covariances`.
#' @references Urbut et al. (2019), Nature Genetics 51, 187-195 (mash, canonical and data-driven
#'   covariances); Bovy et al. (2011), Annals of Applied Statistics 5, 1657-1677 (extreme deconvolution).
#' @examples
#' day_covariances()
#' print(cov_ar1(rho = c(0.5, 0.9)), days = c(d2 = 2, d3 = 3, d5 = 5))
#' cov_canonical_days() + cov_data_driven(n_pcs = 2)
#'
#' # the families of the default, one by one; here without lasting effects of one sign
#' cov_day_subsets() + cov_random_walk(step = 1) + cov_signed_days()
#' cov_steady_days(size = 0.5)
#' @export
day_covariances <- function() {
  cov_day_subsets() + cov_ar1() + cov_random_walk() + cov_signed_days() + cov_steady_days()
}

#' @rdname day_covariances
#' @export
cov_day_subsets <- function(weight = 0) {
  covariance_family("subsets", weight = weight, build = function(data, days) {
    sets <- day_subsets(length(days))
    name_by_days(lapply(sets, function(set) on_days(diag(length(set)), set, length(days))), sets, days)
  })
}

#' @rdname day_covariances
#' @export
cov_ar1 <- function(rho = 0.8, runs = TRUE, weight = 0) {
  validate_arg(
    rho, checkmate::check_numeric,
    lower = 0, upper = 1 - 1e-6, any.missing = FALSE, min.len = 1, unique = TRUE
  )
  validate_arg(runs, checkmate::check_flag)
  covariance_family("ar1", weight = weight, build = function(data, days) {
    sets <- if (runs) day_runs(length(days), 2L) else list(seq_along(days))
    gap <- abs(outer(day_times(days), day_times(days), "-"))
    by_rho <- lapply(rho, function(r) {
      matrices <- lapply(sets, function(set) on_days(r^gap[set, set], set, length(days)))
      matrices <- name_by_days(matrices, sets, days)
      rlang::set_names(matrices, paste(names(matrices), r, sep = "_"))
    })
    unlist(by_rho, recursive = FALSE)
  })
}

#' @rdname day_covariances
#' @export
cov_random_walk <- function(step = c(0.25, 1), weight = 0) {
  validate_arg(
    step, checkmate::check_numeric,
    lower = 1e-6, finite = TRUE, any.missing = FALSE, min.len = 1, unique = TRUE
  )
  covariance_family("random_walk", weight = weight, build = function(data, days) {
    elapsed <- outer(day_times(days), day_times(days), pmin)
    rlang::set_names(lapply(step, function(s) 1 + s * elapsed), paste0("step_", step))
  })
}

#' @rdname day_covariances
#' @export
cov_signed_days <- function(size = 0.75, spread = 0.25, weight = 0) {
  sized_family("signed", size, spread, weight, function(n_days) {
    sets <- day_subsets(n_days)
    list(
      sets = if (n_days <= many_days) sets else sets[lengths(sets) <= 2], signs = all_signs,
      covariance = function(k) diag(spread^2, k)
    )
  })
}

#' @rdname day_covariances
#' @export
cov_steady_days <- function(size = 0.75, spread = 0.25, wobble = 0.25, weight = 0) {
  validate_arg(wobble, checkmate::check_number, lower = 0, finite = TRUE)
  sized_family("steady", size, spread, weight, function(n_days) {
    list(
      sets = day_runs(n_days, 2L), signs = function(k) rbind(rep(1, k), rep(-1, k)),
      covariance = function(k) spread^2 + diag(wobble^2, k)
    )
  })
}

#' A family of effects of about one size, on sets of days with signs
#' @param on function of the number of days; gives `list(sets, signs, covariance)`, the last two functions of
#'   the number of days of a set.
#' @noRd
sized_family <- function(name, size, spread, weight, on, call = rlang::caller_env()) {
  validate_arg(size, checkmate::check_number, lower = 1e-6, finite = TRUE, call = call)
  validate_arg(spread, checkmate::check_number, lower = 0, finite = TRUE, call = call)
  covariance_family(name, weight = weight, build = function(data, days) {
    n_days <- length(days)
    use <- on(n_days)
    patterns <- lapply(use$sets, function(set) {
      k <- length(set)
      list(
        mean = on_columns(size * use$signs(k), set, n_days),
        covariance = on_days(use$covariance(k), set, n_days)
      )
    })
    name_by_days(patterns, use$sets, days)
  })
}

#' Every combination of signs of k effects, one a row
#' @noRd
all_signs <- function(k) unname(as.matrix(expand.grid(rep(list(c(-1, 1)), k))))

#' Columns on some days, zero on the others
#' @noRd
on_columns <- function(x, set, n_days) {
  out <- matrix(0, nrow(x), n_days)
  out[, set] <- x
  out
}

#' @rdname day_covariances
#' @export
cov_canonical_days <- function(weight = 0) {
  covariance_family("canonical", weight = weight, build = function(data, days) {
    # mashr looks at the number and the names of the days only
    empty <- matrix(1, 1, length(days), dimnames = list(NULL, names(days)))
    mashr::cov_canonical(mashr::mash_set_data(empty, empty))
  })
}

#' @rdname day_covariances
#' @export
cov_data_driven <- function(n_pcs = 3, strong_lfsr = 0.05, nugget = 0.01, weight = 0) {
  validate_arg(n_pcs, checkmate::check_int, lower = 2)
  validate_arg(strong_lfsr, checkmate::check_number, lower = 0, upper = 1)
  validate_arg(nugget, checkmate::check_number, lower = 0, finite = TRUE)
  covariance_family("data_driven", weight = weight, build = function(data, days) {
    if (is.null(data)) {
      return(no_matrices("learned from the estimates"))
    }
    strong <- mashr::get_significant_results(mashr::mash_1by1(data), strong_lfsr)
    if (length(strong) < strong_rows_min) {
      text <- "only %d rows have an effect on some day; covariances are learned from %d and more"
      return(no_matrices(sprintf(text, length(strong), strong_rows_min)))
    }
    pca <- mashr::cov_pca(data, min(n_pcs, length(days)), subset = strong)
    lapply(c(pca, mashr::cov_ed(data, pca, subset = strong)), add_nugget, nugget = nugget)
  })
}

add_nugget <- function(u, nugget) u + diag(nugget * max(diag(u)), nrow(u))

#' Sets of days as integer vectors
#' @noRd
day_subsets <- function(n_days) {
  of_size <- function(k) utils::combn(n_days, k, simplify = FALSE)
  if (n_days > most_days) {
    return(c(of_size(1), day_runs(n_days, 2L)))
  }
  if (n_days <= many_days) {
    return(unlist(lapply(seq_len(n_days), of_size), recursive = FALSE))
  }
  c(of_size(1), of_size(2), day_runs(n_days, 3L))
}

#' Runs of neighbouring days, the shortest first; of many days those of two, and those with the first or last
#' @noRd
day_runs <- function(n_days, shortest) {
  lengths <- seq(shortest, n_days, length.out = max(0, n_days - shortest + 1))
  runs <- lapply(lengths, function(k) {
    starts <- seq_len(n_days - k + 1)
    if (n_days > most_days && k > 2) starts <- unique(range(starts))
    lapply(starts, seq, length.out = k)
  })
  unlist(runs, recursive = FALSE)
}

#' A matrix on some days, zero on the others
#' @noRd
on_days <- function(u, set, n_days) {
  out <- matrix(0, n_days, n_days)
  out[set, set] <- u
  out
}

name_by_days <- function(matrices, sets, days) {
  rlang::set_names(matrices, vapply(sets, function(set) paste(names(days)[set], collapse = "+"), ""))
}

#' Time since the first day, in units of the median distance of neighbouring days
#' @noRd
day_times <- function(days) unname((days - days[[1]]) / stats::median(diff(days)))

#' What the words of `mash_covariances` stand for
#' @noRd
covariance_words <- list(days = day_covariances, canonical = cov_canonical_days)

#' The specification that a word of the settings, a list of matrices or a specification stands for
#' @noRd
covariance_spec <- function(x, words, call = rlang::caller_env()) {
  if (inherits(x, "fatebias_covariances")) {
    return(x)
  }
  if (rlang::is_string(x) && x %in% names(words)) {
    return(words[[x]]())
  }
  if (is.list(x) && rlang::is_named(x)) {
    return(given_family(x))
  }
  abort_mash(c(
    "{.arg covariances} must be {.or {.val {names(words)}}}, a named list of matrices, or a specification.",
    i = "See {.help fatebias::day_covariances}."
  ), call = call)
}

given_family <- function(matrices) {
  force(matrices) # all that the builder keeps
  covariance_family("given", function(data, days) matrices)
}
