# Links within the sources lead somewhere: files, headings, articles, help pages. No network is used.
top <- test_path("..", "..")
pages <- c(
  list.files(top, "[.]md$"),
  list.files(top, "[.](md|Rmd)$", recursive = TRUE)
)
pages <- unique(grep("^([^/]+[.]md|(docs|bench|inst|tools|vignettes)/.*)$", pages, value = TRUE))
skip_if_not(all(c("README.md", "docs/design.md") %in% pages), "the sources (this is an installed package)")

read_prose <- function(page) {
  lines <- readLines(file.path(top, page), warn = FALSE)
  fence <- cumsum(grepl("^\\s*(```|~~~)", lines)) %% 2 == 1
  lines[!fence & !grepl("^\\s*(```|~~~)", lines)]
}

matches <- function(pattern, lines) {
  found <- regmatches(lines, gregexpr(pattern, lines, perl = TRUE))
  unique(unlist(found))
}

# As GitHub makes them: lower case, no punctuation, spaces as dashes
slug <- function(heading) gsub(" ", "-", gsub("[^[:alnum:] _-]", "", tolower(heading)))

headings <- function(page) slug(sub("^#+ +", "", grep("^#+ ", read_prose(page), value = TRUE)))

test_that("relative links of every page name a file and a heading that are there", {
  checked <- 0L
  for (page in pages) {
    links <- matches("(?<=\\]\\()[^)\\s]+(?=\\))", gsub("`[^`]*`", "", read_prose(page)))
    links <- links[!grepl("^[a-z]+:", links)]
    file <- sub("#.*", "", links)
    path <- ifelse(nzchar(file), file.path(dirname(page), file), page)
    expect_identical(links[!file.exists(file.path(top, path))], character(), info = page)
    anchored <- grepl("#", links) & grepl("md$", path)
    known <- vapply(which(anchored), function(i) sub(".*#", "", links[i]) %in% headings(path[i]), logical(1))
    expect_identical(links[anchored][!known], character(), info = page)
    checked <- checked + length(links)
  }
  expect_gt(checked, 5)
})

# pkgdown makes pages of the Markdown files at the top, build_site.R of those that it lists.
test_that("the site has a page for every Markdown file that its pages link to", {
  build <- parse(file.path(top, "tools", "build_site.R"), keep.source = FALSE)
  defines <- vapply(build, function(x) is.call(x) && identical(x[[2]], quote(linked_pages)), logical(1))
  linked <- eval(build[[which(defines)]][[3]])
  expect_gt(length(linked), 3)
  for (page in c("README.md", linked)) {
    links <- sub("#.*", "", matches("(?<=\\]\\()[^):\\s]+(?=\\))", gsub("`[^`]*`", "", read_prose(page))))
    files <- file.path(dirname(page), grep("[.]md$", links, value = TRUE))
    files <- gsub("(^|/)[^/.]+/[.][.]/", "\\1", sub("^[.]/", "", files))
    made <- c(linked, grep("/", pages, value = TRUE, invert = TRUE))
    expect_identical(setdiff(files, made), character(), info = page)
  }
})

# As in: docs/design.md, "Likelihood weight"
test_that("sections of the design that files of the clone cite are there", {
  cited <- "(?<=design[.]md, \")[^\"]+(?=\")"
  files <- list.files(top, "[.](R|py|md|Rmd|sh|yaml)$", recursive = TRUE)
  files <- grep("^(R|bench|docs|inst|tests|tools|vignettes)/|^[^/]+$", files, value = TRUE)
  text <- unlist(lapply(files, function(file) gsub("`", "", readLines(file.path(top, file), warn = FALSE))))
  titles <- sub("^#+ +", "", grep("^##+ ", read_prose("docs/design.md"), value = TRUE))
  expect_identical(anyDuplicated(titles), 0L)
  expect_gt(length(matches(cited, text)), 0)
  expect_identical(setdiff(matches(cited, text), titles), character())
})

test_that("no comment of an installed source cites a page that is not installed", {
  page <- "\\bDESIGN\\b|design[.]md|decisions[.]md"
  folders <- file.path(top, c("R", "inst/python/fatebias"))
  sources <- list.files(folders, "[.](R|py|yaml)$", recursive = TRUE, full.names = TRUE)
  expect_gt(length(sources), 100)
  for (file in substring(sources, nchar(top) + 2)) {
    lines <- readLines(file.path(top, file), warn = FALSE)
    expect_identical(grep(page, lines, value = TRUE), character(), info = file)
  }
})

test_that("articles and help pages that texts name are there", {
  sources <- c(pages, file.path("R", list.files(file.path(top, "R"), "[.]R$")))
  text <- unlist(lapply(sources, function(page) readLines(file.path(top, page), warn = FALSE)))
  articles <- matches("(?<=vignette\\(\")[a-z-]+(?=\")", text)
  expect_gt(length(articles), 3)
  expect_identical(articles[!file.exists(file.path(top, "vignettes", paste0(articles, ".Rmd")))], character())

  rd <- unlist(lapply(list.files(file.path(top, "man"), "[.]Rd$", full.names = TRUE), readLines))
  topics <- sub("^\\\\alias\\{(.*)\\}$", "\\1", grep("^\\\\alias", rd, value = TRUE))
  asked <- sub("^fatebias::", "", matches("(?<=`[?])[a-zA-Z_.:]+(?=`)", text))
  expect_gt(length(asked), 2)
  expect_identical(setdiff(asked, topics), character())
})

test_that("tests that the promises name are there", {
  page <- read_prose("vignettes/promises.Rmd")
  files <- matches("(?<=`)(pytest|testthat|slurm)/[a-zA-Z_/-]+[.](py|R)(?=`)", page)
  expect_gt(length(files), 15)
  expect_identical(files[!file.exists(file.path(top, "tests", files))], character())
  named <- matches("(?<=`)test_[a-z0-9_]+(?=`)", page)
  expect_gt(length(named), 10)
  sources <- file.path(top, "tests", grep("^pytest/", files, value = TRUE))
  defined <- matches("(?<=^def )test_[a-z0-9_]+", unlist(lapply(sources, readLines, warn = FALSE)))
  expect_identical(setdiff(named, defined), character())
})
