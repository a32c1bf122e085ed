# Does a call hold without any one guide, and in every replicate? A word and a sign for each gene, which can
# be told apart in black and white.

verdict_kinds <- data.frame(
  word = c("robust", "one guide", "single guide", "one replicate", "not every replicate", "unchecked"),
  sign = c("\u25cf", "\u25d0", "\u25cb", "\u25d0", "\u25d0", "\u25cb"),
  meaning = c(
    "the call holds without any one guide and in every replicate",
    "it is lost when one guide is left out", "the gene has one guide, so it cannot be checked",
    "one replicate or none has the sign of the call", "some replicate has not the sign of the call",
    "guides are not known"
  )
)

#' What weakens a call, in a word or two; "robust" where nothing does, "" of genes that are not called
#'
#' @returns character, one a row of `hits`, of the words of `verdict_kinds`, two of them parted by a comma.
#' @noRd
gene_verdicts <- function(fit, hits) {
  marks <- guide_marks(hits)
  guides <- ifelse(marks$n_guides %in% 1L, "single guide", ifelse(
    is.na(marks$robust), "unchecked", ifelse(marks$robust, "", "one guide")
  ))
  missed <- replicates_there(fit, hits) - marks$replicates_agree
  replicates <- ifelse(is.na(missed) | missed == 0, "", ifelse(
    marks$replicates_agree <= 1, "one replicate", "not every replicate"
  ))
  both <- paste0(guides, ifelse(guides != "" & replicates != "", ", ", ""), replicates)
  ifelse(!called_rows(hits), "", ifelse(both == "", "robust", both))
}

#' Replicates that have an estimate of the gene on its best day; NA where there is one replicate, or where
#' they are not known
#' @noRd
replicates_there <- function(fit, hits) {
  rows <- fit$by_replicate
  if (NROW(rows) == 0 || all(is.na(guide_marks(hits)$replicates_agree))) {
    return(rep(NA_integer_, nrow(hits)))
  }
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
#' @noRd
verdict_meanings <- function(words) {
  seen <- verdict_kinds$word %in% unlist(strsplit(words, ", ", fixed = TRUE))
  if (!any(seen)) {
    return(NULL)
  }
  told <- sprintf("%s %s: %s", verdict_kinds$sign, verdict_kinds$word, verdict_kinds$meaning)[seen]
  paste0("Verdict: ", paste(told, collapse = "; "), ".")
}
