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

test_that("the first paragraph counts genes and directions, and says what is not known", {
  head <- answer_words(fit, mash, hits)$head
  expect_length(head, 1)
  expect_match(head, "^\\*\\*8 of 40 genes are called\\.\\*\\* Whether they hold without any one guide")
  expect_match(head, "They change the odds of MES against EC: 4 raise them and 4 lower them.", fixed = TRUE)
  expect_match(head, "No certificate was made", fixed = TRUE)
})

test_that("the second paragraph tells the rule, wrong signs and days", {
  sure <- answer_words(fit, mash, hits)$how_sure
  expect_length(sure, 1)
  expect_match(sure, "^A gene is called where its local false sign rate is below 0.05 on at least one day\\.")
  expect_match(sure, "By day: d0: 2 up, 2 down; d2: 2 up, 2 down; d4: 4 up, 4 down; d10: 2 up, 2 down.",
               fixed = TRUE)
})

test_that("genes that hold are those that neither a guide nor a replicate carries alone", {
  new <- fit_with_guides()
  found <- rank_hits(run_mash(new, settings = fate_settings()))
  expect_identical(count_words(new, found), paste(
    "**8 of 40 genes are called; 6 of them hold without any one guide and in every replicate,",
    "2 have one guide and cannot be checked.**"
  ))
  several <- found[found$n_guides > 1]
  expect_match(count_words(new, several), "6 of 38 genes are called; all of them hold without", fixed = TRUE)
  weak <- data.table::copy(found)
  data.table::set(weak, which(weak$gene == "G03"), "replicates_agree", 1L)
  expect_match(count_words(new, weak), "; 5 of them hold", fixed = TRUE)
  data.table::set(weak, which(weak$gene == "G05"), "robust", FALSE)
  expect_match(count_words(new, weak), "; 4 of them hold", fixed = TRUE)
  one <- fit_with_guides(shift = c(r1 = 0))
  said <- count_words(one, rank_hits(run_mash(one, settings = fate_settings())))
  expect_match(said, "6 of them hold without any one guide (there is one replicate)", fixed = TRUE)
})

test_that("nothing is said of guides or replicates where none could be checked", {
  new <- fit_with_guides()
  found <- rank_hits(run_mash(new, settings = fate_settings()))
  single <- data.table::copy(found)
  data.table::set(single, j = "n_guides", value = 1L)
  expect_identical(
    count_words(new, single), "**8 of 40 genes are called; 8 have one guide and cannot be checked.**"
  )
  apart <- new # each day has one replicate
  rows <- new$by_replicate
  apart$by_replicate <- rows[rows$replicate == ifelse(rows$day < 2, "r1", "r2")]
  said <- count_words(apart, found)
  expect_match(said, "guide (replicates could not be compared), 2 have one", fixed = TRUE)
  apart$by_replicate <- NULL
  expect_no_match(count_words(apart, found), "in every replicate", fixed = TRUE)
})

test_that("genes that the rule calls and the lfsr does not are no genes that do not hold", {
  new <- fit_with_guides()
  found <- rank_hits(run_mash(new, settings = fate_settings()))
  data.table::setattr(found, "call_rule", "svalue")
  data.table::set(found, which(found$gene == "G05"), c("hit_anyday", "robust"), list(FALSE, FALSE))
  expect_match(count_words(new, found), paste(
    "; 5 of them keep an lfsr below 0.05 without any one guide and in every replicate,",
    "2 have one guide and cannot be checked, 1 is called by the rule only and cannot be checked."
  ), fixed = TRUE)
})

test_that("the list has one line a gene, with a link to its page", {
  new <- fit_with_changes()
  lines <- strongest_words(new, mash, hits)
  expect_length(lines, strongest_told)
  row <- match(hits$gene[1], mash$table$gene)
  begin <- sprintf("[**%s**](#gene-1) on %s: ", hits$gene[1], mash$days[hits$best_day[1] + 1])
  expect_true(startsWith(lines[1], begin))
  effect <- abs(hits[[paste0("postmean_d", hits$best_day[1])]][1])
  expect_match(lines[1], sprintf("log odds [+\u2212]%.2f", effect))
  expect_match(lines[1], " points, ", fixed = TRUE)
  expect_identical(anyDuplicated(lines), 0L)
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
  expect_match(answer$head, "**1 of 40 genes is called.**", fixed = TRUE)
  expect_match(answer$head, "It lowers the odds of MES against EC.", fixed = TRUE)
  expect_match(answer$how_sure, "The probability that its sign is wrong on its best day")
})

test_that("the certificate's verdict stands in the first paragraph, passed or failed", {
  good <- made_certificate()
  said <- sprintf("The certificate passed all %d measures", sum(!is.na(good$checks$pass)))
  expect_match(answer_words(fit, mash, hits, good)$head, said, fixed = TRUE)
  empty <- good
  empty$checks$pass <- NA
  said <- answer_words(fit, mash, hits, empty)$head
  expect_match(said, "The certificate says nothing, since no measure could be made: see", fixed = TRUE)
  expect_identical(verdict_line(empty$checks), "Certificate: no measure could be made")
  bad <- made_certificate(sd = 3)
  expect_match(answer_words(fit, mash, hits, bad)$head, "The certificate failed (", fixed = TRUE)
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
  expect_match(answer$head, smallest, fixed = TRUE)
})
