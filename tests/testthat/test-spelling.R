# Help pages, articles and texts are in British English; words that are right all the same are in inst/WORDLIST.
top <- test_path("..", "..")
skip_if_not(file.exists(file.path(top, "_pkgdown.yml")), "the sources (this is an installed package)")
skip_if_not_installed("spelling")

test_that("no word of help pages, articles, README and NEWS is misspelt", {
  found <- spelling::spell_check_package(top, vignettes = TRUE)
  where <- vapply(found$found, paste, character(1), collapse = ", ")
  expect_identical(sprintf("%s (%s)", found$word, where), character())
})

test_that("no word of the guide for clusters and of the other texts is misspelt", {
  texts <- c("inst/sherlock/README.md", "inst/extdata/README.md", "CONTRIBUTING.md", "docs/design.md")
  found <- spelling::spell_check_files(file.path(top, texts), ignore = spelling::get_wordlist(top), lang = "en_GB")
  expect_identical(found$word, character())
})
