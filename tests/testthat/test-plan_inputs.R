local_mocked_bindings(rows_drawn = 100L) # SEs are under test here; power takes the time

test_that("guides and replicates add to every SE what no number of cells takes away", {
  plan <- function(...) plan_screen(n_cells = 6000, n_genes = 100, guides_per_gene = 4, effects = 0.5, ...)
  these <- plan(guide_sd = 0, replicates = 3)
  others <- plan(guide_sd = 0.3, replicate_sd = 0.15, replicates = 3)
  added <- 0.3^2 / 4 + 0.15^2 / 3
  expect_equal(others$se$se, sqrt(these$se$se^2 + added))
  expect_equal(others$genes, sqrt(these$genes^2 + added))
  parts <- others$se[, c("se_own", "se_shared", "se_guides", "se_replicates")]
  expect_equal(unname(rowSums(parts^2)), others$se$se^2)
  expect_identical(others$se$se_own, these$se$se_own)
  expect_true(all(others$power$power < these$power$power))
  # an effect of .5 is 2.9 of these SEs at best, however many cells there are
  expect_identical(others$needed$cells, NA_real_)
  expect_gt(plan(guide_sd = 0.1, replicates = 3)$needed$cells, these$needed$cells)
})

test_that("without a pilot guides differ by .2 and replicates not at all, and the print says so", {
  plan <- plan_screen(n_cells = 6000, effects = 0.5)
  expect_equal(plan$se$se_guides, rep(0.2 / sqrt(6), 4))
  expect_identical(plan$se$se_replicates, rep(0, 4))
  expect_match(format(plan), "guides differ by SD 0.2, replicates by 0 ", all = FALSE)
})

test_that("a pilot gives both; what they added to its SEs is taken off before SEs are scaled", {
  fit <- fit_with_guides(guide_sd = 0.06)
  plan <- plan_screen(fit)
  expect_equal(plan$inputs$guide_sd, sqrt(0.06^2 + 0.05^2))
  expect_equal(plan$inputs$replicate_sd, 0.05) # of .03 by day and .04 on all days
  variance <- as.matrix(as.data.frame(fit$estimate)[paste0("se_d", 0:3)])^2
  n <- as.vector(table(fit$guide$gene)[fit$estimate$gene])
  own <- variance - (0.06^2 + 0.05^2) / n - 0.05^2 / 2
  expect_gt(min(own / variance), 0.01)
  by_cells <- apply(sqrt(own), 2, median)
  expect_equal(sqrt(plan$se$se_own^2 + plan$se$se_shared^2), unname(by_cells))
})

test_that("a pilot of these guides alone, or of an earlier version, has nothing to take off", {
  old <- example_fit()
  plan <- plan_screen(old)
  expect_identical(plan$inputs$guide_sd, 0.2) # sigma_guide of the contrast
  expect_identical(plan$inputs$replicate_sd, 0)
  median_se <- vapply(paste0("se_d", 0:3), function(d) median(old$estimate[[d]]), numeric(1))
  expect_equal(sqrt(plan$se$se_own^2 + plan$se$se_shared^2), unname(median_se))
  these <- fit_with_guides()
  these$manifest$settings$estimand <- "guides"
  expect_equal(sampling_variance(these), day_matrix(these$estimate, "se")^2)
})
