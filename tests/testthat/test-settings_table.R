table <- settings_table()

# Keys within a block, and within its blocks, in their order
rows_of <- function(block) {
  unlist(lapply(names(block$keys), function(key) {
    c(rlang::set_names(TRUE, key), rows_of(block$keys[[key]]))
  }))
}

test_that("every row of the table is whole and its defaults pass its own check", {
  for (key in names(table)) {
    row <- table[[key]]
    expect_true(all(c("default", "type", "stage", "help") %in% names(row)), info = key)
    expect_true(row$stage %in% names(stage_titles), info = key)
    for (preset in c("calibrated", "plain")) {
      finding <- check_setting(key, defaults_of(table, preset)[[key]], row)
      expect_null(finding$problem, info = key)
    }
  }
})

test_that("types are checked and converted", {
  expect_identical(convert_value("integer", 3), 3L)
  expect_null(convert_value("integer", 3.5))
  expect_match(
    check_setting("n", 2^31, list(type = "integer", min = 1))$problem,
    "a whole number >= 1 and <= 2147483647, not 2147483648"
  )
  expect_null(convert_value("integer", c(1, 2)))
  expect_null(convert_value("number", "3"))
  expect_null(convert_value("number", Inf))
  expect_null(convert_value("number", TRUE))
  expect_identical(convert_value("strings", c(0, 2, 10)), c("0", "2", "10"))
  expect_null(convert_value("strings", NA_character_))
  expect_identical(convert_value("numbers", 1:2), c(1, 2))
  expect_null(convert_value("numbers", "a"))
  expect_identical(convert_value("mapping", list(a = 1)), list(a = 1))
  expect_null(convert_value("mapping", list(1)))
  expect_null(convert_value("string", c("a", "b")))
  expect_identical(convert_value("flag", FALSE), FALSE)
  expect_null(convert_value("flag", 1))
  expect_null(convert_value("flag", NA))
})

test_that("texts for batch scripts hold no sign of the shell", {
  row <- list(type = "string", token = TRUE)
  for (fine in c("gpu", "normal,owners", "GPU_MEM:24GB|GPU_MEM:32GB", "R/4.4")) {
    expect_true(fits_script(row, fine))
  }
  for (bad in c("a b", "a;b", "$HOME", "a\nb", "'a'", "", "`a`", "a>b")) {
    expect_false(fits_script(row, bad), info = bad)
  }
  expect_true(fits_script(list(type = "string"), "a b"))
})

test_that("a block is checked key by key, and filled with defaults", {
  row <- list(type = "mapping", default = list(), keys = list(
    size = list(default = 2L, type = "integer", min = 1),
    name = list(default = NULL, type = "string", nullable = TRUE),
    inner = list(type = "mapping", default = list(), keys = list(flag = list(default = TRUE, type = "flag")))
  ))
  defaults <- list(size = 2L, name = NULL, inner = list(flag = TRUE))
  expect_identical(default_of(row), defaults)
  expect_identical(check_setting("block", NULL, row)$value, defaults)
  found <- check_setting("block", list(size = 3, inner = list(flag = FALSE)), row)
  expect_null(found$problem)
  expect_identical(found$value, list(size = 3L, name = NULL, inner = list(flag = FALSE)))
  bad <- list(size = 0, inner = list(flagg = 1, flag = "x"))
  expect_identical(check_setting("block", bad, row)$problem, c(
    "`block.size` must be a whole number >= 1, not 0.",
    "`block.inner.flagg` is not a setting; the nearest one is `block.inner.flag`.",
    "`block.inner.flag` must be true or false, not \"x\"."
  ))
  expect_identical(check_setting("block", "x", row)$problem, "`block` must be a block of keys, not \"x\".")
})

test_that("bounds: min and max are inclusive, above is not", {
  row <- list(type = "number", min = 0, max = 1)
  expect_identical(in_range(row, 0), TRUE)
  expect_identical(in_range(row, 1.01), FALSE)
  expect_identical(in_range(list(type = "number", above = 0), 0), FALSE)
})

test_that("the template in config.yaml follows from the table", {
  # writeLines(fatebias:::config_lines(), "inst/pipeline/config.yaml"), and the same at the top
  shipped <- system.file("pipeline", "config.yaml", package = "fatebias")
  expect_identical(readLines(shipped), config_lines())
})

test_that("the template holds every key, and uncommented it holds the defaults", {
  lines <- config_lines()
  within <- unlist(rows_of(table$slurm))
  expect_identical(sub("^# +([a-z_]+):.*", "\\1", tail(lines, length(within))), names(within))
  keys <- sub("^(# )?([A-Za-z_]+): .*", "\\2", grep("^(# )?[A-Za-z_]+: .* # ", lines, value = TRUE))
  expect_setequal(keys, names(table))
  config <- withr::local_tempfile(fileext = ".yaml")
  writeLines(sub("^# ( *[A-Za-z_]+:.* # )", "\\1", lines), config)
  all_set <- yaml::read_yaml(config)
  expect_mapequal(
    unclass(fate_settings())[names(table)], override(unclass(fate_settings()), all_set)[names(table)]
  )
})

test_that("the help page names every key once", {
  text <- settings_rd()
  for (key in c(names(table), "slurm.retries", "slurm.gpu.constraint")) {
    expect_length(grep(paste0("^- `", key, "`:"), text, fixed = FALSE), 1)
  }
})
