odd <- rbind(`*a*` = c(2, 2), b = c(0, 0), kept = c(-2, -2))
compared <- compare_runs(hits_of(0 * odd), hits_of(odd))

test_that("names are text; what changed is told before and now", {
  expect_match(runs_words(compared), "(\\*a\\*", fixed = TRUE)
  changes <- runs_changes(compared)
  expect_identical(changes$Gene, c("\\*a\\*", "kept"))
  expect_identical(changes$Change, c("gained", "gained"))
  expect_match(changes$Before, "^not called, 0h \\(lfsr")
  expect_match(changes$Now, "^(up|down), 0h \\(lfsr")
  expect_identical(nrow(runs_changes(compare_runs(hits_of(odd), hits_of(odd)))), 0L)
})

test_that("the answer has a sentence with a link where there was a fit before", {
  expect_null(runs_answer(NULL))
  expect_match(runs_answer(compared), "(2 gained): see [Since the fit before](#runs).", fixed = TRUE)
  turned <- compare_runs(hits_of(odd), hits_of(-odd))
  expect_match(runs_answer(turned), "(2 reversed)", fixed = TRUE)
  expect_match(runs_answer(compare_runs(hits_of(odd), hits_of(odd))), "No call has changed", fixed = TRUE)
})

test_that("points say how alike effects are, what only one run has, and what differs", {
  more <- rbind(odd, new = c(1, 0))
  told <- runs_points(compare_runs(hits_of(odd), hits_of(more)))
  expect_match(told, "^Correlation of effects: 0h 1.000, 48h", all = FALSE)
  expect_match(told, "Only in this fit: 1 gene (new), left out", fixed = TRUE, all = FALSE)
})
