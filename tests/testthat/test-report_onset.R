mash <- run_mash(example_fit())

course_row <- function(called = c(TRUE, FALSE, TRUE, TRUE)) {
  data.table::data.table(
    onset_day = 0L, p_onset = 0.9, p_persist = 0.01, p_switch = 0.02, p_active_d3 = 0.999,
    call_d0 = called[1], call_d1 = called[2], call_d2 = called[3], call_d3 = called[4],
    call_anyday = any(called)
  )
}

test_that("the course says what is there on the last day, and a change of sign", {
  row <- course_row()
  expect_identical(course_words(row, mash), paste(
    "Its effect most probably begins on d0 (P = 0.90),", "and is there on the last day (P > 0.99)."
  ))
  row$p_active_d3 <- 0.02
  expect_match(course_words(row, mash), "is gone on the last day \\(P = 0.98\\)\\.$")
  row$p_persist <- 0.97
  row$p_switch <- 0.9
  expect_match(course_words(row, mash), "is there on all later days (P = 0.97), with", fixed = TRUE)
  expect_match(course_words(row, mash), ", with a change of sign (P = 0.90).", fixed = TRUE)
  last <- course_row(c(FALSE, FALSE, FALSE, TRUE))
  last$onset_day <- 3L
  last$p_switch <- 0.9
  expect_match(course_words(last, mash), "begins on d10 (P = 0.90), with a change", fixed = TRUE)
})

test_that("an onset that is not the first day called is not told as one", {
  row <- course_row(c(FALSE, TRUE, TRUE, TRUE))
  row$p_onset <- 0.57
  expect_identical(course_words(row, mash), paste(
    "When its effect begins is not clear: d0 (.57) or d2. It is there on the last day (P > 0.99)."
  ))
  row$p_persist <- 0.8
  row$p_switch <- 0.7
  expect_match(course_words(row, mash), paste(
    "or d2. It is there on all days after its onset (P = 0.80), with a change of sign (P = 0.70)."
  ), fixed = TRUE)
  row$onset_day <- 3L
  told <- "d10 (.57) or d2. It is with a change of sign (P = 0.70)."
  expect_match(course_words(row, mash), told, fixed = TRUE)
  row$p_switch <- 0
  expect_identical(course_words(row, mash), "When its effect begins is not clear: d10 (.57) or d2.")
})
