# The documentation site, without a network. Usage: Rscript build_site.R [articles | reference | home]
# pkgdown is no part of the set-up. What it would fetch stands in tools/site/js, see tools/site/README.md.

source("tools/check_links.R")

# Markdown files that README or one of these links to: pages at the same paths. A test holds it so.
linked_pages <- c(
  "docs/design.md", "docs/decisions.md", "bench/README.md", "bench/RESULTS.md", "bench/CERTIFICATE.md",
  "bench/METHODS.md", "bench/SPEED.md", "bench/TRUTH.md", "sherlock/README.md", "inst/extdata/README.md"
)

# ---- no network ----

# The scripts in a cache of this run's own, for the processes that it starts as well.
offer_scripts <- function() {
  cache <- file.path(tempdir(), "cache")
  Sys.setenv(R_USER_CACHE_DIR = cache)
  options(pkgdown.internet = FALSE)
  target <- tools::R_user_dir("pkgdown", "cache")
  dir.create(target, recursive = TRUE)
  folders <- list.dirs("tools/site/js", recursive = FALSE)
  if (!all(file.copy(folders, target, recursive = TRUE))) stop("cannot copy tools/site/js", call. = FALSE)
}

# ---- pages that pkgdown does not know ----

build_linked_page <- function(file, pkg) {
  stem <- sub("[.]md$", "", file)
  lines <- readLines(file)
  title <- sub("^# +", "", lines[[1]])
  html <- tempfile(fileext = ".html")
  rmarkdown::pandoc_convert(
    normalizePath(file), "html", "gfm+gfm_auto_identifiers",
    output = html, options = c("--wrap=none", "--shift-heading-level-by=0")
  )
  body <- readLines(html)[-1] # the title is the page's
  body <- gsub("<table>", "<table class=\"table\">", body, fixed = TRUE)
  body <- gsub("(id=\"|href=\"#)([0-9])", "\\1section-\\2", body) # no selector may start with a digit
  body <- gsub("href=\"([^\":#]+)[.]md(#[^\"]*)?\"", "href=\"\\1.html\\2\"", body)
  dir.create(file.path(pkg$dst_path, dirname(file)), showWarnings = FALSE, recursive = TRUE)
  pkgdown::render_page(
    pkg, "title-body",
    list(pagetitle = title, body = paste(body, collapse = "\n"), filename = file),
    paste0(stem, ".html")
  )
  copy_images(file, pkg)
}

copy_images <- function(file, pkg) {
  images <- list.files(dirname(file), "[.](png|svg)$", full.names = TRUE)
  file.copy(images, file.path(pkg$dst_path, dirname(file)), overwrite = TRUE)
}

# ---- all ----

build <- function(part) {
  pkg <- pkgdown::as_pkgdown(".")
  pkgdown::init_site(pkg)
  switch(part,
    all = pkgdown::build_site(pkg, preview = FALSE, install = FALSE, new_process = FALSE),
    articles = pkgdown::build_articles(pkg, preview = FALSE),
    reference = pkgdown::build_reference(pkg, preview = FALSE),
    home = pkgdown::build_home(pkg, preview = FALSE),
    stop("no such part: ", part, call. = FALSE)
  )
  for (file in linked_pages) build_linked_page(file, pkg)
  pkg$dst_path
}

# Links that lead nowhere, and anything that a page would fetch from elsewhere to be shown.
validate_site <- function(folder) {
  problems <- c(broken_site_links(folder), foreign_resources(folder))
  if (length(problems) > 0) stop(paste(c("the site has faults:", problems), collapse = "\n  "), call. = FALSE)
}

main <- function(part = "all") {
  if (!requireNamespace("pkgdown", quietly = TRUE)) {
    stop("make site needs pkgdown: install.packages(\"pkgdown\")", call. = FALSE)
  }
  offer_scripts()
  folder <- build(part)
  if (part == "all") validate_site(folder)
  message("The site is ", file.path(folder, "index.html"))
}

do.call(main, as.list(commandArgs(trailingOnly = TRUE)))
