fit <- example_fit()

test_that("a sound fit passes", {
  qc <- assess_qc(fit)
  expect_named(qc, c("assertion", "statistic", "threshold", "pass", "worst_gene"))
  expect_identical(qc$assertion, c("delta_mean", "offset_mean", "offset_sd"))
  expect_true(all(qc$pass))
  expect_no_condition(assert_qc(fit))
  expect_identical(expect_invisible(assert_qc(qc)), qc)
})

test_that("values that are zero but for rounding name no gene: they stay in the fit's order", {
  noise <- data.table::data.table(gene = letters[1:4], offset = c(1e-17, 3e-16, NA, -0.1))
  expect_identical(worst_genes(noise, "offset")$gene, c("c", "d", "a", "b"))
  expect_identical(largest_size(noise$offset[-3]), 0.1)
})

test_that("a shifted delta fails, as an error in simulation mode and a warning on real data", {
  guide <- data.table::copy(fit$guide)
  delta <- delta_of(fit)
  delta[guide$gene == "G07"] <- delta[guide$gene == "G07"] + 0.1
  bad <- corrupted_fit(fit, delta = delta)
  qc <- assess_qc(bad)
  expect_identical(qc$pass, c(FALSE, TRUE, TRUE))
  expect_identical(qc$worst_gene[1], "G07")
  expect_equal(qc$statistic[1], 0.1, tolerance = 1e-6)
  expect_error(assert_qc(bad, "simulation"), class = "fatebias_error_qc")
  expect_warning(assert_qc(bad, "real"), class = "fatebias_warning_qc")
  expect_error(assert_qc(bad), class = "fatebias_error_qc") # the fit's own mode
})

test_that("a theta replaced by the effects of one guide fails by its offset", {
  gene <- data.table::copy(fit$gene)
  columns <- grep("^betahat", names(gene))
  gene[10, columns] <- as.list(betahat(fit$guide)[fit$guide$gene == "G10", ][1, ])
  qc <- assess_qc(corrupted_fit(fit, gene = gene))
  expect_identical(qc$pass, c(TRUE, FALSE, TRUE))
  expect_identical(qc$worst_gene[2], "G10")
})

test_that("a theta wrong on one day fails by mean and SD of its offset", {
  gene <- data.table::copy(fit$gene)
  gene$betahat_d2[4] <- gene$betahat_d2[4] + 0.2
  qc <- assess_qc(corrupted_fit(fit, gene = gene, delta = delta_of(fit)))
  expect_identical(qc$pass, c(TRUE, FALSE, FALSE))
})

test_that("a missing value never passes", {
  for (bad in list(NA_real_, NaN)) {
    broken <- fit
    broken$qc_offset <- data.table::copy(fit$qc_offset)
    broken$qc_offset$offset_sd_across_days[3] <- bad
    qc <- assess_qc(broken)
    expect_identical(qc$pass, c(TRUE, TRUE, FALSE))
    expect_identical(qc$worst_gene[3], "G03")
  }
  empty <- fit
  empty$qc_delta <- fit$qc_delta[0]
  expect_identical(assess_qc(empty)$pass, c(FALSE, TRUE, TRUE))
})

test_that("thresholds and mode come from the settings", {
  guide_shift <- delta_of(fit) + 0.03
  bad <- corrupted_fit(fit, delta = guide_shift)
  expect_false(assess_qc(bad)$pass[1])
  expect_true(assess_qc(bad, qc_delta_mean_max = 0.04)$pass[1])
  expect_warning(assert_qc(assess_qc(bad, fate_settings(mode = "real"))), class = "fatebias_warning_qc")
  expect_identical(attr(assess_qc(bad, settings_for(fate_settings(), "qc")), "mode"), "real")
})

test_that("the message lists the ten worst genes", {
  delta <- delta_of(fit)
  genes <- fit$gene$gene[3:14]
  delta <- delta + ifelse(fit$guide$gene %in% genes, match(fit$guide$gene, genes) / 10, 0)
  bad <- corrupted_fit(fit, delta = delta)
  expect_snapshot(error = TRUE, assert_qc(bad))
  expect_snapshot(assess_qc(bad))
})

test_that("something else than a fit is refused", {
  expect_error(assess_qc(list(settings = fate_settings())), class = "fatebias_error_qc")
})

test_that("each assertion is about a column of a table of every fit, and says what is wrong", {
  expect_identical(qc_assertion_names(), names(qc_meanings))
  for (a in qc_assertions()) {
    expect_true(fit_tables[[a$table]]$needed && a$column %in% fit_tables[[a$table]]$columns, info = a$name)
    expect_true(a$setting %in% keys_of("qc"), info = a$name)
  }
})

test_that("Python: the pipeline's own output passes QC, corrupted copies do not", {
  made <- small_fit()
  expect_no_condition(assert_qc(made))
  gene <- as.data.frame(made$gene)
  several <- names(which(table(made$guide$gene) > 1))[1]
  one_guide <- betahat(made$guide)[match(several, made$guide$gene), ]
  gene[gene$gene == several, grep("^betahat", names(gene))] <- as.list(one_guide)
  refused <- function(fit) expect_error(assert_qc(fit, "simulation"), several, class = "fatebias_error_qc")
  refused(corrupted_fit(made, gene = gene))
  delta <- delta_of(made) + (made$guide$gene == several) * 0.05
  refused(corrupted_fit(made, delta = delta))
  expect_warning(assert_qc(corrupted_fit(made, delta = delta), "real"), class = "fatebias_warning_qc")
})

test_that("tables of the QC, also of some rows only", {
  qc <- assess_qc(example_fit())
  expect_identical(class(tidy(qc)), c("data.table", "data.frame"))
  expect_identical(tidy(qc)$statistic, qc$statistic)
  expect_identical(glance(qc)$n_violated, 0L)
  expect_identical(summary(qc)[1, ]$gene, qc$worst_gene[[1]])
  expect_identical(nrow(summary(qc)), 30L)
  bad <- assess_qc(example_fit(), qc_offset_max = 1e-30)
  expect_identical(glance(bad[2:3])$n_assertions, 2L)
  # the second row violates what the second assertion says, also when it comes first
  expect_error(assert_qc(bad[3:2], "simulation"), "offset_sd: theta departs", class = "fatebias_error_qc")
  expect_output(print(bad[, c("assertion", "pass")]), "assertion")
})
