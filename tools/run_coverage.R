# Line coverage of R/ by tests/testthat, as covr counts it: in a copy of the package that notes each line run.
# The tests are those at the top of the clone, as tools/run_testthat.R runs them.
# Usage: Rscript run_coverage.R [FILTER]     FILTER, as test_dir() takes it, leaves files of tests out

test_code <- function(root, filter) {
  folder <- file.path(root, "tests", "testthat")
  c(
    "Sys.setenv(NOT_CRAN = \"true\")",
    "library(testthat)",
    sprintf(
      "test_dir(%s, %s, package = \"fatebias\", load_package = \"installed\", reporter = \"summary\")",
      deparse(folder), deparse(filter)
    )
  )
}

main <- function(filter = NULL) {
  if (!requireNamespace("covr", quietly = TRUE)) {
    stop("make coverage needs covr: install.packages(\"covr\")", call. = FALSE)
  }
  found <- covr::package_coverage(".", type = "none", code = test_code(getwd(), filter), quiet = FALSE)
  print(found, group = "filename")
  percent <- covr::percent_coverage(found)
  cat(sprintf("R: %.1f%% of lines\n", percent))
}

do.call(main, as.list(commandArgs(trailingOnly = TRUE)))
