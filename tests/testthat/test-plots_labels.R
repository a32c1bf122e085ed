points_of <- function(n = 60, seed = 4) {
  withr::with_seed(seed, data.table::data.table(
    day = factor(rep(c("0h", "24h"), length.out = n)), across = rnorm(n), up = runif(n, 0, 8),
    label = ifelse(seq_len(n) <= 10, sprintf("GENE%05d", seq_len(n)), ""), marked = seq_len(n) == 1
  ))
}

test_that("labels that are placed without ggrepel touch neither points nor each other", {
  points <- points_of()
  placed <- placed_labels(points, points[points$label != ""])
  expect_gt(nrow(placed), 4)
  range_x <- diff(range(points$across)) * 1.7
  range_y <- diff(range(points$up)) * 1.43
  across <- nchar(placed$label) * letter_width / 2 * range_x
  up <- line_height / 2 * range_y
  for (i in seq_len(nrow(placed))) {
    here <- points$day == placed$day[[i]]
    on_point <- abs(points$across[here] - placed$x[[i]]) < across[[i]] &
      abs(points$up[here] - placed$y[[i]]) < up
    expect_false(any(on_point))
    other <- placed$day == placed$day[[i]] & seq_len(nrow(placed)) != i
    on_label <- abs(placed$x[other] - placed$x[[i]]) < across[other] + across[[i]] &
      abs(placed$y[other] - placed$y[[i]]) < 2 * up
    expect_false(any(on_label))
  }
})

test_that("a label without a free place is left out, marked genes come first", {
  points <- points_of(100)
  points$label <- sprintf("GENE%05d", 1:100)
  points$across <- points$up <- 1
  points$across[99:100] <- c(0, 40) # all others lie on one spot
  placed <- placed_labels(points, points)
  expect_lt(nrow(placed), 40)
  expect_true("GENE00001" %in% placed$label)
  expect_identical(placed$face[placed$label == "GENE00001"], "bold")
})

test_that("of many points without a label one of each cell of a grid is told to ggrepel", {
  points <- points_of(20000)
  kept <- obstacles(points)
  expect_lt(nrow(kept), 2 * 41^2)
  expect_false(any(kept$label != ""))
  width <- diff(range(points$across))
  nearest <- function(x, y, of) min(abs(of$across - x) / width + abs(of$up - y) / 8)
  far <- vapply(seq(20, 20000, by = 997), function(i) {
    nearest(points$across[i], points$up[i], kept[kept$day == points$day[i]])
  }, numeric(1))
  expect_lt(max(far), 2 / 40 + 1e-6) # each point has one within its cell
  expect_identical(nrow(obstacles(points[points$label != ""])), 0L)
})
