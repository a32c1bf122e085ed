sources <- test_path("..", "..", "R")
skip_if_not(dir.exists(sources), "the sources (this is an installed package)")

test_that("the functions of r_api.py are those that R calls, and nothing else of Python is called", {
  lines <- unlist(lapply(list.files(sources, "[.]R$", full.names = TRUE), readLines))
  code <- paste(sub("#.*", "", lines), collapse = "\n")
  calls <- regmatches(code, gregexpr("py_(call|apply)\\(\\s*\"\\w+\"", code))[[1]]
  called <- sub('.*"(\\w+)"', "\\1", calls)
  # every call names its function on the spot, but for the two definitions and the one that calls the other
  expect_length(calls, length(regmatches(code, gregexpr("py_(call|apply)\\(", code))[[1]]))
  api <- readLines(file.path(python_folder(), "fatebias", "r_api.py"))
  entered <- sub("def (\\w+)\\(.*", "\\1", api[which(startsWith(api, "@_within(")) + 1])
  expect_gt(length(entered), 10)
  expect_setequal(called, entered)
})
