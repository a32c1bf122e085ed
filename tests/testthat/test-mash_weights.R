test_that("averaged weights are posterior means: against all ways to share rows out, by the definition", {
  # two families, two scales each: 4 rows have 5^4 ways to go to the null or a component
  ties <- weight_ties(c("a", "b", "a", "b"), c(1, 1, 2, 2), c(1, 1, 1, 1), c(1, 2, 1, 2))
  loglik <- rbind(c(2, 0, 1, -1), c(0.5, 1, -2, 3), c(-1, -1, 0, 0), c(4, 1, 2, 0))
  prior <- tied_prior(ties, null = 1, family = c(0, 2))
  assigned <- as.matrix(expand.grid(rep(list(1:5), 4)))
  log_dirichlet <- function(counts, prior) {
    sum(lgamma(counts + prior) - lgamma(prior)) - lgamma(sum(counts + prior)) + lgamma(sum(prior))
  }
  log_joint <- apply(assigned, 1, function(z) {
    n <- tabulate(z, 5)
    family <- c(n[[1]], n[[2]] + n[[4]], n[[3]] + n[[5]])
    sum(cbind(0, loglik)[cbind(1:4, z)]) + log_dirichlet(family, c(1, prior$family)) +
      log_dirichlet(n[c(2, 4)], rep(0.1, 2)) + log_dirichlet(n[c(3, 5)], rep(0.1, 2))
  })
  p <- exp(log_joint - max(log_joint))
  p <- p / sum(p)
  exact <- t(vapply(1:4, function(row) vapply(1:5, function(k) sum(p[assigned[, row] == k]), 1), numeric(5)))
  expect_identical(prior$family, c(0.1, 2.1))
  set.seed(1)
  chains <- replicate(20, averaged_weights(loglik, ties, prior), simplify = FALSE)
  found <- Reduce(`+`, lapply(chains, `[[`, "weight")) / 20
  expect_lt(max(abs(found - exact)), 0.03)
  expect_equal(rowSums(found), rep(1, 4))
  expect_equal(sum(chains[[1]]$pi), 1)
})

test_that("rows that are sure, and rows without information, have weights", {
  ties <- weight_ties(rep("a", 3), 1:3, rep(1, 3), rep(1, 3))
  loglik <- rbind(c(900, 1200, 0), c(0, 0, 0), c(-50, -800, -1e4))
  found <- averaged_weights(loglik, ties, tied_prior(ties, 1, 0))
  expect_true(all(is.finite(found$weight)))
  expect_equal(found$weight[1, ], c(0, 0, 1, 0), tolerance = 1e-6)
})

test_that("components are drawn by their shares", {
  set.seed(2)
  share <- matrix(c(1, 2, 7, 0, 5, 5) * rep(c(1, 1e-3), each = 3), 3, 20000)
  drawn <- drawn_components(share)
  expect_equal(tabulate(drawn[c(TRUE, FALSE)], 3) / 1e4, c(0.1, 0.2, 0.7), tolerance = 0.05)
  expect_equal(tabulate(drawn[c(FALSE, TRUE)], 3) / 1e4, c(0, 0.5, 0.5), tolerance = 0.05)
})
