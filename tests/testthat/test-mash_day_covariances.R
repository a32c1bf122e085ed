days <- c(d2 = 2, d3 = 3, d5 = 5)

test_that("canonical covariances are mashr's", {
  data <- mashr::mash_set_data(matrix(rnorm(12), 4), matrix(1, 4, 3))
  ours <- covariance_matrices(cov_canonical_days(), 3)
  expect_identical(unname(lapply(ours, unname)), unname(lapply(mashr::cov_canonical(data), unname)))
  expect_identical(names(ours)[1:2], c("canonical.identity", "canonical.d0"))
})

test_that("subsets are every set of days up to five, and grow with days squared above", {
  count <- function(n) length(covariance_matrices(cov_day_subsets(), n))
  expect_identical(vapply(2:5, count, 1L), as.integer(2^(2:5) - 1))
  expected <- function(n) n + n * (n - 1) / 2 + (n - 2) * (n - 1) / 2 # single days, pairs, runs of 3 and more
  expect_equal(vapply(6:10, count, 1L), vapply(6:10, expected, 1))
  expect_identical(length(covariance_matrices(day_covariances(), 6)), 84L)
  expect_identical(count(30), 30L + 29L + 2L * 27L + 1L) # single days, pairs, runs with the first or last day
  sets <- covariance_matrices(cov_day_subsets(), days)
  expect_identical(unname(sets[["subsets.d2+d5"]]), diag(c(1, 0, 1)))
})

test_that("effects of about one size: every sign on a set, or one sign on a run, which hardly changes", {
  data <- function(spec) build_covariances(spec, NULL, days)
  signed <- data(cov_signed_days(size = 2, spread = 0.5))
  expect_identical(signed$table$active, data(cov_day_subsets())$table$active)
  means <- split(signed$means[["signed.d2+d5"]], 1:4)
  expect_setequal(means, list(c(2, 0, 2), c(2, 0, -2), c(-2, 0, 2), c(-2, 0, -2)))
  expect_identical(signed$matrices[["signed.d2+d5"]], diag(c(0.25, 0, 0.25)))
  steady <- data(cov_steady_days(size = 2, spread = 0.5, wobble = 0.1))
  expect_identical(steady$table$matrix, paste0("steady.", c("d2+d3", "d3+d5", "d2+d3+d5")))
  expect_identical(steady$means[["steady.d3+d5"]], rbind(c(0, 2, 2), c(0, -2, -2)))
  expect_equal(steady$matrices[["steady.d2+d3+d5"]], 0.25 + diag(0.01, 3))
})

test_that("a family with means is checked, and mashr goes without it", {
  family <- function(x) covariance_family("own", function(data, days) list(a = x))
  built <- function(x) build_covariances(family(x), NULL, days)
  one <- built(list(mean = c(1, 0, 1), covariance = 0 * diag(3)))
  expect_identical(one$table$active, "d2+d5")
  for (bad in list(
    list(mean = c(1, 0), covariance = diag(3)), list(mean = c(0, 0, 0), covariance = diag(3)),
    list(mean = c(1, NA, 0), covariance = diag(3)), list(mean = c(1, 0, 1)), list(mean = 1:3, u = diag(3)),
    list(mean = c(1, 0, 1), covariance = -diag(3))
  )) {
    expect_error(built(bad), "own.a", class = "fatebias_error_mash")
  }
  expect_error(without_means(one, NULL), "no covariance family is left", class = "fatebias_error_mash")
})

test_that("the AR(1) correlation falls with the real gap, in units of the median one", {
  full <- covariance_matrices(cov_ar1(rho = 0.5, runs = FALSE), days)[[1]]
  gap <- c(1, 2, 3) / 1.5 # d2-d3, d3-d5, d2-d5 over the median of 1 and 2
  expect_equal(full[lower.tri(full)], 0.5^gap[c(1, 3, 2)])
  runs <- covariance_matrices(cov_ar1(rho = 0.5), days)
  expect_identical(names(runs), paste0("ar1.", c("d2+d3", "d3+d5", "d2+d3+d5"), "_0.5"))
  expect_identical(runs[[2]][1, ], 0 * days)
  expect_length(covariance_matrices(cov_ar1(rho = c(0.5, 0.9)), days), 6)
})

test_that("the random walk has the covariance of summed steps", {
  walk <- covariance_matrices(cov_random_walk(step = 2), days)[[1]]
  steps <- rbind(c(1, 0, 0), c(1, 1, 0), c(1, 1, 1)) # start, step to d3, step to d5
  expect_equal(unname(walk), steps %*% diag(c(1, 2 * 1 / 1.5, 2 * 2 / 1.5)) %*% t(steps))
})

test_that("data-driven covariances find the pattern in the data, have a nugget, and say when they cannot", {
  set.seed(1)
  pattern <- c(1, 1, -1, 0)
  b <- rbind(outer(rnorm(40, 0, 3), pattern), matrix(0, 60, 4)) + matrix(rnorm(400, 0, 0.3), 100)
  data <- mashr::mash_set_data(b, matrix(0.3, 100, 4))
  built <- build_covariances(cov_data_driven(nugget = 0.02), data, as_day_values(4))$matrices
  expect_true(any(grepl("PCA_1", names(built))) && any(grepl("ED", names(built))))
  leading <- eigen(built[["data_driven.PCA_1"]])$vectors[, 1]
  expect_gt(abs(sum(leading * pattern)) / sqrt(3), 0.99)
  smallest <- vapply(built, function(u) min(eigen(u)$values) / max(diag(u)), 1)
  expect_true(all(smallest > 0.019))
  nothing <- mashr::mash_set_data(matrix(rnorm(400, 0, 0.1), 100), matrix(0.3, 100, 4))
  skipped <- build_covariances(cov_day_subsets() + cov_data_driven(), nothing, as_day_values(4))$skipped
  expect_match(skipped[["data_driven"]], "only 0 rows have an effect")
})

test_that("arguments out of range are refused", {
  expect_error(cov_ar1(rho = 1))
  expect_error(cov_random_walk(step = 0))
  expect_error(cov_data_driven(n_pcs = 1))
  expect_error(cov_day_subsets(weight = -1))
})

test_that("words, lists and specifications are taken; anything else is refused", {
  given <- covariance_spec(list(a = diag(3)), covariance_words)
  labels <- rep(list(paste0("d", 0:2)), 2)
  expect_identical(covariance_matrices(given, 3), list(given.a = `dimnames<-`(diag(3), labels)))
  expect_identical(covariance_spec("days", covariance_words), day_covariances())
  expect_error(covariance_spec(3, covariance_words), class = "fatebias_error_mash")
  expect_error(covariance_spec("day", covariance_words), "days", class = "fatebias_error_mash")
})
