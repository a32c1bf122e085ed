# The grammar of configuration files: the case file that Python's suite runs too.
cases <- jsonlite::read_json(test_path("fixtures", "settings_cases.json"))

write_case <- function(case, path) {
  bytes <- if (is.null(case$bytes)) {
    charToRaw(enc2utf8(case$text))
  } else {
    starts <- seq(1, nchar(case$bytes), by = 2)
    as.raw(strtoi(substring(case$bytes, starts, starts + 1), base = 16L))
  }
  writeBin(bytes, path)
}

# The value of the case's key in a list, or the error's text in one line
outcome_of <- function(case, path) {
  write_case(case, path)
  values <- tryCatch(
    resolve_settings(read_config(path), where = path),
    fatebias_error_settings = function(error) gsub("[[:space:]]+", " ", words_of(error))
  )
  if (is.character(values)) {
    return(values)
  }
  values <- unclass(values)
  for (name in strsplit(case$key %||% "seed", ".", fixed = TRUE)[[1]]) values <- values[[name]]
  list(value = values)
}

is_as_expected <- function(case, found) {
  if (!is.null(case$error)) {
    return(is.character(found) && grepl(case$error, found, fixed = TRUE))
  }
  wanted <- if (is.list(case$value)) unlist(case$value) else case$value
  is.list(found) && identical(found$value, wanted) # the type as well: 3L is not 3
}

test_that("every case is read as the case file says", {
  path <- withr::local_tempfile(fileext = ".yaml")
  withr::local_options(`rlang:::disable_trace_capture` = TRUE) # of a deep stack, a trace takes the most time
  expect_gte(length(cases), 150)
  right <- vapply(cases, function(case) is_as_expected(case, outcome_of(case, path)), logical(1))
  wrong <- vapply(cases[!right], function(case) to_json(case), character(1))
  expect_identical(wrong, character(0))
})

test_that("the case file tells right from wrong", {
  path <- withr::local_tempfile(fileext = ".yaml")
  right <- list(text = "Kmax: 3", key = "Kmax", value = 3L)
  found <- outcome_of(right, path)
  expect_true(is_as_expected(right, found))
  expect_false(is_as_expected(override(right, list(value = 3)), found))
  expect_false(is_as_expected(override(right, list(value = 4L)), found))
  expect_false(is_as_expected(override(right, list(value = "3")), found))
  expect_false(is_as_expected(list(text = "Kmax: 3", error = "`Kmax`"), found))
})

test_that("numbers are rounded as Python rounds them", {
  expect_identical(number_of("2.2250738585072011e-308"), 4503599627370495 * 2^-1074)
  expect_identical(number_of("9007199254740993"), 2^53)
  expect_identical(sprintf("%a", number_of("-0")), "0x0p+0")
  for (text in c("010", "0x1", "1e400", ".", "1 ", "", "1_0")) expect_null(number_of(text))
})

test_that("words, lists and blocks are typed by their rows", {
  rows <- list(
    a = list(type = "integer"), b = list(type = "strings"), c = list(type = "flag"),
    d = list(keys = list(e = list(type = "numbers")))
  )
  text <- "a: 3\nb: [1, 2.50]\nc: off\nd:\n  e: [0, 0.5]\nf: 010\ng:\n"
  expect_identical(typed_text(text, rows), list(
    a = 3, b = c("1", "2.50"), c = FALSE, d = list(e = c(0, 0.5)), f = "010", g = NULL
  ))
})

test_that("an expression in a configuration file is not evaluated", {
  path <- withr::local_tempfile(fileext = ".yaml")
  withr::local_options(yaml.eval.expr = TRUE)
  marker <- withr::local_tempfile()
  writeLines(sprintf("ref_fate: !expr file.create('%s')", marker), path)
  expect_error(read_settings(path), "it holds a tag", class = "fatebias_error_settings")
  expect_false(file.exists(marker))
})

test_that("what is wrong with a file is told in one message that names it", {
  config <- withr::local_tempfile(fileext = ".yaml")
  said <- function(...) {
    writeLines(c(...), config)
    expect_snapshot(
      error = TRUE, read_settings(config),
      transform = function(lines) gsub(config, "config.yaml", lines, fixed = TRUE)
    )
  }
  said("seed: 1", "Kmax: 2", "slurm:", "  gpu: {hours: 1, hours: 2}", "seed: 2")
  said("seed: 1", "---", "seed: 2")
  said("- seed")
  said("day_key: &a day", "rep_key: *a")
})

test_that("a file that cannot be opened is told by name", {
  folder <- withr::local_tempdir()
  expect_error(read_settings(folder), "Cannot read the configuration file", class = "fatebias_error_settings")
})

# A list of nine, nine times over for each further name
bomb <- function(names = letters[1:9]) {
  of <- vapply(c("x", paste0("*", names[-length(names)])), function(one) toString(rep(one, 9)), character(1))
  sprintf("%s: &%s [%s]", names, names, of)
}

test_that("a text without end is refused soon and in few words", {
  path <- withr::local_tempfile(fileext = ".yaml")
  huge <- list(
    list(bomb(), "an alias"),
    list(sprintf("seed: {%s}", toString(bomb())), "an alias"),
    list(paste0("seed: ", strrep("[", 500000)), "nested more than 10 deep"),
    list(paste0("seed: ", strrep("{a: ", 100000), strrep("}", 100000)), "nested more than 10 deep"),
    list(paste0("seed:\n  ", strrep("- ", 2000), "1"), "nested more than 10 deep"),
    list(rep("seed: 1", 400), "in the lines 1, 2, 3, 4, 5 and 395 more"),
    list(sprintf("key%d: 1", 1:300), "is not a setting"),
    list(paste0("seed: ", strrep("9", 500000)), "must be a whole number"),
    list(rep("# comment", 200000), "bytes")
  )
  for (one in huge) {
    writeLines(one[[1]], path)
    error <- NULL
    took <- system.time({
      error <- expect_error(read_settings(path), one[[2]], class = "fatebias_error_settings")
    })
    expect_lt(nchar(conditionMessage(error)), 5000)
    expect_lt(took[["user.self"]], 20) # seconds on any machine; without end is hours
  }
})

test_that("a pipe, a device or a folder is no configuration file", {
  skip_on_os("windows")
  pipe <- withr::local_tempfile()
  system2("mkfifo", shQuote(pipe))
  for (path in c(pipe, "/dev/zero", dirname(pipe))) {
    expect_error(read_settings(path), "it is (no file|a folder)", class = "fatebias_error_settings")
  }
})
