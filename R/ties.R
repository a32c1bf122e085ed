# Which numbers are taken as equal. Days, genes and sets often have the same lfsr or probability by the model
# (all days under an effect that does not change, all genes that are sure); the last digits then differ, from
# processor to processor and from one number of threads to the next, and must choose nothing. Numbers that
# differ by less than the constant same_share of their size are equal. Rules: see run_mash() and rank_hits().

# ashr gives the lfsr of a negative effect as 1 - P(negative), which rounds to 0 from here on, and that of a
# positive one as P(negative), down to 1e-300: below this all are 0, so that no sign ranks before the other.
# Rates that differ by less are equal.
lfsr_rounding <- 1e-12

#' Ranks that rounding cannot turn
#'
#' @param x numbers.
#' @param least difference up to which numbers are equal, whatever their size.
#' @returns integer, the smallest 1; a number that equals the next smaller one shares its rank. NA for NA.
#' @noRd
rank_apart <- function(x, least = 0) {
  at <- order(x, na.last = NA)
  sorted <- x[at]
  below <- sorted[-length(sorted)]
  apart <- sorted[-1] - below > pmax(abs(below), abs(sorted[-1])) * shared_constant("same_share") + least
  rank <- rep(NA_integer_, length(x))
  rank[at] <- cumsum(c(rep(TRUE, length(at) > 0), apart))
  rank
}

#' TRUE for the largest number of each row and those equal to it
#'
#' @param x matrix.
#' @param among logical matrix: those that may be chosen. NULL: all.
#' @param least as in rank_apart().
#' @noRd
is_row_largest <- function(x, among = NULL, least = 0) {
  if (!is.null(among)) x[!among] <- -Inf
  largest <- do.call(pmax, as.data.frame(x))
  share <- shared_constant("same_share")
  lowest <- ifelse(is.infinite(largest), largest, largest - abs(largest) * share - least)
  x >= lowest & x > -Inf
}

#' Column of the largest number of each row; of equal ones the first
#' @inheritParams is_row_largest
#' @noRd
first_row_largest <- function(x, ...) max.col(is_row_largest(x, ...), ties.method = "first")

#' Place of the largest of a few numbers; of equal ones the first. NA are passed over.
#' @noRd
first_largest <- function(x) which.max(rank_apart(x))

#' Rows of the table of a mash_result, strongest first: hits, then by lfsr, then by the largest effect
#' @noRd
strongest_first <- function(table) {
  largest <- do.call(pmax, abs(table[, day_columns(table, "postmean"), with = FALSE]))
  order(!table$hit_anyday, rank_apart(table$lfsr_min, lfsr_rounding), -rank_apart(largest))
}

#' Largest value of each row
#' @noRd
row_largest <- function(x) do.call(pmax, as.data.frame(x))
