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
