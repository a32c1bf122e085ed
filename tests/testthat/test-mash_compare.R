walk_estimates <- function(n = 60, se = 0.15) {
  set.seed(3)
  steps <- cbind(rnorm(n, 0, 0.3), matrix(rnorm(3 * n, 0, 0.2), n))
  list(betahat = t(apply(steps, 1, cumsum)) + matrix(rnorm(4 * n, 0, se), n), se = matrix(se, n, 4))
}

test_that("the covariances that made the effects win on rows held out", {
  wrong <- list(opposite = tcrossprod(c(1, -1, 1, -1)))
  specs <- list(walk = cov_random_walk(), single = cov_day_subsets(), wrong = wrong)
  found <- compare_mash(walk_estimates(), specs, v = diag(4), n_folds = 4)
  expect_identical(found$table$spec[[1]], "walk")
  expect_identical(found$table$difference[[1]], 0)
  worst <- found$table[found$table$spec == "wrong"]
  expect_lt(worst$difference, -3 * worst$se_difference)
  expect_identical(names(found$results), names(specs))
  expect_identical(found$table$loglik[[1]], found$results$walk$loglik)
  expect_true(all(found$table$held_out < found$table$loglik)) # seen rows are more probable than unseen ones
  expect_output(print(found), "Weights by family")
})

test_that("held-out log likelihoods are those of mashr on the other rows", {
  x <- walk_estimates(12)
  result <- run_mash(x, covariances = cov_random_walk(), v = diag(4), no_effects_prior = 0, prior = "mashr")
  fold <- rep(1:2, 6)
  ours <- held_out_loglik(result, fold)
  data <- function(rows) mashr::mash_set_data(x$betahat[rows, ], x$se[rows, ])
  train <- mashr::mash(
    data(fold == 2), result$model$spec |> covariance_matrices(result$times), grid = result$model$grid,
    nullweight = 1, verbose = FALSE
  )
  g <- train$fitted_g
  g$pi <- (6 * g$pi + 1 / length(g$pi)) / 7
  scaled <- lapply(g$grid^2, function(s) lapply(g$Ulist, `*`, s))
  covariances <- c(list(0 * diag(4)), unlist(scaled, recursive = FALSE))
  by_hand <- vapply(which(fold == 1), function(j) {
    one <- function(u) {
      s <- u + diag(x$se[j, ]^2)
      exp(-0.5 * sum(x$betahat[j, ] * solve(s, x$betahat[j, ]))) / sqrt((2 * pi)^4 * det(s))
    }
    log(sum(g$pi * vapply(covariances, one, 1)))
  }, 1)
  expect_equal(ours[fold == 1], by_hand, tolerance = 1e-5)
})

test_that("held-out likelihoods of averaged weights are densities: over all estimates they add up to one", {
  x <- lapply(walk_estimates(12), function(m) m[, 1:2])
  x$betahat[1, ] <- 0
  grid <- as.matrix(expand.grid(seq(-6, 6, 0.2), seq(-6, 6, 0.2)))
  fold <- rep(1:2, c(nrow(grid), 11))
  all <- list(betahat = rbind(grid, x$betahat[-1, ]), se = rbind(0 * grid + 0.2, x$se[-1, ]))
  result <- run_mash(all, v = diag(2), gridmult = 3, n_draws = 1)
  expect_equal(sum(exp(held_out_loglik(result, fold)[fold == 1])) * 0.04, 1, tolerance = 0.02)
})

test_that("what cannot be compared is refused, by name", {
  x <- walk_estimates(12)
  expect_error(compare_mash(x, list(cov_random_walk())), class = "fatebias_error_mash")
  expect_snapshot(error = TRUE, {
    compare_mash(x, list(good = "days", bad = list(a = diag(3))), v = diag(4))
    compare_mash(x, list(good = "days"), v = diag(4), n_folds = 7)
  })
})

test_that("a family that gives nothing in a fold leaves NA with a warning, and the others stand", {
  x <- walk_estimates(40)
  needy <- covariance_family("needy", function(data, days) {
    if (nrow(data$Bhat) < 40) no_matrices("too few rows") else list(one = diag(length(days)))
  })
  specs <- list(walk = cov_random_walk(), needy = cov_random_walk() + needy)
  expect_warning(found <- compare_mash(x, specs, v = diag(4)), "needy", class = "fatebias_warning_mash")
  expect_identical(found$table$spec, c("walk", "needy"))
  expect_identical(is.na(found$table$held_out), c(FALSE, TRUE))
})

test_that("a comparison is a table", {
  specs <- list(walk = cov_random_walk(), canonical = "canonical")
  found <- compare_mash(walk_estimates(), specs, v = diag(4), n_folds = 2)
  expect_identical(data.table::as.data.table(found), found$table)
  expect_identical(as.data.frame(found)$spec, found$table$spec)
  expect_error(compare_mash(found, example_fit()), "specs", class = "fatebias_error_mash")
})
