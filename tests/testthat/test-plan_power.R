# SEs of three genes on three days, the second of which has fewer cells
some_se <- outer(c(0.09, 0.1, 0.12), c(1, 1.3, 0.9))
assumed <- list(n_genes = 80, active = 0.15, sizes = c(0.3, 0.4, 0.6, 0.9))

drawn_screen <- function(n = 80, seed = 1) withr::with_seed(seed, draw_estimates(some_se, n, assumed))

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

test_that("the mixture is that of run_mash() with the same families", {
  drawn <- drawn_screen()
  mixture <- learn_mixture(drawn)
  found <- run_mash(
    drawn[c("betahat", "se")], v = diag(3), covariances = cov_day_subsets() + cov_signed_days(),
    gridmult = grid_ratio, day_values = 0:2
  )
  components <- found$fit$components
  of_family <- found$covariances$family[components$pattern]
  order <- c(which(of_family == "subsets"), which(of_family == "signed"))
  data <- information(list(betahat = drawn$betahat, se = drawn$se, is_missing = is.na(drawn$se)), diag(3))
  expect_equal(mixture$loglik[, -1], component_loglik(components, data)[, order])
  expect_equal(mixture$weights[[1]], found$null_pi, tolerance = 0.25) # averages over other sweeps
})

test_that("calls begin where the lfsr is the threshold, all other estimates as they were", {
  drawn <- drawn_screen()
  mixture <- learn_mixture(drawn)
  begins <- screen_thresholds(drawn, mixture, 0.05)
  built <- build_covariances(cov_day_subsets() + cov_signed_days(), NULL, c(d0 = 0, d1 = 1, d2 = 2))
  scales <- mixture$sd[seq_len(length(mixture$sd) / 2)]
  components <- new_components(built, scales)
  of_family <- built$table$family[components$pattern]
  pi <- mixture$weights
  pi[1 + c(which(of_family == "subsets"), which(of_family == "signed"))] <- mixture$weights[-1]
  for (d in 1:3) {
    rows <- which(drawn$active[, d])
    there <- drawn$betahat
    there[rows, d] <- begins[[d]] * drawn$se[rows, d]
    data <- information(list(betahat = there, se = drawn$se, is_missing = is.na(there)), diag(3))
    posterior <- linear_posterior(components, data, weights_of(pi, component_loglik(components, data)))
    target <- 0.05 - mixture$no_effects
    expect_equal(lfsr_of(posterior)[rows, d], rep(target, length(rows)), tolerance = 1e-3)
  }
})

test_that("of one day and known weights, calls begin where draws from the posterior say", {
  at <- 0.1 * begin_of_calls(cbind(0.9, 0.1), matrix(5), 0.05)
  draws <- withr::with_seed(1, ifelse(runif(4e6) < 0.1, rnorm(4e6, 0, 0.5), 0))
  weight <- dnorm(at, draws, 0.1)
  expect_equal(sum(weight[draws <= 0]) / sum(weight), 0.05, tolerance = 0.02)
})

test_that("power is the share that run_mash() calls", {
  calls <- lapply(1:10, function(seed) {
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
  expect_true(all(is.finite(mixture$loglik)))
  expect_lt(mixture$weights[[1]], 0.9) # nearly each row has an effect on some day
})

test_that("power at a size is the mean over genes and over where calls begin, on both sides", {
  begins <- c(3, 3.4, 4)
  by_hand <- function(size) {
    mean(outer(some_se[, 1], begins, function(s, z) 1 - (pnorm(z - size / s) - pnorm(-z - size / s))))
  }
  expect_equal(power_at(c(-0.3, 0, 0.5), some_se[, 1], begins), vapply(c(0.3, 0, 0.5), by_hand, numeric(1)))
})
