# The part of the report on guides and replicates: which hits rest on one guide or one replicate, and how much
# guides and replicates of a gene differ, in words.

fragile_told <- 10L # hits that rest on one guide, or on one replicate, told by name
half_of_labels <- 0.5 # share of the variance from labels above which a call is named
differ_below <- 0.05 # p-value, adjusted over hits, below which replicates differ

#' The paragraphs on guides and replicates
#'
#' @returns character, markdown; NULL of a fit without estimates by guide.
#' @noRd
guides_words <- function(fit, hits) {
  if (is.null(fit$guide_estimate)) {
    return(NULL)
  }
  called <- hits[called_rows(hits)]
  c(
    robust_words(hits), fragile_words(called), single_words(called), spread_words(fit),
    replicate_words(fit, called), sets_words(fit, hits)
  )
}

#' Genes called that rest on one guide, with it; no gene whose lfsr is above the threshold with all its guides
#' @noRd
fragile_words <- function(called) {
  fragile <- called[called$hit_anyday & guide_marks(called)$robust %in% FALSE]
  if (nrow(fragile) == 0) {
    return(NULL)
  }
  told <- utils::head(fragile, fragile_told)
  lines <- sprintf(
    "**%s** rests on its guide %s (%s of its guides' effects; without it %s)", as_markdown(told$gene),
    as_markdown(told$top_guide), share_text(told$top_guide_share), show_lfsr(told$loo_lfsr_max)
  )
  more <- nrow(fragile) - nrow(told)
  lost <- if (rule_of_hits(called) == "lfsr") {
    "Not called any more"
  } else {
    sprintf("An lfsr of %s or more", format(attr(called, "lfsr_thresh")))
  }
  paste0(lost, " when one guide is left out: ", paste(lines, collapse = "; "),
         if (more > 0) sprintf("; and %d more, `robust` FALSE in hits_ranked.csv", more), ".")
}

share_text <- function(share) ifelse(is.na(share), "an unknown share", sprintf("%.0f %%", 100 * share))

single_words <- function(called) {
  single <- called$gene[guide_marks(called)$n_guides %in% 1L]
  if (length(single) == 0) {
    return(NULL)
  }
  noun <- call_noun(rule_of_hits(called))
  cli::pluralize(
    "{length(single)} {noun}{cli::qty(length(single))}{?s} {?has/have} 1 guide and cannot be checked: ",
    "{as_markdown(first_few(single, fragile_told))}. An off-target effect would look the same."
  )
}

#' How much the guides of a gene differ
#' @noRd
spread_words <- function(fit) {
  if (is.null(fit$heterogeneity)) {
    return(NULL)
  }
  sd <- fit$manifest$estimates$guide_sd
  share <- stats::median(fit$heterogeneity$guide_share, na.rm = TRUE)
  c(
    if (!is.null(sd)) {
      sprintf("Effects of one gene's guides differ by an SD of %s log odds.", number_text(sd))
    },
    if (!is.na(share)) {
      sprintf("Guides make %.0f %% of the variance of a gene's estimates (median over genes).", 100 * share)
    }
  )
}

#' How much replicates differ, and which hits they do not share
#' @noRd
replicate_words <- function(fit, called) {
  n <- length(fit$manifest$screen$replicates)
  if (n == 1) {
    return("One replicate: no standard error here can include how cultures differ.")
  }
  if (NROW(fit$by_replicate) == 0) {
    return(NULL)
  }
  e <- fit$manifest$estimates
  marks <- guide_marks(called)
  noun <- if (rule_of_hits(called) == "lfsr") "Hit" else "Called gene"
  alone <- called$gene[grepl("one replicate$", gene_verdicts(called))]
  differ <- called$gene[which(stats::p.adjust(marks$replicate_p, "holm") < differ_below)]
  c(
    if (!is.null(e$replicate_sd)) {
      sprintf(
        "Effects of a gene in the %d replicates differ by an SD of %s log odds%s.", n,
        and_list(number_text(e$replicate_sd)),
        if (has_one_day(fit)) "" else sprintf(" (%s)", and_list(as_markdown(fit$days)))
      )
    },
    hits_words(noun, alone, "with the direction of the call in one replicate or none, on the best day"),
    hits_words(
      noun, differ, "in which replicates differ by more than noise (Cochran's Q, Holm-adjusted p < 0.05)"
    )
  )
}

#' How much of the variance comes from labels, and which calls it makes most of
#' @noRd
sets_words <- function(fit, hits) {
  keys <- label_sets_of(fit)
  if (is.null(keys)) {
    return(NULL)
  }
  called <- hits$gene[called_rows(hits)]
  of_calls <- label_shares(fit, called)[cbind(seq_along(called), hits$best_day[called_rows(hits)] + 1L)]
  most <- called[which(of_calls > half_of_labels)]
  c(
    paste0(label_line(fit), ". An error that all sets share cannot be seen."),
    hits_words(
      if (rule_of_hits(hits) == "lfsr") "Hit" else "Called gene", most,
      "with over half of the variance from labels on the best day"
    )
  )
}

hits_words <- function(noun, genes, what) {
  if (length(genes) > 0) {
    sprintf("%ss %s: %d (%s).", noun, what, length(genes), as_markdown(first_few(genes, fragile_told)))
  }
}
