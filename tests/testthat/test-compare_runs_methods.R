compared <- function() {
  a <- rbind(g1 = c(1, 1), g2 = c(0.1, 0.2), g3 = c(0.9, 0.1), g4 = c(0.8, 0.7))
  b <- rbind(g1 = c(1, 0.9), g2 = c(0, -2), g3 = c(0.2, 0.1), g5 = c(0.1, 0))
  compare_runs(hits_of(a), hits_of(b))
}

test_that("a print says who was gained and lost, and fits one screen", {
  expect_snapshot(compared())
  expect_lte(length(capture.output(print(compared()))), 24)
})

test_that("the sentence of the report says what has changed", {
  expect_snapshot(cat(runs_line(compared())))
})

test_that("a comparison is a table, and copies do not change it", {
  found <- compared()
  expect_identical(data.table::as.data.table(found), found$table)
  expect_identical(as.data.frame(found)$gene, found$table$gene)
  taken <- tidy(found)
  data.table::set(taken, j = "gene", value = "x")
  expect_false("x" %in% found$effects$gene)
})

test_that("names that a spreadsheet would run are written as text, and read back as they are", {
  odd <- rbind(`=1+1` = c(1, 1), `-b` = c(0, 1))
  folder <- withr::local_tempdir()
  path <- write_runs(compare_runs(hits_of(odd), hits_of(odd)), folder)
  expect_match(readLines(path), "^\"?'=1\\+1", all = FALSE)
})
