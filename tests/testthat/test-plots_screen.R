# Small tables by hand in place of those of the fixture
screened_fit <- function() {
  fit <- example_fit()
  fit$manifest$screen$burden_counts <- list(n_guides = 0:5, n_cells = c(10L, 100L, 200L, 50L, 4L, 3L))
  fit$settings <- update_settings(fit$settings, Kmax = 3L)
  fit$manifest$screen$days <- fit$days <- c("d0", "d2")
  fit$manifest$screen$day_values <- c(0, 2)
  fit$manifest$screen$replicates <- c("r1", "r2", "r3")
  fit$manifest$screen$fates <- c("EC", "MES")
  means <- array(NA_real_, c(2, 3, 2))
  means[1, , 1] <- c(0.1, 0.2, 0.3)
  means[2, , 1] <- c(0.4, 0.5, NA) # r3 has no cells on d2
  means[, , 2] <- 1 - means[, , 1]
  fit$manifest$screen$fate_means_by_day_replicate <- means
  fit$cells <- data.table::data.table(
    guide = c("a1", "a2", "n1"), gene = c("A", "A", NA), is_ntc = c(0L, 0L, 1L),
    n_cells_d0 = c(5L, 30L, 19L), n_cells_d1 = c(14L, 40L, 1L)
  )
  fit
}

test_that("cells by number of guides: none and more than Kmax are left out", {
  bars <- plot_burden_data(screened_fit())
  expect_identical(bars$n_cells, c(10L, 100L, 200L, 50L, 4L, 3L))
  expect_identical(bars$n_guides[bars$use == "left out"], c(0L, 4L, 5L))
  plot <- plot_burden(screened_fit())
  expect_drawn(plot)
  expect_match(plot$labels$caption, "Left out: 17 of 367 cells, with no guide or more than 3.", fixed = TRUE)
  fit <- screened_fit()
  fit$manifest$screen$left_out$no_fate_probs <- 1500L
  expect_match(plot_burden(fit)$labels$caption, "1,500 more have no fate probabilities.", fixed = TRUE)
})

test_that("the counts of the fixture add up to the cells of its file and those left out", {
  fit <- example_fit()
  bars <- plot_burden_data(fit)
  expect_identical(sum(bars$n_cells), 4000L)
  expect_identical(sum(bars$n_cells[bars$use == "left out"]), 20L)
})

test_that("cells per guide: sums over days, few by their number", {
  guides <- plot_cells_per_guide_data(screened_fit())
  expect_identical(guides$n_cells, c(19L, 70L, 20L))
  expect_identical(guides$n_cells_fewest, c(5L, 30L, 1L))
  expect_identical(guides$is_few, c(TRUE, FALSE, FALSE))
  expect_identical(as.character(guides$kind), c("guides", "guides", "controls"))
  plot <- plot_cells_per_guide(screened_fit(), few = 21)
  expect_drawn(plot)
  said <- gsub("\n", " ", plot$labels$caption)
  expect_match(said, "fewer than 21 cells (dashed): 1 of 2 guides, 1 of 1 controls", fixed = TRUE)
})

test_that("fates: each mean at its day, replicate and fate", {
  means <- plot_fates_data(screened_fit())
  expect_identical(nrow(means), 12L)
  at <- means[means$day == "d2" & means$replicate == "r2"]
  expect_identical(as.character(at$fate), c("EC", "MES"))
  expect_identical(at$mean, c(0.5, 0.5))
  expect_identical(unique(at$time), 2)
  expect_identical(means[means$day == "d0" & means$replicate == "r3" & means$fate == "MES"]$mean, 0.7)
  expect_identical(sum(is.na(means$mean)), 2L)
  expect_drawn(plot_fates(screened_fit()))
})

test_that("means read from JSON keep their places, those of no cells missing", {
  text <- "[[[0.1, 0.9], [0.2, 0.8]], [[0.3, 0.7], [null, null]]]"
  fit <- screened_fit()
  fit$manifest$screen$replicates <- c("r1", "r2")
  fit$manifest$screen$fate_means_by_day_replicate <- jsonlite::fromJSON(text)
  means <- plot_fates_data(fit)
  expect_identical(means[means$day == "d2" & means$fate == "MES"]$mean, c(0.7, NA))
  expect_identical(means[means$day == "d0" & means$replicate == "r2"]$mean, c(0.2, 0.8))
})

test_that("one replicate, many replicates and days without times draw", {
  fit <- screened_fit()
  fit$manifest$screen$day_values <- NULL
  fit$manifest$screen$replicates <- sprintf("rep%d", 1:12)
  fit$manifest$screen$fate_means_by_day_replicate <- array(seq(0.1, 0.9, length.out = 48), c(2, 12, 2))
  expect_drawn(plot_fates(fit))
  expect_identical(unique(plot_fates_data(fit)$time), c(0, 1))
  fit$manifest$screen$replicates <- "rep1"
  fit$manifest$screen$fate_means_by_day_replicate <- array(0.5, c(2, 1, 2))
  expect_drawn(plot_fates(fit))
})

test_that("thirty fates draw, a panel each, and the report makes room for them", {
  fit <- screened_fit()
  fit$manifest$fates <- fit$manifest$screen$fates <- sprintf("program of a long name %d", 1:30)
  fit$manifest$screen$fate_means_by_day_replicate <- array(rep(1 / 30, 180), c(2, 3, 30))
  plot <- plot_fates(fit)
  expect_drawn(plot)
  layout <- ggplot2::ggplot_build(plot)$layout$layout
  expect_identical(c(max(layout$ROW), max(layout$COL)), c(6L, 5L))
  expect_equal(fates_height(fit), 7)
  expect_identical(c(fate_panels(2L), fate_panels(3L), fate_panels(8L), fate_panels(9L)), c(2L, 3L, 2L, 5L))
})

test_that("a screen is taken as well", {
  settings <- settings_for(fate_settings(Kmax = 2L), "screen")
  summary <- described()
  summary$burden_counts <- list(n_guides = 0:3, n_cells = c(1L, 2L, 3L, 4L))
  screen <- new_screen("screen.h5ad", "map.csv", settings, summary)
  expect_identical(plot_burden_data(screen)$n_guides[plot_burden_data(screen)$use == "left out"], c(0L, 3L))
})

test_that("fits of an earlier version and other objects are refused", {
  fit <- screened_fit()
  fit$cells <- fit$manifest$screen$burden_counts <- fit$manifest$screen$fate_means_by_day_replicate <- NULL
  for (draw in list(plot_burden, plot_cells_per_guide, plot_fates)) {
    expect_error(draw(fit), "earlier version", class = "fatebias_error_fit")
    expect_error(draw(1), class = "fatebias_error_fit")
  }
})

test_that("pictures", {
  expect_picture("burden", plot_burden(screened_fit()))
  expect_picture("fates", plot_fates(screened_fit()))
  expect_picture("cells per guide", plot_cells_per_guide(example_fit()))
})
