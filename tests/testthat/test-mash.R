fit <- example_fit()
result <- run_mash(fit)

test_that("the table has the contract's columns", {
  by_day <- function(name) paste0(name, "_d", 0:3)
  expect_identical(names(result$table), c(
    "gene", by_day("betahat"), by_day("se"), by_day("postmean"), by_day("postsd"), by_day("lfsr"),
    "lfsr_min", "best_day", "hit_anyday"
  ))
  guide <- run_mash(fit, "guide")$table
  expect_identical(names(guide), c("guide", names(result$table)))
  expect_identical(guide$guide, fit$guide$guide)
})

test_that("the numbers are those of a direct call of mashr", {
  b <- betahat(fit$gene)
  s <- as.matrix(as.data.frame(fit$gene)[paste0("se_d", 0:3)])
  v <- mashr::estimate_null_correlation_simple(mashr::mash_set_data(b, s))
  data <- mashr::mash_set_data(b, s, V = v)
  direct <- mashr::mash(data, mashr::cov_canonical(data), verbose = FALSE)
  table <- as.data.frame(result$table)
  columns <- function(name) unname(as.matrix(table[paste0(name, "_d", 0:3)]))
  expect_identical(columns("postmean"), unname(direct$result$PosteriorMean))
  expect_identical(columns("postsd"), unname(direct$result$PosteriorSD))
  expect_identical(columns("lfsr"), unname(direct$result$lfsr))
  expect_identical(unname(result$v$matrix), unname(v))
})

test_that("derived columns follow from lfsr", {
  lfsr <- as.matrix(as.data.frame(result$table)[paste0("lfsr_d", 0:3)])
  expect_identical(result$table$lfsr_min, unname(apply(lfsr, 1, min)))
  expect_identical(result$table$best_day, unname(apply(lfsr, 1, which.min)) - 1L)
  expect_identical(result$table$hit_anyday, result$table$lfsr_min < 0.05)
})

test_that("known effects are found, and nothing else", {
  expect_identical(result$table$gene[result$table$hit_anyday], sprintf("G%02d", 1:8))
  on_day_2 <- result$table[5:8]
  expect_true(all(on_day_2$best_day == 2L))
  expect_identical(sign(on_day_2$postmean_d2), c(1, -1, 1, -1))
})

test_that("the threshold sets the hits", {
  strict <- run_mash(fit, lfsr_thresh = 1e-20)$table
  expect_lt(sum(strict$hit_anyday), 8)
  of_stage <- settings_for(fate_settings(preset = "plain", mash_lfsr_thresh = 1e-20), c("fit", "mash"))
  by_settings <- run_mash(fit, settings = of_stage)
  expect_identical(by_settings$table, strict)
  expect_error(run_mash(fit, lfsr_thresh = 2), class = "fatebias_error_settings")
})

test_that("settings default to the preset of the fit", {
  table <- settings_table()
  table$mash_lfsr_thresh$plain <- 1e-20
  local_mocked_bindings(settings_table = function() table)
  expect_identical(fit$settings$preset, "plain")
  expect_identical(run_mash(fit)$lfsr_thresh, 1e-20)
  expect_identical(run_mash(fit$gene)$lfsr_thresh, 0.05)
})

test_that("ashr day by day gives the same columns, as a direct call", {
  by_day <- run_mash(fit, discovery_method = "ashr")
  expect_identical(names(by_day$table), names(result$table))
  direct <- ashr::ash(fit$gene$betahat_d2, fit$gene$se_d2, mixcompdist = "normal")
  expect_identical(by_day$table$lfsr_d2, direct$result$lfsr)
  expect_identical(by_day$table$postmean_d2, direct$result$PosteriorMean)
  expect_identical(by_day$fallbacks, character())
})

test_that("too few rows near null: V falls back, said three times", {
  large <- fit$gene[1:8]
  expect_warning(fallen <- run_mash(large), class = "fatebias_warning_mash")
  expect_identical(fallen$v$used, "identity")
  expect_identical(fallen$v$matrix, diag(4))
  expect_snapshot(cat(fallen$fallbacks))
  expect_output(print(fallen), "Fall-back: V is the identity")
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
  expect_error(run_mash(fit, v = TRUE), class = "fatebias_error_mash")
  expect_error(run_mash(fit, v = "em"), class = "fatebias_error_not_available")
  expect_error(run_mash(fit, v = "simpel"), class = "fatebias_error_settings")
})

test_that("missing estimates stay missing, are listed, and cost no information elsewhere", {
  holes <- data.table::copy(fit$gene)
  holes$betahat_d1[3] <- NA
  holes$se_d1[3] <- NA
  found <- run_mash(holes)
  expect_identical(as.list(found$missing), list(name = "G03", day = "d1"))
  expect_true(is.na(found$table$betahat_d1[3]) && is.na(found$table$se_d1[3]))
  expect_identical(sum(is.na(found$table)), 2L)
  expect_true(found$table$hit_anyday[3])
  expect_equal(found$table[-3], result$table[-3], tolerance = 0.02)
  expect_snapshot(found)
})

test_that("grid: given, or by the number of matrices", {
  expect_identical(result$gridmult, sqrt(2))
  expect_identical(run_mash(fit, gridmult = 3)$gridmult, 3)
  many <- rlang::set_names(lapply(seq_len(41), function(i) diag(4) * i), paste0("m", seq_len(41)))
  expect_identical(run_mash(fit, covariances = many)$gridmult, 2)
})

test_that("three days and two rows work", {
  three <- fit$gene[9:10, c("gene", paste0("betahat_d", 0:2), paste0("se_d", 0:2)), with = FALSE]
  expect_warning(small <- run_mash(three), class = "fatebias_warning_mash")
  expect_identical(dim(small$table), c(2L, 19L))
})

test_that("the result is written as it is", {
  folder <- withr::local_tempdir()
  path <- write_mash(result, folder)
  expect_identical(basename(path), "gene_summary_mash_out.csv")
  expect_equal(data.table::fread(path), result$table, tolerance = 1e-12)
  expect_identical(basename(write_mash(run_mash(fit, "guide"), folder)), "guide_summary_mash_out.csv")
  expect_error(write_mash(result$table, folder), class = "fatebias_error_export")
})

test_that("print", {
  expect_snapshot(result)
})

test_that("V from the fit is the mean correlation of its covariances, and the numbers are mashr's", {
  found <- run_mash(fit, input = "likelihood", v = "fit")
  rho <- 0.3^abs(outer(1:4, 1:4, "-")) # the fixture's
  expect_equal(found$v$matrix, rho, tolerance = 1e-6)
  expect_identical(found$v[c("asked", "used")], list(asked = "fit", used = "fit"))
  b <- betahat(fit$likelihood)
  s <- as.matrix(as.data.frame(fit$likelihood)[paste0("se_d", 0:3)])
  data <- mashr::mash_set_data(b, s, V = found$v$matrix)
  direct <- mashr::mash(data, mashr::cov_canonical(data), verbose = FALSE)
  table <- as.data.frame(found$table)
  expect_identical(unname(as.matrix(table[paste0("lfsr_d", 0:3)])), unname(direct$result$lfsr))
  expect_length(found$fallbacks, 0)
})

test_that("a pair of days that a gene lacks is left out of the mean correlation", {
  gone <- fit
  at <- gone$cov$gene == "G09" & (gone$cov$day_1 == 1L | gone$cov$day_2 == 1L)
  gone$cov$likelihood_cov[at] <- NA
  gone$likelihood$betahat_d1[9] <- gone$likelihood$se_d1[9] <- NA
  found <- run_mash(gone, input = "likelihood", v = "fit")
  expect_equal(found$v$matrix, 0.3^abs(outer(1:4, 1:4, "-")), tolerance = 1e-6)
  expect_identical(found$missing$name, "G09")
})

test_that("without covariances V falls back to rows near null, and says so", {
  expect_warning(found <- run_mash(fit$gene, v = "fit"), "no covariances", class = "fatebias_warning_mash")
  expect_identical(found$v[c("asked", "used")], list(asked = "fit", used = "simple"))
  expect_match(found$fallbacks, "V is the simple, not fit")
  calibrated <- fate_settings()
  expect_identical(run_mash(fit, "guide", settings = calibrated)$v$asked, "simple")
  expect_identical(run_mash(fit, settings = calibrated, input = "posterior")$v$asked, "simple")
  expect_identical(run_mash(fit, settings = calibrated)$v$asked, "fit")
})
