example <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
ranked <- rank_hits(run_mash(example))

test_that("missing values are told from those that are there", {
  expect_identical(
    as.character(jsonlite::toJSON(json_values(c(1.5, NA)), auto_unbox = TRUE, null = "null")), "[1.5,null]"
  )
  expect_identical(json_values(c(NA, "NA")), list(NULL, "NA"))
})

test_that("what is not of one analysis, or no such thing, is refused before Python is asked", {
  refused <- function(kind, about, ...) {
    class <- paste0("fatebias_error_", kind)
    expect_error(annotate_anndata(...), about, class = class)
  }
  local_mocked_bindings(py_call = function(...) stop("was called"))
  other <- data.table::copy(ranked)
  data.table::setattr(other, "fit_id", strrep("0", 16))
  refused("export", "different fits", example, other, "out.h5ad")
  refused("argument", "`fit`", ranked, example, "out.h5ad")
  plain <- data.table::as.data.table(ranked)
  refused("argument", "`hits`", example, plain, "out.h5ad")
  refused("argument", "`out`", example, ranked, "")
  refused("argument", "`screen`", example, ranked, "out.h5ad", NA)
})

test_that("Python: the copy has the ranking, number by number, and the file stays as it was", {
  screen <- small_screen()$screen
  before <- tools::md5sum(screen)
  out <- withr::local_tempfile(fileext = ".h5ad")
  ranked <- data.table::copy(ranked)
  data.table::set(ranked, 1:2, "mde_d1", Inf) # where nothing would be called
  expect_message(annotate_anndata(example, ranked, out, screen), "uns[\"fatebias\"]", fixed = TRUE)
  expect_identical(tools::md5sum(screen), before)
  anndata <- reticulate::import("anndata")
  found <- anndata$read_h5ad(out)$uns[["fatebias"]]
  read <- found[["hits"]]
  file <- labelled_hits(ranked)
  expect_identical(rownames(read), file$gene)
  expect_setequal(names(read), setdiff(names(file), "gene"))
  for (name in c("lfsr_min", "postmean_d2", "mde_d1", "q_gene", "best_day", "n_guides")) {
    expect_equal(as.vector(read[[name]]), file[[name]], info = name, ignore_attr = TRUE)
  }
  single <- is.na(file$robust)
  expect_true(any(single))
  expect_identical(as.logical(read$robust)[!single], file$robust[!single])
  expect_identical(found[["fit"]][["id"]], identity_of(example))
  expect_identical(found[["fit"]][["call_rule"]], "lfsr")
})

test_that("Python: a file that is not there is told with where it was looked for", {
  out <- withr::local_tempfile(fileext = ".h5ad")
  error <- expect_error(annotate_anndata(example, ranked, out, "none.h5ad"), class = "fatebias_error_screen")
  said <- gsub("\\s+", " ", conditionMessage(error))
  expect_match(said, "none.h5ad does not exist .the working directory is")
  expect_false(file.exists(out))
})
