right <- made_certificate()
wrong <- made_certificate(sd = 2)

test_that("a certificate has one row a measure, with a verdict and a sentence", {
  needed <- c("check", "statistic", "expected_low", "expected_high", "pass", "sentence")
  expect_true(all(needed %in% names(right$checks)))
  expect_identical(right$checks$check, rep(c("permutation", "ntc"), c(3, 2)))
  expect_true(all(right$checks$pass))
  expect_false(all(wrong$checks$pass))
  expect_identical(nrow(right$z), as.integer(6 * 40 * 4 + 3 * 2 * 4))
  expect_length(right$calls, 6)
})

test_that("mash calls hits on refits as run_mash() does on a table", {
  fit <- example_fit()
  unit <- list(gene = fit$estimate$gene, betahat = betahat(fit$estimate), se = fitted_se(fit))
  for (rule in c("lfsr", "svalue", "either")) {
    settings <- fate_settings(call_rule = rule)
    direct <- run_mash(fit, settings = settings)$table
    expect_identical(called_again(refitted(fit, unit), settings), called_genes(direct))
  }
  direct <- run_mash(fit, settings = fate_settings(), n_draws = 1)$table
  # the very estimates: every hit is called again
  expect_true(all(right$stability$called == 1))
  expect_identical(right$stability$gene, direct$gene[direct$hit_anyday])
  # covariances by lower triangle, row by row
  unit$covariance <- matrix(seq_len(10 * 40), 40)
  cov <- refitted(fit, unit)$cov
  expect_identical(cov$day_1[1:4], c(0L, 1L, 1L, 2L))
  expect_identical(cov$likelihood_cov[cov$gene == unit$gene[[3]]], as.numeric(unit$covariance[3, ]))
})

test_that("a refit that did not settle is a verdict, and the others are judged", {
  fit <- example_fit()
  units <- made_units(6, nrow(fit$estimate), length(fit$days))
  units <- lapply(units, override, list(gene = fit$estimate$gene))
  units[[2]] <- list(not_settled = "scales did not settle")
  certificate <- new_certificate(fit, "permutation", list(permutation = units), fate_settings(), 0)
  expect_identical(certificate$checks$verdict, c("pass", "pass", "pass", "did not settle"))
  expect_length(certificate$calls, 5)
  none <- new_certificate(fit, "permutation", list(permutation = units[2]), fate_settings(), 0)
  expect_identical(none$checks$verdict, "did not settle")
})

test_that("hits say the verdict of their certificate in one line", {
  result <- run_mash(example_fit())
  failed <- format(rank_hits(result, certificate = wrong))
  expect_match(failed, "Certificate FAILED \\(permutation", all = FALSE)
  expect_match(format(rank_hits(result, certificate = right)), "Certificate: all 5 measures", all = FALSE)
  expect_no_match(format(rank_hits(result)), "Certificate")
  expect_error(rank_hits(result, certificate = 1), class = "fatebias_error")
})

test_that("a check that cannot be made is a row without verdict", {
  certificate <- new_certificate(example_fit(), "ntc", list(ntc = list()), fate_settings(), 0)
  expect_identical(certificate$checks$pass, NA)
})

test_that("Python: a whole certificate of a small screen", {
  fit <- small_fit()
  fit$settings <- update_settings(fit$settings, threads = 1L)
  certificate <- certify_fit(fit, "full", n_permutations = 3, n_splits = 2, n_bootstraps = 3, n_seeds = 1)
  expect_s3_class(certificate, "fatebias_certificate")
  expect_setequal(certificate$checks$check, shared_constant("certificate_levels")$full)
  expect_identical(unique(certificate$checks$check[is.na(certificate$checks$statistic)]), "associations")
  expect_match(format(fit), "^Certificate", all = FALSE)
  expect_match(kept_verdict(fit), if (all(certificate$checks$pass, na.rm = TRUE)) "passed" else "FAILED")
  expect_null(kept_verdict(contrast_fit(fit, "NEU"))) # whose certificate was not made
  quick <- certify_fit(fit)
  expect_setequal(quick$checks$check, shared_constant("certificate_levels")$quick)
  again <- certify_fit(fit, "full", n_permutations = 3, n_splits = 2, n_bootstraps = 3, n_seeds = 1)
  expect_equal(again$checks, certificate$checks)
  expect_error(certify_fit(fit, 0.3), class = "fatebias_error_argument")
  expect_error(certify_fit("fit"), class = "fatebias_error_argument")
  # SEs shrunk on purpose are seen by what compares with the fit's own
  fit$estimate <- data.table::copy(fit$estimate) # other tests share it
  for (column in day_columns(fit$estimate, "se")) {
    data.table::set(fit$estimate, j = column, value = fit$estimate[[column]] / 2)
  }
  shrunk <- certify_fit(fit, c("sandwich", "bootstrap"), n_bootstraps = 3, n_seeds = 1)
  expect_false(any(shrunk$checks$pass))
})
