# Every exported function has an example that runs: code outside of \dontrun on its help page.
top <- test_path("..", "..")
skip_if_not(dir.exists(file.path(top, "man")), "the sources (this is an installed package)")

# Names that the examples of a help page use where R runs them: Rd2ex makes comments of what stands in dontrun
example_names <- function(file) {
  path <- withr::local_tempfile()
  tools::Rd2ex(file, path)
  if (!file.exists(path)) {
    return(character())
  }
  all.names(parse(path, keep.source = FALSE))
}

topics_of <- function(file) {
  rd <- tools::parse_Rd(file)
  aliases <- Filter(function(part) identical(attr(part, "Rd_tag"), "\\alias"), rd)
  vapply(aliases, function(alias) trimws(paste(unlist(alias), collapse = "")), character(1))
}

test_that("Rd2ex, as it is used here, runs no code in dontrun, and all other code", {
  page <- withr::local_tempfile(fileext = ".Rd")
  rd <- "\\name{f}\\alias{f}\\title{F}\\examples{\n%s\n}"
  writeLines(sprintf(rd, "\\dontrun{\nf(1)\n}"), page)
  expect_identical(example_names(page), character())
  writeLines(sprintf(rd, "# a remark\n\\dontrun{\nf(1)\n}\ng(2)"), page)
  expect_identical(example_names(page), "g")
  expect_identical(topics_of(page), "f")
  writeLines("\\name{f}\\alias{f}\\title{F}", page)
  expect_identical(example_names(page), character())
})

test_that("every exported function is called in an example, and its own help page has one", {
  pages <- list.files(file.path(top, "man"), "[.]Rd$", full.names = TRUE)
  examples <- lapply(pages, example_names)
  topics <- lapply(pages, topics_of)
  namespace <- grep("^export\\(", readLines(file.path(top, "NAMESPACE")), value = TRUE)
  exports <- sub("^export\\((.*)\\)$", "\\1", namespace)
  expect_gt(length(exports), 80)
  # generics of other packages have their examples where their methods are
  borrowed <- topics[[match("reexports.Rd", basename(pages))]]
  for (name in exports) {
    own <- vapply(topics, function(on_page) name %in% on_page, logical(1))
    expect_gt(length(unlist(examples[if (name %in% borrowed) TRUE else own])), 0, label = name)
    # plot_x_data() takes what plot_x() takes
    called <- if (startsWith(name, "plot_")) sub("_data$", "", name) else name
    expect_true(called %in% unlist(examples), info = name)
  }
})
