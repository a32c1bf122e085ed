example <- system.file("extdata", "example_fit", "fit_manifest.json", package = "fatebias")
read_raw <- function(path) jsonlite::fromJSON(paste(readLines(path), collapse = "\n"), simplifyVector = FALSE)

# The example's manifest with one place changed or gone
mutated <- function(case) {
  change <- function(value, path) {
    if (length(path) == 0) {
      return(case$value)
    }
    if (length(path) == 1 && isTRUE(case$delete)) {
      return(value[setdiff(names(value), path[[1]])])
    }
    value[path[[1]]] <- list(change(value[[path[[1]]]], path[-1]))
    value
  }
  if (length(case$path) == 0) read_raw(example) else change(read_raw(example), unlist(case$path))
}

test_that("the schema takes what it should, in the cases that Python's tests run as well", {
  cases <- test_path("..", "data", "manifest_cases.json")
  skip_if_not(file.exists(cases), "the cases (this is an installed package)")
  cases <- read_raw(cases)
  expect_gt(length(cases), 50)
  for (case in cases) {
    problem <- schema_problem(mutated(case), manifest_schema())
    expect_identical(is.null(problem), case$ok, info = paste0(case$name, ": ", problem))
  }
})

test_that("a keyword that is not checked is an error, and the place of a fault is told", {
  expect_error(schema_problem(1L, list(multipleOf = 2)), "multipleOf")
  fault <- schema_problem(mutated(list(path = list("screen", "n_cells"), value = "many")), manifest_schema())
  expect_identical(fault, "the manifest/screen/n_cells must be integer, not string")
})
