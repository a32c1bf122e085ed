# Two days, two matrices, a null: a posterior small enough to be computed by its definition.
b <- rbind(c(0.9, 0.1), c(0.05, -0.1), c(0.5, -0.6), c(0.2, 0.3))
se <- rbind(c(0.2, 0.3), c(0.2, 0.2), c(0.2, 0.25), c(0.3, 0.2))
v <- matrix(c(1, 0.4, 0.4, 1), 2)
matrices <- list(first = diag(c(1, 0)), both = matrix(c(1, -0.5, -0.5, 1), 2))
fit <- mashr::mash(
  mashr::mash_set_data(b, se, V = v), verbose = FALSE, outputlevel = 4, fixg = TRUE,
  g = list(pi = c(0.5, 0.3, 0.2, 0, 0), Ulist = matrices, grid = c(0.7, 2), usepointmass = TRUE)
)
estimates <- list(betahat = b, se = se)

density <- function(x, s) exp(-0.5 * sum(x * solve(s, x))) / (2 * pi * sqrt(det(s)))
weights_by_hand <- t(vapply(1:4, function(j) {
  s <- v * tcrossprod(se[j, ])
  prior <- list(0 * v, 0.49 * matrices[[1]], 0.49 * matrices[[2]])
  joint <- c(0.5, 0.3, 0.2) * vapply(prior, function(u) density(b[j, ], s + u), 1)
  joint / sum(joint)
}, numeric(3)))

test_that("sets of active days have the weights of their components", {
  sets <- mash_sets(fit)
  expect_identical(sets$active, rbind(c(FALSE, FALSE), c(TRUE, FALSE), c(TRUE, TRUE)))
  expect_equal(sets$weight, weights_by_hand)
  columns <- activity_columns(sets, c("d0", "d1"))
  w <- weights_by_hand
  expect_equal(columns$p_active_d0, w[, 2] + w[, 3])
  expect_equal(columns$p_active_d1, w[, 3])
  expect_equal(columns$p_any, 1 - w[, 1])
  expect_equal(columns$p_persist, w[, 3])
  expect_identical(columns$active_set, c("none", "d0", "d0+d1")[max.col(w)])
  expect_equal(columns$p_active_set, apply(w, 1, max))
  expect_true(all(columns$onset_day == 0L))
  expect_equal(columns$p_onset, w[, 2] + w[, 3])
})

test_that("onset and persistence, by hand on three days", {
  sets <- list(
    active = rbind(c(0, 0, 0), c(0, 1, 0), c(0, 1, 1), c(1, 0, 1), c(0, 0, 1)) == 1,
    weight = rbind(c(0.1, 0.2, 0.3, 0.25, 0.15), c(0.9, 0, 0, 0, 0.1))
  )
  columns <- activity_columns(sets, c("d0", "d1", "d2"))
  expect_equal(columns$onset_day, c(1L, 2L))
  expect_equal(columns$p_onset, c(0.5, 0.1))
  expect_equal(columns$p_persist, c(0.3 + 0.15, 0.1)) # d1+d2, d2
  expect_identical(columns$active_set, c("d1+d2", "none"))
})

test_that("joint draws have the posterior's moments, zeros and events", {
  set.seed(1)
  n <- 40000
  draw <- posterior_drawer(fit, estimates, v, n)
  for (j in c(1, 3)) {
    x <- draw(j)$x
    expect_identical(dim(x), as.integer(c(n, 2)))
    error <- 4 * fit$result$PosteriorSD[j, ] / sqrt(n)
    expect_true(all(abs(colMeans(x) - fit$result$PosteriorMean[j, ]) < error))
    expect_equal(apply(x, 2, sd), fit$result$PosteriorSD[j, ], tolerance = 0.02)
    expect_equal(cov(x), fit$result$PosteriorCov[, , j], tolerance = 0.03)
    expect_equal(colMeans(x < 0), fit$result$NegativeProb[j, ], tolerance = 0.03)
    expect_lte(abs(mean(x[, 2] == 0) - sum(weights_by_hand[j, 1:2])), 2 / n) # systematic sampling
  }
  expect_equal(cor(x)[1, 2], cov2cor(fit$result$PosteriorCov[, , 3])[1, 2], tolerance = 0.05)
})

test_that("joint draws agree with mashr's own sampler", {
  set.seed(1)
  theirs <- mashr::mash_compute_posterior_matrices(
    fit, mashr::mash_set_data(b, se, V = v), algorithm.version = "R", posterior_samples = 20000
  )$PosteriorSamples
  ours <- event_columns(posterior_drawer(fit, estimates, v, 20000), 4, c("d0", "d1"), 0.2)
  switches <- apply(theirs, 1, function(x) mean(switches_sign(t(x))))
  expect_lt(max(abs(ours$p_switch - switches)), 0.02)
  expect_lt(max(abs(ours$plarge_d1 - rowMeans(abs(theirs[, 2, ]) > 0.2))), 0.02)
})

test_that("a V of each row's own is used", {
  set.seed(1)
  by_row <- array(v, c(2, 2, 4))
  by_row[, , 2] <- diag(2)
  own <- mashr::mash(
    mashr::mash_set_data(b, se, V = by_row), verbose = FALSE, fixg = TRUE, g = fit$fitted_g,
    algorithm.version = "R", outputlevel = 3
  )
  x <- posterior_drawer(own, estimates, by_row, 40000)(2)$x
  expect_equal(cov(x), own$result$PosteriorCov[, , 2], tolerance = 0.05)
})

test_that("draws that are exactly zero give sets too", {
  draws <- array(0, c(4, 2, 2)) # draw, row, day
  draws[1:3, 1, 1] <- 1
  draws[3, 1, 2] <- -1
  sets <- draw_sets(draws)
  expect_identical(sets$active, rbind(c(FALSE, FALSE), c(TRUE, FALSE), c(TRUE, TRUE)))
  expect_equal(sets$weight, rbind(c(0.25, 0.5, 0.25), c(1, 0, 0)))
  expect_identical(switches_sign(draws[, 1, ]), c(FALSE, FALSE, TRUE, FALSE))
})

test_that("the probability of no effects is Bayes' rule, and survives extreme likelihoods", {
  loglik <- rbind(c(0, 1, 2), c(0, -1, 0), c(0, -2, -1))
  ratio <- rowMeans(exp(loglik[, -1]))
  evidence <- integrate(function(u) { # share = 1/n to 1, even on the log scale
    vapply(3^-u, function(share) prod(1 + share * (ratio - 1)), 1)
  }, 0, 1)$value
  expect_equal(no_effects_probability(log(ratio), 0.1), 0.1 / (0.1 + 0.9 * evidence), tolerance = 1e-3)
  expect_identical(no_effects_probability(c(2000, 0), 0.1), 0)
  expect_gt(no_effects_probability(rep(-2000, 50), 0.1), 0.1)
})

test_that("mixing with zero keeps means, variances and probabilities right", {
  shrunk <- list(
    postmean = matrix(2), postsd = matrix(1), lfsr = matrix(0.1),
    sets = list(active = rbind(FALSE, TRUE), weight = cbind(0.2, 0.8)),
    events = data.table::data.table(p_switch = 0.5)
  )
  mixed <- mix_with_zero(shrunk, 0.25)
  set.seed(1)
  x <- c(rep(0, 25000), rnorm(75000, 2, 1))
  expect_equal(mixed$postmean[1], mean(x), tolerance = 0.01)
  expect_equal(mixed$postsd[1], sd(x), tolerance = 0.01)
  expect_equal(mixed$lfsr[1], 0.25 + 0.75 * 0.1)
  expect_equal(mixed$sets$weight, cbind(0.25 + 0.75 * 0.2, 0.75 * 0.8))
  expect_equal(mixed$events$p_switch, 0.375)
})

test_that("equally probable sets and days of onset: the first, whatever the last digits say", {
  active <- rbind(c(FALSE, FALSE), c(TRUE, FALSE), c(FALSE, TRUE))
  even <- rbind(c(0.2, 0.4, 0.4), c(1, 3e-20, 3e-20))
  found <- function(last) {
    weight <- even * rep(c(1, 1, last), each = 2)
    activity_columns(list(active = active, weight = weight), c("d0", "d1"))
  }
  up <- found(1 + 1e-14)
  down <- found(1 - 1e-14)
  expect_identical(up$active_set, c("d0", "none"))
  expect_identical(up[, c("active_set", "onset_day")], down[, c("active_set", "onset_day")])
  expect_identical(up$onset_day, c(0L, 0L))
})

test_that("the root of a covariance is one of a kind: rounding does not turn the draws", {
  even <- list(diag(3), matrix(1, 3, 3), 0.5 * diag(3) + 0.5, diag(c(2, 0, 2)))
  for (u in c(even, list(tcrossprod(c(1, 0.5, 0.1))))) {
    root <- covariance_root(u)
    expect_equal(crossprod(root), u)
    on <- which(diag(u) > 0)
    noise <- 0 * u
    noise[on, on] <- crossprod(outer(on, on, function(i, j) cos(3 * i + 5 * j))) * 1e-15
    expect_lt(max(abs(covariance_root(u + noise) - root)), 1e-13)
  }
})

test_that("a nugget makes no day active", {
  early <- tcrossprod(c(1, 0.05, 0)) + diag(0.01, 3)
  expect_identical(active_on(early), c(TRUE, FALSE, FALSE))
  expect_identical(active_on(0 * early), c(FALSE, FALSE, FALSE))
})

test_that("probabilities do not exceed 1 by rounding", {
  weight <- rbind(c(0.7, 0.2, 0.1 + 1e-15), c(0.7, 0.2, 0))
  expect_gt(sum(weight[1, ]), 1)
  active <- rbind(c(TRUE, TRUE), c(TRUE, TRUE), c(TRUE, FALSE))
  columns <- activity_columns(list(active = active, weight = weight), c("d0", "d1"))
  expect_identical(c(columns$p_active_d0[1], columns$p_any[1], columns$p_onset[1]), c(1, 1, 1))
  expect_equal(columns$p_active_d1, c(0.9, 0.9))
})
