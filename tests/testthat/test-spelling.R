# Help pages, articles and texts are in British English; inst/WORDLIST has what is right all the same.
top <- test_path("..", "..")
skip_if_not(file.exists(file.path(top, "_pkgdown.yml")), "the sources (this is an installed package)")
skip_if_not_installed("spelling")
skip_if_not_installed("hunspell")

# The dictionary has few possessives: one is right where its word is.
misspelt <- function(found) {
  stem <- sub("'s$", "", found$word)
  known <- stem %in% spelling::get_wordlist(top) | hunspell::hunspell_check(stem, dict = "en_GB")
  wrong <- found[!known, ]
  sprintf("%s (%s)", wrong$word, vapply(wrong$found, paste, character(1), collapse = ", "))
}

test_that("no word of help pages, articles, README and NEWS is misspelt", {
  expect_identical(misspelt(spelling::spell_check_package(top, vignettes = TRUE)), character())
})

test_that("no word of the guide for clusters and of the other texts is misspelt", {
  texts <- c(
    "inst/sherlock/README.md", "inst/extdata/README.md", "CONTRIBUTING.md", "docs/design.md",
    "docs/decisions.md", "bench/README.md", "bench/METHODS.md", "bench/CERTIFICATE.md", "bench/TRUTH.md"
  )
  found <- spelling::spell_check_files(file.path(top, texts), lang = "en_GB")
  expect_identical(misspelt(found), character())
})
