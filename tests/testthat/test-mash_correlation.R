fit <- example_fit()
estimates <- function(x = fit, input = "likelihood") mash_estimates(x, "gene", input)
rho <- 0.3^abs(outer(1:4, 1:4, "-")) # the fixture's correlation of estimates

test_that("V from the fit is the mean correlation of its covariances", {
  v <- choose_v("fit", estimates())
  expect_equal(v$matrix, rho, tolerance = 1e-6)
  expect_identical(v[c("asked", "used")], list(asked = "fit", used = "fit"))
})

test_that("a day that a gene lacks is left out of the mean, and uncorrelated in its own matrix", {
  gone <- fit
  at <- gone$cov$gene == "G09" & (gone$cov$day_1 == 1L | gone$cov$day_2 == 1L)
  gone$cov$likelihood_cov[at] <- NA
  gone$estimate$betahat_d1[9] <- gone$estimate$se_d1[9] <- NA
  expect_equal(choose_v("fit", estimates(gone))$matrix, rho, tolerance = 1e-6)
  own <- choose_v("gene", estimates(gone))$by_row[, , 9]
  expect_equal(own[-2, -2], rho[-2, -2], tolerance = 1e-6)
  expect_equal(own[2, ], c(0, 1, 0, 0))
})

test_that("V by gene is each gene's own correlation, and mash uses it", {
  own <- fit
  at <- own$cov$gene == "G01" & own$cov$day_1 == 1L & own$cov$day_2 == 0L
  own$cov$likelihood_cov[at] <- own$cov$likelihood_cov[at] * 2
  v <- choose_v("gene", estimates(own))
  expect_equal(v$by_row[2, 1, 1], 0.6, tolerance = 1e-5)
  expect_equal(v$by_row[2, 1, 2], 0.3, tolerance = 1e-5)
  by_gene <- run_mash(own, input = "likelihood", v = "gene", gridmult = 2)
  shared <- run_mash(own, input = "likelihood", v = "fit", gridmult = 2)
  changed <- abs(by_gene$table$postmean_d0 - shared$table$postmean_d0)
  expect_identical(which.max(changed), 1L)
})

test_that("without covariances V falls back to rows near null, and says so", {
  expect_warning(found <- run_mash(fit$gene, v = "fit"), "no covariances", class = "fatebias_warning_mash")
  expect_identical(found$v[c("asked", "used")], list(asked = "fit", used = "simple"))
  expect_match(found$fallbacks, "V is not fit as asked, but simple")
  expect_warning(choose_v("gene", estimates(fit$gene)), "no covariances", class = "fatebias_warning_mash")
  calibrated <- fate_settings()
  expect_identical(run_mash(fit, "guide", settings = calibrated)$v$asked, "simple")
  expect_identical(run_mash(fit, settings = calibrated, input = "posterior")$v$asked, "simple")
  expect_identical(run_mash(fit, settings = calibrated)$v$asked, "fit")
})

test_that("V by EM is mashr's", {
  found <- run_mash(fit, v = "em", covariances = list(one = diag(4), two = matrix(1, 4, 4)))
  e <- estimates(input = "posterior")
  data <- mashr::mash_set_data(e$betahat, e$se)
  direct <- mashr::mash_estimate_corr_em(
    data, list(one = diag(4), two = matrix(1, 4, 4)), grid = scale_grid(e, sqrt(2), 0.5), details = FALSE
  )
  expect_equal(found$v$matrix, unname(direct))
  expect_identical(found$v$used, "em")
  expect_length(found$fallbacks, 0)
})

test_that("V from controls is the correlation of their z scores around 0", {
  set.seed(2)
  z <- matrix(rnorm(40), 10)
  se <- matrix(runif(40, 0.1, 0.2), 10)
  v <- choose_v("ntc", estimates(), ntc = list(betahat = z * se, se = se))
  expect_equal(v$matrix, cov2cor(t(z) %*% z))
  expect_error(choose_v("ntc", estimates()), "fit_controls", class = "fatebias_error_mash")
  few <- list(betahat = (z * se)[1:4, ], se = se[1:4, ])
  expect_snapshot(error = TRUE, choose_v("ntc", estimates(), ntc = few))
})

test_that("too few rows near null: V falls back, said three times", {
  large <- fit$gene[1:8]
  expect_warning(fallen <- run_mash(large), class = "fatebias_warning_mash")
  expect_identical(fallen$v$used, "identity")
  expect_identical(fallen$v$matrix, diag(4))
  expect_snapshot(cat(fallen$fallbacks))
  expect_output(print(fallen), "Fall-back: V is not .* as asked, but identity")
  expect_snapshot(invisible(run_mash(large)))
  expect_no_warning(run_mash(large, v = diag(4)))
})

test_that("as many rows near null as days give a singular V: that is a fall-back too", {
  z <- betahat(fit$gene) / as.matrix(as.data.frame(fit$gene)[paste0("se_d", 0:3)])
  few <- fit$gene[head(which(apply(abs(z), 1, max) < 2), 4)]
  expect_warning(fallen <- run_mash(few), class = "fatebias_warning_mash")
  expect_match(fallen$fallbacks, "too few rows")
})

test_that("V as a matrix is taken or refused", {
  v <- diag(4) * 0.5 + 0.5
  expect_identical(run_mash(fit, v = v)$v$matrix, v)
  expect_error(run_mash(fit, v = diag(3)), class = "fatebias_error_mash")
  expect_error(run_mash(fit, v = matrix(1, 4, 4)), "singular", class = "fatebias_error_mash")
  expect_error(run_mash(fit, v = 4 * diag(4)), "ones on its diagonal", class = "fatebias_error_mash")
  expect_error(run_mash(fit, v = TRUE), class = "fatebias_error_mash")
  expect_error(run_mash(fit, v = "simpel"), class = "fatebias_error_settings")
})

test_that("V is checked by name, and a mash_v that was asked for is not replaced in silence", {
  v <- diag(4)
  dimnames(v) <- rep(list(rev(fit$days)), 2)
  expect_error(run_mash(fit, v = v), "the days are", class = "fatebias_error_mash")
  asked <- fate_settings(mash_v = "gene", mash_input = "posterior", mash_gridmult = 2)
  expect_identical(run_mash(fit, settings = asked)$v$asked, "gene")
  controls <- list(betahat = matrix(rnorm(40), 10), se = matrix(1, 10, 4))
  by_controls <- run_mash(fit$gene, settings = fate_settings(mash_v = "ntc"), ntc = controls)
  expect_identical(by_controls$v$used, "ntc")
})

test_that("EM with too few complete rows keeps its start, and says so", {
  holes <- data.table::copy(fit$gene)
  holes$betahat_d1[-(9:12)] <- holes$se_d1[-(9:12)] <- NA
  expect_warning(expect_warning(found <- run_mash(holes, v = "em"), "too few rows"))
  expect_match(found$fallbacks[[1]], "too few for EM")
})
