# The fixture: G01 to G04 on all days, G05 to G08 on d4 only, odd ones up and even ones down

fit <- example_fit()
mash <- run_mash(fit)
hits <- rank_hits(mash)

test_that("how sure: the expected number of wrong signs is the sum of the hits' lfsr", {
  hits <- data.table::data.table(hit_anyday = c(TRUE, TRUE, FALSE), lfsr_min = c(0.04, 0.02, 0.5))
  expect_match(sureness_words(mash, hits), "these 2 hits, each on its best day: 0.06\\.$")
})

test_that("the probability of no effects is told where it matters", {
  expect_null(no_effects_words(mash))
  mash$no_effects <- list(prior = 0.1, posterior = 0.25, calls_lost = 2)
  expect_match(no_effects_words(mash), "any effect at all is 0.25; weighed against it, 2 calls fell away")
})

test_that("a contrast of two fates is against the second, a fate against the reference", {
  expect_identical(contrast_fates(fit), c("MES", "EC"))
  fit$manifest$contrast <- "MES - NEU"
  expect_identical(contrast_fates(fit), c("MES", "NEU"))
})

test_that("lists and small numbers read well", {
  expect_identical(and_list(c("a", "b", "c")), "a, b and c")
  expect_identical(and_list("a"), "a")
  expect_identical(show_small(c(0.001, 0.5)), c("less than 0.01", "0.5"))
  expect_identical(show_probability(c(0.999, 0.001, 0.5)), c("> 0.99", "< 0.01", "= 0.50"))
  expect_identical(show_lfsr(c(1e-9, 0.0412)), c("lfsr < 0.001", "lfsr = 0.041"))
})

test_that("days on which no effect would be called are named; a screen without others has a sentence", {
  none <- called_reach(rep(Inf, 4), fit)
  expect_match(none, "^No effect on the odds of MES against EC, however large, would have been called")
  some <- called_reach(c(0.5, Inf, 1, NA), fit)
  said <- "of 0.50 to 1.00 log odds (median over genes, by day; odds times 1.65 to 2.72)"
  expect_match(some, said, fixed = TRUE)
  expect_match(some, "probability .8 on d0 and d4: .* On d2 and d10 none would, however large\\.$")
  expect_match(called_reach(1:4 / 4, fit), "probability .8: smaller ones may be missed\\.$")
})

test_that("names are told as they are, not as markdown", {
  expect_identical(as_markdown("A_+12.3-P1"), "A\\_+12.3-P1")
  expect_identical(as_markdown(c("a*b", "[x]", "5'U", "d 12")), c("a\\*b", "\\[x\\]", "5\\'U", "d 12"))
})

test_that("bare numbers are told as days, and cuts are told", {
  expect_identical(day_words(c("12", "0.5", "12h", "d_1")), c("day 12", "day 0.5", "12h", "d\\_1"))
  expect_null(cut_words(3, 3, "hits"))
  expect_match(cut_words(2000, 2500, "genes"), "^The first 2,000 of 2,500 genes are shown; ")
})
