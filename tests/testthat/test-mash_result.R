fit <- example_fit()
result <- run_mash(fit, settings = fate_settings())

test_that("tidy has one row a gene and day, glance one row", {
  long <- tidy(result)
  expect_identical(dim(long), c(160L, 10L))
  one <- long[long$gene == "G05" & long$day == "d4"]
  row <- result$table[result$table$gene == "G05"]
  expect_identical(one$postmean, row$postmean_d2)
  expect_identical(one$std.error, row$se_d2)
  expect_identical(one$time, 4)
  short <- glance(result)
  expect_identical(nrow(short), 1L)
  expect_identical(short$n_hits, sum(result$table$hit_anyday))
  expect_identical(short$loglik, result$fit$loglik)
})

test_that("weights by family are sums of mashr's", {
  families <- summary(result)$families
  direct <- mashr::get_estimated_pi(result$fit)
  expect_equal(sum(families$pi) + result$null_pi, 1)
  in_family <- startsWith(names(direct), "subsets.")
  expect_equal(families$pi[families$family == "subsets"], sum(direct[in_family]))
  expect_identical(families$n_matrices, c(15L, 6L, 2L))
})

test_that("the summary counts hits and expected activity by day", {
  s <- summary(result)
  lfsr <- as.matrix(as.data.frame(result$table)[paste0("lfsr_d", 0:3)])
  expect_identical(s$days$n_hits, unname(colSums(lfsr < 0.05)))
  expect_equal(s$days$expected_active[3], sum(result$table$p_active_d2))
  expect_identical(sum(s$sets$n), 40L)
  expect_output(print(s), "Most probable sets of active days")
})

test_that("ashr's result has the same manners", {
  by_day <- run_mash(fit, discovery_method = "ashr")
  expect_identical(names(glance(by_day)), names(glance(result)))
  expect_identical(names(tidy(by_day)), names(tidy(result)))
  expect_output(print(summary(by_day)), "ashr")
})

test_that("print says what to do next", {
  expect_snapshot(result)
})

test_that("mashr's own functions work on the fit", {
  found <- mashr::get_significant_results(result$fit)
  expect_setequal(found, which(result$table$hit_anyday))
  again <- mashr::mash_compute_posterior_matrices(result$fit, result$model$data)
  expect_equal(again$PosteriorMean, result$fit$result$PosteriorMean)
})
