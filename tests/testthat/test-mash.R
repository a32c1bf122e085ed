fit <- example_fit()
result <- run_mash(fit)

test_that("the table has the contract's columns", {
  by_day <- function(name) paste0(name, "_d", 0:3)
  expect_identical(names(result$table), c(
    "gene", by_day("betahat"), by_day("se"), by_day("postmean"), by_day("postsd"), by_day("lfsr"),
    "lfsr_min", "best_day", "hit_anyday", by_day("p_active"), "p_any", "active_set", "p_active_set",
    "onset_day", "p_onset", "p_persist", "p_switch", by_day("plarge"), "svalue",
    by_day("svalue"), by_day("padj"), by_day("call"), "call_anyday", by_day("mde"),
    "n_guides", "guides_agree", "loo_effect_min", "loo_lfsr_max", "top_guide", "top_guide_share", "robust",
    "replicates_agree", "n_replicates", "replicate_p"
  ))
  guide <- run_mash(fit, "guide")$table
  expect_identical(names(guide), c("guide", names(result$table)[seq_len(ncol(guide) - 1)]))
  expect_identical(tail(names(guide), 1), "mde_d3")
  expect_identical(guide$guide, fit$guide$guide)
})

test_that("the numbers are those of a direct call of mashr", {
  b <- betahat(fit$gene)
  s <- as.matrix(as.data.frame(fit$gene)[paste0("se_d", 0:3)])
  v <- mashr::estimate_null_correlation_simple(mashr::mash_set_data(b, s))
  data <- mashr::mash_set_data(b, s, V = v)
  direct <- mashr::mash(data, mashr::cov_canonical(data), grid = result$model$grid, verbose = FALSE)
  table <- as.data.frame(result$table)
  columns <- function(name) unname(as.matrix(table[paste0(name, "_d", 0:3)]))
  expect_equal(columns("postmean"), unname(direct$result$PosteriorMean), tolerance = same_numbers)
  expect_equal(columns("postsd"), unname(direct$result$PosteriorSD), tolerance = same_numbers)
  lfsr <- unname(direct$result$lfsr)
  expect_equal(columns("lfsr"), ifelse(lfsr < 1e-12, 0, lfsr), tolerance = same_numbers)
  expect_equal(unname(result$v$matrix), unname(v), tolerance = same_numbers)
})

test_that("derived columns follow from lfsr", {
  lfsr <- as.matrix(as.data.frame(result$table)[paste0("lfsr_d", 0:3)])
  expect_identical(result$table$lfsr_min, unname(apply(lfsr, 1, min)))
  best <- cbind(seq_len(nrow(lfsr)), result$table$best_day + 1L)
  expect_lt(max(lfsr[best] - result$table$lfsr_min), 1e-9) # the best day may be one of several
  expect_identical(result$table$hit_anyday, result$table$lfsr_min < 0.05)
})

test_that("mashr's prior: day covariances, V from the fit, and mashr's numbers where effects are clear", {
  expect_warning(
    found <- run_mash(fit, settings = fate_settings(mash_prior = "mashr")), "means of zero",
    class = "fatebias_warning_mash"
  )
  spec <- cov_day_subsets() + cov_ar1() + cov_random_walk()
  data <- mashr::mash_set_data(
    betahat(fit$estimate), as.matrix(as.data.frame(fit$estimate)[paste0("se_d", 0:3)]), V = found$v$matrix
  )
  direct <- mashr::mash(
    data, covariance_matrices(spec, found$times), grid = found$model$grid, nullweight = 1,
    verbose = FALSE
  )
  lfsr <- as.matrix(as.data.frame(found$table)[paste0("lfsr_d", 0:3)])
  expect_lt(found$no_effects$posterior, 1e-20)
  expect_equal(unname(lfsr), unname(direct$result$lfsr))
  expect_identical(found$times, c(d0 = 0, d2 = 2, d4 = 4, d10 = 10))
})

test_that("s-values are the mean of the lfsr up to each row", {
  ordered <- sort(result$table$lfsr_min)
  expect_equal(sort(result$table$svalue), cumsum(ordered) / seq_along(ordered))
})

test_that("times of the days: given, of the fit, in the labels, or evenly spaced with a note", {
  expect_identical(unname(run_mash(fit, day_values = c(0, 1, 5, 6))$times), c(0, 1, 5, 6))
  expect_error(run_mash(fit, day_values = c(0, 5, 1, 6)), "day_values", class = "fatebias_error_mash")
  expect_error(run_mash(fit, day_values = 1:3), "day_values", class = "fatebias_error_mash")
  x <- list(betahat = betahat(fit$gene), se = as.matrix(as.data.frame(fit$gene)[paste0("se_d", 0:3)]))
  colnames(x$betahat) <- colnames(x$se) <- c("d2", "d3", "d5", "d9.5")
  expect_identical(run_mash(x)$times, c(d2 = 2, d3 = 3, d5 = 5, d9.5 = 9.5))
  colnames(x$betahat) <- colnames(x$se) <- c("early", "mid", "late", "end")
  untold <- run_mash(x)
  expect_identical(unname(untold$times), c(0, 1, 2, 3))
  expect_match(untold$fallbacks, "evenly spaced")
})

test_that("all rows null, all rows strong, 3,000 rows and 7 days all work", {
  set.seed(1)
  se <- matrix(0.1, 30, 4)
  strong <- list(betahat = matrix(2 + rnorm(120, 0, 0.1), 30), se = se)
  expect_warning(found <- run_mash(strong), class = "fatebias_warning_mash")
  expect_true(all(found$table$hit_anyday))
  many <- list(betahat = matrix(rnorm(12000, 0, 0.2), 3000), se = matrix(0.1, 3000, 4))
  expect_identical(nrow(run_mash(many, gridmult = 2)$table), 3000L)
  week <- list(betahat = matrix(rnorm(140, 0, 0.2), 20), se = matrix(0.1, 20, 7))
  expect_identical(nrow(run_mash(week, v = diag(7))$covariances), 115L)
})

test_that("known effects are found, and nothing else", {
  expect_identical(result$table$gene[result$table$hit_anyday], sprintf("G%02d", 1:8))
  on_day_2 <- result$table[5:8]
  expect_true(all(on_day_2$best_day == 2L))
  expect_identical(sign(on_day_2$postmean_d2), c(1, -1, 1, -1))
})

test_that("the threshold sets the hits", {
  sure <- result$table$lfsr_min
  between <- mean(sort(sure[sure > 0])[1:2])
  strict <- run_mash(fit, lfsr_thresh = between)$table
  expect_identical(sum(strict$hit_anyday), sum(sure < between))
  of_stage <- settings_for(fate_settings(preset = "plain", mash_lfsr_thresh = between), c("fit", "mash"))
  by_settings <- run_mash(fit, settings = of_stage)
  expect_equal(by_settings$table, strict, tolerance = same_numbers)
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

test_that("missing estimates stay missing, are listed, and cost no information elsewhere", {
  holes <- data.table::copy(fit$gene)
  holes$betahat_d1[3] <- NA
  holes$se_d1[3] <- NA
  found <- run_mash(holes, settings = fate_settings(preset = "plain"))
  expect_identical(as.list(found$missing), list(name = "G03", day = "d1"))
  expect_true(is.na(found$table$betahat_d1[3]) && is.na(found$table$se_d1[3]))
  numbers <- setdiff(names(found$table), names(no_guide_columns(1))) # a table knows no guides
  absent <- c("betahat_d1", "mde_d1", "padj_d1", "se_d1", "svalue_d1")
  expect_setequal(names(which(colSums(is.na(found$table[, numbers, with = FALSE])) == 1)), absent)
  expect_identical(sum(is.na(found$table[, numbers, with = FALSE])), 5L)
  numbers <- setdiff(numbers, grep("^(svalue|padj|mde)_d", numbers, value = TRUE)) # over one effect less
  expect_true(found$table$hit_anyday[3])
  others <- result$table[-3, numbers, with = FALSE]
  expect_equal(found$table[-3, numbers, with = FALSE], others, tolerance = 0.02)
  expect_snapshot(found)
})

test_that("three days and two rows work", {
  three <- fit$gene[9:10, c("gene", paste0("betahat_d", 0:2), paste0("se_d", 0:2)), with = FALSE]
  expect_warning(small <- run_mash(three), class = "fatebias_warning_mash")
  expect_identical(dim(small$table), c(2L, 64L))
})

test_that("the result is written as it is", {
  folder <- withr::local_tempdir()
  result <- run_mash(fit_with_guides(), settings = fate_settings(p_values = FALSE)) # all columns are known
  path <- write_mash(result, folder)
  expect_identical(basename(path), "gene_summary_mash_out.csv")
  expect_equal(data.table::fread(path, na.strings = ""), result$table, tolerance = 1e-12)
  expect_identical(basename(write_mash(run_mash(fit, "guide"), folder)), "guide_summary_mash_out.csv")
  expect_error(write_mash(result$table, folder), class = "fatebias_error_export")
  withr::local_dir(folder)
  for (bad in list(NULL, NA, NA_character_, c("a", "b"), "")) {
    expect_error(write_mash(result, bad), "`out_dir`", class = "fatebias_error_argument")
  }
  expect_setequal(list.files(), c("gene_summary_mash_out.csv", "guide_summary_mash_out.csv"))
})

test_that("arguments of mashr that are set here are refused, others are handed on", {
  expect_error(run_mash(fit, grid = 1, usepointmass = FALSE), "grid", class = "fatebias_error_mash")
  by_em <- run_mash(fit, optmethod = "mixEM")
  expect_equal(by_em$loglik, result$loglik, tolerance = 0.01)
  expect_error(
    run_mash(fit, prior = "averaged", optmethod = "mixEM"), "optmethod", class = "fatebias_error_mash"
  )
})

test_that("a level and controls that are none are refused by name, also where V needs no controls", {
  for (bad in list(character(0), NULL, NA_character_, 2, "gen")) {
    expect_error(run_mash(fit, level = bad), "`level`", class = "fatebias_error_argument")
  }
  for (bad in list("x", 1, data.frame(gene = "a"), list(betahat = 1, se = 1))) {
    error <- expect_error(run_mash(fit, ntc = bad), "`ntc`", class = "fatebias_error_argument")
    expect_s3_class(error, "fatebias_error_mash")
    expect_error(run_mash(fit, discovery_method = "ashr", ntc = bad), "`ntc`", class = "fatebias_error_mash")
  }
})

test_that("a result knows the settings that made it; a matrix in place of a word is none", {
  fit <- example_fit()
  settings <- run_mash(fit, lfsr_thresh = 0.1, v = "em", covariances = "days")$settings
  expect_identical(
    unclass(settings)[c("mash_lfsr_thresh", "mash_v", "mash_covariances")],
    list(mash_lfsr_thresh = 0.1, mash_v = "em", mash_covariances = "days")
  )
  settings <- run_mash(fit, v = diag(4), covariances = cov_canonical_days())$settings
  expect_null(settings$mash_v)
  expect_null(settings$mash_covariances)
})

test_that("no sign ranks before the other: the mirrored estimates have the same ranks, days and lfsr", {
  fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
  given <- list(betahat = as.matrix(fit$estimate[, 2:5]), se = as.matrix(fit$estimate[, 6:9]))
  rownames(given$betahat) <- fit$estimate$gene
  one <- run_mash(given)$table
  other <- run_mash(override(given, list(betahat = -given$betahat)))$table
  expect_equal(one$lfsr_d2, other$lfsr_d2)
  expect_identical(one$best_day, other$best_day)
  ranks <- function(table) rank_apart(table$lfsr_min, lfsr_rounding)
  expect_identical(ranks(one), ranks(other))
  expect_gt(sum(one$lfsr_min == 0), 5)
})

test_that("of days with the same lfsr the best is where the effect is most SDs from zero", {
  evidence <- rbind(c(0, 0, 0.5), c(0.1, 2, 0.2), c(1, 1, 1))
  size <- rbind(c(9, 14, 20), c(1, 50, 3), c(0, 0.5, 0))
  sd <- rbind(c(1, 1, 1), c(1, 1, 1), c(0, 1, 0))
  expect_identical(best_days(evidence, size, sd), c(2L, 1L, 2L))
})

test_that("the best day does not hang on the last digits", {
  evidence <- rbind(
    c(0, 9e-13, 0.5), c(0.3 + 1e-13, 0.3, 0.4), c(0.1, 0.1 - 1e-15, 0.1), c(0.1, 0.1 - 1e-8, 0.2), c(1, 1, 2)
  )
  size <- rbind(c(0.5, 0.7, 9), c(0.2 - 1e-14, 0.2, 9), c(1, 2, 2 + 1e-12), c(2, 1, 9), c(1e-20, 2e-20, 9))
  sd <- rbind(c(1, 1, 1), c(1, 1, 1), c(1, 2, 2), c(1, 1, 1), c(1, 1, 1))
  # the larger effect; the first day; as many SDs, the larger effect, the first; a smaller lfsr; tiny effects
  wanted <- c(2L, 1L, 2L, 2L, 2L)
  withr::local_seed(1)
  for (k in 1:20) {
    turned <- function(x) x * (1 + stats::runif(length(x), -1, 1) * 1e-13)
    expect_identical(best_days(turned(evidence), turned(size), turned(sd)), wanted)
  }
})

test_that("an effect that is the same on all days has the first as its best", {
  same <- 1:4 # genes of the fixture whose effect does not change
  one_matrix <- run_mash(fit, covariances = list(same = matrix(1, 4, 4)))
  expect_true(all(one_matrix$table$best_day[same] == 0L))
  turned <- data.table::copy(fit$gene)
  columns <- grep("^(betahat|se)_d", names(turned), value = TRUE)
  withr::local_seed(1)
  for (name in columns) {
    data.table::set(turned, j = name, value = turned[[name]] * (1 + stats::runif(40) * 1e-14))
  }
  other <- run_mash(turned, settings = fate_settings(preset = "plain"))
  expect_identical(other$table$best_day, run_mash(fit$gene, settings = other$settings)$table$best_day)
})

test_that("a day without an estimate is never the best, nor a call", {
  fit <- example_fit()
  fit$estimate$betahat_d0[1:4] <- NA
  fit$estimate$se_d0[1:4] <- NA
  table <- suppressWarnings(run_mash(fit, input = "likelihood", covariances = "canonical"))$table
  expect_true(all(table$best_day[1:4] > 0))
})

test_that("what mashr, ashr and their optimisers warn of is a warning of fatebias, told once", {
  warns <- function() {
    for (k in 1:2) warning("mixsqp {did} not converge")
    warn_mash("ours")
    3
  }
  said <- testthat::capture_warnings(value <- told_once(warns(), "mashr"))
  expect_identical(value, 3)
  expect_length(said, 2)
  expect_match(said, "mixsqp {did} not converge", fixed = TRUE, all = FALSE)
  suppressWarnings(told_once(warns(), "mashr"), classes = "fatebias_warning_mash") |> expect_no_warning()
})
