# Verdicts: each check is a statistic with the range that a right model would show. Ranges follow from the
# sizes at hand: the same statistics of joint draws of the estimates' errors tell how far they vary, noise
# that they share included (chi-square for scales, normal for means, binomial for rates and calls).

# A right model fails some row of a whole certificate in at most this share of screens, by Bonferroni
false_alarms <- 0.05

# An SE that is off by less is none of the certificate's business: at 5 % a test at .05 rejects .062
scale_tolerance <- 0.05

#' Levels at which units count rejections
#' @noRd
rejection_levels <- function() vapply(shared_constant("rejections"), `[[`, numeric(1), "level")

new_row <- function(check, measure, statistic, range, sentence, day = NA_character_) {
  pass <- statistic >= range[[1]] & statistic <= range[[2]]
  data.table::data.table(
    check = check, statistic = statistic, expected_low = range[[1]], expected_high = range[[2]], pass = pass,
    verdict = if (is.na(pass)) "not made" else if (pass) "pass" else "fail",
    sentence = sentence, measure = measure, day = day
  )
}

#' A row for a check that could not be made, and why
#' @noRd
absent_row <- function(check, measure, why, verdict = "cannot be checked") {
  row <- new_row(check, measure, NA_real_, c(NA_real_, NA_real_), why)
  row$verdict <- verdict
  row
}

#' Units whose refit settled
#' @noRd
settled_units <- function(units) Filter(function(unit) is.null(unit$not_settled), units)

#' A row on refits that did not settle; NULL where all did
#' @noRd
settling_row <- function(check, units) {
  why <- unlist(lapply(units, `[[`, "not_settled"))
  if (length(why) > 0) {
    text <- sprintf("%d of %d refits did not settle: %s", length(why), length(units), why[[1]])
    absent_row(check, "refits", text, "did not settle")
  }
}

#' Range of an SD of z whose mean square has variance `v`: chi-square, widened by the tolerance
#' @noRd
scale_range <- function(v, level) {
  df <- 2 / v
  sqrt(stats::qchisq(c(level / 2, 1 - level / 2), df) / df) * (1 + c(-1, 1) * scale_tolerance)
}

mean_range <- function(sd, level) c(-1, 1) * (stats::qnorm(1 - level / 2) * sd + scale_tolerance)

#' Range of a rate of rejections at `alpha` with variance `v`: binomial, widened by what the tolerance does
#' @noRd
rate_range <- function(alpha, v, level) {
  n <- max(1, round(alpha * (1 - alpha) / v)) # as many independent tests vary as much
  range <- stats::qbinom(c(level / 2, 1 - level / 2), n, alpha) / n
  critical <- stats::qnorm(1 - alpha / 2)
  range * 2 * stats::pnorm(-critical / (1 + c(-1, 1) * scale_tolerance)) / alpha
}

#' The day that departs most from its range, each at its share of the level; `ranges` a list, one a day
#'
#' @returns `list(statistic, range, day, alone)`; `alone`: is it the only day?
#' @noRd
worst_day <- function(statistic, ranges, days) {
  distance <- vapply(seq_along(days), function(d) {
    centre <- mean(ranges[[d]])
    abs(statistic[[d]] - centre) / (diff(ranges[[d]]) / 2)
  }, numeric(1))
  d <- first_largest(distance)
  list(statistic = statistic[[d]], range = ranges[[d]], day = days[[d]], alone = length(days) == 1)
}

#' Statistics of joint draws, pooled over units as the statistics themselves are; draws x (days and all)
#'
#' Units share their cells' noise draw by draw, as the estimates do; so the draws are averaged first.
#' @noRd
pooled_draws <- function(units, name) {
  Reduce(`+`, lapply(units, function(unit) unit$expected[[name]])) / length(units)
}

pooled_rejections <- function(units) {
  Reduce(`+`, lapply(units, function(unit) unit$expected$rejected)) / length(units)
}

draws_var <- function(draws) apply(draws, 2, stats::var, na.rm = TRUE)

#' Mean over genes and units by day, then over all
#' @noRd
by_day_and_all <- function(z) c(apply(z, 2, mean, na.rm = TRUE), mean(z, na.rm = TRUE))

# ---- rows ----

permutation_rows <- function(units, calls, days, level, check = "permutation") {
  z <- unit_z(units)
  d <- seq_along(days)
  all <- length(days) + 1
  v <- draws_var(pooled_draws(units, "mean_square"))
  ranges <- lapply(v[d], scale_range, level / length(days))
  worst <- worst_day(sqrt(by_day_and_all(z^2))[d], ranges, days)
  mean <- by_day_and_all(z)[[all]]
  limits <- mean_range(sqrt(draws_var(pooled_draws(units, "mean"))[[all]]), level)
  rbind(
    calls_row(calls, length(units), level, check),
    day_row(
      check, "SD of z", worst,
      "With guides shuffled, estimates scatter %.2f times as far as their standard errors say"
    ),
    new_row(check, "mean of z", mean, limits, sprintf(
      "With guides shuffled, estimates are off by %.2f standard errors on average, all one way.", mean
    ))
  )
}

#' A screen without effects may have a call with probability .05, which is what lfsr < .05 promises at least
#' @noRd
calls_row <- function(calls, n, level, check = "permutation") {
  measure <- "permutations with a call"
  if (is.null(calls)) {
    return(absent_row(check, measure, "mash is not given these estimates here (`mash_input`)."))
  }
  called <- sum(calls > 0)
  new_row(check, measure, called, c(0, stats::qbinom(1 - level, n, 0.05)), sprintf(
    "With guides shuffled, so that no gene has an effect, %d of %d screens still had a hit.", called, n
  ))
}

#' Guides handed to other genes: estimates of random sets of guides, around the mean of all
#' @noRd
regroup_row <- function(units, days, level) {
  measure <- "SD of z"
  if (!identical(units[[1]]$estimand, "gene")) {
    why <- "Estimates are of these guides (`estimand: guides`); a gene of other guides has other effects."
    return(absent_row("regroup", measure, why))
  }
  z <- unit_z(units)
  v <- draws_var(pooled_draws(units, "mean_square"))[seq_along(days)]
  ranges <- lapply(v, function(own) c(0, scale_range(own, level / length(days))[[2]]))
  worst <- worst_day(sqrt(by_day_and_all(z^2))[seq_along(days)], ranges, days)
  day_row(
    "regroup", measure, worst,
    "With guides handed to other genes, estimates scatter %.2f times as far as their standard errors say"
  )
}

#' A row of the day that departs most
#' @noRd
day_row <- function(check, measure, worst, text) {
  place <- if (worst$alone) "." else sprintf(" (%s, the day that departs most).", worst$day)
  sentence <- paste0(sprintf(text, worst$statistic), place)
  new_row(check, measure, worst$statistic, worst$range, sentence, worst$day)
}

ntc_rows <- function(units, level) {
  z <- unit_z(units)
  all <- dim(z)[[2]] + 1
  alpha <- rejection_levels()[[1]]
  rate <- mean(abs(z) > stats::qnorm(1 - alpha / 2), na.rm = TRUE)
  rejected <- pooled_rejections(units)
  spread <- sqrt(mean(z^2, na.rm = TRUE))
  limits <- rate_range(alpha, stats::var(rejected[, 1, all]), level)
  v <- draws_var(pooled_draws(units, "mean_square"))[[all]]
  rbind(
    new_row("ntc", "rejected at .05", rate, limits, sprintf(
      "Control guides grouped like genes differ from zero at level .05 in %.1f %% of cases.", 100 * rate
    )),
    new_row("ntc", "SD of z", spread, scale_range(v, level), sprintf(
      "Control guides grouped like genes scatter %.2f times as far as their standard errors say.", spread
    ))
  )
}

sandwich_row <- function(unit, se, days, level) {
  log_ratio <- log(number_matrix(unit$sandwich) / se)
  centre <- apply(log_ratio, 2, stats::median, na.rm = TRUE)
  # cells are the independent pieces, and each counts for all the genes that it carries
  n <- colSums(!is.na(log_ratio)) / pmax(1, unit$guides_per_cell)
  error <- 1.2533 * apply(log_ratio, 2, stats::sd, na.rm = TRUE) / sqrt(pmax(n, 1))
  q <- stats::qnorm(1 - level / length(days) / 2)
  ranges <- lapply(error, function(e) exp(c(-1, 1) * q * e) * (1 + c(-1, 1) * scale_tolerance))
  worst <- worst_day(exp(centre), ranges, days)
  day_row(
    "sandwich", "ratio of SEs", worst,
    "By the scatter of the labels, standard errors should be %.2f times what they are"
  )
}

bootstrap_row <- function(units, reference, se, days, level) {
  estimates <- stack_matrices(lapply(units, function(unit) number_matrix(unit$betahat)))
  n <- length(units)
  ratio <- apply(estimates, c(1, 2), stats::var) / (se^2 * number_matrix(reference$label_share))
  # the median over genes: few cells can make one gene's bootstrap wild
  centre <- sqrt(apply(ratio, 2, stats::median, na.rm = TRUE) / (stats::qchisq(0.5, n - 1) / (n - 1)))
  v <- draws_var(reference$expected$mean_square)[seq_along(days)] / (n - 1)
  ranges <- lapply(v * pi / 2, scale_range, level / length(days))
  worst <- worst_day(centre, ranges, days)
  day_row(
    "bootstrap", "ratio of SDs", worst,
    "With cells drawn anew, estimates scatter %.2f times as far as their standard errors say"
  )
}

heldout_rows <- function(unit, level) {
  low <- unit$gain_noise - stats::qnorm(1 - level) * max(unit$gain_noise_sd, unit$gain_sd)
  gain <- 1000 * unit$gain
  better <- if (gain > 0) "better" else "no better"
  most <- stats::qnorm(1 - level)
  agree <- if (unit$agreement > most) "agree: labels share noise" else "do not agree"
  rbind(
    new_row("heldout", "gain, millinats a cell", gain, c(1000 * low, Inf), sprintf(
      "Cells that were held out are predicted %s with their guides than without (by %.2g).", better, gain
    )),
    new_row("heldout", "agreement of like cells, SDs", unit$agreement, c(-Inf, most), sprintf(
      "Residuals of like cells, which should not know of each other, %s (correlation %.3f).",
      agree, unit$correlation
    ))
  )
}

#' Rates of rejection by check and level, with what is expected and the range of a right model
#' @noRd
rejection_table <- function(units, check, level = 0.05) {
  z <- unit_z(units)
  all <- dim(z)[[2]] + 1
  v <- apply(pooled_rejections(units)[, , all, drop = FALSE], 2, stats::var)
  levels <- rejection_levels()
  limits <- vapply(seq_along(levels), function(i) {
    if (v[[i]] > 0) rate_range(levels[[i]], v[[i]], level) else c(0, NA_real_)
  }, numeric(2))
  data.table::data.table(
    check = check, level = levels,
    rate = colMeans(outer(abs(z[!is.na(z)]), stats::qnorm(1 - levels / 2), `>`)),
    expected_low = limits[1, ], expected_high = limits[2, ], n = sum(!is.na(z))
  )
}

#' Effective number of independent z behind a pool of units, by the variance of their mean square
#' @noRd
effective_number <- function(units) {
  v <- draws_var(pooled_draws(units, "mean_square"))
  2 / v[[length(v)]]
}
