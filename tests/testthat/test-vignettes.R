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
