test_that("first_few lists a few and counts the rest", {
  expect_identical(first_few(c("a", "b")), "a, b")
  expect_identical(first_few(letters[1:7]), "a, b, c, d, e and 2 more")
  expect_identical(first_few(character()), "")
})

test_that("nearest_word finds the word meant", {
  expect_identical(nearest_word("mash_lfsr", c("seed", "mash_lfsr_thresh", "mash_v")), "mash_v")
  expect_identical(nearest_word("SEED", c("device", "seed")), "seed")
})

test_that("day columns come in day order, also beyond nine", {
  table <- as.data.frame(matrix(0, 1, 13, dimnames = list(NULL, c("gene", paste0("se_d", 11:0)))))
  expect_identical(day_columns(table, "se"), paste0("se_d", 0:11))
  expect_identical(day_columns(table, "betahat"), character())
})

test_that("a folder below a file cannot be written", {
  file <- withr::local_tempfile(lines = "x")
  expect_true(check_writable(file.path(tempdir(), "a", "b"))$ok)
  expect_false(check_writable(file.path(file, "a"))$ok)
  expect_error(validate_writable(file.path(file, "a")), class = "fatebias_error_export")
})

test_that("validate_class says where the object should come from", {
  expect_snapshot(error = TRUE, validate_class(1, "fatebias_fit", "read_fit", abort_qc, call = NULL))
})
