# Three fates on three days; the mean probabilities differ by day
baseline <- rbind(c(0.5, 0.3, 0.2), c(0.4, 0.4, 0.2), c(0.2, 0.2, 0.6))
times <- c(0, 1, 3)

softmax <- function(logits) exp(c(0, logits)) / sum(exp(c(0, logits)))

# Probabilities of a day after a move, by the definition of the model
after <- function(p, move, size) softmax(log(p[-1] / p[[1]]) + size * drop(move))

# The direction in which a move goes most: what is left of its covariance without the spread in all directions
main_direction <- function(name, d) {
  n <- ncol(baseline)
  all <- sapply(fate_moves(baseline)[c(name, "free")], function(move) tcrossprod(move[[d]]), simplify = FALSE)
  rest <- eigen(all[[1]] - fate_spread^2 * all[[2]])
  expect_lt(max(abs(rest$values[-1])), 1e-9)
  rest$vectors[, 1] * sqrt(rest$values[[1]])
}

test_that("a fate against all others leaves the odds of the others, and moves its own by 1 a scale", {
  for (f in 1:3) {
    p <- after(baseline[1, ], main_direction(paste0("one", f), 1), 0.4)
    others <- setdiff(1:3, f)
    expect_equal(p[others[[1]]] / p[others[[2]]], baseline[1, others[[1]]] / baseline[1, others[[2]]])
    odds <- function(p) log(p[[f]]) - mean(log(p[others]))
    expect_equal(abs(odds(p) - odds(baseline[1, ])), 0.4)
  }
})

test_that("two fates exchange cells and the third keeps its probability, on each day", {
  pairs <- utils::combn(3, 2)
  for (k in 1:3) {
    for (d in 1:3) {
      p <- baseline[d, ]
      move <- main_direction(paste0("two", k), d)
      slope <- (after(p, move, 1e-6) - p) / 1e-6
      expect_equal(slope[[setdiff(1:3, pairs[, k])]], 0, tolerance = 1e-5)
      of_all <- c(0, move)[pairs[, k]]
      expect_equal(abs(of_all[[1]] - of_all[[2]]), 1)
    }
  }
})

test_that("a free move is as large for every fate, whichever is the reference", {
  for (n in 3:5) {
    move <- fate_moves(matrix(1 / n, 1, n))$free[[1]]
    against <- sapply(seq_len(n), function(f) { # a fate against the mean of the others, of each direction
      of_all <- rbind(0, move)
      of_all[f, ] - colMeans(of_all[-f, , drop = FALSE])
    })
    expect_equal(colSums(against^2), rep(1, n))
  }
})

test_that("two fates have one move, and many have no pairs", {
  expect_equal(fate_moves(matrix(0.5, 2, 2)), list(one1 = list(matrix(1), matrix(1))))
  expect_length(fate_moves(matrix(1 / 7, 1, 7)), 7 + 1)
  expect_length(fate_moves(matrix(1 / 6, 1, 6)), 6 + 15 + 1)
})

test_that("a pattern has the covariance of its move and its course", {
  for (move in fate_moves(baseline)[c("one2", "two1", "free")]) {
    for (course in day_courses(times)[c(2, 4, 7)]) {
      pattern <- fate_pattern(move, course)
      direct <- matrix(0, 6, 6)
      of_course <- matrix(0, 3, 3)
      of_course[course$days, course$days] <- tcrossprod(course$root)
      for (i in 1:6) {
        for (j in 1:6) {
          d <- c((i - 1) %% 3 + 1, (j - 1) %% 3 + 1)
          f <- c((i - 1) %/% 3 + 1, (j - 1) %/% 3 + 1)
          direct[i, j] <- sum(move[[d[[1]]]][f[[1]], ] * move[[d[[2]]]][f[[2]], ]) * of_course[d[[1]], d[[2]]]
        }
      }
      built <- matrix(0, 6, 6)
      built[pattern$on, pattern$on] <- tcrossprod(pattern$root)
      expect_equal(built, direct)
      expect_identical(which(pattern$active), sort(which(diag(direct) > 0)))
    }
  }
})

test_that("courses are runs of days, alike by their distance, and all days apart", {
  courses <- day_courses(times)
  expect_identical(lapply(courses, `[[`, "days"), list(1L, 2L, 3L, 1:2, 2:3, 1:3, 1:3))
  expect_equal(tcrossprod(courses[[5]]$root)[1, 2], 0.8^(2 / 1.5)) # in units of the median distance
  expect_equal(courses[[7]]$root, diag(3))
  expect_length(day_courses(c(d = 4)), 1)
})

test_that("the likelihood of all components does not depend on the reference", {
  theta <- withr::with_seed(1, array(rnorm(2 * 3 * 2), c(2, 3, 2)))
  root <- withr::with_seed(2, matrix(rnorm(36), 6))
  noise <- aperm(array(rep(crossprod(root), 2), c(3, 2, 3, 2, 2)), c(5, 1, 2, 3, 4))
  loglik <- function(theta, noise, baseline) {
    estimates <- joint_estimates(theta, noise)
    components <- fate_components(baseline, times, c(0.5, 2))
    list(components = components, loglik = component_loglik(components, information(estimates, estimates$v)))
  }
  one <- loglik(theta, noise, baseline)
  # the second fate as the reference, the first in its place
  to <- kronecker(rbind(c(-1, 0), c(-1, 1)), diag(3))
  turned <- array(t(apply(matrix(theta, 2), 1, function(b) to %*% b)), c(2, 3, 2))
  other_noise <- noise
  for (l in 1:2) other_noise[l, , , , ] <- to %*% matrix(noise[l, , , , ], 6) %*% t(to)
  other <- loglik(turned, other_noise, baseline[, c(2, 1, 3)])
  sums <- function(x) sort(round(colSums(x$loglik), 8))
  expect_equal(sums(one), sums(other))
})
