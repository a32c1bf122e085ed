# Verdicts on what the fit's own standard errors contain: guides, replicates, dispersion, burden by day, and
# columns of the file that the model lacks.

#' Share of a variance whose lack makes an SE too small by the tolerance
#' @noRd
share_tolerance <- function() 1 - 1 / (1 + scale_tolerance)^2

guides_row <- function(unit, level) {
  measure <- "share of variance that SEs lack"
  if (is.null(unit$chance)) {
    return(absent_row("guides", measure, "No gene has two guides, so nothing tells how much guides differ."))
  }
  most <- share_tolerance() + stats::qnorm(1 - level) * unit$chance
  larger <- 1 / sqrt(1 - unit$share) - 1
  text <- if (unit$estimand == "gene") {
    sprintf("How guides of a gene differ makes %.0f %% of the variance, and standard errors contain it.",
            100 * unit$share)
  } else if (unit$lacking <= most) {
    sprintf("Guides of a gene hardly differ: with it, standard errors would be %.0f %% larger.", 100 * larger)
  } else {
    sprintf(paste(
      "Guides of a gene differ: a standard error that holds for other guides of it would be %.0f %% larger",
      "(`estimand: gene`)."
    ), 100 * larger)
  }
  new_row("guides", measure, unit$lacking, c(0, most), text)
}

replicates_row <- function(unit, level) {
  measure <- "SD of z between replicates"
  if (unit$df == 0) {
    why <- "There is one replicate: nothing tells whether effects would differ in another culture."
    return(absent_row("replicates", measure, why))
  }
  spread <- sqrt(unit$q / unit$df)
  most <- scale_range(unit$q_variance / unit$df^2, 2 * level)[[2]]
  more <- if (spread > most) "more than" else "as"
  new_row("replicates", measure, spread, c(0, most), sprintf(
    "Effects differ between the %d replicates %s standard errors say (%.2f times).", unit$n_replicates, more,
    spread
  ))
}

dispersion_rows <- function(unit, days, level) {
  rbind(
    dispersion_row(unit$by_day, unit$day_sd, days, seq_along(days), "by day", level),
    dispersion_row(
      unit$by_sample, unit$sample_sd, unit$sample_name, unit$sample_day + 1L, "by sample", level
    )
  )
}

#' Dispersion times weight, each around 1; the day or sample that departs most
#' @noRd
dispersion_row <- function(ratio, sd, names, day, what, level) {
  q <- stats::qnorm(1 - level / length(ratio) / 2)
  ranges <- lapply(sd, function(own) {
    c(max(0, 1 - q * own), 1 + q * own) * (1 + c(-1, 1) * scale_tolerance)^2
  })
  worst <- worst_day(ratio, ranges, names)
  new_row("dispersion", paste("dispersion x weight,", what), worst$statistic, worst$range, sprintf(
    "Labels scatter %.2f times as much as the likelihood weight has it%s.", worst$statistic,
    if (worst$alone) "" else sprintf(" (%s, which departs most)", worst$day)
  ), worst$day)
}

burden_row <- function(unit, days, level) {
  measure <- "burden slopes by day, SD of z"
  if ((unit$n_days %||% 2) < 2) { # a unit of an earlier version has no such number
    why <- "Cells differ in their number of guides on fewer than two days: a slope cannot differ by day."
    return(absent_row("burden", measure, why))
  }
  if (unit$in_model) {
    return(new_row("burden", measure, 0, c(0, 1), "The model has a burden slope for each day."))
  }
  spread <- sqrt(unit$chi_square / unit$df)
  most <- sqrt(stats::qchisq(1 - level, unit$df) / unit$df)
  worst <- first_largest(abs(unit$slope))
  new_row("burden", measure, spread, c(0, most), if (spread <= most) {
    "Burden slopes do not differ by day."
  } else {
    sprintf(paste(
      "Burden slopes differ by day: each further guide of a cell moves its labels by %.2f standard errors of",
      "a gene beyond the common slope (%s, where they depart most). Set `burden_by_day: true`."
    ), unit$slope[[worst]], days[[worst]])
  })
}

association_rows <- function(unit, level) {
  rbind(confounder_row(unit$columns, level), groups_row(unit$groups, level))
}

#' A column with which guides are associated, and on which labels depend: it moves the estimates
#' @noRd
confounder_row <- function(columns, level) {
  measure <- "move by a column, in SEs"
  if (length(columns) == 0) {
    return(absent_row("associations", measure, "The file has no column of cells that the model lacks."))
  }
  level <- level / length(columns)
  holds <- vapply(columns, function(own) own$p_guides < level && isTRUE(own$p_labels < level), logical(1))
  moved <- vapply(columns, function(own) as.numeric(own$moved), numeric(1)) * holds
  name <- vapply(columns, `[[`, character(1), "name")
  worst <- first_largest(moved)
  bad <- name[moved > scale_tolerance]
  new_row("associations", measure, moved[[worst]], c(0, scale_tolerance), if (length(bad) == 0) {
    sprintf("None of %d columns that the model lacks goes along with both guides and labels.", length(name))
  } else {
    sprintf(paste(
      "Guides and labels both go along with %s, which the model lacks: estimates move by up to %.2f standard",
      "errors (root mean square). Set `covariates: %s`, unless the knock-downs themselves change it."
    ), first_few(bad), moved[[worst]], name[[worst]])
  })
}

#' Cells of a group that share noise and guides
#' @noRd
groups_row <- function(groups, level) {
  measure <- "SEs by groups of cells"
  if (length(groups) == 0) {
    return(NULL)
  }
  number <- function(name) vapply(groups, function(own) as.numeric(own[[name]]), numeric(1))
  most <- exp(stats::qnorm(1 - level / length(groups)) * number("error")) * (1 + scale_tolerance)
  ratio <- exp(number("log_ratio"))
  worst <- first_largest(ratio / most)
  name <- groups[[worst]]$name
  new_row("associations", measure, ratio[[worst]], c(0, most[[worst]]), if (ratio[[worst]] <= most[[worst]]) {
    sprintf("Cells of one group (%s) do not share noise that standard errors lack.",
            first_few(vapply(groups, `[[`, character(1), "name")))
  } else {
    sprintf(
      paste0(
        "Cells with the same %s share noise: standard errors should be %.2f times what they are. ",
        "Set `cluster_key: %s`."
      ),
      name, ratio[[worst]], name
    )
  })
}
