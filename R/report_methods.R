# The parts of the report on how the result was made: QC and fit in words, the paragraph for a paper, its
# references, and what it takes to make the result again.

fair_weight <- c(0.5, 2) # weight times dispersion outside: the weight is not what the labels call for
few_cells <- 20L # a guide with fewer usable cells is named as rare

#' What a reader must know before anything else: one alert each, none where all is well
#'
#' @returns list of alerts, each `list(level = "problem" | "note", text)`.
#' @noRd
report_alerts <- function(fit, mash, hits, qc) {
  alert <- function(level, text) list(list(level = level, text = text))
  m <- fit$manifest
  off <- unlist(m$likelihood_weight) * unlist(m$dispersion)
  c(
    if (any(!qc$pass)) {
      alert("problem", sprintf(
        "**QC failed:** %s. Do not use these results before this is understood; see [QC](#qc).",
        and_list(sprintf("%s (worst gene %s)", qc$assertion[!qc$pass], qc$worst_gene[!qc$pass]))
      ))
    },
    if (!isTRUE(m$convergence$converged)) {
      alert("problem", "**The fit has not converged.** Estimates and standard errors may be off; see [Fit](#fit).")
    },
    if (any(off < fair_weight[1] | off > fair_weight[2])) {
      alert("problem", sprintf(
        "**The likelihood weight (%s) is not what the labels call for** (about %s): standard errors are off.",
        show_weight(m$likelihood_weight), show_weight(1 / unlist(m$dispersion))
      ))
    },
    if (length(mash$fallbacks) > 0) alert("note", paste0("mash took a fall-back: ", and_list(mash$fallbacks), ".")),
    if (nrow(mash$missing) > 0) {
      alert("note", cli::pluralize(
        "{nrow(mash$missing)} estimate{?s} of a gene on a day {?is/are} missing (no cell carries it that day): ",
        "{first_few(paste(mash$missing$name, 'on', mash$missing$day))}."
      ))
    },
    if (!any(hits$hit_anyday)) alert("note", "There are no hits.")
  )
}

#' Cells, guides and genes that were left out, and why
#' @noRd
left_out_words <- function(fit) {
  s <- fit$manifest$screen
  out <- unlist(s$left_out)
  reason <- c(no_guide = "without a guide", too_many_guides = sprintf("with more than %s guides", fit$settings$Kmax))
  c(
    sprintf(
      "%s of %s cells were used%s.", count(s$n_cells), count(s$n_cells_file),
      if (sum(out) > 0) paste0("; left out: ", and_list(paste(count(out), reason[names(out)])[out > 0])) else ""
    ),
    if (length(s$uncarried_guides) > 0) {
      cli::pluralize(
        "{length(s$uncarried_guides)} guide{?s} of the map {?is/are} carried by no usable cell: ",
        "{first_few(unlist(s$uncarried_guides))}."
      )
    },
    if (length(s$dropped_genes) > 0) {
      cli::pluralize(
        "{length(s$dropped_genes)} gene{?s} {?was/were} dropped, having no guide left: ",
        "{first_few(unlist(s$dropped_genes))}."
      )
    },
    rare_guides_words(fit$cells)
  )
}

rare_guides_words <- function(cells) {
  if (is.null(cells)) {
    return(NULL)
  }
  total <- rowSums(cells[, day_columns(cells, "n_cells"), with = FALSE])
  rare <- cells$guide[total < few_cells]
  if (length(rare) == 0) {
    return(sprintf("Every guide is in %d or more usable cells; the median is %s.", few_cells, stats::median(total)))
  }
  cli::pluralize(
    "{length(rare)} guide{?s} {?is/are} in fewer than {few_cells} usable cells ({first_few(rare)}); ",
    "the median is {stats::median(total)}."
  )
}

#' How the fit was made and how it ended
#' @noRd
fit_words <- function(fit) {
  m <- fit$manifest
  c(
    sprintf(
      "Likelihood weight %s; dispersion of the labels %s. Their product is %s: 1 where the weight is what the labels call for.",
      show_weight(m$likelihood_weight), show_weight(m$dispersion),
      show_weight(unlist(m$likelihood_weight) * unlist(m$dispersion))
    ),
    if (!is.null(m$estimates$sandwich_ratio)) {
      sprintf(
        "Sandwich standard errors are %.2f times the model's (median over genes and days; 1 under a right model).",
        m$estimates$sandwich_ratio
      )
    },
    paste0(convergence_lines(m$convergence, loss_ends(m$losses)), "."),
    sprintf("It took %.0f s on %s, with %s GB of memory at most.", m$seconds$total, m$device, m$peak_memory_gb)
  )
}

loss_ends <- function(losses) if (length(losses) > 0) losses[c(1, nrow(losses)), 2]

#' The scales as a table: posterior mean (SD), one row a scale and fate
#' @noRd
scale_table <- function(fit) {
  scales <- fit$manifest$scales
  fates <- fit$manifest$fates[-1]
  as_rows <- function(values) matrix(unlist(values), nrow = length(fates))
  meaning <- c(
    tau = "gene effects on the first day", sigma_time = "change from day to day",
    sigma_guide = "guides around their gene"
  )
  rows <- lapply(names(scales), function(name) {
    text <- sprintf("%.3f (%.3f)", as_rows(scales[[name]]$mean), as_rows(scales[[name]]$sd))
    data.frame(
      Scale = name, `SD of` = meaning[[name]], Fate = fates,
      `Posterior mean (SD)` = apply(as_rows(text), 1, paste, collapse = ", "), check.names = FALSE
    )
  })
  do.call(rbind, rows)
}

#' Methods in a paragraph that can go into a paper
#' @noRd
methods_words <- function(fit, mash) {
  m <- fit$manifest
  s <- m$screen
  engine <- if (m$convergence$engine == "laplace") {
    "at the posterior mode, with the curvature there"
  } else {
    sprintf("by stochastic variational inference in Pyro (Bingham et al. 2019; approximate posterior: %s)",
            m$convergence$approx_posterior)
  }
  paste(
    sprintf(
      "Fate bias was estimated with fatebias %s from %s cells with %s guides on %s genes and %s control guides, on %d days and in %d replicate%s.",
      m$fatebias_version, count(s$n_cells), count(s$n_guides), count(s$n_genes), count(s$n_ntc), length(m$days),
      length(s$replicates), if (length(s$replicates) == 1) "" else "s"
    ),
    sprintf(
      "The vector of fate probabilities of each cell was modelled by a softmax regression (reference fate %s) with an intercept by day, an effect of the replicate, a slope on the number of guides in the cell, and the sum of the effects of its guides; the effect of a guide is that of its gene on that day (a Gaussian random walk over days) and a deviation of the guide, centred within the gene. Control guides have no effect.",
      m$fates[[1]]
    ),
    weight_sentence(fit), sprintf("The model was fitted %s.", engine), mash_sentence(mash),
    sprintf(
      "Genes with a local false sign rate below %s on any day were called. Effects are changes of the log odds of %s.",
      format(mash$lfsr_thresh), paste(contrast_fates(fit), collapse = " against ")
    )
  )
}

weight_sentence <- function(fit) {
  weight <- show_weight(fit$manifest$likelihood_weight)
  if (is.character(fit$manifest$settings$likelihood_weight)) {
    return(sprintf(
      "Since the labels are probabilities, the log likelihood of a cell was weighted by the inverse of their Pearson dispersion (quasi-likelihood, Wedderburn 1974; weight %s).",
      weight
    ))
  }
  sprintf("The log likelihood of a cell was weighted by %s.", weight)
}

mash_sentence <- function(mash) {
  if (mash$discovery_method == "ashr") {
    return(sprintf(
      "The %s were shrunk day by day with ashr %s (Stephens 2017).", mash$origin, utils::packageVersion("ashr")
    ))
  }
  sprintf(
    "The %s were shrunk across days with mashr %s (Urbut et al. 2019; %d covariance matrices: %s; correlation of the estimates between days: %s).",
    mash$origin, utils::packageVersion("mashr"), nrow(mash$covariances),
    and_list(unique(mash$covariances$family)), mash$v$why
  )
}

#' References of the methods paragraph
#' @noRd
report_references <- c(
  paste(
    "Bingham E, Chen JP, Jankowiak M, et al. (2019). Pyro: Deep Universal Probabilistic Programming.",
    "*Journal of Machine Learning Research* 20(28), 1-6."
  ),
  paste(
    "Stephens M (2017). False discovery rates: a new deal. *Biostatistics* 18, 275-294.",
    "doi:10.1093/biostatistics/kxw041"
  ),
  paste(
    "Urbut SM, Wang G, Carbonetto P, Stephens M (2019). Flexible statistical methods for estimating and testing",
    "effects in genomic studies with multiple conditions. *Nature Genetics* 51, 187-195.",
    "doi:10.1038/s41588-018-0268-8"
  ),
  paste(
    "Wedderburn RWM (1974). Quasi-likelihood functions, generalized linear models, and the Gauss-Newton method.",
    "*Biometrika* 61, 439-447. doi:10.1093/biomet/61.3.439"
  ),
  paste(
    "Where the fate probabilities are CellRank's: Weiler P, Lange M, Klein M, Pe'er D, Theis F (2024). CellRank 2:",
    "unified fate mapping in multiview single-cell data. *Nature Methods* 21, 1196-1205.",
    "doi:10.1038/s41592-024-02303-9"
  )
)

#' Settings of the fit as lines of a configuration file
#' @noRd
settings_lines <- function(fit) {
  settings <- fit$settings[!vapply(fit$settings, is.null, logical(1))]
  strsplit(yaml::as.yaml(settings[setdiff(names(settings), "slurm")]), "\n", fixed = TRUE)[[1]]
}

#' Versions of what made the result
#' @noRd
version_table <- function(fit) {
  python <- unlist(fit$manifest$versions)
  r <- vapply(c("mashr", "ashr", "ggplot2"), function(p) as.character(utils::packageVersion(p)), character(1))
  all <- c(fatebias = fit$manifest$fatebias_version, python, R = as.character(getRversion()), r)
  data.frame(Software = names(all), Version = unname(all), row.names = NULL)
}
