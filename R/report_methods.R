# How the result was made, for a paper and for whoever wants to make it again. Longer prose stands in the page
# itself, inst/report/report.Rmd.

#' How the likelihood weight was set, for the methods paragraph
#' @noRd
weight_words <- function(fit) {
  weight <- as_markdown(show_weight(fit$manifest$likelihood_weight))
  if (is.numeric(fit$manifest$settings$likelihood_weight)) {
    return(paste("was weighted by", weight))
  }
  by_day <- if (length(unlist(fit$manifest$likelihood_weight)) > 1) "weights by day" else "weight"
  paste0(
    "was weighted by the inverse of the Pearson dispersion of these probabilities (quasi-likelihood, ",
    "Wedderburn 1974; ", by_day, " ", weight, ")"
  )
}

#' Terms of the model beside those that every fit has; a fit of an earlier version has none of them
#'
#' @returns `list(slope, burden, sample, covariates)`: do cells differ in their number of guides, does the
#'   slope on it differ by day, are there intercepts by day and replicate, names of covariates.
#' @noRd
terms_used <- function(fit) {
  s <- fit$manifest$settings
  screen <- fit$manifest$screen
  cells <- as_day_matrix(screen$cells_by_day_replicate, length(fit$days), screen$replicates)
  counts <- screen$burden_counts
  used <- counts$n_guides >= 1 & counts$n_guides <= (s$Kmax %||% Inf)
  slope <- is.null(counts) || sum(counts$n_cells[used] > 0) > 1
  list(
    slope = slope, burden = slope && isTRUE(s$burden_by_day) && !has_one_day(fit),
    sample = isTRUE(s$sample_effects) && any(colSums(cells > 0) > 1),
    covariates = as.character(unlist(s$covariates))
  )
}

#' What a cell's log odds are made of beside the effects of its guides
#' @noRd
terms_words <- function(fit) {
  terms <- terms_used(fit)
  paste(c(
    if (has_one_day(fit)) "an intercept" else "an intercept by day",
    if (terms$sample) "an intercept by day and replicate",
    "an effect of the replicate",
    if (terms$slope) {
      paste0("a slope on the number of guides in the cell", if (terms$burden) ", which differs by day")
    },
    if (length(terms$covariates) > 0) paste("effects of", and_list(as_markdown(terms$covariates)))
  ), collapse = ", ")
}

#' What the standard errors are of, and what is in them
#' @noRd
estimand_words <- function(fit) {
  if (is.null(fit$estimate)) {
    return("")
  }
  of_gene <- identical(fit$manifest$settings$estimand, "gene")
  paste0(
    "Standard errors of the estimates", sandwich_words(fit), " are those of effects ",
    if (of_gene) {
      paste0("that other guides of the gene and other cultures would show: ", variance_words(fit))
    } else {
      "of these guides in these cultures."
    },
    label_words(fit)
  )
}

#' How several label sets were combined; nothing of a fit of one
#' @noRd
label_words <- function(fit) {
  keys <- label_sets_of(fit)
  if (is.null(keys)) {
    return("")
  }
  sprintf(
    paste(
      " Estimates and draws are of %d sets of fate probabilities (%s), fitted one by one and combined by",
      "Rubin's rules (Rubin 1987); standard errors include the covariance between sets beyond the scatter",
      "of single cells, moderated over genes. p-values are those of the sets' mean."
    ), length(keys), and_list(as_markdown(keys))
  )
}

sandwich_words <- function(fit) {
  if (!identical(fit$manifest$estimates$se, "sandwich")) {
    return("")
  }
  key <- fit$manifest$settings$cluster_key
  by <- if (!is.null(key)) {
    sprintf("clusters of cells (%s)", as_markdown(key))
  } else if (!is.null(fit$manifest$screen$n_clusters)) {
    "clones, taken to be the cells that share all their guides"
  } else {
    "cells"
  }
  sprintf(", from the scores of %s (sandwich),", by)
}

#' Variances between guides and replicates that standard errors contain
#' @noRd
variance_words <- function(fit) {
  e <- fit$manifest$estimates
  n <- length(fit$manifest$screen$replicates)
  paste0(
    "they include the variance between guides",
    if (!is.null(e$guide_sd)) {
      sprintf(
        " (SD of a gene's own, moderated towards %s log odds with %s prior degrees of freedom, Smyth 2004%s)",
        number_text(e$guide_sd), number_text(e$guide_sd_df),
        if (is.null(e$guide_day_sd)) "" else sprintf("; by day %s", number_text(e$guide_day_sd))
      )
    },
    if (n == 1) {
      "; with one replicate they cannot include how cultures differ."
    } else {
      sprintf(
        " and between the %d replicates (SD of effects %s log odds%s).", n,
        paste(number_text(e$replicate_sd), collapse = ", "), if (has_one_day(fit)) "" else ", day by day"
      )
    }
  )
}

number_text <- function(x) format(signif(as.numeric(unlist(x)), 2), trim = TRUE)

#' The priors that the fit used, for the methods paragraph
#' @noRd
prior_words <- function(fit) {
  s <- update_settings(fit$settings)
  terms <- terms_used(fit)
  normal <- function(sd) sprintf("N(0, %s^2^)", format(sd))
  half <- function(scale) sprintf("half-normal with scale %s", format(scale))
  sprintf(
    paste(
      "Priors: %s for intercepts, %s for effects of replicates%s; the SD of gene effects%s is %s,%s that of",
      "guide deviations %s."
    ),
    normal(s$s_alpha), normal(s$s_rep),
    paste0(c(
      if (terms$slope) sprintf(", %s for the slope", normal(s$s_gamma)),
      if (terms$burden) sprintf(", %s for its deviations by day", normal(s$s_gamma_day)),
      if (terms$sample) sprintf(", %s for intercepts by day and replicate", normal(s$s_sample)),
      if (length(terms$covariates) > 0) sprintf(", %s for covariates, by their SD", normal(s$s_covariate))
    ), collapse = ""),
    if (has_one_day(fit)) "" else " on the first day", half(s$s_tau),
    if (has_one_day(fit)) "" else sprintf(" that of changes from day to day %s,", half(s$s_time)),
    half(s$s_guide)
  )
}

engine_words <- function(fit) {
  convergence <- fit$manifest$convergence
  if (convergence$engine == "laplace") {
    return("at the posterior mode, with the curvature there")
  }
  sprintf(
    "by stochastic variational inference in Pyro %s (Bingham et al. 2019; approximate posterior: %s)",
    as_markdown(fit$manifest$versions$pyro), as_markdown(convergence$approx_posterior)
  )
}

#' What mash was given, and what it did
#' @noRd
input_words <- function(mash, fit) {
  if (mash$settings$mash_input == "posterior") {
    return("The posterior means and SDs of the gene effects")
  }
  sprintf(
    paste(
      "Fixed-effect estimates of the gene effects (prior N(0, %s^2^)%s, deviations of guides",
      "random%s) and their standard errors"
    ),
    format(update_settings(fit$settings)$estimate_prior_sd), if (has_one_day(fit)) "" else " on each day",
    if (identical(fit$manifest$settings$estimate_shift, "prior")) {
      "; a shift of all genes has the prior of the fit"
    } else {
      ""
    }
  )
}

mash_words <- function(mash) {
  version <- mash$versions
  if (mash$discovery_method == "ashr") {
    by_day <- if (has_one_day(mash)) "" else "day by day "
    return(sprintf("%swith ashr %s (Stephens 2017)", by_day, version[["ashr"]]))
  }
  prior <- mash$no_effects$prior
  paste0(
    sprintf("across days with mashr %s (Urbut et al. 2019; ", version[["mashr"]]),
    sprintf("%d covariance matrices of the families ", nrow(mash$covariances)),
    as_markdown(and_list(unique(mash$covariances$family))), "; V: ", as_markdown(mash$v$why),
    sprintf("; Dirichlet weight of the null %s", format(mash$settings$mash_null_weight)),
    if (prior > 0) sprintf("; weighed against no effects at all, prior probability %s", format(prior)), ")"
  )
}

#' The works that the methods paragraph cites
#' @noRd
cited <- function(fit, mash) {
  report_references[c(
    if (rule_of(mash) == "either") "benjamini",
    if (fit$manifest$convergence$engine == "svi") "bingham",
    if (identical(fit$manifest$settings$estimand, "gene")) "smyth", "stephens",
    if (mash$discovery_method == "mashr") "urbut",
    if (!is.numeric(fit$manifest$settings$likelihood_weight)) "wedderburn", "weiler"
  )]
}

report_references <- c(
  benjamini = paste(
    "Benjamini Y, Hochberg Y (1995). Controlling the false discovery rate: a practical and powerful approach",
    "to multiple testing. *Journal of the Royal Statistical Society B* 57, 289-300."
  ),
  bingham = paste(
    "Bingham E, Chen JP, Jankowiak M, et al. (2019). Pyro: Deep Universal Probabilistic Programming.",
    "*Journal of Machine Learning Research* 20(28), 1-6."
  ),
  smyth = paste(
    "Smyth GK (2004). Linear models and empirical Bayes methods for assessing differential expression in",
    "microarray experiments. *Statistical Applications in Genetics and Molecular Biology* 3, 3.",
    "doi:10.2202/1544-6115.1027 (variances of guides)"
  ),
  stephens = paste(
    "Stephens M (2017). False discovery rates: a new deal. *Biostatistics* 18, 275-294.",
    "doi:10.1093/biostatistics/kxw041 (local false sign rates)"
  ),
  urbut = paste(
    "Urbut SM, Wang G, Carbonetto P, Stephens M (2019). Flexible statistical methods for estimating and",
    "testing effects in genomic studies with multiple conditions. *Nature Genetics* 51, 187-195.",
    "doi:10.1038/s41588-018-0268-8"
  ),
  wedderburn = paste(
    "Wedderburn RWM (1974). Quasi-likelihood functions, generalized linear models, and the Gauss-Newton",
    "method. *Biometrika* 61, 439-447. doi:10.1093/biomet/61.3.439"
  ),
  weiler = paste(
    "Where CellRank made the fate probabilities: Weiler P, Lange M, Klein M, Pe'er D, Theis F (2024).",
    "CellRank 2: unified fate mapping in multiview single-cell data. *Nature Methods* 21, 1196-1205.",
    "doi:10.1038/s41592-024-02303-9"
  )
)

#' What it takes to make the result again, as lines of a configuration file
#'
#' Keys that are null and not so by default are kept; what was given as an object is told in a comment.
#' @noRd
settings_lines <- function(fit, mash, qc) {
  screen <- fit$manifest$screen
  made <- list(
    preset = fit$settings$preset, mode = attr(qc, "mode"), screen = screen$path,
    guide_map = if (!identical(screen$guide_map, screen$path)) screen$guide_map, out_dir = fit$out_dir
  )
  thresholds <- rlang::set_names(qc$threshold, vapply(qc_assertions(), `[[`, "", "setting"))
  stages <- settings_for(fit$settings, c("screen", "fit"))
  settings <- Reduce(override, list(made, unclass(stages), as.list(thresholds), unclass(mash$settings)))
  default <- unclass(fate_settings(preset = settings$preset %||% "calibrated"))[names(settings)]
  is_null <- function(values) vapply(values, is.null, logical(1))
  objects <- names(settings) %in% c("mash_v", "mash_covariances") & is_null(settings)
  kept <- !objects & !(is_null(settings) & is_null(default))
  c(
    strsplit(yaml::as.yaml(settings[kept]), "\n", fixed = TRUE)[[1]],
    sprintf("# %s: given to run_mash() as an object, which no file holds", names(settings)[objects])
  )
}

#' Lines as a block of code, which nothing in them ends
#' @noRd
fenced <- function(lines, language) {
  runs <- unlist(regmatches(lines, gregexpr("`+", lines)))
  fence <- strrep("`", max(3L, nchar(runs) + 1L))
  c(paste0(fence, language), lines, fence)
}

#' Versions of what made the result
#' @noRd
version_table <- function(fit, mash) {
  python <- unlist(fit$manifest$versions)
  all <- c(fatebias = fit$manifest$fatebias_version, python, R = as.character(getRversion()), mash$versions)
  data.frame(Software = as_markdown(names(all)), Version = as_markdown(all), row.names = NULL)
}
