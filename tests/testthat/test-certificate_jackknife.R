test_that("Python: blocks by coordinates or by labels, and their ratio to the model's SE", {
  fit <- small_fit()
  n <- fit$manifest$screen$n_cells_file
  by_label <- block_jackknife(fit, groups = rep_len(1:20, n))
  expect_identical(names(by_label), c("gene", "day", "se", "jackknife", "ratio"))
  expect_identical(nrow(by_label), 12L * 4L)
  expect_gt(attr(by_label, "ratio"), 0.75)
  expect_lt(attr(by_label, "ratio"), 1.3)
  coordinates <- withr::with_seed(1, matrix(rnorm(2 * n), n))
  by_cluster <- block_jackknife(fit, coordinates, n_blocks = 10)
  expect_identical(by_cluster$se, by_label$se)
  expect_false(identical(by_cluster$jackknife, by_label$jackknife))
  expect_error(block_jackknife(fit, groups = 1:3), class = "fatebias_error_screen")
})

test_that("either coordinates or groups", {
  fit <- example_fit()
  expect_error(block_jackknife(fit), class = "fatebias_error_argument")
  expect_error(block_jackknife(fit, matrix(1), groups = 1), class = "fatebias_error_argument")
  expect_error(block_jackknife(fit, matrix("a", 20, 2)), class = "fatebias_error_argument")
  expect_error(block_jackknife(fit, groups = c(1, NA)), class = "fatebias_error_argument")
})
