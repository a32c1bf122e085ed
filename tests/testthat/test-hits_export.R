# without p-values, so that all columns are known
hits <- rank_hits(run_mash(fit_with_guides(), settings = fate_settings(p_values = FALSE)))

# names that spreadsheets change or run
odd <- c(
  "MARCH1", "SEPT2", "=1+1", "+A1", "-3", "@cmd", "00123", "1E5", "TRUE", "NA",
  "caf\u00e9", "a\"b", "<&>"
)
with_odd_names <- function() {
  named <- data.table::copy(hits)
  data.table::set(named, seq_along(odd), "gene", odd)
  named
}

test_that("a CSV file has the ranking with the labels of days", {
  folder <- withr::local_tempdir()
  written <- data.table::fread(write_hits(hits, folder), na.strings = "")
  expect_equal(written, labelled_hits(hits), tolerance = 1e-12)
  expect_identical(list.files(folder, all.files = TRUE, no.. = TRUE), "hits_ranked.csv")
  expect_identical(names(written)[6:9], c("postmean_d0", "postmean_d2", "postmean_d4", "postmean_d10"))
})

test_that("something else is refused", {
  folder <- withr::local_tempdir()
  for (bad in list(data.frame(a = 1), example_fit()$gene, "hits", NULL)) {
    expect_error(write_hits(bad, folder), "`hits` must come from", class = "fatebias_error_argument")
  }
  expect_error(write_hits(hits[, c("gene", "lfsr_min")], folder), "it lacks hit_anyday, best_day")
  for (bad in list(NULL, NA, NA_character_, "")) {
    expect_error(write_hits(hits, bad), "`out_dir`", class = "fatebias_error_argument")
  }
  expect_error(write_hits(hits, folder, "xls"), "format", class = "fatebias_error_argument")
  expect_identical(list.files(folder), character())
  expect_identical(basename(write_hits(as.data.frame(hits), folder)), "hits_ranked.csv")
})

test_that("a workbook reads back: names are text, numbers are numbers", {
  skip_if_not_installed("openxlsx")
  named <- with_odd_names()
  path <- write_hits(named, withr::local_tempdir(), "xlsx")
  expect_identical(basename(path), "hits_ranked.xlsx")
  expect_identical(openxlsx::getSheetNames(path), c("hits", "columns", "about"))
  read <- openxlsx::read.xlsx(path, "hits", sep.names = " ", na.strings = "")
  expect_identical(read$gene, named$gene)
  file <- as.data.frame(labelled_hits(named))
  expect_identical(names(read), names(file))
  expect_equal(read$postmean_d10, file$postmean_d10, tolerance = 1e-14)
  expect_identical(read$hit_anyday, file$hit_anyday)
  expect_identical(read$best_day, file$best_day)
  columns <- openxlsx::read.xlsx(path, "columns")
  expect_identical(columns$column, names(file))
  expect_identical(columns$meaning, explain_columns(named)$meaning)
  about <- openxlsx::read.xlsx(path, "about")
  expect_identical(about$value[about$what == "contrast fate"], "MES")
  expect_identical(about$value[about$what == "genes"], "40")
})

test_that("a workbook has no formula, and its names are formatted as text", {
  skip_if_not_installed("openxlsx")
  path <- write_hits(with_odd_names(), withr::local_tempdir(), "xlsx")
  folder <- withr::local_tempdir()
  utils::unzip(path, exdir = folder)
  sheet <- xml2::xml_ns_strip(xml2::read_xml(file.path(folder, "xl", "worksheets", "sheet1.xml")))
  expect_length(xml2::xml_find_all(sheet, "//f"), 0)
  names <- xml2::xml_find_all(sheet, "//c[starts-with(@r, 'A') and translate(@r, '0123456789', '') = 'A']")
  expect_identical(unique(xml2::xml_attr(names, "t")), "s")
  styles <- xml2::xml_ns_strip(xml2::read_xml(file.path(folder, "xl", "styles.xml")))
  formats <- xml2::xml_attr(xml2::xml_find_all(styles, "//cellXfs/xf"), "numFmtId")
  used <- as.integer(unique(xml2::xml_attr(names[-1], "s")))
  expect_identical(formats[used + 1L], "49") # @, which is text
})

test_that("Parquet reads back with the same values and types", {
  skip_if_not_installed("nanoparquet")
  named <- with_odd_names()
  path <- write_hits(named, withr::local_tempdir(), "parquet")
  expect_identical(basename(path), "hits_ranked.parquet")
  read <- as.data.frame(nanoparquet::read_parquet(path))
  expect_identical(read, as.data.frame(labelled_hits(named)))
})

test_that("a missing package is named, and nothing is written", {
  local_mocked_bindings(is_installed = function(...) FALSE, .package = "rlang")
  folder <- file.path(withr::local_tempdir(), "out")
  words <- c(
    xlsx = "install.packages\\(\"openxlsx\"\\).*r-cran-openxlsx",
    parquet = "install.packages\\(\"nanoparquet"
  )
  for (format in names(words)) {
    error <- expect_error(write_hits(hits, folder, format), class = "fatebias_error_environment")
    expect_match(gsub("\\s+", " ", conditionMessage(error)), words[[format]])
  }
  expect_false(file.exists(folder))
})

test_that("a file that cannot be written whole leaves the one before", {
  skip_if_not_installed("nanoparquet")
  folder <- withr::local_tempdir()
  path <- write_hits(hits, folder, "parquet")
  before <- tools::md5sum(path)
  local_mocked_bindings(write_parquet = function(table, path) {
    writeLines("half", path)
    FALSE
  })
  expect_error(write_hits(hits, folder, "parquet"), "only a part", class = "fatebias_error_export")
  expect_identical(tools::md5sum(path), before)
  expect_identical(list.files(folder, all.files = TRUE, no.. = TRUE), "hits_ranked.parquet")
})

test_that("the folder of another fit is refused, and in its own the file is listed", {
  skip_if_not_installed("nanoparquet")
  folder <- withr::local_tempdir()
  example <- system.file("extdata", "example_fit", package = "fatebias")
  file.copy(list.files(example, full.names = TRUE), folder)
  own <- rank_hits(run_mash(read_fit(folder)))
  other <- data.table::copy(own)
  data.table::setattr(other, "fit_id", strrep("0", 16))
  expect_error(write_hits(other, folder, "parquet"), "another fit", class = "fatebias_error_export")
  expect_false(file.exists(file.path(folder, "hits_ranked.parquet")))
  write_hits(own, folder, "parquet")
  listed <- jsonlite::read_json(file.path(folder, shared_constant("made_from_file")))
  expect_identical(listed$hits_ranked.parquet$fit_id, folder_id(folder))
})
