# Six genes, two of them with one lfsr
ranked <- function(lfsr = c(0.001, 0.01, 0.01, 0.2, 0.3, 0.9)) {
  x <- hand_result()
  x$table <- data.table::data.table(gene = LETTERS[1:6], lfsr_min = lfsr, best_day = 0L, hit_anyday = TRUE)
  x
}

test_that("the area is the share of pairs in which the known gene comes first, equal ones half", {
  table <- withr::with_seed(1, data.table::data.table(
    gene = paste0("G", 1:40), lfsr_min = sample(c(0, 0.01, 0.1, 0.5, runif(6)), 40, TRUE)
  ))
  x <- hand_result()
  x$table <- table
  genes <- table$gene[c(1, 5, 9, 20, 33)]
  known <- table$lfsr_min[table$gene %in% genes]
  other <- table$lfsr_min[!table$gene %in% genes]
  pairs <- outer(known, other, function(a, b) (a < b) + (a == b) / 2)
  curve <- plot_roc_data(x, genes)
  expect_equal(curve$area, rep(mean(pairs), nrow(curve)))
  # the trapezoids under the points of the curve
  trapezoids <- sum(diff(curve$other) * (head(curve$known, -1) + tail(curve$known, -1)) / 2)
  expect_equal(trapezoids, mean(pairs))
  wilcoxon <- stats::wilcox.test(other, known, exact = FALSE)$statistic / length(known) / length(other)
  expect_equal(curve$area[[1]], wilcoxon, ignore_attr = TRUE)
})

test_that("the curve by hand, known genes at the lfsr where they are found", {
  curve <- plot_roc_data(ranked(), c("B", "E"))
  expect_identical(curve$n_known, c(0L, 0L, 1L, 1L, 2L, 2L))
  expect_identical(curve$n_other, c(0L, 1L, 2L, 3L, 3L, 4L))
  expect_identical(curve$genes, c("", "", "B", "", "E", ""))
  expect_equal(curve$lfsr, c(NA, 0.001, 0.01, 0.2, 0.3, 0.9), ignore_attr = TRUE)
  expect_identical(plot_roc_data(ranked(), "A")$area[[1]], 1)
  expect_identical(plot_roc_data(ranked(), "F")$area[[1]], 0)
})

test_that("a result and its ranking, whatever the order of rows, have one curve", {
  result <- run_mash(example_fit())
  genes <- c("G05", "G20", "G33")
  expect_identical(plot_roc_data(rank_hits(result), genes)$area, plot_roc_data(result, genes)$area)
})

test_that("the caption says that others are not known negatives; wrong things are refused", {
  plot <- plot_roc(ranked(), c("B", "E")) # B: before D and F, with C; E: before F; 3.5 of 8 pairs
  expect_match(unwrapped(plot), "Area under the curve: 0.44 .* 2 known and 4 other genes")
  expect_match(unwrapped(plot), "not known negatives")
  expect_drawn(plot)
  expect_drawn(plot_roc(ranked(rep(0.5, 6)), "C"))
  expect_error(plot_roc(ranked(), "G"), "no gene 'G'", class = "fatebias_error_argument")
  expect_error(plot_roc(ranked(), LETTERS[1:6]), "all genes", class = "fatebias_error_mash")
  expect_error(plot_roc(example_fit(), "G05"), "rank_hits", class = "fatebias_error_mash")
})

test_that("pictures", {
  expect_picture("roc", plot_roc(run_mash(example_fit()), c("G05", "G06", "G20", "G33")))
})
