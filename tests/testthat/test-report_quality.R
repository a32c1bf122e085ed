fit <- example_fit()
mash <- run_mash(fit)
hits <- rank_hits(mash)
qc <- assess_qc(fit)

levels_of <- function(alerts) vapply(alerts, `[[`, character(1), "level")
texts_of <- function(alerts) vapply(alerts, `[[`, character(1), "text")

test_that("nothing to say where all is well", {
  expect_length(report_alerts(fit, mash, hits, qc), 0)
})

test_that("a violated QC, a fit that did not converge and a wrong weight are problems", {
  qc$pass[2] <- FALSE
  fit$manifest$convergence$converged <- FALSE
  fit$manifest$likelihood_weight <- 1
  alerts <- report_alerts(fit, mash, hits, qc)
  expect_identical(levels_of(alerts), rep("problem", 3))
  told <- "QC failed:.*offset._mean|not converged|errors are too large.*weight is 1, 0.14 times"
  expect_match(texts_of(alerts), told)
})

test_that("fall-backs, missing estimates and no hits are notes", {
  mash$fallbacks <- "V: simple failed"
  mash$missing <- data.table::data.table(name = "G03", day = "d2")
  hits$call_anyday <- FALSE
  alerts <- report_alerts(fit, mash, hits, qc)
  expect_identical(levels_of(alerts), rep("note", 3))
  expect_match(texts_of(alerts)[2], "1 estimate of a gene on a day is missing, for want of cells: G03 on d2")
})

test_that("what was left out is told with the reason", {
  words <- left_out_words(fit)
  expect_identical(
    words[1], "3,980 of 4,000 cells were used; left out: 15 without a guide and 5 with more than 20 guides."
  )
  expect_match(words[2], "2 guides of the map are carried by no usable cell: X\\_1, X\\_2", fixed = TRUE)
  expect_match(words[3], "1 gene was dropped, having no guide left: X")
  expect_match(words[4], "1 guide is in fewer than 20 usable cells (G01\\_1)", fixed = TRUE)
})

test_that("cells without fate probabilities are told", {
  fit$manifest$screen$left_out$no_fate_probs <- 7L
  expect_match(left_out_words(fit)[1], "guides and 7 without fate probabilities.", fixed = TRUE)
})

test_that("the fit is told with its weight, dispersion and end", {
  words <- fit_words(fit)
  expect_match(words[1], "weight 7; dispersion of the labels 0.14. Their product is 0.98")
  expect_match(words, "converged after 200 steps, loss 9.5 at first and 5 at last", fixed = TRUE, all = FALSE)
})

test_that("scales have a row a scale and fate", {
  table <- scale_table(fit)
  expect_identical(table$Fate, rep(c("MES", "NEU"), 3))
  expect_identical(table$`Posterior mean (SD)`[3], "0.400 (0.040), 0.400 (0.040), 0.400 (0.040)")
})

test_that("the worst genes of an assertion are named with their values", {
  worst <- data.table::data.table(gene = c("A_1", "B", "C", "D"), value = c(-0.5, 0.25, 0.125, 0))
  expect_identical(worst_words(worst), "A\\_1 (-0.5), B (0.25), C (0.125)")
})

made_certificate <- function(pass) {
  structure(
    list(
      checks = data.table::data.table(
        check = c("ntc", "bootstrap", "heldout"), statistic = c(0.05, 1.3, 2),
        expected_low = c(0.03, 0.9, -Inf), expected_high = c(0.07, 1.1, 3), pass = pass,
        verdict = ifelse(is.na(pass), "cannot be checked", ifelse(pass, "pass", "fail")),
        sentence = "A *sentence*.", measure = "m", day = NA
      ),
      stability = data.table::data.table(by = "bootstrap", gene = c("A", "B"), called = c(1, 0.5), n = 20),
      level = 0.01, seconds = 1, days = fit$days
    ),
    class = "fatebias_certificate"
  )
}

test_that("a certificate is told with its verdict, and a failed one before anything else", {
  good <- made_certificate(c(TRUE, TRUE, NA))
  expect_match(certificate_words(good), "passed every check|1 of 2 hits was called again in 90 %")
  expect_length(report_alerts(fit, mash, hits, qc, good), 0)
  bad <- made_certificate(c(TRUE, FALSE, NA))
  expect_identical(certificate_words(bad)[1], "1 of 3 measures of the certificate failed.")
  alerts <- report_alerts(fit, mash, hits, qc, bad)
  expect_identical(levels_of(alerts), "problem")
  expect_match(texts_of(alerts), "The certificate failed.*bootstrap.*A .*sentence")
  table <- certificate_table(bad)
  expect_identical(table$Verdict, c("pass", "**FAIL**", "cannot be checked"))
  expect_identical(table$Expected[3], "any to 3")
  expect_identical(table$Meaning[1], "A \\*sentence\\*.")
})
