# What targets watches: a change of a function, or of something that it uses, is one of all that use it.

objects_of <- function(helper = function(x) x + constant, constant = 1) {
  list(
    constant = constant, helper = helper, outer = function(x, y = helper(x)) y, other = function(x) sum(x),
    round = function(x) if (x > 0) round(x - 1) else 0, environment = new.env()
  )
}

changed <- function(...) {
  names <- c("outer", "other", "round", "helper")
  names[code_digests(objects_of(), names) != code_digests(objects_of(...), names)]
}

test_that("digests change with what a function uses, also by a default, and with nothing else", {
  expect_identical(changed(), character())
  expect_identical(changed(constant = 2), c("outer", "helper"))
  expect_identical(changed(helper = function(x) x - constant), c("outer", "helper"))
  elsewhere <- eval(parse(text = "\n\nfunction(x)   x + constant", keep.source = TRUE))
  expect_identical(changed(helper = elsewhere), character())
})

test_that("what each function of the pipeline reaches is what codetools finds, and little more", {
  skip_if_not_installed("targets") # which brings it along
  find_globals <- getExportedValue("codetools", "findGlobals")
  namespace <- asNamespace("fatebias")
  is_ours <- function(name) exists(name, namespace, inherits = FALSE) && !is.environment(namespace[[name]])
  used_by <- function(name) {
    object <- namespace[[name]]
    if (is.function(object)) Filter(is_ours, find_globals(object, merge = TRUE))
  }
  for (start in c("rank_hits", "assess_qc", "write_mash")) {
    found <- start
    while (length(new <- setdiff(unlist(lapply(found, used_by)), found)) > 0) found <- c(found, new)
    ours <- mget(found, namespace)
    before <- code_digests(ours, start)
    edited <- vapply(found, function(name) {
      objects <- ours
      objects[[name]] <- function() "edited"
      code_digests(objects, start) != before
    }, logical(1))
    expect_true(all(edited), info = start)
  }
  objects <- as.list(namespace)
  objects$render_report <- objects$mde_power <- function() "edited"
  expect_identical(code_digests(objects, "assess_qc"), code_digests(as.list(namespace), "assess_qc"))
})

test_that("targets sees a function and its digest, and a target runs it", {
  watched <- pipeline_functions()$fate_settings
  expect_match(deparse(body(watched)), "^    \"[0-9a-f]{64}\"$", all = FALSE)
  expect_identical(watched(seed = 4L), fate_settings(seed = 4L))
  expect_lt(length(serialize(watched, NULL)), 2000) # a job's file takes no namespace along
})
