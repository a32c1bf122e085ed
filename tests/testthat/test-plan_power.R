# SEs of three genes on three days, the second of which has fewer cells
some_se <- outer(c(0.09, 0.1, 0.12), c(1, 1.3, 0.9))
assumed <- list(n_genes = 80, active = 0.15, sizes = c(0.3, 0.4, 0.6, 0.9))

drawn_screen <- function(n = 80, seed = 1) withr::with_seed(seed, draw_estimates(some_se, n, assumed))

# What mashr calls the same mixture
as_mashr <- function(mixture) {
  matrices <- lapply(seq_len(nrow(mixture$sets)), function(k) diag(as.numeric(mixture$sets[k, ])))
  names(matrices) <- paste0("set", seq_along(matrices))
  list(pi = mixture$weights, Ulist = matrices, grid = mixture$scale, usepointmass = TRUE)
}

test_that("estimates are drawn as assumed: share of active genes by day, sizes, signs, SEs", {
  drawn <- drawn_screen(2000)
  expect_identical(colSums(drawn$active), c(300, 300, 300))
  expect_equal(mean(drawn$active[, 1] & drawn$active[, 3]), 0.15^2, tolerance = 0.3) # independent days
  errors <- drawn$betahat / drawn$se
  expect_equal(sd(errors[!drawn$active]), 1, tolerance = 0.03)
  expect_equal(mean(drawn$betahat[drawn$active]^2), mean(assumed$sizes^2) + mean(some_se^2), tolerance = 0.1)
  expect_equal(mean(drawn$betahat[drawn$active]), 0, tolerance = 0.1)
  expect_setequal(drawn$se[, 2], some_se[, 2])
})

test_that("the log likelihood ratio of a scale is that of two normal densities", {
  by_hand <- dnorm(0.35, 0, sqrt(0.1^2 + 0.4^2), log = TRUE) - dnorm(0.35, 0, 0.1, log = TRUE)
  expect_equal(log_bayes_factor(3.5, 4), by_hand)
})

test_that("the mixture is the one that mashr learns from the same matrices", {
  drawn <- drawn_screen()
  mixture <- learn_mixture(drawn)
  g <- as_mashr(mixture)
  fit <- mashr::mash(
    mashr::mash_set_data(drawn$betahat, drawn$se), g$Ulist, grid = g$grid, verbose = FALSE,
    prior = rep(1, length(g$pi)), normalizeU = FALSE
  )
  data <- mashr::mash_set_data(drawn$betahat, drawn$se)
  ours <- suppressMessages(mashr::mash_compute_loglik(g, data))
  expect_equal(ours, fit$loglik, tolerance = 1e-6)
  expect_equal(mixture$weights[[1]], fit$fitted_g$pi[[1]], tolerance = 0.01)
})

test_that("calls begin where mashr's lfsr is the threshold, all other estimates as they were", {
  drawn <- drawn_screen()
  mixture <- learn_mixture(drawn)
  begins <- screen_thresholds(drawn, mixture, 0.05)
  for (d in 1:3) {
    rows <- which(drawn$active[, d])
    there <- drawn$betahat
    there[rows, d] <- begins[[d]] * drawn$se[rows, d]
    posterior <- suppressMessages(
      mashr::mash_compute_posterior_matrices(as_mashr(mixture), mashr::mash_set_data(there, drawn$se))
    )
    target <- 0.05 - mixture$no_effects
    expect_equal(unname(posterior$lfsr[rows, d]), rep(target, length(rows)), tolerance = 1e-3)
  }
})

test_that("of one day and known weights, calls begin where draws from the posterior say", {
  at <- 0.1 * begin_of_calls(cbind(0.9, 0.1), matrix(5), 0.05)
  draws <- withr::with_seed(1, ifelse(runif(4e6) < 0.1, rnorm(4e6, 0, 0.5), 0))
  weight <- dnorm(at, draws, 0.1)
  expect_equal(sum(weight[draws <= 0]) / sum(weight), 0.05, tolerance = 0.02)
})

test_that("power is the share that run_mash() calls", {
  calls <- lapply(1:5, function(seed) {
    drawn <- drawn_screen(seed = seed)
    rownames(drawn$betahat) <- rownames(drawn$se) <- paste0("g", 1:80)
    mash <- run_mash(drawn[c("betahat", "se")], v = diag(3), n_draws = 2, day_values = 0:2)
    as.matrix(as.data.frame(mash$table)[paste0("lfsr_d", 0:2)])[drawn$active] < 0.05
  })
  begins <- call_thresholds(some_se, assumed, 0.05)
  planned <- vapply(1:3, function(d) mean(power_at(assumed$sizes, some_se[, d], begins[[d]])), numeric(1))
  expect_equal(mean(unlist(calls)), mean(planned), tolerance = 0.1)
})

test_that("nothing is called where nothing can be told, and rare effects need the more evidence", {
  expect_identical(begin_of_calls(cbind(1, 0), matrix(3), 0.05), Inf)
  expect_identical(begin_of_calls(cbind(0.9, 0.1), matrix(3), -0.01), Inf)
  expect_identical(power_at(c(0, 0.5), 0.1, Inf), c(0, 0))
  blind <- call_thresholds(some_se * 20, assumed, 0.05)
  expect_lt(power_at(0.5, some_se[, 1] * 20, blind[[1]]), 0.02)
  rare <- call_thresholds(some_se, override(assumed, list(n_genes = 800, active = 0.02)), 0.05)
  common <- call_thresholds(some_se, override(assumed, list(n_genes = 800, active = 0.3)), 0.05)
  expect_true(all(mapply(function(a, b) median(a) > median(b), rare, common)))
})

test_that("a mixture is learned for many days too", {
  drawn <- withr::with_seed(2, draw_estimates(matrix(0.07, 3, 12), 100, assumed))
  mixture <- learn_mixture(drawn)
  expect_equal(sum(mixture$weights), 1)
  # at the maximum no component's mean likelihood ratio is above 1
  likelihood <- exp(mixture$loglik)
  expect_lt(max(colMeans(likelihood / drop(likelihood %*% mixture$weights))), 1.001)
})

test_that("power at a size is the mean over genes and over where calls begin, on both sides", {
  begins <- c(3, 3.4, 4)
  by_hand <- function(size) {
    mean(outer(some_se[, 1], begins, function(s, z) 1 - (pnorm(z - size / s) - pnorm(-z - size / s))))
  }
  expect_equal(power_at(c(-0.3, 0, 0.5), some_se[, 1], begins), vapply(c(0.3, 0, 0.5), by_hand, numeric(1)))
})
