test_that("numbers that rounding cannot tell apart share a rank; NA and infinities have none or their own", {
  expect_identical(rank_apart(c(0.3, 0.1, 0.3 + 1e-16, 0.2)), c(3L, 1L, 3L, 2L))
  expect_identical(rank_apart(c(1, 1 + 2e-9, 1 + 1e-10)), c(1L, 2L, 1L))
  expect_identical(rank_apart(c(0, 1e-12, 3e-12), 1e-12), c(1L, 1L, 2L))
  expect_identical(rank_apart(c(0, 1e-12)), 1:2)
  expect_identical(rank_apart(c(2, NA, -5)), c(2L, NA, 1L))
  expect_identical(rank_apart(numeric()), integer())
  expect_identical(rank_apart(c(NA_real_, NA_real_)), c(NA_integer_, NA_integer_))
})

test_that("ranks of numbers that are apart are those of rank()", {
  withr::local_seed(1)
  x <- stats::rnorm(200)
  expect_identical(rank_apart(x), as.integer(rank(x)))
})

test_that("the largest of a row, and those equal to it, among those allowed", {
  x <- rbind(c(1, 1 + 1e-14, 0.5), c(-Inf, 2, Inf), c(0, 0, 0))
  expect_identical(is_row_largest(x), rbind(c(TRUE, TRUE, FALSE), c(FALSE, FALSE, TRUE), rep(TRUE, 3)))
  among <- rbind(c(FALSE, FALSE, TRUE), c(TRUE, TRUE, FALSE), c(FALSE, TRUE, TRUE))
  expect_identical(
    is_row_largest(x, among), rbind(c(FALSE, FALSE, TRUE), c(FALSE, TRUE, FALSE), c(FALSE, TRUE, TRUE))
  )
  expect_identical(first_row_largest(x), c(1L, 3L, 1L))
  expect_identical(first_largest(c(NA, 1, 3 - 1e-12, 3)), 3L)
})
