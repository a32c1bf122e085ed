# The fixture: G01 to G04 on all days, G05 to G08 on d4 only, odd ones up and even ones down

fit <- example_fit()
mash <- run_mash(fit)
hits <- rank_hits(mash)

# Calls follow from the lfsr where a table has no columns of calls
without_calls <- function(table) table[, !grepl("^call_", names(table)), with = FALSE]

without_hits <- function(mash) {
  lfsr <- grep("^lfsr_d", names(mash$table), value = TRUE)
  mash$table <- without_calls(mash$table)
  mash$table[, (lfsr) := lapply(.SD, pmax, 0.3), .SDcols = lfsr]
  mash$table$lfsr_min <- pmax(mash$table$lfsr_min, 0.3)
  mash$table$hit_anyday <- FALSE
  mash
}

test_that("the answer counts genes, directions and days", {
  head <- answer_words(fit, mash, hits)$head
  expect_identical(head[[1]], paste(
    "**8 of 40 genes bias fate.** Knocking them down changes the odds of MES against EC on at least one day",
    "(local false sign rate below 0.05): 4 raise them and 4 lower them."
  ))
  days <- "By day: d0: 2 up, 2 down; d2: 2 up, 2 down; d4: 4 up, 4 down; d10: 2 up, 2 down."
  expect_identical(head[[2]], days)
})

test_that("one hit is told in the singular", {
  one <- mash
  one$table <- without_calls(mash$table)
  others <- one$table$gene != "G06"
  lfsr <- grep("^lfsr_d", names(one$table), value = TRUE)
  one$table[others, (lfsr) := 1]
  one$table$lfsr_min[others] <- 1
  one$table$hit_anyday <- !others
  answer <- answer_words(fit, one, rank_hits(one))
  expect_match(answer$head[[1]], "**1 of 40 genes biases fate.** Knocking it down changes", fixed = TRUE)
  expect_match(answer$head[[1]], "1 lowers them.", fixed = TRUE)
  expect_match(answer$how_sure[[1]], "^The probability that its sign is wrong on its best day")
})

test_that("a gene's sentence says direction, size, day and course", {
  words <- gene_words("G06", fit, mash, called_days(mash))
  row <- mash$table[6]
  expect_match(words, "^Knocking down \\*\\*G06\\*\\* lowers the odds of MES against EC on d4 \\(times ")
  expect_match(words, sprintf("times %.2f, lfsr < 0.001", exp(row$postmean_d2)), fixed = TRUE)
  expect_match(words, "most probably begins on d4")
  expect_match(words, "is gone on the last day")
  words <- gene_words("G01", fit, mash, called_days(mash))
  expect_match(words, "raises .* on d0 .*, on d2 .*, on d4 .* and on d10 .* is there on all later days")
})

test_that("a gene that switches sign is told so", {
  calls <- data.table::data.table(
    gene = "G01", day = c("d10", "d0"), effect = c(-0.5, 0.4), sure = c("lfsr < 0.001", "lfsr = 0.01")
  )
  words <- gene_words("G01", fit, mash, calls)
  expect_match(words, "raises the odds of MES against EC on d0 (times 1.49, lfsr = 0.01)", fixed = TRUE)
  expect_match(words, "and lowers them on d10 (times 0.61, lfsr < 0.001)", fixed = TRUE)
})

test_that("how sure: the expected number of wrong signs is the sum of the hits' lfsr", {
  hits <- data.table::data.table(hit_anyday = c(TRUE, TRUE, FALSE), lfsr_min = c(0.04, 0.02, 0.5))
  expect_match(sureness_words(mash, hits), "these 2 hits, each on its best day: 0.06\\.$")
})

test_that("no hits: the answer says so, and what could have been seen", {
  none <- without_hits(mash)
  answer <- answer_words(fit, none, rank_hits(none))
  expect_match(answer$head, "^\\*\\*No gene is called\\.\\*\\* Of 40 genes none")
  expect_match(answer$head, "the smallest is 0.3 ")
  expect_null(answer$genes)
  # of the estimates, also where mash was given the posterior: its SDs are smaller
  se <- as.data.frame(fit$estimate)[grep("^se_d", names(fit$estimate))]
  smallest <- format(min(vapply(se, stats::median, numeric(1))), digits = 2)
  expect_match(answer$how_sure, smallest, fixed = TRUE)
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

test_that("panels of genes without a call say so", {
  expect_match(panel_words("G20", fit, mash, hits), "^\\*\\*G20\\*\\* is not called; its smallest lfsr is")
  expect_identical(panel_words("G01", fit, mash, hits), gene_words("G01", fit, mash, called_days(mash)))
})

test_that("lists and small numbers read well", {
  expect_identical(and_list(c("a", "b", "c")), "a, b and c")
  expect_identical(and_list("a"), "a")
  expect_identical(show_small(c(0.001, 0.5)), c("less than 0.01", "0.5"))
  expect_identical(show_probability(c(0.999, 0.001, 0.5)), c("> 0.99", "< 0.01", "= 0.50"))
  expect_identical(show_lfsr(c(1e-9, 0.0412)), c("lfsr < 0.001", "lfsr = 0.041"))
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
