days <- c(d2 = 2, d3 = 3, d5 = 5)
data <- mashr::mash_set_data(matrix(rnorm(30), 10, dimnames = list(NULL, names(days))), matrix(1, 10, 3))
given <- function(...) covariance_spec(list(...), covariance_words)
build <- function(spec) build_covariances(spec, data, days)
fading <- covariance_family("fading", function(data, days) list(slow = tcrossprod(2^-(days - days[[1]]))))

test_that("specifications compose with c and +, in order, and know their families", {
  both <- cov_canonical_days() + fading
  expect_s3_class(both, "fatebias_covariances")
  expect_identical(c(cov_canonical_days(), fading), both)
  built <- build(both)
  expect_identical(tail(names(built$matrices), 1), "fading.slow")
  expect_identical(unique(built$table$family), c("canonical", "fading"))
  expect_identical(built$matrices$fading.slow, unname(tcrossprod(c(1, 1 / 2, 1 / 8))))
  expect_error(cov_canonical_days() + list(a = diag(3)), class = "fatebias_error_mash")
})

test_that("the table says where each matrix is active, and spreads a family's weight over its matrices", {
  spec <- covariance_family("two", weight = 6, function(data, days) {
    list(late = diag(c(0, 1, 1)), all = matrix(1, 3, 3))
  })
  table <- build(spec + fading)$table
  expect_identical(table$active, c("d3+d5", "all days", "d2+d3"))
  expect_identical(table$weight, c(3, 3, 0))
})

test_that("a wrong matrix is refused by family and name", {
  expect_snapshot(error = TRUE, {
    build(given(a = diag(2)))
    build(given(a = diag(3), b = diag(c(1, 1, -1))))
    build(given(a = matrix(c(1, 2, 3, 4, 5, 6, 7, 8, 9), 3)))
    build(given(a = diag(c(1, NA, 1))))
    build(given(a = matrix(0, 3, 3)))
    build(fading + fading)
    build(covariance_family("unnamed", function(data, days) list(diag(3))))
    build(covariance_family("twice", function(data, days) list(a = diag(3), a = diag(3))))
    build(covariance_family("failing", function(data, days) stop("no such column")))
  })
  expect_error(covariance_family("old", function(data) list()), "days")
})

test_that("a rank-one matrix is allowed: its smallest eigenvalue is zero up to rounding", {
  expect_length(build(given(one = tcrossprod(c(0.3, -1.7, 2.9))))$matrices, 1)
})

test_that("a family without matrices is left out with its reason; no matrix at all is an error", {
  none <- covariance_family("none", function(data, days) no_matrices("nothing to see"))
  built <- build(none + fading)
  expect_identical(built$skipped, c(none = "nothing to see"))
  expect_identical(names(built$matrices), "fading.slow")
  expect_error(build(none), "nothing to see", class = "fatebias_error_mash")
})

test_that("matrices can be looked at without estimates; days must increase", {
  expect_identical(covariance_matrices(fading, 3), covariance_matrices(fading, c(d0 = 0, d1 = 1, d2 = 2)))
  expect_error(covariance_matrices(fading, c(3, 2)), class = "fatebias_error_mash")
  expect_error(covariance_matrices(fading, 1), class = "fatebias_error_mash")
})

test_that("print shows families, sizes and where each is active", {
  expect_snapshot({
    day_covariances() + cov_data_driven(weight = 4)
    print(fading, days = days)
  })
})

test_that("families are taken by name or position, and listed as a table", {
  spec <- day_covariances()
  expect_identical(family_names(spec["ar1"]), "ar1")
  expect_identical(family_names(spec[c(3, 1)]), c("random_walk", "subsets"))
  expect_identical(spec[], spec)
  expect_error(spec["arl"], "ar1", class = "fatebias_error_argument")
  table <- data.table::as.data.table(spec, days = 3)
  expect_identical(table$matrix, names(covariance_matrices(spec, 3)))
  expect_identical(as.data.frame(spec, days = 3)$family, table$family)
})
