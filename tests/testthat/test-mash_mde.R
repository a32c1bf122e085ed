set.seed(4)
v <- 0.85 * diag(4) + 0.15
se <- matrix(runif(320, 0.08, 0.2), 80)
theta <- matrix(0, 80, 4)
theta[1:15, ] <- runif(15, 0.3, 1) * sample(c(-1, 1), 15, replace = TRUE)
theta[16:25, 3] <- 0.6
x <- list(betahat = theta + se * matrix(rnorm(320), 80) %*% chol(v), se = se)
x$betahat[40, 2] <- x$se[40, 2] <- NA

found_for <- function(...) {
  result <- run_mash(x, settings = fate_settings(...), v = v)
  estimates <- mash_estimates(x, "gene", "likelihood")
  settings <- update_settings(fate_settings(), ...)
  learned <- learned_mixtures(list(fit = result$fit), list(v = result$v), estimates, settings)
  list(result = result, effect = detectable_effects(learned, 0, list(lfsr = 0.05, z = Inf)))
}

test_that("the effect that is called with probability .8 is within 10 %: by estimates drawn around it", {
  for (prior in c("averaged", "mashr")) {
    suppressWarnings(found <- found_for(mash_prior = prior), classes = "fatebias_warning_mash")
    mixture <- mixture_of(found$result)
    for (at in list(c(30, 1), c(50, 3))) {
      n <- 2000
      noise <- rep(se[at[[1]], ], each = n) * (matrix(rnorm(4 * n), n) %*% chol(v))
      power <- function(effect) {
        betahat <- noise
        betahat[, at[[2]]] <- noise[, at[[2]]] + effect
        drawn <- list(betahat = betahat, se = se[rep(at[[1]], n), ], is_missing = matrix(FALSE, n, 4))
        data <- information(drawn, v)
        weight <- weights_of(mixture$pi, component_loglik(mixture$components, data))
        mean(lfsr_of(linear_posterior(mixture$components, data, weight))[, at[[2]]] < 0.05)
      }
      expect_lt(power(0.9 * found$effect[at[[1]], at[[2]]]), 0.82)
      expect_gt(power(1.1 * found$effect[at[[1]], at[[2]]]), 0.78)
    }
  }
})

test_that("it grows with the SE, is missing without an estimate, and infinite where nothing is ever called", {
  found <- found_for()
  expect_true(is.na(found$effect[40, 2]))
  expect_true(all(diff(found$effect[order(se[, 1]), 1]) > 0))
  estimates <- mash_estimates(x, "gene", "likelihood")
  learned <- list(list(mixture = found$result$fit, estimates = estimates, v = v))
  never <- detectable_effects(learned, 0.5, list(lfsr = 0.05, z = Inf))
  expect_true(all(is.infinite(never[!is.na(never)])))
  by_z <- detectable_effects(learned, 0, list(lfsr = 1e-300, z = 3))
  expect_equal(by_z[, 1], (3 + qnorm(0.8)) * se[, 1])
})

test_that("day by day by ash: the lfsr of ash itself begins there", {
  found <- found_for(discovery_method = "ashr")
  d <- 3
  fit <- found$result$fit[[d]]
  begins <- found$effect[, d] - qnorm(0.8) * se[, d]
  at <- c(5, 30, 70)
  again <- ashr::ash(begins[at], se[at, d], g = ashr::get_fitted_g(fit), fixg = TRUE, mixcompdist = "normal")
  expect_equal(ashr::get_lfsr(again), rep(0.05, 3), tolerance = 0.1)
})

test_that("where all weight is the null's, no estimate is called, however unlikely it is under V", {
  set.seed(1)
  v <- 0.97^abs(outer(1:4, 1:4, "-"))
  se <- matrix(rep(c(0.015, 0.02, 0.03, 0.07), each = 100), 100)
  null <- list(betahat = 0.25 * se * (matrix(rnorm(400), 100) %*% chol(v)), se = se)
  suppressWarnings(result <- run_mash(null, v = v, prior = "mashr"), classes = "fatebias_warning_mash")
  expect_identical(result$fit$fitted_g$pi[[1]], 1)
  expect_true(all(as.matrix(result$table[, paste0("mde_d", 0:3), with = FALSE]) == Inf))
})
