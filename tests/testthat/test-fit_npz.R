# arrays.npz and the others are written by numpy: fixtures/make_arrays.py
arrays <- read_npz(test_path("fixtures", "arrays.npz"))
cube <- aperm(array(0:23 / 4, c(4, 3, 2))) # numpy counts the last axis fastest

test_that("numbers of every type, order and shape are those that numpy wrote", {
  expect_identical(arrays$f8, cube)
  expect_identical(arrays$f8[2, 1, 3], 14 / 4)
  expect_identical(arrays$f4, cube - 2)
  expect_identical(arrays$fortran, cube)
  expect_identical(arrays$i8, rbind(c(0, -1, 2^31), c(-2^31, 2^53, -2^40 - 7)))
  expect_identical(arrays$i4, c(1L, -2L, .Machine$integer.max))
  expect_identical(arrays$bool, c(TRUE, FALSE, TRUE))
  expect_identical(arrays$scalar, 2.5)
  expect_identical(arrays$one, 7)
  expect_identical(dim(arrays$empty), c(0L, 3L))
  expect_identical(arrays$special[1:3], c(NaN, Inf, -Inf))
})

test_that("texts are read, also empty ones and such with accents", {
  expect_identical(arrays$text, c("d0", "", "g\u00e8ne", "CD44-2"))
})

test_that("archives without compression, some arrays only, chunks", {
  expect_identical(read_npz(test_path("fixtures", "old.npz"))$f8, cube)
  expect_named(read_npz(test_path("fixtures", "arrays.npz"), c("i4", "f8")), c("i4", "f8"))
  local_mocked_bindings(npy_chunk = 5)
  expect_identical(read_npz(test_path("fixtures", "arrays.npz"), "f8")$f8, cube)
  expect_identical(read_npz(test_path("fixtures", "arrays.npz"), "i8")$i8, arrays$i8)
  expect_identical(read_npz(test_path("fixtures", "arrays.npz"), "text")$text, arrays$text)
})

test_that("what cannot be read is said", {
  bad <- test_path("fixtures", "bad.npz")
  expect_error(read_npz(bad, "complex"), "c16", class = "fatebias_error_export")
  expect_error(read_npz(bad, "big"), ">f8", class = "fatebias_error_export")
  expect_error(read_npz(bad, "u8"), "u8", class = "fatebias_error_export")
  expect_error(read_npz(bad, "record"), "record", class = "fatebias_error_export")
  expect_error(read_npz(bad, "nothing"), "nothing", class = "fatebias_error_export")
  expect_error(read_npz("nowhere.npz"), "does not exist", class = "fatebias_error_export")
  no_zip <- withr::local_tempfile(lines = "text")
  expect_error(read_npz(no_zip), "no .npz file", class = "fatebias_error_export")
})

test_that("an array that is cut short is refused", {
  path <- withr::local_tempfile()
  utils::unzip(test_path("fixtures", "old.npz"), exdir = dirname(path), files = "f8.npy")
  whole <- readBin(file.path(dirname(path), "f8.npy"), "raw", 1e4)
  writeBin(utils::head(whole, -8), path)
  con <- file(path, "rb")
  withr::defer(close(con))
  expect_error(read_npy(con, "f8", NULL), "23 of 24", class = "fatebias_error_export")
})
