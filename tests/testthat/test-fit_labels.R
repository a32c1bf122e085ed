# Fits of several label sets: what prints, tables and the report say of them. The sets are written into the
# tables of the example fit.

fit_of_sets <- function() {
  fit <- fit_with_guides()
  genes <- nrow(fit$gene)
  shares <- matrix(seq(0.1, 0.6, length.out = genes * length(fit$days)), genes)
  fit$heterogeneity <- data.table::copy(fit$heterogeneity)
  for (d in seq_along(fit$days)) {
    data.table::set(fit$heterogeneity, j = paste0("label_share_d", d - 1L), value = shares[, d])
  }
  fit$manifest$label_sets <- list(keys = c("k30", "k50", "palantir"))
  fit$manifest$estimates$label_share <- apply(shares, 2, stats::median)
  list(fit = fit, shares = shares)
}

test_that("a fit of one set says nothing of sets", {
  fit <- fit_with_guides()
  expect_null(label_sets_of(fit))
  expect_null(label_shares(fit, fit$gene$gene))
  expect_null(label_columns(fit, fit$gene$gene))
  expect_null(label_line(fit))
  expect_false("label_share" %in% names(tidy(fit)))
  expect_identical(label_words(fit), "")
  expect_identical(se_of_mean_labels(fit), fitted_se(fit))
})

test_that("the share of labels is in tables by gene and day, in the order of the genes asked for", {
  made <- fit_of_sets()
  genes <- rev(made$fit$gene$gene)
  at <- match(genes, made$fit$heterogeneity$gene)
  expect_equal(label_shares(made$fit, genes), made$shares[at, ], ignore_attr = TRUE)
  table <- tidy(made$fit)
  at <- match(made$fit$gene$gene, made$fit$heterogeneity$gene)
  expect_identical(table$label_share, as.vector(made$shares[at, ]))
  columns <- label_columns(made$fit, genes)
  expect_named(columns, paste0("label_share_d", seq_along(made$fit$days) - 1L))
  result <- run_mash(made$fit, n_draws = 10)
  at <- match(result$table$gene, made$fit$heterogeneity$gene)
  expect_identical(result$table$label_share_d1, made$shares[at, 2])
})

test_that("prints, report and certificate name the sets", {
  made <- fit_of_sets()
  expect_match(format(made$fit), "3 label sets (k30, k50, palantir): ", fixed = TRUE, all = FALSE)
  expect_match(label_words(made$fit), "3 sets of fate probabilities (k30, k50 and palantir)", fixed = TRUE)
  without <- fitted_se(made$fit)^2 * (1 - made$shares)
  expect_equal(se_of_mean_labels(made$fit)^2, without, ignore_attr = TRUE)
  certificate <- structure(
    list(
      checks = data.table::data.table(
        check = "ntc", measure = "rate", statistic = 1, expected_low = 0, expected_high = 2, pass = TRUE,
        verdict = "pass", sentence = "Fine."
      ),
      out_dir = "fits", label_sets = c("a", "b")
    ),
    class = "fatebias_certificate"
  )
  expect_match(format(certificate), "Labels: the mean of 2 label sets (a, b)", fixed = TRUE, all = FALSE)
  certificate["label_sets"] <- list(NULL)
  expect_no_match(format(certificate), "Labels:")
})

test_that("the report names calls whose variance is mostly of labels", {
  made <- fit_of_sets()
  hits <- rank_hits(run_mash(made$fit, n_draws = 10))
  words <- sets_words(made$fit, hits)
  expect_match(words, "An error that all sets share cannot be seen.", fixed = TRUE, all = FALSE)
  called <- hits$gene[called_rows(hits)]
  day <- hits$best_day[called_rows(hits)] + 1
  share <- made$shares[cbind(match(called, made$fit$heterogeneity$gene), day)]
  named <- vapply(called, function(gene) any(grepl(gene, words[-1], fixed = TRUE)), logical(1))
  expect_identical(unname(named), share > 0.5)
  expect_null(sets_words(fit_with_guides(), hits))
})
