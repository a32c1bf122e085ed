# testthat against the installed package. Usage: Rscript run_testthat.R COUNT_FILE [FOLDER [FILTER]]
# One test_that() block is one test, as a function is in pytest: failed if anything in it failed or raised,
# skipped if it was skipped before any expectation held.

count_results <- function(results) {
  failed <- results$failed > 0 | results$error
  skipped <- !failed & results$skipped & results$passed == 0
  c(passed = sum(!failed & !skipped), failed = sum(failed), skipped = sum(skipped))
}

print_slow <- function(results, least = 2) {
  slow <- results[results$real > least, , drop = FALSE]
  slow <- utils::head(slow[order(-slow$real), ], 5)
  lines <- sprintf("  %5.1f s  %s: %s\n", slow$real, slow$file, slow$test)
  if (length(lines) > 0) cat("slowest:\n", lines, sep = "")
}

main <- function(count_file, folder = "tests/testthat", filter = NULL) {
  # Without it testthat takes the run for CRAN's and skips every snapshot.
  Sys.setenv(NOT_CRAN = "true")
  library(testthat)
  results <- as.data.frame(test_dir(
    folder,
    package = "fatebias", load_package = "installed",
    filter = filter, reporter = "summary", stop_on_failure = FALSE
  ))
  print_slow(results)
  counts <- count_results(results)
  writeLines(paste(counts, collapse = " "), count_file)
  quit(status = if (counts[["failed"]] > 0) 1 else 0)
}

do.call(main, as.list(commandArgs(trailingOnly = TRUE)))
