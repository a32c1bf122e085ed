# Verdicts of genes in the report: a sign for each, to be told apart in black and white, and what it means.

verdict_kinds <- data.frame(
  word = c(
    "robust", "one guide", "single guide", "one replicate", "not every replicate", "one replicate there",
    "unchecked", "unchecked (called by the rule only)"
  ),
  sign = c("\u25cf", "\u25d0", "\u25cb", "\u25d0", "\u25d0", "\u25d0", "\u25cb", "\u25cb")
)

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
