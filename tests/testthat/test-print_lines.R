test_that("long lines are wrapped at 80 columns, heads with paths are not", {
  long <- paste(rep("word", 40), collapse = " ")
  said <- capture.output(print_lines(c("<head> of", long)))
  expect_true(all(nchar(said) <= 80))
  expect_identical(gsub(" +", " ", paste(said[-1], collapse = " ")), long)
  path <- paste0("<fatebias_fit> /", strrep("a folder/", 20))
  expect_identical(capture.output(print_lines(path)), path)
})

test_that("more than a screen is cut, the last line stays and the cut is counted", {
  said <- capture.output(print_lines(c(paste("line", 1:40), "Next: this")))
  expect_length(said, 24)
  expect_identical(said[22], "line 22")
  expect_match(said[23], "18 more lines")
  expect_identical(said[24], "Next: this")
  expect_length(capture.output(print_lines(paste("line", 1:24))), 24)
})

test_that("tables line up, numbers to the right, long names cut", {
  table <- data.table::data.table(
    gene = c("A", strrep("B", 30)), x = c("+1.5", "-12.25"), lfsr = c("<1e-15", "0.1")
  )
  lines <- table_lines(table)
  expect_length(unique(nchar(lines)), 1)
  expect_identical(lines[[2]], paste0("A", strrep(" ", 17), "    +1.5  <1e-15"))
  expect_match(lines[[3]], "^B{16}\\.\\.")
})
