fit <- fit_with_changes()
effects <- array(
  c(0.5, 0, -0.2, 0.1, 1, -1, 0.3, 0), c(2, 2, 4), list(c("G05", "G02"), c("MES", "NEU"), fit$days)
)

test_that("changes of the fit are the rows of its table, days by their labels", {
  all <- probability_change(fit)
  expect_named(all, c("gene", "day", "fate", "baseline", "change", "low", "high"))
  expect_identical(all$day[1:4], c("d0", "d0", "d0", "d2"))
  expect_identical(all$change, fit$probability_change$change)
  some <- probability_change(fit, c("G06", "G02"))
  expect_identical(unique(some$gene), c("G06", "G02"))
  expect_identical(some$high[1:3], fit$probability_change$high[fit$probability_change$gene == "G06"][1:3])
  expect_identical(fit$probability_change$day[[4]], 1L) # the fit's own table is as it was
})

test_that("tidy() gives them with times, a part of a fit its own", {
  long <- tidy(fit["G06"], "probability")
  expect_named(long, c("gene", "day", "time", "fate", "baseline", "change", "low", "high"))
  expect_identical(unique(long$time), c(0, 2, 4, 10))
  expect_identical(long$change, probability_change(fit, "G06")$change)
})

test_that("other effects change the cells by the definition", {
  local_mocked_bindings(fate_cells = function(fit, call) known_cells(fit))
  found <- probability_change(fit, effects = effects)
  expect_named(found, c("gene", "day", "fate", "baseline", "change", "low", "high"))
  expect_identical(unique(found$gene), c("G05", "G02"))
  expect_equal(found$change[found$gene == "G05"], as.vector(change_by_hand(fit, effects["G05", , ])))
  expect_equal(found$change[found$gene == "G02"], as.vector(change_by_hand(fit, effects["G02", , ])))
  expect_equal(found$baseline[1:3], known_cells(fit)$baseline[1, ])
  expect_true(all(is.na(found$low)))
  expect_equal(probability_change(fit, "G02", effects), found[found$gene == "G02"], tolerance = 1e-12)
})

test_that("draws have quantiles as intervals, whatever number of effects is moved at once", {
  local_mocked_bindings(fate_cells = function(fit, call) known_cells(fit), effects_at_once = 7L)
  draws <- withr::with_seed(1, array(rnorm(101 * 16), c(101, 2, 2, 4), c(list(NULL), dimnames(effects))))
  found <- probability_change(fit, "G02", draws)
  by_hand <- vapply(1:101, function(s) change_by_hand(fit, draws[s, "G02", , ]), matrix(0, 3, 4))
  expect_equal(found$change, as.vector(apply(by_hand, 1:2, mean)))
  expect_equal(found$low, as.vector(apply(by_hand, 1:2, quantile, 0.05)))
  expect_equal(found$high, as.vector(apply(by_hand, 1:2, quantile, 0.95)))
})

test_that("effects of mash are its posterior means, one result of each fate", {
  local_mocked_bindings(fate_cells = function(fit, call) known_cells(fit))
  mes <- run_mash(fit, settings = fate_settings())
  neu <- mes
  neu$contrast <- "NEU"
  for (column in paste0("postmean_d", 0:3)) data.table::set(neu$table, j = column, value = -0.1)
  neu$table <- neu$table[rev(seq_len(nrow(neu$table)))]
  found <- probability_change(fit, "G05", list(neu, mes))
  theta <- rbind(unlist(mes$table[mes$table$gene == "G05", paste0("postmean_d", 0:3), with = FALSE]), -0.1)
  expect_equal(found$change, as.vector(change_by_hand(fit, theta)))
  expect_identical(probability_change(fit, "G05", list(mash = list(mes, neu))), found)
  alone <- "lacks .*NEU.* against .*EC"
  expect_error(probability_change(fit, effects = mes), alone, class = "fatebias_error_argument")
})

test_that("effects of another shape, unknown genes and fits without the table are refused", {
  unnamed <- unname(effects)
  expect_error(probability_change(fit, effects = unnamed), "names", class = "fatebias_error_argument")
  expect_error(probability_change(fit, effects = effects[, , 1:3]), "MES", class = "fatebias_error_argument")
  flat <- effects[, 1, ]
  expect_error(probability_change(fit, effects = flat), "fates x days", class = "fatebias_error_argument")
  strange <- effects
  dimnames(strange)[[1]][[1]] <- "G5"
  expect_error(probability_change(fit, effects = strange), "no gene 'G5'", class = "fatebias_error_argument")
  expect_error(probability_change(fit, "G5"), "no gene 'G5'", class = "fatebias_error_argument")
  expect_error(probability_change(example_fit()), "fit again", class = "fatebias_error_fit")
  expect_error(tidy(example_fit(), "probability"), "fit again", class = "fatebias_error_fit")
  expect_error(probability_change(fit, effects = effects), "Fit again", class = "fatebias_error_export")
  expect_error(probability_change(1), "read_fit", class = "fatebias_error_fit")
})

test_that("the cells of a real fit give its changes again", {
  real <- small_fit()
  table <- probability_change(real)
  expect_identical(nrow(table), 3L * nrow(tidy(real)))
  expect_lt(max(abs(tapply(table$change, paste(table$gene, table$day), sum))), 1e-9)
  theta <- aperm(all_fates(real)$theta, c(1, 3, 2))
  again <- probability_change(real, effects = theta)
  expect_equal(again$change, table$change, tolerance = 1e-8)
  expect_equal(again$baseline, table$baseline, tolerance = 1e-8)
})
