# Four genes on three days: called on 0h and 48h; on 24h; not; on a day without an estimate
table_of <- function() {
  data.table::data.table(
    gene = c("A", "B", "C", "D"), onset_day = c(0L, 0L, 1L, 2L), p_onset = c(0.9, 0.57, 0.3, 1),
    call_d0 = c(TRUE, FALSE, FALSE, FALSE), call_d1 = c(FALSE, TRUE, FALSE, FALSE),
    call_d2 = c(TRUE, FALSE, FALSE, FALSE), call_anyday = c(TRUE, TRUE, FALSE, TRUE)
  )
}
days <- c("0h", "24h", "48h")

test_that("an onset is clear where it is the first day called", {
  marks <- onset_marks(table_of(), 0.05)
  expect_identical(marks$clear, c(TRUE, FALSE, NA, FALSE))
  expect_identical(marks$first, c(1L, 2L, NA, NA))
  told <- c("0h", "not clear: 0h (.57) or 24h", NA, "not clear: 48h (1.00)")
  expect_identical(onset_text(marks, days), told)
  expect_identical(onset_text(marks, days, doubt = "")[[2]], "0h (.57) or 24h")
  later <- table_of()
  later$onset_day[1] <- 2L # called on 0h already
  expect_identical(onset_text(onset_marks(later, 0.05), days)[[1]], "not clear: 48h (.90) or 0h")
})

test_that("tables of an earlier version: calls follow from the lfsr, and without onsets none is told", {
  old <- data.table::data.table(
    gene = "A", onset_day = 0L, p_onset = 0.5, hit_anyday = TRUE, betahat_d0 = 0.1, betahat_d1 = 1,
    lfsr_d0 = 0.4, lfsr_d1 = 0.001
  )
  expect_identical(onset_text(onset_marks(old, 0.05), days), "not clear: 0h (.50) or 24h")
  none <- onset_marks(old[, !c("onset_day", "p_onset")], 0.05)
  expect_true(is.na(onset_text(none, days)))
})

test_that("the print of hits tells onsets by the labels of days, none against the calls", {
  result <- run_mash(example_fit())
  result$days <- names(result$times) <- c("0h", "24h", "48h", "96h")
  row <- match("G06", result$table$gene) # called on the third day alone
  data.table::set(result$table, row, c("onset_day", "p_onset"), list(0L, 0.57))
  lines <- format(rank_hits(result))
  expect_match(grep("^G06", lines, value = TRUE), "0h (.57) or 48h", fixed = TRUE)
  expect_no_match(lines, "\\bd[0-9]+\\b")
})
