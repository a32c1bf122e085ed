fit <- example_fit()
mash <- run_mash(fit)
hits <- rank_hits(mash)

test_that("named genes stand with their ranks, in the order of the ranking", {
  table <- named_table(hits, c("G33", "G05", "G06"))
  place <- match(c("G33", "G05", "G06"), hits$gene)
  expect_identical(table$Gene, hits$gene[sort(place)])
  expect_identical(table$Rank, sprintf("%d of 40", sort(place)))
  one <- table[table$Gene == "G06", ]
  expect_identical(c(one$Call, one$`Best day`, one$Onset), c("down", "d4", "d4"))
  expect_identical(one$Effect, sprintf("%+.2f", mash$table$postmean_d2[mash$table$gene == "G06"]))
  expect_identical(table$Call[table$Gene == "G33"], "no")
})

test_that("how many are called, and the area under their curve, in words", {
  words <- named_words(hits, c("G05", "G33"))
  expect_match(words[[1]], "Named genes called: 1 of 2; of all genes 8 of 40.", fixed = TRUE)
  expect_match(words[[2]], sprintf("is %.2f;", plot_roc_data(mash, c("G05", "G33"))$area[[1]]), fixed = TRUE)
  expect_match(words[[2]], "not known negatives")
  expect_identical(named_words(hits, "G33")[[1]], "Named genes called: 0 of 1; of all genes 8 of 40.")
  expect_length(named_words(hits, hits$gene), 1) # no other genes
})

test_that("small rates are told alike, and are no tags; what is not known is empty", {
  expect_identical(small_rates(c(0.0412, NA, 1e-14)), c("0.041", "", "\\<1e-12"))
})

test_that("a picture has room for the genes it draws, each counted once, and no more than a page takes", {
  both <- plot_heatmap(mash, n = 12, mark = hits$gene[c(1, 2, 30)])
  expect_equal(rows_height(both), 1.4 + 0.2 * 13)
  drawn <- picture_html(empty_plot(data.frame(), ""), "many rows", 400)
  expect_match(drawn[[2]], sprintf("height=\"%d\"", picture_highest * picture_dpi), fixed = TRUE)
})

test_that("names that are no gene of the screen are told, with the nearest", {
  expect_null(absent_alert(c("G05", "G06"), hits$gene))
  expect_null(absent_alert(NULL, hits$gene))
  alert <- absent_alert(c("G05", "G055", "<b>"), hits$gene)[[1]]
  expect_match(alert$text, "G055 (the nearest is G05), \\<b\\>.", fixed = TRUE)
  expect_match(absent_alert(paste0("none", 1:9), hits$gene)[[1]]$text, "none5 and 4 more")
})

test_that("pictures mark 40 of many named genes, and the report says so", {
  skip_if_not(rmarkdown::pandoc_available("2.0"), "pandoc")
  path <- withr::local_tempfile(fileext = ".html")
  n <- 0
  local_mocked_bindings(named_drawn = 5L, plot_heatmap = function(...) {
    n <<- length(list(...)$mark)
    empty_plot(data.frame(), "")
  })
  render_report(fit, mash, hits, path = path, n_panels = 1, genes = hits$gene[1:9])
  expect_identical(n, 5L)
  page <- gsub("[[:space:]]+", " ", paste(readLines(path, warn = FALSE), collapse = " "))
  said <- "The first 5 of 9 genes you named are marked in pictures; the table above has all."
  expect_match(page, said, fixed = TRUE)
})

test_that("the report marks the genes that are named, lists them, and warns of others", {
  skip_if_not(rmarkdown::pandoc_available("2.0"), "pandoc")
  path <- withr::local_tempfile(fileext = ".html")
  drawn <- list()
  local_mocked_bindings(
    plot_heatmap = function(...) {
      drawn$heatmap <<- list(...)$mark
      empty_plot(data.frame(), "")
    },
    plot_volcano = function(...) {
      drawn$volcano <<- list(...)$genes
      empty_plot(data.frame(), "")
    }
  )
  render_report(fit, mash, hits, path = path, n_panels = 1, genes = c("G33", "G05", "TUBB"))
  page <- gsub("[[:space:]]+", " ", paste(readLines(path, warn = FALSE), collapse = " "))
  has <- function(text) expect_true(grepl(text, page, fixed = TRUE), label = text)
  has("Genes you named")
  has("(<code>genes</code>) TUBB.")
  has("not known negatives")
  expect_identical(drawn, list(heatmap = c("G33", "G05"), volcano = c("G33", "G05")))
  expect_error(render_report(fit, mash, hits, genes = NA), "`genes`", class = "fatebias_error_argument")
})
