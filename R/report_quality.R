# The parts of the report on how far to trust the result: alerts, the certificate, QC, what was left out, and
# how the fit ended, in words and tables.

worst_told <- 3L # genes named beside each assertion

#' What a reader must know before anything else: one alert each, none where all is well
#'
#' @returns list of alerts, each `list(level = "problem" | "note", text)`.
#' @noRd
report_alerts <- function(fit, mash, hits, qc, certificate = NULL) {
  m <- fit$manifest
  off <- unlist(m$likelihood_weight) * unlist(m$dispersion)
  fair <- m$constants$usual_weight # of weight times dispersion; a fit of an earlier version does not say
  c(
    if (any(certificate$checks$pass %in% FALSE)) alert("problem", certificate_alert(certificate)),
    if (any(!qc$pass)) {
      failed <- sprintf("%s (worst gene %s)", qc$assertion, qc$worst_gene)[!qc$pass]
      alert("problem", sprintf(
        "**QC failed:** %s. Find out why before using these results; see [QC](#qc).",
        and_list(as_markdown(failed))
      ))
    },
    if (!isTRUE(m$convergence$converged)) {
      alert("problem", paste(
        "**The fit has not converged.** Estimates and standard errors may be off; see [Fit](#fit)."
      ))
    },
    if (length(fair) > 0 && any(off < fair[1] | off > fair[2])) {
      alert("problem", sprintf(
        "**Standard errors are too %s:** the likelihood weight is %s, %s times what the labels call for.",
        if (max(off) > fair[2]) "small" else "large", as_markdown(show_weight(m$likelihood_weight)),
        show_weight(off)
      ))
    },
    baseline_alert(fit),
    if (has_one_day(fit)) {
      alert("note", "One day: no change over days can be told, and no onset; effects were shrunk with ashr.")
    },
    if (length(mash$fallbacks) > 0) {
      alert("note", paste0("mash took a fall-back: ", as_markdown(and_list(mash$fallbacks)), "."))
    },
    if (nrow(mash$missing) > 0) {
      alert("note", cli::pluralize(
        "{nrow(mash$missing)} estimate{?s} of a gene on a day {?is/are} missing, for want of cells: ",
        "{as_markdown(first_few(paste(mash$missing$name, 'on', mash$missing$day)))}."
      ))
    },
    if (!any(called_rows(hits))) alert("note", sprintf("There are no %ss.", call_noun(rule_of(mash))))
  )
}

alert <- function(level, text) list(list(level = level, text = text))

#' Days on which no cell carries a control; NULL where there is none, or where it is not known
#' @noRd
baseline_alert <- function(fit) {
  if (is.null(fit$cells)) {
    return(NULL)
  }
  controls <- colSums(day_matrix(fit$cells[fit$cells$is_ntc == 1], "n_cells"))
  days <- if (any(controls > 0)) paste(" on", and_list(as_markdown(fit$days[controls == 0])))
  if (any(controls == 0)) {
    alert("problem", sprintf(
      "**No cell carries a control guide%s:** effects are relative to the average of all genes.", days %||% ""
    ))
  }
}

#' What opens the report where the certificate failed: which checks, and what each found
#' @noRd
certificate_alert <- function(certificate) {
  failed <- certificate$checks[certificate$checks$pass %in% FALSE]
  means <- if (all(failed$check == "guides")) {
    "standard errors hold for these guides, as `estimand: guides` asks, and not for others of a gene"
  } else {
    "standard errors and calls may not mean what they say"
  }
  paste(
    sprintf(
      "**The certificate failed** (%s): %s; see %s.", and_list(unique(failed$check)), means,
      "[Calibration](#calibration)"
    ),
    paste(as_markdown(failed$sentence), collapse = " ")
  )
}

#' The certificate's verdict in words
#' @noRd
certificate_words <- function(certificate) {
  g <- glance(certificate)
  verdict <- if (g$passed) {
    "Standard errors and calls were tried on this screen, and passed every check that was made."
  } else {
    cli::pluralize("{g$n_failed} of {g$n_checks} measure{?s} of the certificate failed.")
  }
  stable <- if (!is.na(g$n_stable) && g$n_hits > 0) {
    cli::pluralize(
      "{g$n_stable} of {g$n_hits} hit{?s} {cli::qty(g$n_stable)}{?was/were} called again ",
      "in 90 % of bootstraps."
    )
  }
  c(verdict, stable)
}

#' Rows of the certificate as a table
#' @noRd
certificate_table <- function(certificate) {
  rows <- certificate$checks
  number <- function(x) ifelse(is.infinite(x), "any", as.character(signif(x, 3)))
  data.frame(
    Check = rows$check, Measure = rows$measure, Statistic = number(rows$statistic),
    Expected = paste(number(rows$expected_low), "to", number(rows$expected_high)),
    Verdict = ifelse(rows$pass %in% FALSE, "**FAIL**", rows$verdict),
    Meaning = as_markdown(rows$sentence)
  )
}

#' The genes where an assertion is closest to its threshold, or beyond, with their values
#' @noRd
worst_words <- function(worst) {
  worst <- utils::head(worst, worst_told)
  paste(sprintf("%s (%s)", as_markdown(worst$gene), show_number(worst$value)), collapse = ", ")
}

#' What QC found, in a line
#' @noRd
qc_summary <- function(qc) {
  failed <- sum(!qc$pass)
  if (failed == 0) {
    return(sprintf("All %d assertions hold. Numbers, cells left out, pictures of screen and fit", nrow(qc)))
  }
  sprintf("%d of %d assertions failed.", failed, nrow(qc))
}

#' Cells, guides and genes that were left out, and why
#' @noRd
left_out_words <- function(fit) {
  s <- fit$manifest$screen
  out <- unlist(s$left_out)
  too_many <- sprintf("with more than %s guides", update_settings(fit$settings)$Kmax)
  reason <- c(
    no_guide = "without a guide", too_many_guides = too_many, no_fate_probs = "without fate probabilities"
  )
  told <- ifelse(names(out) %in% names(reason), reason[names(out)], as_markdown(names(out)))
  lost <- paste(as_markdown(count(out)), told)[out > 0]
  c(
    paste0(
      sprintf("%s of %s cells were used", as_markdown(count(s$n_cells)), as_markdown(count(s$n_cells_file))),
      if (length(lost) > 0) paste0("; left out: ", and_list(lost)), "."
    ),
    if (length(s$uncarried_guides) > 0) {
      cli::pluralize(
        "{length(s$uncarried_guides)} guide{?s} of the map {?is/are} carried by no usable cell: ",
        "{as_markdown(first_few(unlist(s$uncarried_guides)))}."
      )
    },
    if (length(s$dropped_genes) > 0) {
      cli::pluralize(
        "{length(s$dropped_genes)} gene{?s} {?was/were} dropped, having no guide left: ",
        "{as_markdown(first_few(unlist(s$dropped_genes)))}."
      )
    },
    rare_guides_words(fit$cells)
  )
}

rare_guides_words <- function(cells) {
  if (is.null(cells)) {
    return(NULL)
  }
  total <- rowSums(day_matrix(cells, "n_cells"))
  few_cells <- shared_constant("few_cells")
  rare <- cells$guide[total < few_cells]
  if (length(rare) == 0) {
    return(sprintf("Every guide is in %d usable cells or more; median %s.", few_cells, stats::median(total)))
  }
  names <- as_markdown(first_few(rare))
  cli::pluralize(
    "{length(rare)} guide{?s} {?is/are} in fewer than {few_cells} usable cells ({names}); ",
    "the median is {stats::median(total)}."
  )
}

#' How the fit was made and how it ended
#' @noRd
fit_words <- function(fit) {
  m <- fit$manifest
  c(
    sprintf(
      "Likelihood weight %s; dispersion of the labels %s. Their product is %s (1: as the labels call for).",
      as_markdown(show_weight(m$likelihood_weight)), as_markdown(show_weight(m$dispersion)),
      show_weight(unlist(m$likelihood_weight) * unlist(m$dispersion))
    ),
    if (!is.null(m$estimates$sandwich_ratio)) {
      sprintf(
        "Sandwich standard errors are %.2f times the model's (median; 1 under a right model).",
        m$estimates$sandwich_ratio
      )
    },
    paste0(as_markdown(convergence_lines(m$convergence, loss_ends(m$losses))), "."),
    sprintf(
      "It took %.0f s on %s and %s GB of memory.", m$seconds$total, as_markdown(m$device),
      as_markdown(m$peak_memory_gb)
    )
  )
}

#' Which covariances the data prefer, in a sentence; NULL without a comparison
#'
#' @param comparison what compare_covariances() returned.
#' @noRd
preference_words <- function(comparison) {
  if (is.null(comparison)) {
    return(NULL)
  }
  used <- comparison[comparison$used]
  best <- preferred_set(comparison)
  if (used$note != "") {
    sprintf("Sets of covariances were not compared: %s.", used$note)
  } else if (is.na(used$difference)) {
    sprintf("The covariances used (`%s`) need more genes than are left when some are held out.", used$set)
  } else if (is.null(best)) {
    others <- and_list(sprintf("`%s`", setdiff(comparison$set, used$set)))
    sprintf(
      "On genes held out none of %s is clearly better than the covariances used (`%s`).", others, used$set
    )
  } else {
    sprintf(
      "On genes held out the data prefer the covariances `%s` to those used (`%s`): %s by %.1f (SE %.1f).",
      best, used$set, "their log likelihood is higher", -used$difference, used$se_difference
    )
  }
}

#' Inches for the panels of plot_fates()
#' @noRd
fates_height <- function(fit) {
  n <- length(fit$manifest$fates)
  max(3.2, 1 + ceiling(n / fate_panels(n)))
}

#' The scales as a table: posterior mean (SD), one row a scale and fate; one day has no change from day to day
#' @noRd
scale_table <- function(fit) {
  scales <- Filter(function(scale) length(unlist(scale$mean)) > 0, fit$manifest$scales)
  fates <- as_markdown(fit$manifest$fates[-1])
  as_rows <- function(values) matrix(unlist(values), nrow = length(fates))
  meaning <- c(
    tau = if (has_one_day(fit)) "gene effects" else "gene effects on the first day",
    sigma_time = "change from day to day", sigma_guide = "guides around their gene"
  )
  rows <- lapply(names(scales), function(name) {
    text <- sprintf("%.3f (%.3f)", as_rows(scales[[name]]$mean), as_rows(scales[[name]]$sd))
    data.frame(
      Scale = as_markdown(name), `SD of` = meaning[[name]], Fate = fates,
      `Posterior mean (SD)` = apply(as_rows(text), 1, paste, collapse = ", "), check.names = FALSE
    )
  })
  do.call(rbind, rows)
}
