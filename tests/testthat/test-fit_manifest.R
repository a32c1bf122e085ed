copy_of_example <- function(env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  made <- system.file("extdata", "example_fit", package = "fatebias")
  file.copy(list.files(made, full.names = TRUE), folder)
  folder
}

test_that("size and digest of each file are those that an independent program finds", {
  folder <- copy_of_example()
  contents <- read_manifest(folder)$contents
  expect_setequal(names(contents), setdiff(list.files(folder), "fit_manifest.json"))
  paths <- file.path(folder, names(contents))
  expect_identical(as.numeric(vapply(contents, `[[`, 1, "bytes")), file.size(paths))
  skip_if(Sys.which("sha256sum") == "", "sha256sum")
  found <- sub(" .*", "", system2("sha256sum", shQuote(paths), stdout = TRUE))
  expect_identical(unname(vapply(contents, `[[`, "", "sha256")), found)
})

test_that("a file that was changed, cut or is gone is refused by name", {
  folder <- copy_of_example()
  expect_s3_class(read_fit(folder), "fatebias_fit")
  path <- file.path(folder, "gene_daywise_likelihood.csv")
  lines <- readLines(path)
  writeLines(sub("0", "1", lines, fixed = TRUE), path) # the same size
  said <- "'gene_daywise_likelihood.csv' was changed or cut"
  expect_error(read_fit(folder), said, class = "fatebias_error_export")
  writeLines(lines[-length(lines)], path)
  writeLines("", file.path(folder, "posterior_draws.npz"))
  expect_error(read_fit(folder), "were changed or cut", class = "fatebias_error_export")
  unlink(path)
  expect_error(read_fit(folder), "lacks 'gene_daywise_likelihood.csv'", class = "fatebias_error_export")
})

test_that("a manifest that breaks its schema is refused with the place; one of an earlier version is read", {
  folder <- copy_of_example()
  path <- file.path(folder, "fit_manifest.json")
  lines <- readLines(path)
  writeLines(sub('"seed": 0', '"seed": "zero"', lines, fixed = TRUE), path)
  expect_error(read_fit(folder), "the manifest/seed must be integer", class = "fatebias_error_export")
  writeLines(lines[!grepl('"format"', lines)], path)
  expect_s3_class(read_fit(folder), "fatebias_fit")
})

test_that("a manifest that names files of another folder is refused before any is looked at", {
  folder <- copy_of_example()
  path <- file.path(folder, "fit_manifest.json")
  lines <- readLines(path)
  for (name in c("../x", "/etc/passwd", "..", "a/b", "a\\\\b", "")) {
    own <- '"qc_cells_by_guide.csv",'
    listed <- sub(own, sprintf('%s "%s",', own, name), lines, fixed = TRUE)
    writeLines(listed, path)
    expect_error(read_fit(folder), "does not follow its schema", class = "fatebias_error_export")
    writeLines(listed[!grepl('"format"', lines)], path)
    expect_error(read_fit(folder), "is damaged", class = "fatebias_error_export")
    contents <- sub('"gene_daywise_cov.csv": {', sprintf('"%s": {', name), lines, fixed = TRUE)
    expect_false(identical(contents, lines))
    writeLines(contents, path)
    expect_error(read_fit(folder), "does not follow its schema", class = "fatebias_error_export")
  }
})

test_that("a pipe in place of a file is told, not waited for", {
  skip_on_os("windows")
  for (name in c("fit_manifest.json", "qc_cells_by_guide.csv")) {
    folder <- copy_of_example()
    unlink(file.path(folder, name))
    system2("mkfifo", shQuote(file.path(folder, name)))
    expect_error(read_fit(folder), name, class = "fatebias_error_export", fixed = TRUE)
  }
})
