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

test_that("volcano: of calls with one lfsr the largest effects are labelled, not the first names", {
  x <- hand_result()
  x$table$lfsr_d1 <- c(0, 0, 0, 0) # D has no estimate on that day
  x$table$postmean_d1 <- c(0.1, -0.3, 0.2, 0.9)
  x$table$hit_anyday <- TRUE
  labels <- function(n) {
    points <- plot_volcano_data(x, n)
    points$label[points$day == "d2" & points$label != ""]
  }
  expect_identical(labels(1), "B")
  expect_identical(labels(2), c("B", "C"))
})

test_that("volcano: marked genes are ringed on every day and labelled where called, else on the best day", {
  points <- plot_volcano_data(hand_result(), n = 0, genes = c("C", "A"))
  expect_setequal(points$gene[points$marked], c("A", "C"))
  expect_identical(sum(points$marked), 6L)
  labelled <- points[points$label != ""]
  expect_identical(paste(labelled$label, labelled$day), c("A d0", "A d10", "C d0"))
  plot <- plot_volcano(hand_result(), genes = "C")
  expect_match(unwrapped(plot), "Ring: marked gene")
  expect_drawn(plot)
  unknown <- rlang::expr(plot_volcano(hand_result(), genes = "GATA"))
  expect_error(eval(unknown), "no gene 'GATA'", class = "fatebias_error_argument")
})

test_that("onset: it is told where it is the first day called, else both days that may be it", {
  x <- hand_result()
  of <- function(x, name, column) {
    tiles <- plot_onset_data(x, genes = name)
    as.character(tiles$event[tiles[[column]]])
  }
  expect_identical(of(x, "B", "is_onset"), "d2")
  expect_identical(of(x, "B", "may_be_onset"), character())
  x$table$onset_day[2] <- 0L # B is called on d2 and d10
  expect_identical(of(x, "B", "is_onset"), character())
  expect_identical(of(x, "B", "may_be_onset"), c("d0", "d2"))
  expect_identical(c(of(x, "C", "is_onset"), of(x, "C", "may_be_onset")), character()) # not called
  expect_match(unwrapped(plot_onset(x)), "?: not clear", fixed = TRUE)
  expect_drawn(plot_onset(x))
})

test_that("onset: marked genes stand beside those that are called", {
  expect_identical(levels(plot_onset_data(hand_result(), n = 1, mark = c("C", "A"))$gene), c("B", "A", "C"))
  expect_identical(levels(plot_onset_data(no_hits(), mark = "C")$gene), "C")
  expect_drawn(plot_onset(no_hits(), mark = "C"))
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
  late <- hand_result()
  late$table <- data.table::copy(late$table)
  data.table::set(late$table, which(late$table$gene == "B"), "onset_day", 2L)
  persists <- plot_onset_data(late)[event == "persists"]
  expect_identical(persists$gene[is.na(persists$probability)], persists$gene[persists$gene == "B"])
  expect_drawn(plot_onset(late))
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
