test_that("effects: intervals by hand, calls and missing estimates", {
  effects <- plot_effects_data(hand_result(), level = 0.95)
  expect_identical(dim(effects), c(12L, 14L))
  expect_identical(levels(effects$gene), c("B", "A", "D", "C"))
  one <- effects[effects$gene == "A" & effects$day == "d0"]
  z <- 1.959964
  expect_equal(c(one$estimate_low, one$estimate_high), c(1 - z * 0.2, 1 + z * 0.2), tolerance = 1e-6)
  expect_equal(c(one$low, one$high), c(0.8 - z * 0.1, 0.8 + z * 0.1), tolerance = 1e-6)
  expect_identical(as.character(one$state), "call")
  missing <- effects[effects$gene == "D" & effects$day == "d2"]
  expect_identical(as.character(missing$state), "no estimate")
  expect_false(missing$call)
  expect_true(is.na(missing$estimate_low))
  expect_identical(missing$postmean, 0.2)
})

test_that("heatmap: rows by direction and day of the first call, marks by sign", {
  tiles <- plot_heatmap_data(hand_result())
  # A raises first; B lowers first; D and C have no call, D with the smaller lfsr
  expect_identical(levels(tiles$gene), c("A", "B", "D", "C"))
  marks <- tiles[tiles$gene %in% c("A", "B", "D")]$mark
  expect_identical(marks, c("+", "", "-", "", "-", "-", "", "x", ""))
  expect_identical(levels(plot_heatmap_data(hand_result(), genes = c("C", "A"))$gene), c("C", "A"))
  earlier <- hand_result()
  earlier$table$lfsr_d2[[3]] <- 0.001 # C: a first call that lowers, but later than B's
  expect_identical(levels(plot_heatmap_data(earlier)$gene), c("A", "B", "C", "D"))
})

test_that("marked genes are drawn with a star, beside the strongest", {
  x <- hand_result()
  expect_setequal(levels(plot_heatmap_data(x, n = 1, mark = c("C", "B"))$gene), c("B", "C"))
  expect_identical(levels(plot_effects_data(x, n = 2, mark = "C")$gene), c("B", "A", "C"))
  expect_identical(levels(plot_heatmap_data(x, genes = "A", mark = "C")$gene), "A")
  rows <- function(plot) ggplot2::ggplot_build(plot)$layout$panel_params[[1]]$y$get_labels()
  expect_identical(rows(plot_heatmap(x, genes = c("C", "A"), mark = "C")), c("A", "* C"))
  expect_identical(rows(plot_effects(x, genes = c("C", "A"), mark = "A")), c("* A", "C"))
  expect_match(unwrapped(plot_heatmap(x, mark = "C")), "Star: marked gene")
  expect_error(plot_heatmap(x, mark = "E1"), "no gene 'E1'", class = "fatebias_error_argument")
  expect_error(plot_heatmap(x, mark = 1), "`mark`", class = "fatebias_error_argument")
})

test_that("results of guides are drawn by guide, all guides of the genes asked for", {
  guides <- run_mash(example_fit(), "guide", settings = fate_settings())
  gene <- guides$table$gene[[5]]
  effects <- plot_effects_data(guides, genes = gene)
  expect_setequal(levels(effects$guide), guides$table$guide[guides$table$gene == gene])
  expect_drawn(plot_effects(guides, n = 4))
  expect_drawn(plot_heatmap(guides, n = 4))
  marked <- plot_effects_data(guides, n = 1, mark = gene)
  expect_true(all(guides$table$guide[guides$table$gene == gene] %in% levels(marked$guide)))
})

test_that("only a mash_result is taken", {
  for (draw in list(plot_effects, plot_heatmap, plot_effects_data, plot_heatmap_data)) {
    expect_error(draw(hand_result()$table), "`x`.*run_mash", class = "fatebias_error_mash")
  }
})

test_that("edge cases draw without a warning", {
  one <- hand_result()
  day_gone <- hand_result()
  day_gone$table$betahat_d1 <- day_gone$table$se_d1 <- NA_real_
  for (x in list(one, day_gone, no_hits(), wide_result())) {
    expect_drawn(plot_effects(x))
    expect_drawn(plot_heatmap(x))
  }
  expect_drawn(plot_effects(one, genes = "C"))
  expect_drawn(plot_heatmap(one, genes = "C"))
  expect_identical(unique(plot_heatmap_data(day_gone)[day == "d2"]$mark), "x")
})

test_that("pictures", {
  expect_picture("effects", plot_effects(hand_result()))
  expect_picture("heatmap", plot_heatmap(hand_result()))
  expect_picture("effects, 30 long names and 8 long days", plot_effects(wide_result()))
  expect_picture("heatmap, 30 long names and 8 long days", plot_heatmap(wide_result()))
})
