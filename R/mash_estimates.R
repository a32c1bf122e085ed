# What mash is given, which it calls estimates: of a fit its fixed-effect estimates or, where asked for and
# for guides, its posterior; of a table or matrices what they hold. Checked matrices rows x days come out.
# Missing stays missing: it is listed, and mash gets a vague estimate in its place.

farthest <- 1e50 # estimates and SEs beyond are no log odds, and their squares no numbers
vague_factor <- 1e3 # a vague SE, in units of the largest SE given: no information, still well conditioned

#' What mash is given, as matrices
#'
#' @returns `list(names, betahat, se, days, times, missing, origin, covariance, notes)`: `names` a data.table
#'   of the columns that name a row, `betahat` and `se` rows x days with columns d0, d1, ... (missing ones
#'   filled), `times` of the days, named by their labels, `missing` a data.table (name, day), `covariance`
#'   rows x days x days or NULL, `notes` on what was done other than asked; of a fit also `contrast` and
#'   `reference`, the fate whose log odds are reported and the one they are against.
#' @noRd
mash_estimates <- function(x, level, input, day_values = NULL, call = rlang::caller_env()) {
  raw <- if (inherits(x, "fatebias_fit")) {
    estimates_of_fit(x, level, input, call)
  } else if (is.data.frame(x)) {
    estimates_of_table(x, level, "a table", call)
  } else if (is.list(x) && (!is.object(x) || all(c("betahat", "se") %in% names(x)))) {
    estimates_of_matrices(x, level, call)
  } else {
    abort_mash(
      "{.arg x} must be a {.cls fatebias_fit}, a table or {.code list(betahat =, se =)}.", call = call
    )
  }
  validate_estimates(raw, call)
  of_fit <- NULL
  if (inherits(x, "fatebias_fit")) {
    of_fit <- x$manifest$screen$day_values
    raw[c("contrast", "reference")] <- as.list(contrast_pair(x$manifest$contrast, x$manifest$fates))
  }
  fill_missing(with_times(raw, day_values %||% of_fit, is.null(day_values), call))
}

#' Times of the days: as given, by the fit, or the numbers in the labels
#'
#' Days that no increasing times are known for are evenly spaced, and a note says so; times that were
#' asked for must be right. A single day needs no time.
#' @noRd
with_times <- function(raw, values, may_fall_back, call) {
  labels <- raw$days
  if (inherits(values, "difftime")) values <- as.numeric(values)
  values <- unlist(values %||% numbers_in(labels) %||% if (length(labels) == 1) 0)
  if (length(values) != length(labels) || !are_times(values)) {
    if (!may_fall_back) {
      text <- first_few(labels, 12)
      abort_mash("{.arg day_values} must be increasing numbers, one for each day ({text}).", call = call)
    }
    values <- seq_along(labels) - 1
    raw$notes <- "Days are taken as evenly spaced: no increasing times are known (`day_values` gives them)"
  }
  raw$times <- rlang::set_names(as.numeric(values), labels)
  raw
}

#' The one number in each label, or NULL where a label has none or several, or other words than the rest
#'
#' A hyphen is a minus: where it joins a word and a number, times do not increase, and are not taken. Of a
#' screen Python tells the times of days.
#' @noRd
numbers_in <- function(labels) {
  number <- "(?<![0-9.])-?[0-9]+([.][0-9]+)?"
  found <- regmatches(labels, gregexpr(number, labels, perl = TRUE))
  alike <- length(unique(sub(number, "", labels, perl = TRUE))) == 1
  if (alike && all(lengths(found) == 1)) as.numeric(unlist(found))
}

estimates_of_fit <- function(fit, level, input, call) {
  # guides have a posterior only: they are looked at, not discovered
  if (level == "guide") {
    return(estimates_of_table(fit$guide, level, "posterior mean and SD", call, fit$days))
  }
  if (input == "likelihood" && is.null(fit$estimate)) {
    abort_mash(c(
      "The fit in {.path {fit$out_dir}} has no {.file {fit_tables$estimate$file}}.",
      i = "Use {.code input = \"posterior\"} or fit again."
    ), call = call)
  }
  origin <- c(likelihood = "fixed-effect estimates", posterior = "posterior mean and SD")
  table <- switch(input, likelihood = fit$estimate, posterior = fit$gene)
  raw <- estimates_of_table(table, level, origin[[input]], call, fit$days)
  column <- c(likelihood = "likelihood_cov", posterior = "theta_cov")[[input]]
  raw$covariance <- if (!is.null(fit$cov)) covariance_array(fit$cov, column, raw$names$gene, length(fit$days))
  raw
}

#' Covariances between days as an array rows x days x days, from the lower triangles in a table
#' @noRd
covariance_array <- function(table, column, genes, n_days) {
  at <- cbind(match(table$gene, genes), table$day_1 + 1L, table$day_2 + 1L)
  out <- array(NA_real_, c(length(genes), n_days, n_days))
  out[at] <- out[at[, c(1, 3, 2)]] <- as.numeric(table[[column]])
  out
}

estimates_of_table <- function(table, level, origin, call, days = NULL) {
  betahat <- day_columns(table, "betahat")
  se <- day_columns(table, "se")
  wanted <- if (level == "guide") c("guide", "gene") else "gene"
  found <- check_columns(table, c(wanted, sub("^betahat", "se", betahat)))
  if (!found$ok || length(betahat) == 0 || length(betahat) != length(se)) {
    text <- paste(c(wanted, "betahat_d0, betahat_d1, .., se_d0, se_d1, .."), collapse = ", ")
    abort_mash("The table must have the columns {text}; it has {first_few(names(table), 12)}.", call = call)
  }
  table <- data.table::as.data.table(table)
  no_numbers <- Filter(function(column) !is_numbers(table[[column]]), c(betahat, se))
  if (length(no_numbers) > 0) abort_mash("Columns {.field {no_numbers}} must be numbers.", call = call)
  as_numbers <- function(columns) {
    values <- unlist(lapply(columns, function(column) as.numeric(table[[column]])))
    matrix(as.numeric(values), nrow(table), length(columns), dimnames = list(NULL, numbered(length(columns))))
  }
  list(
    names = table[, wanted, with = FALSE], betahat = as_numbers(betahat), se = as_numbers(se),
    days = days %||% sub("^betahat_", "", betahat), origin = origin
  )
}

#' Is a fit or a result of mash of one day?
#' @noRd
has_one_day <- function(x) length(x$days) == 1

#' Day columns are numbered in day order, whatever the labels
#' @noRd
numbered <- function(n_days) paste0("d", seq_len(n_days) - 1L, recycle0 = TRUE)

#' Column names without the name of the statistic
#' @noRd
plain_names <- function(x) if (!is.null(colnames(x))) sub("^(betahat|se)_", "", colnames(x))

#' Numbers, or nothing but missing values
#' @noRd
is_numbers <- function(x) is.numeric(x) || (is.logical(x) && all(is.na(x)))

estimates_of_matrices <- function(x, level, call) {
  betahat <- x$betahat
  se <- x$se
  are_matrices <- is.matrix(betahat) && is.matrix(se) && is_numbers(betahat) && is_numbers(se)
  if (!are_matrices || !identical(dim(betahat), dim(se))) {
    abort_mash("{.code betahat} and {.code se} must be matrices of numbers, rows x days.", call = call)
  }
  days <- plain_names(betahat)
  if (!is.null(days) && !is.null(colnames(se)) && !identical(plain_names(se), days)) {
    abort_mash("{.code betahat} and {.code se} have different column names.", call = call)
  }
  names <- rownames(betahat) %||% paste0(level, seq_len(nrow(betahat)), recycle0 = TRUE)
  if (!is.null(rownames(se)) && !identical(rownames(se), names)) {
    abort_mash("{.code betahat} and {.code se} have different row names.", call = call)
  }
  names <- data.table::data.table(name = names)
  data.table::setnames(names, level)
  days <- days %||% numbered(ncol(betahat))
  dimnames(betahat) <- dimnames(se) <- list(NULL, numbered(ncol(betahat)))
  list(names = names, betahat = betahat, se = se, days = days, origin = "matrices")
}

validate_estimates <- function(raw, call) {
  names <- raw$names[[1]]
  if (length(names) < 2) { # mashr's compiled code ends the R session on a single row
    abort_mash(
      "mash learns from many rows and needs two or more; the input has {length(names)}.", call = call
    )
  }
  if (ncol(raw$betahat) == 0) abort_mash("The input has no day.", call = call)
  if (anyNA(names)) abort_mash("A row has no name.", call = call)
  if (anyNA(raw$days) || anyDuplicated(raw$days) || any(grepl("+", raw$days, fixed = TRUE))) {
    days <- first_few(raw$days, 12)
    abort_mash("Days need labels that differ and have no plus sign; they are {days}.", call = call)
  }
  twice <- unique(names[duplicated(names)])
  if (length(twice) > 0) abort_mash("Rows appear twice: {first_few(twice)}.", call = call)
  refuse_rows(
    names, is.nan(raw$betahat) | is.infinite(raw$betahat), "an estimate that is NaN or infinite", call
  )
  refuse_rows(names, is.nan(raw$se) | is.infinite(raw$se), "an SE that is NaN or infinite", call)
  refuse_rows(
    names, is.na(raw$betahat) != is.na(raw$se), "an estimate without SE or an SE without estimate", call
  )
  refuse_rows(names, !is.na(raw$se) & raw$se <= 0, "an SE that is zero or negative", call)
  far <- !is.na(raw$se) & (pmax(abs(raw$betahat), raw$se) > farthest | raw$se < 1 / farthest)
  what <- sprintf("an estimate or SE beyond %g, or an SE below %g", farthest, 1 / farthest)
  refuse_rows(names, far, what, call)
  if (all(is.na(raw$betahat))) abort_mash("All estimates are missing.", call = call)
}

refuse_rows <- function(names, bad, what, call) {
  rows <- names[rowSums(bad) > 0]
  if (length(rows) > 0) {
    n <- length(rows)
    abort_mash(
      c("{n} row{?s} {?has/have} {what}: {first_few(rows)}.", i = "Fit again or leave them out."),
      call = call
    )
  }
}

#' A vague estimate, (0, a thousand times the largest SE), where there is none
#' @noRd
fill_missing <- function(raw) {
  raw$is_missing <- is.na(raw$betahat)
  at <- which(raw$is_missing, arr.ind = TRUE)
  raw$missing <- data.table::data.table(name = raw$names[[1]][at[, "row"]], day = raw$days[at[, "col"]])
  raw$complete <- rowSums(raw$is_missing) == 0
  fill_vague(raw)
}

fill_vague <- function(estimates) {
  estimates$se[estimates$is_missing] <- vague_factor * max(estimates$se, na.rm = TRUE)
  estimates$betahat[estimates$is_missing] <- 0
  estimates
}

#' What a contrast reports log odds of, and what they are against, in words; of a fate alone the reference
#'
#' @param fates the reference first; a fate may have " - " in its name.
#' @noRd
contrast_pair <- function(contrast, fates) {
  if (contrast %in% fates) {
    return(c(contrast, fates[[1]]))
  }
  parts <- strsplit(contrast, " - ", fixed = TRUE)[[1]]
  if (length(parts) < 2) {
    return(c(contrast, fates[[1]]))
  }
  cuts <- lapply(seq_len(length(parts) - 1), function(k) {
    trimws(c(paste(parts[seq_len(k)], collapse = " - "), paste(parts[-seq_len(k)], collapse = " - ")))
  })
  known <- vapply(cuts, function(sides) sum(sides %in% c(fates, "rest")), numeric(1))
  vapply(cuts[[which.max(known)]], side_in_words, character(1), fates = fates, USE.NAMES = FALSE)
}

#' "rest" is the rest, "(A + B) / 2" the mean of A and B
#' @noRd
side_in_words <- function(side, fates) {
  if (side %in% fates) {
    return(side)
  }
  mean <- regmatches(side, regexec("^\\((.+)\\)\\s*/\\s*[0-9]+$", side))[[1]]
  if (length(mean) == 2) {
    names <- trimws(strsplit(mean[[2]], " + ", fixed = TRUE)[[1]])
    return(paste("the mean of", paste(names, collapse = " and ")))
  }
  if (side == "rest") "the rest" else side
}
