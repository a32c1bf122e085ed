# The code of the articles runs as knitr runs it (the text would need pandoc, the code does not).
vignettes <- list.files(test_path("..", "..", "vignettes"), "[.]Rmd$", full.names = TRUE)
skip_if(length(vignettes) == 0, "the sources (this is an installed package)")

test_that("every article runs, and errors only where it says so", {
  for (file in normalizePath(vignettes)) {
    withr::local_dir(withr::local_tempdir())
    page <- tempfile(fileext = ".md")
    expect_no_error(knitr::knit(file, page, quiet = TRUE, envir = new.env(parent = globalenv())))
    text <- readLines(page)
    allowed <- sum(grepl("error = TRUE", readLines(file), fixed = TRUE))
    expect_identical(sum(grepl("^#> Error", text)), allowed, info = basename(file))
  }
})

test_that("troubleshooting has a section for every class of error and warning, and for no other", {
  page <- readLines(test_path("..", "..", "vignettes", "troubleshooting.Rmd"))
  sections <- sub("^#+ +", "", grep("^#+ +fatebias_", page, value = TRUE))
  classes <- function(text, pattern, prefix) {
    kinds <- regmatches(text, regexec(pattern, text))
    paste0(prefix, vapply(Filter(length, kinds), `[[`, character(1), 2))
  }
  r <- deparse(mget(ls(asNamespace("fatebias"), pattern = "^(abort|warn)_"), asNamespace("fatebias")))
  r_classes <- c(
    classes(r, "abort_kind\\(\"([a-z_]+)\"", "fatebias_error_"),
    classes(r, "warn_kind\\(\"([a-z_]+)\"", "fatebias_warning_"),
    # abort_scheduler() has the scheduler's name; causes and advice are those of this section for all
    "fatebias_error_slurm"
  )
  expect_setequal(sections, r_classes)

  source <- file.path("python", "fatebias", "base", "errors.py")
  python <- readLines(system.file(source, package = "fatebias", mustWork = TRUE))
  starts <- grep("^class ", python)
  group <- findInterval(seq_along(python), starts)
  kind <- tapply(python, group, function(lines) {
    sub(".*\"(.*)\".*", "\\1", grep("^    kind = ", lines, value = TRUE))
  })
  prefix <- ifelse(grepl("Warning", python[starts]), "fatebias_warning_", "fatebias_error_")
  expect_identical(setdiff(paste0(prefix, unlist(kind[-1])), sections), character())
})
