# Does a call hold without any one guide, and in every replicate? A word and a sign for each gene, which can
# be told apart in black and white.

verdict_kinds <- data.frame(
  word = c(
    "robust", "one guide", "single guide", "one replicate", "not every replicate", "one replicate there",
    "unchecked", "unchecked (called by the rule only)"
  ),
  sign = c("\u25cf", "\u25d0", "\u25cb", "\u25d0", "\u25d0", "\u25d0", "\u25cb", "\u25cb")
)

#' What weakens a call, in a word or two; "robust" where nothing does, "" of genes that are not called
#'
#' A gene that is called by a rule other than the lfsr's, though its own lfsr is not below the threshold, is
#' not checked: leaving out guides asks whether an lfsr stays there.
#'
#' @returns character, one a row of `hits`, of the words of `verdict_kinds`, two of them parted by a comma.
#' @noRd
gene_verdicts <- function(fit, hits) {
  called <- called_rows(hits)
  marks <- guide_marks(hits)
  guides <- data.table::fcase(
    marks$n_guides %in% 1L, "single guide",
    called & !hits$hit_anyday, "unchecked (called by the rule only)",
    is.na(marks$robust), "unchecked",
    !marks$robust, "one guide",
    default = ""
  )
  there <- replicates_there(fit, hits)
  agree <- marks$replicates_agree
  replicates <- data.table::fcase(
    is.na(there) | (is.na(agree) & there > 0), "",
    there > agree & agree <= 1, "one replicate",
    there > agree, "not every replicate",
    there <= 1, "one replicate there",
    default = ""
  )
  both <- paste0(guides, ifelse(guides != "" & replicates != "", ", ", ""), replicates)
  ifelse(!called, "", ifelse(both == "", "robust", both))
}

#' Are there a gene and a day with estimates of two replicates, so that these can be compared?
#' @noRd
replicates_compared <- function(fit) {
  rows <- fit$by_replicate
  NROW(rows) > 0 && anyDuplicated(rows[!is.na(rows$betahat), c("gene", "day")]) > 0
}

#' Replicates that have an estimate of the gene on its best day; NA where no replicates can be compared, or
#' where they are not known
#' @noRd
replicates_there <- function(fit, hits) {
  if (!replicates_compared(fit) || all(is.na(guide_marks(hits)$replicates_agree))) {
    return(rep(NA_integer_, nrow(hits)))
  }
  rows <- fit$by_replicate
  at <- match(rows$gene, hits$gene)
  there <- which(rows$day == hits$best_day[at] & !is.na(rows$betahat))
  tabulate(at[there], nrow(hits))
}

#' The signs of verdicts: a full circle where nothing weakens the call
#' @noRd
verdict_signs <- function(words) {
  first <- sub(",.*", "", words)
  ifelse(words == "", "", verdict_kinds$sign[match(first, verdict_kinds$word)])
}

#' What the verdicts mean that some gene has
#'
#' @param compared what `replicates_compared()` returned.
#' @noRd
verdict_meanings <- function(words, rule = "lfsr", threshold = 0.05, compared = TRUE) {
  seen <- verdict_kinds$word %in% unlist(strsplit(words, ", ", fixed = TRUE))
  if (!any(seen)) {
    return(NULL)
  }
  means <- kinds_mean(rule, threshold, compared)
  told <- sprintf("%s %s: %s", verdict_kinds$sign, verdict_kinds$word, means[verdict_kinds$word])[seen]
  paste0("Verdict: ", paste(told, collapse = "; "), ".")
}

#' What each verdict means: leaving out guides asks for an lfsr below the threshold, which is the call itself
#' only by the rule of the lfsr
#' @noRd
kinds_mean <- function(rule, threshold, compared) {
  by_lfsr <- rule == "lfsr"
  below <- paste("an lfsr below", format(threshold))
  c(
    robust = paste0(
      if (by_lfsr) "the call holds" else paste("the gene has", below), " without any one guide",
      if (compared) " and in every replicate"
    ),
    `one guide` = if (by_lfsr) {
      "it is lost when one guide is left out"
    } else {
      sprintf("the gene has not %s when one guide is left out", below)
    },
    `single guide` = "the gene has one guide, so it cannot be checked",
    `one replicate` = "one replicate or none has the sign of the call",
    `not every replicate` = "some replicate has not the sign of the call",
    `one replicate there` = "one replicate at most has an estimate on the best day: none to compare with",
    unchecked = "guides are not known",
    `unchecked (called by the rule only)` = sprintf(
      "the gene is called by %s, but has not %s, so leaving guides out says nothing of the call",
      rule_words(rule, "caption"), below
    )
  )
}
