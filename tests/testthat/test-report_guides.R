fit <- fit_with_guides()
mash <- run_mash(fit, settings = fate_settings())
hits <- rank_hits(mash)

with_column <- function(name, value, gene) {
  out <- data.table::copy(hits)
  data.table::set(out, which(out$gene == gene), name, value)
  out
}

test_that("robust hits are counted, those with one guide named", {
  said <- guides_words(fit, hits)
  expect_match(said, "^8 hits, 6 of them robust", all = FALSE)
  expect_match(said, "2 hits have 1 guide and cannot be checked: G0[12], G0[12]\\.", all = FALSE)
  expect_no_match(said, "left out: \\*\\*")
})

test_that("a gene that only the rule calls rests on no guide; one replicate there is no dissent", {
  called <- hits[hits$call_anyday]
  data.table::set(called, which(called$gene == "G05"), c("robust", "hit_anyday"), list(FALSE, FALSE))
  expect_null(fragile_words(called))
  data.table::set(called, which(called$gene == "G05"), "replicates_agree", 1L)
  expect_match(replicate_words(fit, called), "in one replicate or none.*G05", all = FALSE)
  data.table::set(called, which(called$gene == "G05"), "n_replicates", 1L)
  expect_no_match(replicate_words(fit, called), "in one replicate or none")
})

test_that("a hit that rests on one guide is told with the guide, its share and the lfsr without it", {
  weak <- with_column("robust", FALSE, "G05")
  for (one in list(list("top_guide", "G05_2"), list("top_guide_share", 0.832), list("loo_lfsr_max", 0.31))) {
    data.table::set(weak, which(weak$gene == "G05"), one[[1]], one[[2]])
  }
  said <- guides_words(fit, weak)
  expect_match(
    said, "**G05** rests on its guide G05\\_2 (83 % of its guides' effects; without it lfsr = 0.31).",
    fixed = TRUE, all = FALSE
  )
  expect_match(said, "5 of them robust", all = FALSE)
})

test_that("guides and replicates: how much they differ, by the manifest", {
  said <- guides_words(fit, hits)
  expect_match(said, "guides differ by an SD of 0.1 log odds", all = FALSE)
  expect_match(said, "Guides make 20 % of the variance", all = FALSE)
  expect_match(said, "2 replicates differ by an SD of 0.05, 0.05, 0.05 and 0.05 log odds", all = FALSE)
  expect_no_match(said, "one replicate|noise")
})

test_that("hits of one replicate, and those that replicates differ in, are flagged", {
  alone <- guides_words(fit, with_column("replicates_agree", 1L, "G03"))
  expect_match(alone, "in one replicate or none.*1 \\(G03\\)", all = FALSE)
  apart <- with_column("replicate_p", 0.01, "G03") # of 8 hits: .08 by Holm
  expect_no_match(guides_words(fit, apart), "more than noise")
  apart <- with_column("replicate_p", 0.005, "G03")
  expect_match(guides_words(fit, apart), "more than noise.*1 \\(G03\\)", all = FALSE)
})

test_that("one replicate is said to be one; a fit of an earlier version has nothing to say", {
  one <- fit_with_guides(shift = c(r1 = 0))
  said <- guides_words(one, rank_hits(run_mash(one, settings = fate_settings())))
  expect_match(said, "One replicate: no standard error here can include how cultures differ.", fixed = TRUE,
               all = FALSE)
  old <- example_fit()
  expect_length(guides_words(old, rank_hits(run_mash(old, settings = fate_settings()))), 0)
})
