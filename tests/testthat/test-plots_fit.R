with_losses <- function(fit, losses) {
  fit$manifest$losses <- cbind(seq_along(losses), losses)
  fit
}

test_that("QC: all genes of a fit, the worst first, against the thresholds of the assertions", {
  fit <- example_fit()
  fit$qc_delta$delta_mean_gene <- 0
  fit$qc_delta$delta_mean_gene[c(3, 7)] <- c(-0.05, 0.03)
  fit$qc_delta$delta_mean_gene[[9]] <- NA
  genes <- plot_qc_data(fit)
  expect_identical(nrow(genes), 3L * nrow(fit$gene))
  delta <- genes[genes$assertion == "delta_mean"]
  expect_identical(delta$gene[1:3], fit$gene$gene[c(9, 3, 7)])
  expect_identical(delta$size[2:3], c(0.05, 0.03))
  expect_identical(delta$value[[2]], -0.05)
  expect_identical(delta$pass[1:4], c(FALSE, FALSE, FALSE, TRUE))
  expect_identical(unique(genes$threshold), 0.02)
  # thresholds are those that were asked for
  assessed <- assess_qc(fit, qc_offset_max = 0.5)
  worst <- plot_qc_data(assessed)
  expect_identical(unique(worst[worst$assertion == "offset_sd"]$threshold), 0.5)
  expect_identical(nrow(worst), 30L)
  expect_drawn(plot_qc(fit))
  expect_drawn(plot_qc(assessed))
  expect_error(plot_qc(1), "x", class = "fatebias_error_qc")
})

test_that("losses: means of the last twentieth of the steps", {
  losses <- plot_loss_data(with_losses(example_fit(), c(40:1)))
  expect_identical(unique(losses$window), 2L)
  expect_equal(losses$mean_loss[1:3], c(NA, 39.5, 38.5))
  expect_identical(losses$step, 1:40)
  expect_drawn(plot_loss(with_losses(example_fit(), 40:1)))
})

test_that("a fit without losses says what to do", {
  fit <- example_fit()
  fit$manifest$losses <- list()
  fit$manifest$convergence$engine <- "laplace"
  expect_snapshot(plot_loss(fit), error = TRUE)
  expect_error(plot_loss(fit), class = "fatebias_error_fit")
})

test_that("a run that did not converge is not called converged", {
  fit <- with_losses(example_fit(), 40:1)
  fit$manifest$convergence$svi$converged <- FALSE
  expect_match(plot_loss(fit)$labels$caption, "NOT converged")
  fit$manifest$convergence$svi$converged <- TRUE
  expect_no_match(plot_loss(fit)$labels$caption, "NOT")
})

test_that("autoplot draws the plot that it names", {
  fit <- example_fit()
  data_of <- function(...) ggplot2::autoplot(...)$data
  expect_identical(data_of(fit), plot_fates(fit)$data)
  expect_identical(data_of(fit, "burden"), plot_burden(fit)$data)
  expect_identical(data_of(fit, "cells"), plot_cells_per_guide(fit)$data)
  expect_identical(data_of(fit, "guides", n = 1), plot_guides(fit, n = 1)$data)
  expect_identical(data_of(fit, "qc"), plot_qc(fit)$data)
  expect_identical(data_of(fit, "loss"), plot_loss(fit)$data)
  expect_identical(data_of(assess_qc(fit)), plot_qc(assess_qc(fit))$data)
})

test_that("pictures", {
  expect_picture("qc", plot_qc(example_fit()))
  expect_picture("loss", plot_loss(with_losses(example_fit(), 1 / (1:40))))
})
