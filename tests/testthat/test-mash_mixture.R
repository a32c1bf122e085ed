set.seed(3)
days <- c(d0 = 0, d1 = 1, d2 = 2, d3 = 3)
theta <- rbind(matrix(rnorm(40, 0, 0.5), 10), matrix(0, 30, 4))
se <- matrix(runif(160, 0.08, 0.2), 40)
v <- 0.8 * diag(4) + 0.2
b <- theta + se * matrix(rnorm(160), 40) %*% chol(v)
estimates <- list(betahat = b, se = se, is_missing = is.na(b))

test_that("given mashr's components and weights, posterior and likelihood are mashr's", {
  spec <- cov_day_subsets() + cov_ar1() + cov_random_walk() + cov_canonical_days()
  built <- build_covariances(spec, NULL, days)
  mash <- mashr::mash(
    mashr::mash_set_data(b, se, V = v), built$matrices, grid = c(0.2, 0.4, 0.8), outputlevel = 4,
    verbose = FALSE
  )
  components <- new_components(built, c(0.2, 0.4, 0.8))
  data <- information(estimates, v)
  loglik <- component_loglik(components, data)
  pi <- mash$fitted_g$pi
  found <- linear_posterior(components, data, weights_of(pi, loglik))
  expect_equal(found$postmean, mash$result$PosteriorMean, ignore_attr = TRUE)
  expect_equal(found$postsd, mash$result$PosteriorSD, ignore_attr = TRUE)
  expect_equal(lfsr_of(found), mash$result$lfsr, ignore_attr = TRUE)
  expect_equal(sum(mixture_loglik(pi, loglik, data)), mash$loglik)
})

# a mixture with means, whose posterior is integrated over a grid by its definition
built <- list(
  matrices = list(near = diag(c(0.04, 0.04, 0, 0)), wide = 0.3 * diag(4) + 0.2),
  means = list(rbind(c(1, 1, 0, 0), c(1, -1, 0, 0)), NULL),
  table = data.table::data.table(family = c("a", "b"))
)
names(built$means) <- names(built$matrices)
components <- new_components(built, 0.6)
data <- information(estimates, v)
weight <- weights_of(c(0.5, 0.3, 0.2), component_loglik(components, data))
mixture <- list(components = components, data = data, weight = weight)

draws_of <- function(row, n = 4e5) { # from the prior, weighted by the likelihood
  which <- sample(3, n, replace = TRUE, prob = c(0.5, 0.3, 0.2))
  sign <- sample(c(-1, 1), n, replace = TRUE)
  near <- 0.6 * (cbind(1, sign, 0, 0) + cbind(matrix(rnorm(2 * n, 0, 0.2), n), 0, 0))
  wide <- 0.6 * matrix(rnorm(4 * n), n) %*% chol((0.3 * diag(4) + 0.2) / 0.5)
  x <- (which == 2) * near + (which == 3) * wide
  residual <- sweep(-x, 2, b[row, ], `+`)
  s <- v * tcrossprod(se[row, ])
  list(x = x, w = exp(-0.5 * rowSums((residual %*% solve(s)) * residual)))
}

test_that("means off zero: moments, signs, sizes and differences of days, against weighted draws", {
  combinations <- rbind(diag(4), c(-1, 1, 0, 0))
  found <- linear_posterior(components, data, weight, combinations, size = 0.3)
  for (row in c(1, 7, 20)) {
    drawn <- draws_of(row)
    mean_of <- function(x) sum(x * drawn$w) / sum(drawn$w)
    value <- drawn$x %*% t(combinations)
    expect_lt(max(abs(found$postmean[row, ] - apply(value, 2, mean_of))), 0.06)
    expect_lt(max(abs(found$zero[row, ] - apply(value == 0, 2, mean_of))), 0.06)
    expect_lt(max(abs(found$negative[row, ] - apply(value < 0, 2, mean_of))), 0.06)
    expect_lt(max(abs(found$large[row, ] - apply(abs(value) > 0.3, 2, mean_of))), 0.06)
  }
  expect_equal(found$zero + found$positive + found$negative, matrix(1, 40, 5), tolerance = 1e-5)
})

test_that("each row may have a combination of its own", {
  day <- rep(1:4, 10)
  own <- linear_posterior(components, data, weight, list(by_row = diag(4)[day, ]), size = 0.3)
  all <- linear_posterior(components, data, weight, size = 0.3)
  for (name in names(own)) expect_equal(own[[name]][, 1], all[[name]][cbind(1:40, day)])
})

test_that("the probability of both signs, against weighted draws", {
  found <- switch_probability(mixture, 4000)
  for (row in c(1, 7, 20)) {
    drawn <- draws_of(row)
    both <- rowSums(drawn$x > 0) > 0 & rowSums(drawn$x < 0) > 0
    expect_lt(abs(found[[row]] - sum(both * drawn$w) / sum(drawn$w)), 0.03)
  }
})

test_that("many rows share a number of draws", {
  few <- mixture
  few$weight <- mixture$weight[rep(1:40, 50), ]
  few$data <- information_of(data, rep(1:40, 50))
  drawn <- numeric()
  local_mocked_bindings(
    draws_most = 20000, # 10 of each of 2,000 rows
    switches_drawn = function(pattern, met, scale, expected) {
      drawn <<- c(drawn, sum(expected))
      numeric(length(expected))
    }
  )
  switch_probability(few, 4000)
  expect_gt(sum(drawn), 0)
  expect_lte(sum(drawn), 20000)
})

test_that("an effect of a size is seen on its days and in its sets", {
  sets <- mixture_sets(mixture)
  expect_equal(sets$active, rbind(FALSE, c(TRUE, TRUE, FALSE, FALSE), TRUE), ignore_attr = TRUE)
  expect_equal(sets$weight, weight)
})

test_that("weights of zero leave the posterior to the others, however far their likelihoods lie below", {
  loglik <- rbind(c(900, -20, -21), c(-5, 3, 2000), c(1, 2, 3))
  pi <- c(0, 0, 0.25, 0.75)
  odds <- exp(loglik[, 3] - loglik[, 2]) * 3 # of the two that can be
  expect_equal(weights_of(pi, loglik), unname(cbind(0, 0, 1 / (1 + odds), 1 - 1 / (1 + odds))))
  sum_of <- log(0.25) + loglik[, 2] + log1p(odds)
  sum_of[2] <- 2000 + log(0.75)
  expect_equal(log_sum_weighted(cbind(0, loglik), pi), sum_of)
})

test_that("of more rows than are learned from, an even part teaches the weights, and none are kept", {
  fit <- function() suppressMessages(run_mash(list(betahat = b, se = se), v = v, no_effects_prior = 0))
  whole <- fit()
  local_mocked_bindings(rows_learned = 20L)
  part <- fit()
  data <- part$fit$data
  loglik <- component_loglik(part$fit$components, data)
  learned <- with_fixed_seed(1, averaged_weights(
    loglik[unique(round(seq(1, 40, length.out = 20))), ], part$fit$components$ties,
    mixture_prior(part$fit$components, list(table = part$covariances, null_weight = part$model$null_weight))
  ))
  expect_equal(part$fit$pi, learned$pi)
  expect_null(part$fit$weight)
  expect_equal(day_matrix(part$table, "lfsr"), ignore_attr = TRUE, tolerance = 1e-5, {
    lfsr_of(linear_posterior(part$fit$components, data, weights_of(learned$pi, loglik)))
  })
  expect_equal(day_contrast(part[3], "d3 - d0")$postmean, day_contrast(part, "d3 - d0")$postmean[3])
  expect_gt(cor(part$table$lfsr_min, whole$table$lfsr_min), 0.9)
})
