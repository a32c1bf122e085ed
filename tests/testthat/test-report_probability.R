fit <- fit_with_changes()
hits <- rank_hits(run_mash(fit, settings = fate_settings()))

test_that("a gene's changes on its best day are told in points", {
  day <- hits$best_day[hits$gene == "G05"]
  at <- fit$probability_change$gene == "G05" & fit$probability_change$day == day
  row <- fit$probability_change[at]
  said <- change_words("G05", fit, hits)
  begin <- paste("On", fit$days[[day + 1L]], "a guide of it in place of a control guide")
  expect_match(said, begin, fixed = TRUE)
  mes <- do.call(sprintf, c("MES by %+.1f (%+.1f to %+.1f)", 100 * row[2, c("change", "low", "high")]))
  expect_match(said, mes, fixed = TRUE)
  expect_length(gregexpr(" by ", said, fixed = TRUE)[[1]], 3L) # each fate once
})

test_that("nothing is said without changes, or of a day without an estimate", {
  expect_null(change_words("G05", example_fit(), hits))
  none <- fit
  none$probability_change <- data.table::copy(fit$probability_change)
  data.table::set(none$probability_change, j = c("change", "low", "high"), value = NA_real_)
  expect_null(change_words("G05", none, hits))
})
