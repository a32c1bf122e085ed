test_that("groups of cells have the mean of the cells, and spread them as they are", {
  p <- withr::with_seed(1, matrix(rgamma(3 * 500, 0.5), 500))
  p <- p / rowSums(p)
  cells <- grouped_cells(p, 64)
  expect_equal(sum(cells$weight), 1)
  expect_equal(drop(cells$weight %*% cells$p), colMeans(p))
  expect_identical(nrow(cells$p), 64L)
  # what an effect does to the mean, beside all cells one by one
  moved <- function(p, weight) {
    odds <- p * rep(exp(c(0, 0.8, -0.4)), each = nrow(p))
    drop(weight %*% (odds / rowSums(odds) - p))
  }
  all <- moved(p, rep(1 / 500, 500))
  expect_lt(max(abs(moved(cells$p, cells$weight) - all)), 0.02 * max(abs(all)))
  expect_identical(nrow(grouped_cells(p[1:5, ], 64)$p), 5L)
})

test_that("a fit without all fates has no joint view", {
  expect_null(joint_view(example_fit()))
})

test_that("Python: the joint view of a fit has its estimates and standard errors", {
  fit <- small_fit()
  view <- joint_view(fit)
  expect_identical(view$fates, fit$manifest$fates)
  expect_identical(view$genes, fit$gene$gene)
  at <- match(view$genes, fit$estimate$gene)
  mes <- which(view$fates == "MES") - 1L
  expect_equal(unname(view$theta[, , mes]), unname(betahat(fit$estimate))[at, ], tolerance = 1e-6)
  # the contrast with the reference is widened between what the two fates are
  all <- all_fates(fit)
  widening <- fate_cells(fit)$widening
  size <- length(fit$days)
  for (d in seq_len(size)) {
    ratio <- sqrt(view$noise[, d, mes, d, mes] / all$noise[, d, mes, d, mes])
    expect_true(all(ratio > 0.8 * apply(widening[, d, ], 1, min)))
    expect_true(all(ratio < 1.2 * apply(widening[, d, ], 1, max)))
  }
  part <- joint_view(fit[view$genes[3:2]])
  expect_equal(part$theta[1, , ], view$theta[3, , ])
})
