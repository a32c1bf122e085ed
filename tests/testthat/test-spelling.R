# Help pages, articles and texts are in British English; inst/WORDLIST has what is right all the same.
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
  known <- spelling::get_wordlist(top)
  found <- spelling::spell_check_files(file.path(top, texts), ignore = known, lang = "en_GB")
  expect_identical(found$word, character())
})
