test_that("first_few lists a few and counts the rest", {
  expect_identical(first_few(c("a", "b")), "a, b")
  expect_identical(first_few(letters[1:7]), "a, b, c, d, e and 2 more")
  expect_identical(first_few(character()), "")
})

test_that("nearest_word finds the word meant", {
  expect_identical(nearest_word("mash_lfsr", c("seed", "mash_lfsr_thresh", "mash_v")), "mash_v")
  expect_identical(nearest_word("SEED", c("device", "seed")), "seed")
})

test_that("a name is near where two letters or fewer differ, and a third of it at most", {
  genes <- c("KDR", "GATA4", "GATA6", "SOX17", "TP53", "A")
  near <- function(word) near_name(word, genes)
  expect_identical(near("kdr"), "KDR")
  expect_identical(near("KDRR"), "KDR")
  expect_identical(near("GATA"), "GATA4")
  expect_identical(near("a"), "A")
  for (word in c("ETV2", "X", "KDXY", "FOXA2", "KD1R2", "", "SOX1234")) {
    expect_identical(near(word), NA_character_, info = word)
  }
  expect_identical(near_name("x", character()), NA_character_)
  expect_identical(near_name(strrep("A", 1e5), genes), NA_character_)
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

test_that("arguments are named in errors of one class", {
  try_it <- function(n_draws, level = c("gene", "guide")) {
    validate_arg(n_draws, checkmate::check_count, positive = TRUE)
    validate_choice(level)
  }
  expect_identical(try_it(3), "gene")
  expect_identical(try_it(3, "guide"), "guide")
  expect_snapshot(error = TRUE, {
    try_it(-1)
    try_it("many")
    try_it(1, "gen")
    try_it(1, 2)
  })
  expect_error(try_it(-1), class = "fatebias_error_argument")
  expect_error(try_it(1, "gen"), class = "fatebias_error_argument")
  for (none in list(character(0), NA_character_, NULL)) {
    expect_error(try_it(1, none), "`level`", class = "fatebias_error_argument")
  }
})

test_that("names that are not known are refused, those that are near with what was meant", {
  known <- c("KDR", "ETV2", "TAL1")
  expect_identical(validate_names(c("TAL1", "KDR"), known, "gene"), c(3L, 1L))
  expect_snapshot(error = TRUE, {
    validate_names("KDRR", known, "gene", call = NULL)
    validate_names(paste0("{", 1:7), known, "gene", call = NULL)
    validate_names(c("ETV22", "FOXA2"), known, "gene", call = NULL)
  })
})

test_that("the wrong class of an object is an error of its room and of arguments", {
  try_it <- function(result) validate_class(result, "mash_result", "run_mash", abort_mash)
  expect_error(try_it(1), "`result` must come from `run_mash()`", fixed = TRUE, class = "fatebias_error_mash")
  expect_error(try_it(1), class = "fatebias_error_argument")
})
