sources <- test_path("..", "..", "R")
skip_if_not(dir.exists(sources), "the sources (this is an installed package)")

# All calls in R/, outermost first
all_calls <- function() {
  walk <- function(x) {
    if (is.call(x)) {
      c(list(x), unlist(lapply(as.list(x), walk)))
    } else if (is.expression(x) || is.pairlist(x)) {
      unlist(lapply(x, walk))
    }
  }
  unlist(lapply(list.files(sources, "[.]R$", full.names = TRUE), function(file) walk(parse(file))))
}

# Names in `objects = list(a = .., b = ..)`, wherever the list stands within the expression
object_names <- function(x) {
  if (!is.call(x)) {
    return(NULL)
  }
  c(if (identical(x[[1]], as.name("list"))) names(x)[-1], unlist(lapply(as.list(x)[-1], object_names)))
}

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

test_that("Python: every function of r_api has written arguments, which R's calls name", {
  py_call("describe_environment") # starts Python, with torch as the bridge imports it
  code <- c(
    "import inspect", "from fatebias.r_api import FUNCTIONS",
    "taken = {name: list(inspect.signature(f).parameters) for name, (f, _) in FUNCTIONS.items()}",
    "all_of = [p for f, _ in FUNCTIONS.values() for p in inspect.signature(f).parameters.values()]",
    "loose = [p.name for p in all_of if p.kind is not p.POSITIONAL_OR_KEYWORD]"
  )
  found <- reticulate::py_run_string(paste(code, collapse = "\n"))
  expect_length(found$loose, 0)
  calls <- Filter(function(call) identical(call[[1]], as.name("py_call")), all_calls())
  expect_gt(length(calls), 10)
  for (call in calls) {
    given <- c(setdiff(names(call)[-(1:2)], c("", "objects", "call")), object_names(call$objects))
    expect_length(setdiff(given, found$taken[[call[[2]]]]), 0)
  }
})
