# Does a call hold without any one guide, and in every replicate? A word for each gene.

#' What weakens a call, in a word or two; "robust" where nothing does, "" of genes that are not called
#'
#' A gene that is called by a rule other than the lfsr's, though its own lfsr is not below the threshold, is
#' not checked: leaving out guides asks whether an lfsr stays there.
#'
#' @returns character, one a row of `hits`, of the words of `verdict_kinds`, two of them with a comma between.
#' @noRd
gene_verdicts <- function(hits) {
  called <- called_rows(hits)
  marks <- guide_marks(hits)
  guides <- data.table::fcase(
    marks$n_guides %in% 1L, "single guide",
    called & !hits$hit_anyday, "unchecked (called by the rule only)",
    is.na(marks$robust), "unchecked",
    !marks$robust, "one guide",
    default = ""
  )
  there <- marks$n_replicates
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
