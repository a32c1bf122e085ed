fit <- example_fit()
view <- known_view(fit)
local_mocked_bindings(
  joint_view = function(fit) view, contrast_fit = turned_fit, distinct_contrasts = plain_words
)
compared <- compare_contrasts(fit, "EC - MES", n_draws = 200)

test_that("the words count genes by contrast, and changes beyond the margin", {
  words <- contrasts_words(compared)
  g <- glance(compared)
  called <- sprintf("**%d of 40 genes are called in some contrast**", g$n_called)
  expect_match(words[[1]], called, fixed = TRUE)
  expect_match(words[[1]], sprintf("MES: %d", summary(compared)$n_genes[[1]]), fixed = TRUE)
  expect_match(words[[2]], sprintf("%d genes change the share of some fate", g$n_changed), fixed = TRUE)
  expect_match(words[[2]], "more than 2 percentage points", fixed = TRUE)
  expect_match(words[[2]], sprintf("%d of these verdicts", g$n_sure), fixed = TRUE)
})

test_that("the table has changes, the surest first, in points", {
  rows <- verdict_rows(compared)
  expect_identical(nrow(rows), glance(compared)$n_changed)
  expect_false("no change seen" %in% rows[["Verdict, averaged over days"]])
  first <- compared$verdicts[match(rows[["Knock-down of"]][[1]], compared$verdicts$gene)]
  expect_equal(first$probability, max(compared$verdicts$probability[compared$verdicts$raised != ""]))
  expect_identical(rows[["MES (points)"]][[1]], minus_signs(sprintf("%+.1f", first$change_MES)))
  known <- rlang::set_names("d2: MES +3.0 points", rows[["Knock-down of"]][[2]])
  told <- verdict_rows(compared, known)
  expect_identical(told[["On its best day"]], replace(rep("\u2013", nrow(rows)), 2, unname(known)))
  expect_identical(verdict_rows(compared, NULL), rows)
  expect_match(verdict_reading(compared, known), "genes that are called for MES, by", fixed = TRUE)
  expect_no_match(verdict_reading(compared), "last column")
  many <- compared
  local_mocked_bindings(verdicts_listed = 2L)
  expect_identical(nrow(verdict_rows(many)), 2L)
})

test_that("the report has all contrasts and verdicts, after the answer", {
  skip_if_not(rmarkdown::pandoc_available("2.0"))
  path <- withr::local_tempfile(fileext = ".html")
  render_report(fit, compared$mash[[1]], path = path, contrasts = compared)
  page <- paste(readLines(path, warn = FALSE), collapse = "\n")
  text <- gsub("<[^>]*>", " ", page)
  expect_gt(regexpr("id=\"contrasts\"", page), regexpr("id=\"answer\"", page))
  expect_match(text, "moves cells out of NEU, to both", fixed = TRUE)
  expect_match(text, "called in some contrast", fixed = TRUE)
  expect_match(page, "Tiles of effects by gene, contrast and day", fixed = TRUE)
  expect_error(
    render_report(fit, compared$mash[[1]], path = path, contrasts = compared$mash),
    class = "fatebias_error_report"
  )
  part <- compared
  part$table <- part$table[part$table$gene != part$table$gene[[1]]]
  expect_error(render_report(fit, compared$mash[[1]], path = path, contrasts = part), "not one analysis")
})
