fit <- fit_with_guides(shift = c(a = 0.02, b = -0.02, c = 0))
mash <- run_mash(fit, settings = fate_settings())
hits <- rank_hits(mash)

verdict_of <- function(gene, ...) {
  changed <- data.table::copy(hits)
  row <- which(changed$gene == gene)
  for (name in names(list(...))) data.table::set(changed, row, name, list(...)[[name]])
  gene_verdicts(changed)[changed$gene == gene]
}

test_that("a call is robust without any one guide and in every replicate", {
  words <- gene_verdicts(hits)
  expect_identical(words == "", !hits$call_anyday)
  expect_identical(words[match(c("G01", "G05"), hits$gene)], c("single guide", "robust"))
  expect_identical(hits$verdict, ifelse(words == "", NA, words)) # the table has the words of the report
  expect_identical(tidy(hits)$verdict, hits$verdict)
})

test_that("each weakness has a word, and two of them are told together", {
  expect_identical(verdict_of("G05", robust = FALSE), "one guide")
  expect_identical(verdict_of("G05", replicates_agree = 1L), "one replicate")
  expect_identical(verdict_of("G05", replicates_agree = 2L), "not every replicate")
  expect_identical(verdict_of("G05", robust = NA), "unchecked")
  expect_identical(verdict_of("G05", robust = FALSE, replicates_agree = 0L), "one guide, one replicate")
  expect_identical(verdict_of("G01", replicates_agree = 1L), "single guide, one replicate")
})

test_that("replicates without an estimate that day are not missed", {
  day <- hits$best_day[hits$gene == "G05"]
  gone <- fit
  gone$by_replicate <- data.table::copy(fit$by_replicate)
  at <- gone$by_replicate$gene == "G05" & gone$by_replicate$day == day & gone$by_replicate$replicate == "c"
  data.table::set(gone$by_replicate, which(at), "betahat", NA_real_)
  fewer <- rank_hits(run_mash(gone, settings = fate_settings()))
  expect_identical(unlist(fewer["G05", c("replicates_agree", "n_replicates")], use.names = FALSE), c(2L, 2L))
  expect_identical(fewer["G05"]$verdict, "robust")
})

test_that("where one replicate is there, none can be compared; where all days have one, none is named", {
  rows <- fit$by_replicate
  day <- hits$best_day[hits$gene == "G05"]
  lone <- fit
  lone$by_replicate <- rows[!(rows$gene == "G05" & rows$day == day & rows$replicate != "a")]
  verdict <- function(fit) rank_hits(run_mash(fit, settings = fate_settings()))["G05"]$verdict
  expect_identical(verdict(lone), "one replicate there")
  expect_true(replicates_compared(lone))
  lone$by_replicate <- rows[rows$replicate == ifelse(rows$day == 0, "a", "b")]
  expect_false(replicates_compared(lone))
  expect_identical(verdict(lone), "robust")
  expect_match(verdict_meanings("robust", compared = FALSE), "without any one guide\\.$")
})

test_that("a gene that only the rule calls is unchecked, and the words say what the lfsr does", {
  expect_identical(
    verdict_of("G05", robust = FALSE, hit_anyday = FALSE), "unchecked (called by the rule only)"
  )
  said <- verdict_meanings(c("robust", "one guide", "unchecked (called by the rule only)"), "svalue", 0.05)
  expect_match(said, "robust: the gene has an lfsr below 0.05 without any one guide and in every replicate")
  expect_no_match(said, "the call holds|it is lost")
  expect_match(said, "called by an average lfsr, but has not an lfsr below 0.05", fixed = TRUE)
})

test_that("a fit of an earlier version has no verdicts but unchecked", {
  old <- example_fit()
  found <- rank_hits(run_mash(old, settings = fate_settings()))
  expect_setequal(gene_verdicts(found), c("single guide", "unchecked", ""))
})

test_that("signs differ between what holds, what is weak and what cannot be checked", {
  signs <- verdict_signs(c("robust", "one guide, one replicate", "single guide", ""))
  expect_identical(anyDuplicated(signs), 0L)
  expect_identical(signs[4], "")
  expect_null(verdict_meanings(c("", "")))
  said <- verdict_meanings(c("robust", "one guide, one replicate"))
  expect_match(said, "one replicate: .* sign of the call\\.$")
})
