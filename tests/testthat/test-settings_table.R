table <- settings_table()

test_that("every row of the table is whole and its defaults pass its own check", {
  for (key in names(table)) {
    row <- table[[key]]
    expect_true(all(c("default", "type", "stage", "help") %in% names(row)), info = key)
    expect_true(row$stage %in% names(stage_titles), info = key)
    for (preset in c("calibrated", "plain")) {
      finding <- check_setting(key, defaults_of(table, preset)[[key]], row)
      expect_null(c(finding$problem, finding$not_available), info = key)
    }
  }
})

test_that("types are checked and converted", {
  expect_identical(convert_value("integer", 3), 3L)
  expect_null(convert_value("integer", 3.5))
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
  keys <- sub("^(# )?([A-Za-z_]+): .*", "\\2", grep("^(# )?[A-Za-z_]+: .* # ", lines, value = TRUE))
  expect_setequal(keys, names(table))
  config <- withr::local_tempfile(fileext = ".yaml")
  writeLines(sub("^# ([A-Za-z_]+: .* # )", "\\1", lines), config)
  all_set <- yaml::read_yaml(config)
  expect_mapequal(
    unclass(fate_settings())[names(table)], override(unclass(fate_settings()), all_set)[names(table)]
  )
})

test_that("the help page names every key once", {
  text <- settings_rd()
  for (key in names(table)) expect_length(grep(paste0("^- `", key, "`:"), text), 1)
})
