data <- mashr::mash_set_data(matrix(rnorm(30), 10), matrix(1, 10, 3))

test_that("canonical covariances are mashr's", {
  built <- build_covariances(canonical_covariances(), data)
  expect_identical(unname(built), unname(mashr::cov_canonical(data)))
  expect_identical(names(built)[1], "canonical.identity")
})

test_that("specifications compose, and words, lists and specifications are taken", {
  ones <- covariance_family("ones", function(data) list(all = matrix(1, ncol(data$Bhat), ncol(data$Bhat))))
  both <- c(canonical_covariances(), ones)
  expect_s3_class(both, "fatebias_covariances")
  expect_identical(tail(names(build_covariances(both, data)), 1), "ones.all")
  expect_identical(names(build_covariances(covariance_spec(list(a = diag(3))), data)), "given.a")
  expect_output(print(covariance_spec("canonical")), "canonical")
  expect_error(covariance_spec("days"), class = "fatebias_error_not_available")
  expect_error(covariance_spec(3), class = "fatebias_error_mash")
})

test_that("a wrong matrix is refused by name", {
  refused <- function(...) build_covariances(covariance_spec(list(...)), data)
  expect_snapshot(error = TRUE, {
    refused(a = diag(2))
    refused(a = diag(3), b = diag(c(1, 1, -1)))
    refused(a = matrix(c(1, 2, 3, 4, 5, 6, 7, 8, 9), 3))
    refused(a = diag(c(1, NA, 1)))
  })
  expect_error(build_covariances(c(canonical_covariances(), canonical_covariances()), data), "called")
  unnamed <- covariance_family("f", function(data) list(diag(3)))
  expect_error(build_covariances(unnamed, data), class = "fatebias_error_mash")
})

test_that("a rank-one matrix is allowed: its smallest eigenvalue is zero up to rounding", {
  x <- c(0.3, -1.7, 2.9)
  expect_length(build_covariances(covariance_spec(list(one = tcrossprod(x))), data), 1)
})
