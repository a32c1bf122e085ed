test_that("p-values stand beside the lfsr in the table of hits", {
  result <- run_mash(example_fit())
  plain <- rank_hits(result)
  some <- plain$gene[c(2, 5)]
  tested <- data.table::data.table(
    gene = rep(some, each = 2), day = result$days[c(1, 3)], p_value = c(0.1, 0.2, 0.3, 0.4)
  )
  beside <- rank_hits(result, tested)
  expect_identical(beside[, names(plain), with = FALSE], plain)
  expect_identical(setdiff(names(beside), names(plain)), paste0("p_random_d", 0:3))
  expect_identical(beside$p_random_d0[c(1, 2, 5)], c(NA, 0.1, 0.3))
  expect_identical(beside$p_random_d2[c(2, 5)], c(0.2, 0.4))
  expect_true(all(is.na(beside$p_random_d1)))
  tested$gene[[1]] <- "NOPE"
  expect_error(rank_hits(result, tested), class = "fatebias_error_mash")
})

test_that("Python: a strong gene has a small p-value, by day; unknown genes are refused", {
  fit <- small_fit()
  truth <- data.table::fread(small_screen()$truth)
  strong <- truth$gene[which.max(abs(truth$theta_d1))]
  found <- randomisation_test(fit, strong, n_resamples = 200)
  expect_identical(names(found), c("gene", "day", "estimate", "null_mean", "null_sd", "z", "p_value"))
  expect_identical(found$day, fit$days)
  expect_lt(found$p_value[[2]], 0.01)
  expect_identical(sign(found$estimate[[2]]), sign(truth[truth$gene == strong]$theta_d1))
  expect_identical(randomisation_test(fit, strong, n_resamples = 200), found)
  expect_identical(nrow(randomisation_test(fit, character())), 0L)
  expect_error(randomisation_test(fit, "NOPE"), class = "fatebias_error_screen")
})
