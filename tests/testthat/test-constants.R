all_constants <- function() {
  file <- system.file("python", "fatebias", "base", "constants.yaml", package = "fatebias", mustWork = TRUE)
  yaml::read_yaml(file)
}

# What R needs for defaults only, which the last test compares
of_defaults <- c("feature_type", "cell_name")

test_that("a constant has its value and type to the last bit", {
  expect_identical(shared_constant("min_umi"), 5L)
  expect_identical(shared_constant("same_share"), 1e-9)
  expect_identical(shared_constant("probability_tolerance"), 0.001)
  expect_identical(shared_constant("rescalable"), 0.05)
  expect_setequal(unlist(shared_constant("certificate_levels")), names(calibration_checks()))
  expect_identical(calibration_checks()$bootstrap, c("reference", "bootstrap", "seed"))
  expect_identical(rejection_levels(), c(0.05, 0.01, 0.001))
  expect_error(shared_constant("min_umis"), "name %in%")
})

texts_in <- function(code) {
  if (is.character(code)) code else if (is.call(code)) unlist(lapply(as.list(code)[-1], texts_in))
}

# Texts in calls of shared_constant() within an expression
asked_in <- function(code) {
  if (is.call(code) && identical(code[[1]], as.name("shared_constant"))) {
    return(unlist(lapply(as.list(code)[-1], texts_in)))
  }
  if (is.call(code) || is.expression(code) || is.pairlist(code)) unlist(lapply(as.list(code), asked_in))
}

test_that("each constant is used in R, and no other is asked for", {
  functions <- Filter(is.function, mget(ls(asNamespace("fatebias")), asNamespace("fatebias")))
  asked <- unlist(lapply(functions, function(f) c(asked_in(formals(f)), asked_in(body(f)))))
  expect_setequal(asked, setdiff(names(all_constants()), of_defaults))
})

test_that("defaults that help pages show are the constants", {
  default <- function(fun, argument) eval(formals(fun)[[argument]], asNamespace("fatebias"))
  for (fun in list(read_guides_cellranger, read_guides_anndata, read_guides_table)) {
    expect_equal(default(fun, "min_umi"), shared_constant("min_umi"))
  }
  for (fun in list(read_guides_cellranger, read_guides_anndata)) {
    expect_identical(default(fun, "feature_type"), shared_constant("feature_type"))
    expect_identical(default(fun, "cell_name"), shared_constant("cell_name"))
  }
  sizes <- shared_constant("certificate_sizes")
  arguments <- c(
    permutation = "n_permutations", ntc = "n_splits", bootstrap = "n_bootstraps", seed = "n_seeds"
  )
  expect_setequal(c(names(arguments), "shuffle", "regroup"), names(sizes))
  for (fun in list(run_calibration, certify_fit)) {
    for (unit in names(arguments)) expect_equal(default(fun, arguments[[unit]]), sizes[[unit]], info = unit)
    expect_identical(default(fun, "checks"), "quick")
  }
})
