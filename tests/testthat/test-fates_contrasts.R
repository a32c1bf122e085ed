fit <- example_fit()
settings <- fate_settings()
view <- known_view(fit)
local_mocked_bindings(
  joint_view = function(fit) view, contrast_fit = turned_fit, distinct_contrasts = plain_words
)
compared <- compare_contrasts(fit, "EC - MES", n_draws = 200)
own <- fit$manifest$contrast

test_that("the fit's own contrast is first, and each has its result of mash", {
  expect_identical(compared$contrasts, c(own, "EC - MES"))
  expect_identical(names(compared$mash), compared$contrasts)
  expect_equal(compared$mash[[1]]$table, run_mash(fit)$table)
  expect_equal(
    day_matrix(compared$mash[[2]]$table, "betahat"), -day_matrix(compared$mash[[1]]$table, "betahat")
  )
  given <- compare_contrasts(fit, own, mash = compared$mash[[1]], n_draws = 10)
  expect_identical(given$contrasts, own)
  expect_equal(given$mash[[1]], compared$mash[[1]])
})

test_that("one table has all effects, with s-values over all contrasts and days", {
  table <- compared$table
  expect_identical(nrow(table), 2L * nrow(fit$gene) * length(fit$days))
  first <- tidy(compared$mash[[1]])
  mine <- table[table$contrast == own]
  expect_equal(mine$effect, first$postmean)
  expect_equal(mine$lfsr, first$lfsr)
  expect_identical(mine$call, first$call)
  some <- sample(nrow(table), 25)
  by_hand <- vapply(some, function(i) mean(table$lfsr[table$lfsr <= table$lfsr[i] + 1e-9]), 1)
  expect_equal(table$svalue[some], by_hand, tolerance = 1e-6)
  called <- table$lfsr[table$call]
  expect_true(all(called < 0.05))
  expect_equal(compared$expected_false, mean(called))
})

test_that("rules that look at all effects look at those of all contrasts", {
  results <- compared$mash
  by_s <- contrasts_table(results, update_settings(settings, call_rule = "svalue"))
  expect_identical(by_s$call, by_s$svalue < 0.05)
  either <- contrasts_table(results, update_settings(settings, call_rule = "either"))
  all <- data.table::rbindlist(lapply(results, tidy))
  p <- 2 * pnorm(-abs(all$estimate / all$std.error))
  expect_identical(either$call, all$lfsr < 0.05 | p.adjust(p, "BH") < 0.05)
})

test_that("verdicts find what genes do", {
  verdicts <- compared$verdicts
  expect_identical(verdicts$gene, fit$gene$gene)
  kind <- (seq_len(nrow(verdicts)) - 1) %% 4 + 1
  expect_gt(mean(verdicts$lowered[kind == 1] == "EC"), 0.8)
  expect_gt(mean(verdicts$verdict[kind == 2] == "moves cells out of NEU, to both"), 0.9)
  expect_gt(mean(verdicts$verdict[kind > 2] == "no change seen"), 0.9)
  expect_equal(rowSums(verdicts[, paste0("change_", view$fates), with = FALSE]), rep(0, nrow(verdicts)))
  listed <- mapply(
    function(...) sort(unlist(strsplit(c(...), ", "))), verdicts$raised, verdicts$lowered, verdicts$unchanged,
    SIMPLIFY = FALSE
  )
  expect_true(all(vapply(listed, identical, TRUE, view$fates)))
})

test_that("a larger margin leaves more unchanged, and the seed decides the draws", {
  changed <- function(...) {
    sum(fate_verdicts(fit, update_settings(settings, ...), 200)$unchanged != "EC, MES, NEU")
  }
  expect_gt(with_fixed_seed(1, changed(verdict_margin = 1)), with_fixed_seed(1, changed(verdict_margin = 17)))
  again <- compare_contrasts(fit, mash = compared$mash[[1]], n_draws = 200)
  expect_identical(again$verdicts, compared$verdicts)
  expect_error(compare_contrasts(fit, margin = -1), class = "fatebias_error_settings")
})

test_that("with many days, or many fates, the mean over days is taken", {
  local_mocked_bindings(joint_dimensions = 5L)
  verdicts <- with_fixed_seed(1, fate_verdicts(fit, settings, 200))
  kind <- (seq_len(nrow(verdicts)) - 1) %% 4 + 1
  expect_gt(mean(verdicts$verdict[kind == 2] == "moves cells out of NEU, to both"), 0.9)
  expect_gt(mean(verdicts$verdict[kind > 2] == "no change seen"), 0.9)
})

test_that("what is no fit, or of another one, is refused", {
  expect_error(compare_contrasts(list()), class = "fatebias_error_mash")
  expect_error(compare_contrasts(fit, mash = compared$mash[[2]]), class = "fatebias_error_mash")
  expect_error(compare_contrasts(fit, NA_character_), class = "fatebias_error_argument")
})

test_that("a fit of an earlier version has a table and no verdicts", {
  local_mocked_bindings(joint_view = function(fit) NULL)
  old <- compare_contrasts(fit, mash = compared$mash[[1]])
  expect_null(old$verdicts)
  expect_match(format(old), "No verdicts", all = FALSE)
  expect_identical(basename(write_contrasts(old, withr::local_tempdir())), "gene_contrasts.csv")
})
