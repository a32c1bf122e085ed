probs <- matrix(
  c(0.2, 0.5, 0.1, 0.8, 0.5, 0.9), 3, dimnames = list(c("c1", "c2", "c3"), c("EC", "MES"))
)

test_that("a table of probabilities may be a file, a data frame or a matrix", {
  frame <- data.frame(cell = rownames(probs), probs)
  path <- withr::local_tempfile(fileext = ".csv")
  data.table::fwrite(frame, path)
  lines <- c(",EC,MES", "c1,0.2,0.8", "c2,0.5,0.5", "c3,.1,.9")
  pandas <- withr::local_tempfile(fileext = ".csv", lines = lines)
  for (table in list(probs, frame, data.table::as.data.table(frame), as.data.frame(probs), path, pandas)) {
    expect_identical(read_fate_table(table), probs)
  }
  for (header in c(",EC,MES", "cell,EC,MES")) {
    writeLines(c(header, "001,0.2,0.8", "NA,0.5,0.5", "1e5,.1,.9"), pandas)
    expect_identical(read_fate_table(pandas), `rownames<-`(probs, c("001", "NA", "1e5")))
  }
  numbered <- data.frame(cell = 1:3, unname(probs))
  expect_identical(rownames(read_fate_table(numbered)), c("1", "2", "3"))
})

test_that("what is no table of probabilities is refused", {
  for (bad in list(NULL, 1, list(), letters)) {
    expect_error(read_fate_table(bad), "`table`", class = "fatebias_error_argument")
  }
  local_reproducible_output()
  expect_snapshot(error = TRUE, {
    read_fate_table(probs * 0.98)
    read_fate_table(unname(probs))
    read_fate_table(probs[c(1, 1, 2), ])
    read_fate_table(probs[, 1, drop = FALSE])
    read_fate_table(data.frame(cell = "c1", EC = 1, MES = "none"))
    read_fate_table(rbind(probs, c4 = c(NA, 1), c5 = c(-0.5, 1.5)))
    read_fate_table("no.csv")
  }, transform = function(lines) sub("(working directory is ).*", "\\1...", lines))
})

test_that("a cell without any probability stays, and so does rounding below zero", {
  some <- rbind(probs, c4 = c(NA, NA), c5 = c(-1e-12, 1))
  expect_identical(read_fate_table(some), some)
  expect_identical(read_fate_table(some, rescale = TRUE)["c4", ], c(EC = NA_real_, MES = NA_real_))
  expect_error(read_fate_table(rbind(probs, c4 = c(-1e-6, 1))), "c4", class = "fatebias_error_screen")
})

test_that("rescaling is asked for, and only for what is nearly 1", {
  cut <- probs * c(1, 0.96, 1)
  expect_equal(read_fate_table(cut, rescale = TRUE), probs)
  expect_error(read_fate_table(probs * 0.9, rescale = TRUE), class = "fatebias_error_screen")
})

test_that("Python: parts come into the order of the first", {
  guides <- Matrix::sparseMatrix(
    i = 1:4, j = c(1, 2, 1, 2), x = 1, dimnames = list(c("c3", "c9", "c1", "c2"), c("g1", "g2"))
  )
  meta <- data.frame(day = c("d0", "d1", "d2"), row.names = c("c2", "c3", "c1"))
  expect_message(
    found <- match_cells(fates = probs[1:2, ], guides = guides, meta = meta), "guides 2, meta 1"
  )
  expect_identical(found$fates, probs[1:2, ])
  expect_equal(as.matrix(found$guides), as.matrix(guides[c("c1", "c2"), ]))
  expect_identical(found$meta, meta[c("c1", "c2"), , drop = FALSE])
})

test_that("Python: suffixes are dropped when asked for, and all get the names of the first", {
  bare <- probs
  rownames(probs) <- paste0(rownames(bare), "-1")
  expect_error(match_cells(a = probs, b = bare), "drop_suffix", class = "fatebias_error_screen")
  found <- suppressMessages(match_cells(a = probs, b = bare[3:1, ], drop_suffix = TRUE))
  expect_identical(found$b, found$a)
})

test_that("Python: few cells in common warn", {
  expect_warning(
    suppressMessages(match_cells(a = probs, b = probs["c2", , drop = FALSE])), "Only 1 of 3",
    class = "fatebias_warning_screen"
  )
})

test_that("parts need names of cells", {
  local_mocked_bindings(py_call = function(...) stop("Python was called"))
  for (bad in list(unname(probs), data.frame(day = 1:3), probs[c(1, 1), ], letters)) {
    expect_error(match_cells(a = probs, b = bad), class = "fatebias_error_screen")
  }
  expect_error(match_cells(probs, probs), class = "fatebias_error_screen")
})
