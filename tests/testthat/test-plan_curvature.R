local_mocked_bindings(rows_drawn = 100L) # SEs are under test here; power takes the time

test_that("moments of guides in a cell are those of simulated ones", {
  found <- burden_moments(5, 0.1)
  draws <- withr::with_seed(1, {
    k <- pmin(pmax(rpois(2e5, 5), 1), 20)
    list(k = k, t = rbinom(length(k), k, 0.9))
  })
  expect_equal(found$burden, mean(draws$k), tolerance = 0.01)
  expect_equal(found$burden_var, var(draws$k), tolerance = 0.02)
  expect_equal(found$burden_targeting, cov(draws$k, draws$t), tolerance = 0.02)
  expect_equal(found$targeting_square, mean(draws$t^2), tolerance = 0.01)
  expect_equal(poisson_mean(found$burden), 5, tolerance = 1e-3)
})

test_that("the curvature of cells is the mean over their probabilities", {
  means <- c(0.5, 0.3, 0.2)
  expect_equal(mean_curvature(means, 1e-8), diag(means[-1]) - tcrossprod(means[-1]), tolerance = 1e-5)
  spread <- 0.6
  eta <- withr::with_seed(2, matrix(rnorm(2e5, 0, sqrt(spread)), ncol = 2))
  with_means <- function(centre) {
    odds <- cbind(1, exp(sweep(eta, 2, centre, `+`)))
    odds / rowSums(odds)
  }
  centre <- optim(c(0, 0), function(x) sum((colMeans(with_means(x)) - means)^2))$par
  pi <- with_means(centre)[, -1]
  expect_equal(mean_curvature(means, spread), diag(colMeans(pi)) - crossprod(pi) / nrow(pi), tolerance = 0.02)
})

test_that("with many controls, one guide a gene and known deviations the SE is that of counting cells", {
  plan <- plan_screen(
    n_cells = 1e5, n_genes = 5000, guides_per_gene = 1, moi = 1, days = 2, weight = 1,
    fate_means = c(0.5, 0.5), ntc_share = 0.9, sigma_guide = 0, abundance = Inf,
    guide_sd = 0
  )
  cells <- plan$se$cells_per_gene
  expect_equal(plan$se$se_own, sqrt(1 / (cells / 4 + 2.5^-2)), tolerance = 0.02)
  expect_lt(max(plan$se$se_shared / plan$se$se_own), 0.2)
})

test_that("one guide in every cell: a gene's cells are counted against those of the controls", {
  expect_identical(poisson_mean(1), 0)
  found <- burden_moments(0, 0.2)
  expect_equal(unlist(found), c(
    burden = 1, burden_var = 0, targeting = 0.8, burden_targeting = 0, targeting_square = 0.8
  ))
  plan <- plan_screen(
    n_cells = 40000, n_genes = 50, guides_per_gene = 1, moi = 0, days = 2, weight = 1,
    fate_means = c(0.5, 0.5), ntc_share = 0.2, sigma_guide = 0, guide_sd = 0, abundance = Inf, replicates = 1,
    active = 1, active_effects = 1
  )
  targeting <- 20000 * 0.8 # cells on a day
  gene <- targeting / 50
  controls <- 20000 * 0.2
  expect_equal(plan$se$cells_per_gene, c(gene, gene))
  log_odds <- withr::with_seed(1, rnorm(1e6, 0, sqrt(0.8))) # of cells: effects of size 1 in four of five
  w <- mean(plogis(log_odds) * plogis(-log_odds))
  own <- 1 / (w * gene + 2.5^-2)
  shared <- 1 / (w / (1 / targeting + 1 / controls) + 50) # 50: the mean of 50 effects of SD 1
  expect_equal(plan$se$se, rep(sqrt(own + shared), 2), tolerance = 0.01)
  expect_match(format(plan)[[1]], "x 1 guides, one guide a cell")
  expect_match(format(plan_screen(moi = 0.5))[[1]], "1.1 guides a cell") # 0.5 + exp(-0.5), cut to one
})

test_that("one guide in every cell and no control make no screen", {
  expect_error(plan_screen(moi = 0, ntc_share = 0), "none is a control", class = "fatebias_error_simulation")
})

test_that("genes differ in cells as gamma abundances and counts of cells make them", {
  found <- gene_abundances(c(60, 200), list(guides_per_gene = 6, abundance = 5))
  expect_equal(colMeans(found), c(1, 1))
  drawn <- withr::with_seed(3, {
    lapply(c(60, 200), function(cells) {
      rpois(1e5, cells * rowSums(matrix(rgamma(6e5, 5), ncol = 6)) / 30) / cells
    })
  })
  expected <- vapply(drawn, quantile, numeric(9), probs = ppoints(9))
  expect_equal(found, unname(expected), tolerance = 0.02)
  alike <- gene_abundances(1e6, list(guides_per_gene = 6, abundance = Inf))
  expect_equal(drop(alike), rep(1, 9), tolerance = 0.01)
})

test_that("effects of other guides in a cell scatter eta, and so raise SEs", {
  with_effects <- function(...) {
    plan_screen(n_cells = 6000, n_genes = 100, effects = 0.5, guide_sd = 0, ...)$se$se
  }
  expect_true(all(with_effects(active_effects = 1, active = 0.3) > 1.05 * with_effects(effect_sd = 0.01)))
})
