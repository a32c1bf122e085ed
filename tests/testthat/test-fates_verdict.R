three <- c("EC", "MES", "NEU")

test_that("signs say what is beyond the margin", {
  change <- rbind(c(0.03, -0.03, 0), c(0.01, -0.005, -0.005), c(-0.1, 0.05, 0.05))
  expect_equal(fate_signs(change, 0.02), rbind(c(1, -1, 0), c(0, 0, 0), c(-1, 1, 1)))
  many <- rbind(c(0.2, 0.1, -0.05, -0.05, -0.1, -0.1), c(0, 0, 0, 0, 0.01, -0.01))
  expect_equal(fate_signs(many, 0.02), rbind(c(1, 0, 0, 0, -1, 0), 0))
  expect_identical(dim(fate_signs(matrix(0, 0, 6), 0.02)), c(0L, 6L))
})

test_that("verdicts are sentences of a biologist", {
  say <- function(...) verdict_words(c(...), three)
  expect_identical(say(0, 0, 0), "no change seen")
  expect_identical(say(-1, 1, 0), "raises MES at the cost of EC; NEU unchanged")
  expect_identical(say(1, 1, -1), "moves cells out of NEU, to both")
  expect_identical(say(-1, -1, 1), "moves cells into NEU, from both")
  expect_identical(say(0, 1, 0), "raises MES, at little cost to any other fate")
  expect_identical(say(0, 0, -1), "lowers NEU, with little gain for any other fate")
  expect_identical(verdict_words(c(1, -1), c("A", "B")), "raises A at the cost of B")
  four <- c("A", "B", "C", "D")
  expect_identical(verdict_words(c(-1, 1, 1, 0), four), "lowers A, feeds B and C; D unchanged")
  expect_identical(verdict_words(c(-1, 1, 1, 1), four), "moves cells out of A, to all others")
  expect_identical(verdict_words(c(-1, -1, 1, 0), four), "raises C at the cost of A and B; D unchanged")
  six <- c(four, "E", "F")
  expect_identical(verdict_words(c(0, 1, 0, 0, -1, 0), six), "raises B most, mostly at the cost of E")
})

test_that("the probability of a verdict is that of all it says", {
  # one gene, one day, two fates: the posterior of the log odds is normal in closed form
  estimates <- list(betahat = cbind(c(0.3, 0)), se = cbind(c(0.1, 0.1)), is_missing = cbind(c(FALSE, FALSE)),
                    v = array(1, c(1, 1, 2)))
  components <- fate_components(cbind(0.6, 0.4), 0, 0.5)
  mixture <- list(
    components = components, data = information(estimates, estimates$v),
    weight = rbind(c(0.3, 0.7), c(0.6, 0.4)), none = 0.1
  )
  cells <- list(list(p = cbind(0.6, 0.4), weight = 1))
  found <- withr::with_seed(1, joint_verdicts(mixture, cells, 0.02, 2e5))
  edge <- function(change) log((0.4 + change) / (0.6 - change)) - log(0.4 / 0.6)
  mean <- c(0.3, 0) * 0.25 / 0.26
  sd <- sqrt(0.25 * 0.01 / 0.26)
  some <- 0.9 * c(0.7, 0.4)
  raised <- some * pnorm(edge(0.02), mean, sd, lower.tail = FALSE)
  unchanged <- 1 - some + some * (pnorm(edge(0.02), mean, sd) - pnorm(edge(-0.02), mean, sd))
  expect_equal(found$signs, rbind(c(-1, 1), c(0, 0)))
  expect_equal(found$probability, c(raised[[1]], unchanged[[2]]), tolerance = 0.005)
  expect_equal(rowSums(found$change), c(0, 0))
  change <- integrate(function(x) (plogis(x + log(0.4 / 0.6)) - 0.4) * dnorm(x, mean[[1]], sd), -2, 2)$value
  expect_equal(found$change[1, 2], some[[1]] * change, tolerance = 0.01)
})

test_that("genes are the same in one part or in several", {
  weight <- matrix(c(1, 0), 3, 2, byrow = TRUE)
  estimates <- list(betahat = cbind(rep(0, 3)), se = cbind(rep(1, 3)), is_missing = cbind(rep(FALSE, 3)),
                    v = array(1, c(1, 1, 3)))
  mixture <- list(components = fate_components(cbind(0.5, 0.5), 0, 1), weight = weight, none = 0,
                  data = information(estimates, estimates$v))
  local_mocked_bindings(genes_at_once = 2L)
  found <- joint_verdicts(mixture, list(list(p = cbind(0.5, 0.5), weight = 1)), 0.02, 10)
  expect_equal(found$signs, matrix(0, 3, 2))
  expect_equal(found$probability, rep(1, 3))
})

test_that("of known kinds at least nine of ten verdicts with P of .9 are right", {
  baseline <- rbind(c(0.45, 0.3, 0.25), c(0.3, 0.3, 0.4))
  cells <- lapply(1:2, function(d) list(p = baseline[d, , drop = FALSE], weight = 1))
  theta <- array(0, c(160, 2, 2))
  noise <- array(0, c(160, 2, 2, 2, 2))
  covariance <- 0.01 * kronecker(diag(2) + 1, diag(2))
  for (gene in 1:160) noise[gene, , , , ] <- covariance
  u <- function(...) (c(...) - c(...)[[1]])[-1] # log-ratios of all fates, as log odds against the first
  kinds <- list(c(0, 0, 0), c(-0.5, 0.5, 0), c(0, 0, 0.9), c(0, -0.9, 0)) # none, exchange, into, out
  for (gene in 1:160) {
    theta[gene, , ] <- rep(u(kinds[[(gene - 1) %/% 40 + 1]]), each = 2)
  }
  estimates <- joint_estimates(
    theta + array(withr::with_seed(2, matrix(rnorm(640), 160) %*% chol(covariance)), dim(theta)), noise
  )
  found <- with_fixed_seed(1, {
    joint_verdicts(joint_mixture(estimates, baseline, c(0, 1), fate_settings()), cells, 0.02, 400)
  })
  truth <- fate_signs(mean_changes(matrix(theta, 160), cells), 0.02)
  sure <- found$probability >= 0.9
  right <- rowSums(found$signs != truth) == 0
  expect_gt(sum(sure), 60)
  expect_gte(mean(right[sure]), 0.9)
})

test_that("of many fates the two that are named are told, and none is said to stay", {
  change <- rbind(c(0.2, -0.1, -0.05, -0.05, 0, 0))
  found <- list(signs = rbind(c(1, -1, 0, 0, 0, 0)), probability = 0.9, change = change)
  table <- verdict_table(found, "A", LETTERS[1:6])
  expect_identical(table$verdict, "raises A most, mostly at the cost of B")
  expect_identical(table$unchanged, "")
})
