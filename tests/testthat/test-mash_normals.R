# Three rows, three days, one day missing: small enough for the definition.
b <- rbind(c(0.5, 0.3, -0.2), c(0.1, NA, 0.4), c(-0.3, 0.2, 0.1))
se <- rbind(c(0.2, 0.3, 0.25), c(0.2, NA, 0.2), c(0.1, 0.2, 0.3))
v <- 0.7 * diag(3) + 0.3
estimates <- list(betahat = b, se = se, is_missing = is.na(b))
data <- information(estimates, v)

density <- function(x, s) exp(-0.5 * sum(x * solve(s, x))) / sqrt((2 * pi)^length(x) * det(s))
noise <- function(row) {
  on <- !is.na(b[row, ])
  list(on = on, b = b[row, on], s = (v * tcrossprod(se[row, ]))[on, on, drop = FALSE])
}
built <- list(
  matrices = list(
    full = 0.5 + 0.5 * diag(3), one = tcrossprod(c(1, -2, 0)), sized = diag(c(0.1, 0, 0.1)),
    point = 0 * diag(3)
  ),
  means = list(NULL, NULL, rbind(c(1, 0, 1), c(-1, 0, 1)), rbind(c(0, 0.8, 0))),
  table = data.table::data.table(family = c("a", "a", "b", "b"))
)
names(built$means) <- names(built$matrices)
components <- new_components(built, c(0.3, 1))

test_that("the null's log density is that of the estimates that are there", {
  expect_equal(data$null, vapply(1:3, function(row) log(density(noise(row)$b, noise(row)$s)), 1))
  one <- noise(2)
  expect_equal(data$h[2, ], replace(numeric(3), which(one$on), solve(one$s, one$b)))
  expect_equal(data$precision[1, , ], solve(noise(1)$s))
})

test_that("a V of its own for each row is taken", {
  by_row <- array(v, c(3, 3, 3))
  by_row[, , 3] <- diag(3)
  own <- information(estimates, by_row)
  expect_equal(own$precision[1:2, , ], data$precision[1:2, , ])
  expect_equal(own$precision[3, , ], diag(1 / se[3, ]^2))
})

test_that("log likelihoods of components are those of normals, with and without means, of any rank", {
  by_hand <- function(row, k) {
    one <- noise(row)
    p <- components$pattern[[k]]
    scale <- components$grid[[components$scale[[k]]]]
    means <- built$means[[p]]
    u <- built$matrices[[p]] / (if (is.null(means)) max(diag(built$matrices[[p]])) else 1)
    means <- if (is.null(means)) rbind(numeric(3)) else means
    likelihood <- apply(means, 1, function(m) {
      density(one$b - scale * m[one$on], one$s + scale^2 * u[one$on, one$on])
    })
    log(mean(likelihood)) - log(density(one$b, one$s))
  }
  expected <- outer(1:3, seq_along(components$pattern), Vectorize(by_hand))
  expect_equal(component_loglik(components, data), expected)
})

test_that("batched inverses, determinants, products and factors are those of single matrices", {
  set.seed(1)
  a <- t(replicate(5, as.vector(tcrossprod(matrix(rnorm(16), 4)))))
  x <- matrix(rnorm(20), 5)
  found <- invert_rows(columns_of(a[, lower_triangle(4)]), 4)
  product <- times_rows(found$inverse, columns_of(x))
  factor <- factor_rows(found$inverse, 4)
  full <- function(columns, row) matrix(vapply(columns, `[[`, 1, row)[places_of(4)], 4)
  for (row in 1:5) {
    m <- diag(4) + matrix(a[row, ], 4)
    expect_equal(full(found$inverse, row), solve(m))
    expect_equal(found$log_det[[row]], log(det(m)))
    expect_equal(vapply(product, `[[`, 1, row), solve(m, x[row, ]))
    lower <- full(factor, row)
    lower[upper.tri(lower)] <- 0
    expect_equal(tcrossprod(lower), solve(m))
  }
})

test_that("rows in blocks have the numbers of all at once", {
  many <- rep(1:3, 3000)
  data_many <- information(lapply(estimates, function(m) m[many, ]), v)
  expect_equal(component_loglik(components, data_many), component_loglik(components, data)[many, ])
})
