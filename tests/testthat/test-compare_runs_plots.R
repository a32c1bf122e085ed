compared <- function() {
  a <- rbind(g1 = c(1, 1), g2 = c(0.1, 0.2), g3 = c(0.9, 0.1), g4 = c(0, 0.1))
  b <- rbind(g1 = c(1, 0.9), g2 = c(0, -2), g3 = c(0.2, 0.1), g4 = c(0, 0))
  compare_runs(hits_of(a), hits_of(b))
}

test_that("points are the effects, and only genes whose call has changed are labelled", {
  points <- plot_runs_data(compared())
  expect_identical(nrow(points), 8L)
  expect_identical(levels(points$day), c("0h", "48h"))
  expect_setequal(points$label, c("", "g2", "g3"))
  on_48h <- points[points$day == "48h" & points$gene == "g2"]
  expect_identical(c(on_48h$postmean_a, on_48h$postmean_b), c(0.2, -2))
  expect_identical(as.character(on_48h$change), "gained")
})

test_that("n labels are those that moved most on each day", {
  points <- plot_runs_data(compared(), n = 1)
  expect_identical(points$label[points$label != ""], c("g3", "g2"))
  expect_true(all(plot_runs_data(compared(), n = 0)$label == ""))
})

test_that("the picture draws every point, in one panel a day", {
  plot <- plot_runs(compared())
  built <- ggplot2::ggplot_build(plot)
  points <- built$data[[2]]
  expect_identical(nrow(points), 8L)
  expect_identical(length(unique(points$PANEL)), 2L)
  expect_identical(length(unique(points$shape)), 4L) # told apart without colour
  expect_identical(ggplot2::autoplot(compared(), n = 1)$data$label, plot_runs(compared(), n = 1)$data$label)
  expect_error(plot_runs(1), "compare_runs", class = "fatebias_error_argument")
})
