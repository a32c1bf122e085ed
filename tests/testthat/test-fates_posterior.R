baseline <- rbind(c(0.5, 0.3, 0.2), c(0.3, 0.3, 0.4))

# Two days, three fates: estimates and a covariance of each of `n` genes
drawn_genes <- function(n, seed = 1) {
  withr::with_seed(seed, {
    root <- matrix(rnorm(16, sd = 0.1), 4) + diag(0.2, 4)
    noise <- aperm(array(rep(crossprod(root), n), c(2, 2, 2, 2, n)), c(5, 1, 2, 3, 4))
    list(theta = array(rnorm(n * 4, sd = 0.4), c(n, 2, 2)), noise = noise, covariance = crossprod(root))
  })
}

test_that("changes of probability are those of the cells one by one", {
  p <- rbind(c(0.7, 0.2, 0.1), c(0.2, 0.2, 0.6))
  cells <- list(list(p = p, weight = c(0.25, 0.75)), list(p = baseline[2, , drop = FALSE], weight = 1))
  effect <- rbind(c(0.3, -0.2, 0.5, 0.1), c(-1, 0, 0, 2))
  by_hand <- t(apply(effect, 1, function(e) {
    of_day <- function(cells, logits) {
      new <- apply(cells$p, 1, function(p) {
        odds <- c(p[[1]], p[-1] * exp(logits))
        odds / sum(odds) - p
      })
      drop(new %*% cells$weight)
    }
    (of_day(cells[[1]], e[c(1, 3)]) + of_day(cells[[2]], e[c(2, 4)])) / 2
  }))
  changes <- mean_changes(effect, cells)
  expect_equal(changes, by_hand)
  expect_equal(rowSums(changes), c(0, 0))
  # an effect that is the same on all days
  expect_equal(mean_changes(cbind(0.3, 0.5), cells), mean_changes(cbind(0.3, 0.3, 0.5, 0.5), cells))
})

test_that("widening by 1 changes nothing, by a number for all fates multiplies, by fate scales log-ratios", {
  genes <- drawn_genes(2)
  expect_equal(widen_noise(genes$noise, array(1, c(2, 2, 3))), genes$noise)
  expect_equal(widen_noise(genes$noise, array(1.5, c(2, 2, 3))), 2.25 * genes$noise)
  # one fate twice as uncertain: its log-ratio to the mean of all has twice the SD
  ratio <- array(rep(c(1, 1, 2), each = 4), c(2, 2, 3))
  wide <- matrix(widen_noise(genes$noise, ratio)[1, , , , ], 4)
  centred <- kronecker(rbind(c(-1, -1), c(2, -1), c(-1, 2)) / 3, diag(2))
  before <- centred %*% genes$covariance %*% t(centred)
  # differences of log-ratios, of which each is scaled by its own number
  scaled <- diag(rep(c(1, 1, 2), each = 2)) %*% before %*% diag(rep(c(1, 1, 2), each = 2))
  differences <- kronecker(cbind(-1, diag(2)), diag(2))
  expect_equal(wide, differences %*% scaled %*% t(differences))
})

test_that("joint estimates keep the order of days and fates, and their missing ones", {
  genes <- drawn_genes(3)
  genes$theta[2, 1, ] <- NA
  genes$noise[2, 1, , , ] <- NA
  genes$noise[2, , , 1, ] <- NA
  found <- joint_estimates(genes$theta, genes$noise)
  expect_equal(found$betahat[1, ], c(genes$theta[1, 1, 1], genes$theta[1, 2, 1], genes$theta[1, , 2]))
  expect_equal(found$v[, , 3] * tcrossprod(found$se[3, ]), genes$covariance)
  expect_identical(found$is_missing[2, ], c(TRUE, FALSE, TRUE, FALSE))
  expect_equal(found$se[2, c(2, 4)], sqrt(diag(genes$covariance)[c(2, 4)]))
  mean_of <- joint_estimates(genes$theta, genes$noise, by_day = FALSE)
  expect_equal(mean_of$betahat[1, ], colMeans(genes$theta[1, , ]))
  expect_equal(mean_of$betahat[2, ], genes$theta[2, 2, ])
  own <- genes$covariance
  expect_equal(mean_of$se[1, 1]^2, (own[1, 1] + own[2, 2] + 2 * own[1, 2]) / 4)
  expect_equal(mean_of$v[1, 2, 2] * prod(mean_of$se[2, ]), own[2, 4])
})

test_that("likelihoods of components are those of the normal distribution", {
  genes <- drawn_genes(4)
  estimates <- joint_estimates(genes$theta, genes$noise)
  components <- fate_components(baseline, c(0, 1), c(0.3, 1))
  loglik <- component_loglik(components, information(estimates, estimates$v))
  log_density <- function(b, s) -(log(det(s)) + drop(b %*% solve(s, b))) / 2
  for (k in sample(length(components$pattern), 12)) {
    pattern <- components$patterns[[components$pattern[[k]]]]
    prior <- matrix(0, 4, 4)
    prior[pattern$on, pattern$on] <- tcrossprod(pattern$root) * components$grid[[components$scale[[k]]]]^2
    direct <- apply(estimates$betahat, 1, function(b) {
      log_density(b, genes$covariance + prior) - log_density(b, genes$covariance)
    })
    expect_equal(loglik[, k], direct)
  }
})

test_that("draws have the mean and the covariance of the posterior", {
  genes <- drawn_genes(2)
  estimates <- joint_estimates(genes$theta, genes$noise)
  components <- fate_components(baseline, c(0, 1), 0.8)
  free <- length(components$patterns) # any fate, on all days
  weight <- matrix(0, 2, length(components$pattern) + 1)
  weight[, free + 1] <- 1
  mixture <- list(components = components, data = information(estimates, estimates$v), weight = weight)
  drawn <- withr::with_seed(4, joint_draws(mixture, 1:2, 20000))
  expect_equal(tabulate(drawn$row), c(20000, 20000))
  prior <- matrix(0, 4, 4)
  pattern <- components$patterns[[free]]
  prior[pattern$on, pattern$on] <- 0.64 * tcrossprod(pattern$root)
  expect_gt(min(eigen(prior)$values), 0)
  for (row in 1:2) {
    own <- drawn$effect[drawn$row == row, ]
    shrink <- prior %*% solve(prior + genes$covariance)
    expected <- drop(shrink %*% estimates$betahat[row, ])
    covariance <- prior - shrink %*% prior
    se <- sqrt(diag(covariance) / 20000)
    expect_true(all(abs(colMeans(own) - expected) < 5 * se))
    expect_equal(cov(own), covariance, tolerance = 0.05)
  }
})

test_that("genes without effects are not given any", {
  genes <- drawn_genes(150, seed = 5)
  root <- chol(genes$covariance)
  genes$theta <- withr::with_seed(6, array(matrix(rnorm(600), 150) %*% root, c(150, 2, 2)))
  estimates <- joint_estimates(genes$theta, genes$noise)
  mixture <- with_fixed_seed(1, joint_mixture(estimates, baseline, c(0, 1), fate_settings()))
  expect_gt(mixture$none, 0.3)
  expect_gt(min(mixture$none + (1 - mixture$none) * mixture$weight[, 1]), 0.5)
})

test_that("a day without a cell of the gene takes nothing from its other days", {
  noise <- known_view(example_fit())$noise[1:2, , , , , drop = FALSE]
  ratio <- array(1 + seq_len(prod(dim(noise)[2:3], 3, 2)) / 40, c(2, dim(noise)[[2]], 3))
  whole <- widen_noise(noise, ratio)
  lost <- noise
  lost[1, 2, , , ] <- lost[1, , , 2, ] <- NA
  found <- widen_noise(lost, ratio)
  expect_identical(is.na(found), is.na(lost))
  expect_equal(found[!is.na(found)], whole[!is.na(found)])
})
