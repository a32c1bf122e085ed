# The reference of the site (_pkgdown.yml): every help page and every exported function stands in it once.
top <- test_path("..", "..")
config_file <- file.path(top, "_pkgdown.yml")
skip_if_not(file.exists(config_file), "the sources (this is an installed package)")

read_topic <- function(file) {
  page <- tools::parse_Rd(file)
  tags <- vapply(page, attr, character(1), "Rd_tag")
  text_of <- function(tag) {
    trimws(vapply(page[tags == tag], function(x) paste(unlist(x), collapse = ""), character(1)))
  }
  list(name = text_of("\\name"), alias = text_of("\\alias"), internal = "internal" %in% text_of("\\keyword"))
}

topics <- lapply(list.files(file.path(top, "man"), "[.]Rd$", full.names = TRUE), read_topic)
aliases <- lapply(topics, `[[`, "alias")
listed <- unlist(lapply(yaml::read_yaml(config_file)$reference, `[[`, "contents"))
topic_of <- function(name) which(vapply(aliases, function(a) name %in% a, logical(1)))

test_that("every entry of the reference is a help page, and no page stands there twice", {
  pages <- lapply(listed, topic_of)
  expect_identical(listed[lengths(pages) != 1], character())
  expect_identical(listed[duplicated(unlist(pages))], character())
})

test_that("every help page that is not internal stands in the reference", {
  internal <- vapply(topics, `[[`, logical(1), "internal")
  absent <- setdiff(which(!internal), unlist(lapply(listed, topic_of)))
  expect_identical(vapply(topics[absent], `[[`, character(1), "name"), character())
})

test_that("every exported function has a help page", {
  exported <- getNamespaceExports("fatebias")
  expect_identical(setdiff(exported, unlist(aliases)), character())
})

test_that("every article stands in its index", {
  articles <- sub("[.]Rmd$", "", list.files(file.path(top, "vignettes"), "[.]Rmd$"))
  indexed <- unlist(lapply(yaml::read_yaml(config_file)$articles, `[[`, "contents"))
  expect_setequal(indexed, articles)
})
