result <- run_mash(example_fit())
hits <- rank_hits(result)

test_that("pictures of a ranking are those of the result that it ranks", {
  for (what in c("heatmap", "effects", "volcano", "onset")) {
    of_hits <- as.data.frame(ggplot2::autoplot(hits, what)$data)
    of_result <- as.data.frame(ggplot2::autoplot(result, what)$data)
    in_order <- function(data) {
      data$gene <- as.character(data$gene) # the levels are in the order of the rows
      data[order(data$gene, seq_len(nrow(data))), setdiff(names(data), "time")]
    }
    expect_equal(in_order(of_hits), in_order(of_result), ignore_attr = TRUE, label = what)
    expect_drawn(ggplot2::autoplot(hits, what))
  }
  roc <- ggplot2::autoplot(hits, "roc", genes = "G05")
  expect_identical(roc$data, plot_roc_data(result, "G05"))
})

test_that("some rows are drawn alone; what is no whole ranking is refused", {
  expect_setequal(levels(ggplot2::autoplot(hits[c("G05", "G33")])$data$gene), c("G05", "G33"))
  withr::local_pdf(NULL)
  shown <- withVisible(plot(hits))
  expect_s3_class(shown$value, "ggplot")
  expect_false(shown$visible)
  expect_error(ggplot2::autoplot(hits[0]), "genes", class = "fatebias_error_mash")
  expect_error(ggplot2::autoplot(hits[, 1:4]), "betahat_d0", class = "fatebias_error_mash")
  expect_error(ggplot2::autoplot(hits, "pie"), "what", class = "fatebias_error_argument")
})
