# Prior covariances of mash. A family is a name, a builder and a weight; a specification is a list of
# families that grows with `c()` or `+`. What a builder returns is checked at one door,
# `build_covariances()`: size, symmetry, positive semi-definiteness, names.

psd_tolerance <- 1e-8 # smallest eigenvalue allowed, relative to the largest
active_share <- 0.05 # of the largest variance; a day with less counts as one without effect
most_times <- 400L # days of a specification that is looked at
print_days <- 4L # a specification that has not seen days is printed for so many

#' Make your own covariance family
#'
#' A specification of prior covariances lists the time patterns that the effects of a gene may follow.
#' [run_mash()] learns the frequency of each pattern from all genes. `covariance_family()` makes a
#' specification of one family from a function, and `c()` or `+` add specifications. [day_covariances()]
#' describes the families in the package.
#'
#' @param name name of the family; it leads the names of its matrices and appears in the estimated weights.
#' @param build function with the arguments `data` and `days` that returns a named list of covariance
#'   matrices, days x days; in place of a matrix it may hold `list(mean =, covariance =)` for effects that
#'   scatter around a mean other than zero: a number for each day, or a matrix with a mean in each row, all
#'   equally likely. The scale multiplies mean and standard deviation alike. `data`: what mash gets, see
#'   [mashr::mash_set_data()] (`Bhat`, `Shat`, rows x days); `days`: numeric, the time of each day, named by
#'   its label. Each matrix must be symmetric and positive semi-definite; a row and column of zeros (or a
#'   variance below 5 % of the largest) says: not active on that day. Scales do not matter: mash tries every
#'   matrix at many scales. `data` is NULL where a specification is only looked at.
#' @param weight imaginary rows that the prior adds to the family, spread evenly over its matrices and
#'   scales: 0 lets the data speak alone, 5 counts like five genes that follow it.
#' @param ... specifications to join.
#' @param e1,e2 specifications to join.
#' @param spec a specification.
#' @param days numeric, times of the days named by their labels; or a number of days.
#' @param data mash data for builders that look at them, see `build`.
#' @param i families: names or positions.
#' @param row.names,keep.rownames,optional not used.
#' @param reason why there are no matrices, a sentence.
#' @returns `covariance_family()`, `c()` and `+`: a `fatebias_covariances`. `covariance_matrices()`: the
#'   named list of matrices (family.matrix) that a specification gives for these days.
#'   `no_matrices()`: what a builder returns when it has nothing to offer for these data; the family is
#'   left out, and the result of [run_mash()] says why. `x[i]`: a specification of some families.
#'   `as.data.table()`, `as.data.frame()`: one row a matrix: `family`, `matrix`, `active` (days), `weight`.
#' @section Errors: `fatebias_error_mash`, naming the family and the matrix.
#' @references Urbut et al. (2019), Nature Genetics 51, 187-195.
#' @seealso `vignette("extending-covariances")`
#' @examples
#' # an effect that is there early and then fades, by half every `h` days
#' fading <- covariance_family("fading", function(data, days) {
#'   halving <- c(fast = 0.5, slow = 2)
#'   lapply(halving, function(h) tcrossprod(2^(-(days - days[[1]]) / h)))
#' })
#' fading
#' day_covariances() + fading
#' covariance_matrices(fading, days = c(d2 = 2, d3 = 3, d5 = 5))
#'
#' # a family that needs three days says so where it has fewer, and mash goes on without it
#' late <- covariance_family("late", function(data, days) {
#'   if (length(days) < 3) return(no_matrices("fewer than three days"))
#'   list(last = diag(c(rep(0, length(days) - 1), 1)))
#' })
#' covariance_matrices(late, days = c(d2 = 2, d3 = 3, d5 = 5))
#' @export
covariance_family <- function(name, build, weight = 0) {
  validate_arg(name, checkmate::check_string, min.chars = 1)
  validate_arg(build, checkmate::check_function, args = c("data", "days"))
  validate_arg(weight, checkmate::check_number, lower = 0, finite = TRUE)
  structure(list(list(name = name, build = build, weight = weight)), class = "fatebias_covariances")
}

#' @rdname covariance_family
#' @export
c.fatebias_covariances <- function(...) {
  specs <- list(...)
  lapply(specs, validate_class, "fatebias_covariances", "covariance_family", abort_mash)
  structure(unlist(lapply(specs, unclass), recursive = FALSE), class = "fatebias_covariances")
}

#' @rdname covariance_family
#' @export
`+.fatebias_covariances` <- function(e1, e2) c.fatebias_covariances(e1, e2)

#' @rdname covariance_family
#' @export
no_matrices <- function(reason) {
  validate_arg(reason, checkmate::check_string)
  structure(list(), reason = reason)
}

#' @rdname covariance_family
#' @export
covariance_matrices <- function(spec, days, data = NULL) {
  validate_class(spec, "fatebias_covariances", "covariance_family", abort_mash)
  days <- as_day_values(days)
  by_day <- list(names(days), names(days))
  lapply(build_covariances(spec, data, days)$matrices, `dimnames<-`, by_day)
}

#' Finite numbers that increase?
#' @noRd
are_times <- function(x) is.numeric(x) && all(is.finite(x)) && !is.unsorted(x, strictly = TRUE)

#' Days as a named numeric vector; a single whole number counts days
#' @noRd
as_day_values <- function(days, call = rlang::caller_env()) {
  is_number <- rlang::is_integerish(days, n = 1, finite = TRUE)
  if (is_number && days >= 2 && days <= most_times) days <- seq_len(days) - 1
  if (!are_times(days) || !length(days) %in% 2:most_times) {
    abort_mash(
      "{.arg days} must be 2 to {most_times} increasing times, or how many days there are.", call = call
    )
  }
  if (is.null(names(days))) days <- rlang::set_names(days, paste0("d", seq_along(days) - 1L))
  days
}

#' All matrices of a specification, checked
#'
#' @returns `list(matrices, table, skipped)`: matrices named family.matrix; a data.table `family`,
#'   `matrix`, `active` (days), `weight` (imaginary rows); reasons of families without matrices. And `means`:
#'   by matrix, means x days, or NULL for a mean of zero.
#' @noRd
build_covariances <- function(spec, data, days, call = rlang::caller_env()) {
  twice <- unique(family_names(spec)[duplicated(family_names(spec))])
  if (length(twice) > 0) abort_mash("Two covariance families are called {.val {twice}}.", call = call)
  built <- lapply(unclass(spec), build_family, data = data, days = days, call = call)
  names(built) <- family_names(spec)
  reasons <- lapply(built, attr, "reason")
  sizes <- lengths(built)
  patterns <- unlist(unname(built), recursive = FALSE)
  if (length(patterns) == 0) {
    abort_mash(c("No covariance family gives a matrix.", x = "{unlist(reasons)}"), call = call)
  }
  weight <- vapply(unclass(spec), `[[`, numeric(1), "weight")
  table <- data.table::data.table(
    family = rep(names(built), sizes), matrix = names(patterns),
    active = unname(vapply(patterns, active_days, character(1), labels = names(days))),
    weight = rep(weight / pmax(sizes, 1), sizes)
  )
  list(
    matrices = lapply(patterns, `[[`, "covariance"), means = lapply(patterns, `[[`, "mean"), table = table,
    skipped = unlist(reasons)
  )
}

#' The families that mashr can carry: those whose effects have a mean of zero
#' @noRd
without_means <- function(built, call) {
  keep <- vapply(built$means, is.null, logical(1))
  left <- unique(built$table$family[!keep])
  built$skipped <- c(built$skipped, rlang::set_names(rep("mashr has means of zero only", length(left)), left))
  if (!any(keep)) abort_mash("mashr has means of zero only; no covariance family is left.", call = call)
  parts <- c("matrices", "means")
  c(lapply(built[parts], `[`, keep), list(table = built$table[keep], skipped = built$skipped))
}

family_names <- function(spec) vapply(unclass(spec), `[[`, character(1), "name")

#' The patterns of one family, `list(mean, covariance)` each; an error of its builder is named after it
#' @noRd
build_family <- function(family, data, days, call) {
  name <- family$name
  matrices <- tryCatch(family$build(data, days), error = function(error) {
    abort_mash("The builder of the covariance family {.val {name}} failed.", call = call, parent = error)
  })
  if (!is.null(attr(matrices, "reason"))) {
    return(matrices)
  }
  validate_family(name, matrices, length(days), call)
  rlang::set_names(lapply(matrices, as_pattern), paste(name, names(matrices), sep = "."))
}

#' Covariance and means (means x days; NULL for zero) of what a builder gave
#' @noRd
as_pattern <- function(x) {
  if (!is.list(x)) x <- list(covariance = x)
  list(covariance = unname(x$covariance), mean = if (!is.null(x$mean)) unname(rbind(x$mean)))
}

validate_family <- function(name, matrices, n_days, call) {
  if (!is.list(matrices) || length(matrices) == 0 || !rlang::is_dictionaryish(matrices)) {
    abort_mash(c(
      "The covariance family {.val {name}} must give a list of matrices with names that differ.",
      i = "A builder that has nothing to offer returns {.code no_matrices(reason)}."
    ), call = call)
  }
  problem <- vapply(matrices, pattern_problem, character(1), n_days = n_days)
  bad <- which(!is.na(problem))
  if (length(bad) > 0) {
    which <- paste(name, names(matrices)[bad[[1]]], sep = ".")
    what <- problem[[bad[[1]]]]
    abort_mash("The covariance matrix {.val {which}} {what}.", call = call)
  }
}

#' What is wrong with a matrix, or a matrix with means; or NA
#' @noRd
pattern_problem <- function(x, n_days) {
  if (!is.list(x)) {
    return(covariance_problem(x, n_days))
  }
  if (!setequal(names(x), c("mean", "covariance"))) {
    return("is neither a matrix nor a list of a mean and a covariance")
  }
  mean <- rbind(x$mean)
  if (!is.numeric(mean) || ncol(mean) != n_days || any(!is.finite(mean)) || all(mean == 0)) {
    return(sprintf("has a mean that is not %d finite numbers, some of them other than zero", n_days))
  }
  covariance_problem(x$covariance, n_days, may_be_zero = TRUE)
}

#' What is wrong with a covariance matrix, or NA
#' @noRd
covariance_problem <- function(u, n_days, may_be_zero = FALSE) {
  if (!is.matrix(u) || !is.numeric(u) || any(dim(u) != n_days)) {
    return(sprintf("is not a %d x %d matrix", n_days, n_days))
  }
  if (any(!is.finite(u)) || !isSymmetric(unname(u))) {
    return("is not finite and symmetric")
  }
  values <- eigen(u, symmetric = TRUE, only.values = TRUE)$values
  if (all(values == 0) && !may_be_zero) {
    return("is zero; mash adds the null by itself")
  }
  if (min(values) < -psd_tolerance * max(abs(values))) "is not positive semi-definite" else NA_character_
}

#' Days on which effects with this covariance are not zero, or as good as: a nugget makes no day active
#' @noRd
active_on <- function(u) diag(u) > active_share * max(diag(u))

#' The same of a pattern: days with a mean are active too
#' @noRd
pattern_active <- function(covariance, means) {
  if (is.null(means)) active_on(covariance) else active_on(covariance) | colSums(means != 0) > 0
}

#' The same as text: "all days", or "d0+d2"
#' @noRd
active_days <- function(pattern, labels) {
  active <- pattern_active(pattern$covariance, pattern$mean)
  if (all(active)) "all days" else paste(labels[active], collapse = "+")
}

#' @param x a specification.
#' @rdname covariance_family
#' @export
format.fatebias_covariances <- function(x, days = print_days, ...) {
  days <- as_day_values(days)
  c(
    sprintf("<fatebias_covariances> on %d days (%s)", length(days), paste(names(days), collapse = ", ")),
    vapply(unclass(x), format_family, character(1), days = days)
  )
}

format_family <- function(family, days) {
  built <- tryCatch(
    build_family(family, NULL, days, rlang::caller_env()),
    fatebias_error_mash = function(error) no_matrices("depends on the estimates")
  )
  what <- attr(built, "reason") %||% {
    active <- unique(vapply(built, active_days, character(1), labels = names(days)))
    sprintf("%d %s, active on %s", length(built), if (length(built) == 1) "matrix" else "matrices",
            first_few(active, 6))
  }
  weight <- if (family$weight > 0) sprintf(" (prior weight: %s rows)", format(family$weight)) else ""
  sprintf("%s: %s%s", family$name, what, weight)
}

#' @rdname covariance_family
#' @export
print.fatebias_covariances <- function(x, days = print_days, ...) {
  following <- "Next: run_mash(covariances = ); covariance_matrices() has the numbers."
  print_lines(c(format(x, days = days), following))
  invisible(x)
}

#' @rdname covariance_family
#' @export
`[.fatebias_covariances` <- function(x, i) {
  if (missing(i)) {
    return(x)
  }
  names <- family_names(x)
  picked <- pick_names(i, names, "covariance family", see = "as.data.table")
  structure(unclass(x)[match(picked, names)], class = class(x))
}

#' @rdname covariance_family
#' @exportS3Method data.table::as.data.table
as.data.table.fatebias_covariances <- function(x, keep.rownames = FALSE, ..., # nolint: object_name_linter.
                                               days = print_days, data = NULL) {
  validate_class(x, "fatebias_covariances", "covariance_family", abort_mash)
  build_covariances(x, data, as_day_values(days))$table
}

#' @rdname covariance_family
#' @export
as.data.frame.fatebias_covariances <- function(x, row.names = NULL, # nolint: object_name_linter.
                                               optional = FALSE, days = print_days, ...) {
  as.data.frame(as.data.table.fatebias_covariances(x, days = days, ...))
}
