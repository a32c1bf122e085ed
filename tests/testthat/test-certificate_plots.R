fit <- example_fit()
units <- list(permutation = made_units(6, 40, 4, sd = 1.5), ntc = made_units(3, 2, 4))
names <- list(gene = fit$estimate$gene)
units$permutation <- lapply(units$permutation, override, names)
certificate <- new_certificate(fit, c("permutation", "ntc"), units, fate_settings(), 0)

test_that("null z against the normal, in the band of as many independent z as there are", {
  found <- null_z_quantiles(certificate$z$z[certificate$z$check == "permutation"], 900)
  expect_false(is.unsorted(found$z))
  middle <- which.min(abs(found$theoretical))
  expect_equal(found$high[[middle]], 1.96 * sqrt(pi / 2) / sqrt(900), tolerance = 0.1)
  outside <- mean(found$z < found$low | found$z > found$high)
  expect_gt(outside, 0.5)
  right <- null_z_quantiles(unit_z(made_units(6)), 720)
  expect_lt(mean(right$z < right$low | right$z > right$high), 0.2)
})

test_that("each plot draws, and says what it lacks", {
  for (what in c("qq", "rejection")) {
    expect_no_error(ggplot2::ggplot_build(ggplot2::autoplot(certificate, what)))
  }
  expect_error(ggplot2::autoplot(certificate, "stability"), class = "fatebias_error_fit")
  certificate$stability <- data.table::data.table(by = "seed", gene = c("a", "b"), called = c(1, 0.5), n = 5)
  expect_no_error(ggplot2::ggplot_build(ggplot2::autoplot(certificate, "stability")))
})
