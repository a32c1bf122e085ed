# What is wrong with the pages of a built site, without a network. Both functions give one text a problem.

site_pages <- function(folder) list.files(folder, "[.]html$", recursive = TRUE)

read_page <- function(folder, page) xml2::read_html(file.path(folder, page))

attributes_of <- function(html, path, name) xml2::xml_attr(xml2::xml_find_all(html, path), name)

is_relative <- function(links) !grepl("^([a-z]+:|//|#|$)", links)

# ---- links that lead nowhere ----

# Files and anchors that relative links of a page name.
targets_of <- function(html, page) {
  links <- c(attributes_of(html, "//*[@href]", "href"), attributes_of(html, "//*[@src]", "src"))
  here <- grepl("^#.", links)
  links <- ifelse(here, paste0(basename(page), links), links)
  links <- unique(links[is_relative(links)])
  path <- file.path(dirname(page), sub("[?#].*", "", utils::URLdecode(links)))
  data.frame(page = rep(page, length(links)), path = path, anchor = sub("^[^#]*#?", "", links))
}

clean_path <- function(path) {
  path <- gsub("/[.]/|^[.]/", "/", path)
  up <- "(^|/)(?![.][.]/)[^/]+/[.][.]/"
  while (any(grepl(up, path, perl = TRUE))) path <- sub(up, "\\1", path, perl = TRUE)
  sub("^/+", "", path)
}

broken_site_links <- function(folder) {
  pages <- site_pages(folder)
  html <- stats::setNames(lapply(pages, read_page, folder = folder), pages)
  ids <- lapply(html, attributes_of, path = "//*[@id]", name = "id")
  found <- do.call(rbind, Map(targets_of, html, pages))
  found$path <- clean_path(found$path)
  absent <- !file.exists(file.path(folder, found$path))
  anchored <- !absent & nzchar(found$anchor) & found$path %in% pages
  known <- mapply(function(path, anchor) utils::URLdecode(anchor) %in% ids[[path]], found$path, found$anchor)
  place <- paste0(found$path, ifelse(anchored, paste0("#", found$anchor), ""))
  lost <- absent | (anchored & !unlist(known))
  sprintf("%s links to %s, which is not there", found$page[lost], place[lost])
}

# ---- what a reader's browser would have to fetch ----

foreign_resources <- function(folder) {
  found <- lapply(site_pages(folder), function(page) {
    html <- read_page(folder, page)
    fetched <- c(
      attributes_of(html, "//script[@src] | //img[@src] | //iframe[@src]", "src"),
      attributes_of(html, "//link[@rel='stylesheet' or @rel='preload' or contains(@rel, 'icon')]", "href")
    )
    sprintf("%s fetches %s", page, grep("^(https?:)?//", fetched, value = TRUE))
  })
  styles <- list.files(folder, "[.]css$", recursive = TRUE, full.names = TRUE)
  elsewhere <- "url\\([\"']?https?:|@import[^;]*https?:"
  fetches <- function(file) any(grepl(elsewhere, readLines(file, warn = FALSE)))
  c(unlist(found), sprintf("%s fetches from elsewhere", Filter(fetches, styles)))
}
