test_that("volcano: evidence by hand, floored; the smallest lfsr of each day are labelled", {
  points <- plot_volcano_data(hand_result(), n = 1)
  evidence <- rlang::set_names(points$evidence, paste(points$gene, points$day))
  expect_equal(evidence[c("A d0", "B d10", "B d2")], c(3, 2, 8), ignore_attr = TRUE) # the last one: lfsr 0
  expect_identical(names(evidence)[points$at_floor], "B d2")
  # d10 has two calls, A at .02 and B at .01; D's lfsr of .04 on d2 is no call
  expect_identical(points$label[points$label != ""], c("A", "B", "B"))
  expect_identical(paste(points$day[points$label != ""]), c("d0", "d2", "d10"))
  expect_identical(sum(plot_volcano_data(hand_result())$label != ""), 4L)
  expect_identical(sum(plot_volcano_data(hand_result(), n = 0)$label != ""), 0L)
})

test_that("onset: hits, strongest first, probabilities from the columns of the result", {
  tiles <- plot_onset_data(hand_result())
  expect_identical(levels(tiles$gene), c("B", "A", "D"))
  b <- tiles[tiles$gene == "B"]
  expect_identical(as.character(b$event), c("d0", "d2", "d10", "onset", "persists", "switches"))
  expect_identical(b$probability, c(0.05, 1, 0.95, 0.95, 0.9, 0))
  expect_identical(b$panel, rep(c("effect on", "pattern"), each = 3))
  expect_identical(which(b$is_onset), 2L)
  expect_identical(levels(plot_onset_data(hand_result(), genes = "C")$gene), "C")
})

test_that("without hits the plot says so", {
  expect_identical(nrow(plot_onset_data(no_hits())), 0L)
  nothing <- plot_onset(no_hits())
  expect_drawn(nothing)
  expect_match(nothing$layers[[1]]$aes_params$label, "No hits at lfsr < 0.05")
  expect_drawn(plot_volcano(no_hits()))
})

test_that("autoplot draws the plot that it names", {
  x <- hand_result()
  expect_identical(ggplot2::autoplot(x)$data, plot_heatmap(x)$data)
  expect_identical(ggplot2::autoplot(x, "effects", n = 2)$data, plot_effects(x, n = 2)$data)
  expect_identical(ggplot2::autoplot(x, "volcano")$data, plot_volcano(x)$data)
  expect_identical(ggplot2::autoplot(x, "onset")$data, plot_onset(x)$data)
  expect_error(ggplot2::autoplot(x, "tiles"), "what")
  expect_error(ggplot2::autoplot(x, "weights"), class = "fatebias_error_mash")
})

test_that("bars of mixture weights are those of the result", {
  result <- run_mash(example_fit(), settings = fate_settings())
  bars <- ggplot2::autoplot(result, "weights")
  expect_equal(sum(bars$data$pi), sum(result$covariances$pi[result$covariances$pi >= 0.005]) + result$null_pi)
  expect_drawn(bars)
})

test_that("real results draw without a warning", {
  result <- run_mash(example_fit(), settings = fate_settings(), discovery_method = "ashr")
  expect_drawn(plot_volcano(result))
  expect_drawn(plot_onset(result))
  expect_drawn(plot_volcano(wide_result()))
  expect_drawn(plot_onset(wide_result()))
  local_mocked_bindings(is_installed = function(...) FALSE, .package = "rlang") # without ggrepel
  without <- plot_volcano(hand_result())
  expect_drawn(without)
  expect_true(any(vapply(without$layers, function(layer) inherits(layer$geom, "GeomText"), logical(1))))
})

test_that("pictures", {
  skip_if_not_installed("ggrepel")
  expect_picture("volcano", plot_volcano(hand_result()))
  expect_picture("onset", plot_onset(hand_result()))
  expect_picture("onset, 8 long days", plot_onset(wide_result()))
})

test_that("autoplot is there without ggplot2 attached, and plot draws", {
  expect_true("autoplot" %in% getNamespaceExports("fatebias"))
  expect_identical(fatebias::autoplot, ggplot2::autoplot)
  withr::local_pdf(NULL)
  x <- run_mash(example_fit())
  for (object in list(x, example_fit(), assess_qc(example_fit()))) {
    shown <- withVisible(plot(object))
    expect_s3_class(shown$value, "ggplot")
    expect_false(shown$visible)
    expect_identical(shown$value$data, autoplot(object)$data)
  }
  expect_identical(plot(x, "volcano")$data, plot_volcano(x)$data)
})
