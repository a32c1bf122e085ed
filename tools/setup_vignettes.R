# The articles in the installed package, so that vignette() finds them. R CMD INSTALL of a folder leaves them
# out, and R CMD build runs their code, which takes minutes. Here the code is shown and not run, but for a
# page of one chunk, which shows a file.

pages_hash <- "PAGES_HASH" # in doc/: of the articles that the pages there were made from

hash_articles <- function(files) {
  listing <- tempfile()
  on.exit(unlink(listing))
  writeLines(paste(basename(files), tools::md5sum(files)), listing)
  unname(tools::md5sum(listing))
}

list_articles <- function(root) {
  files <- list.files(file.path(root, "vignettes"), "[.]Rmd$", full.names = TRUE)
  sort(files, method = "radix")
}

# What the installed package has of pages, kept over an installation; a folder, empty where there are none.
keep_pages <- function(package) {
  kept <- tempfile("pages-")
  dir.create(kept)
  files <- file.path(package, c("doc", "Meta/vignette.rds"))
  if (nzchar(package) && file.exists(file.path(package, "doc", pages_hash))) {
    file.copy(files, kept, recursive = TRUE)
  }
  kept
}

put_pages <- function(from, package) {
  unlink(file.path(package, "doc"), recursive = TRUE)
  file.copy(file.path(from, "doc"), package, recursive = TRUE)
  file.copy(file.path(from, "vignette.rds"), file.path(package, "Meta"), overwrite = TRUE)
  invisible()
}

pages_are_of <- function(folder, hash) {
  path <- file.path(folder, "doc", pages_hash)
  file.exists(path) && identical(readLines(path), hash)
}

title_of <- function(file) {
  line <- grep("VignetteIndexEntry", readLines(file, encoding = "UTF-8"), value = TRUE, fixed = TRUE)[1]
  sub(".*VignetteIndexEntry[{](.*)[}].*", "\\1", line)
}

# A page without running its code, and a line on top that says so; numbers in the text stand as the code that
# finds them.
make_page <- function(file, folder) {
  here <- file.path(folder, basename(file))
  lines <- gsub("`r ([^`]+)`", "`\\1`", readLines(file, encoding = "UTF-8"))
  end <- which(lines == "---")[2]
  one_chunk <- sum(grepl("^```[{]r", lines)) == 1
  note <- "> The code of this page was not run. With its output the page is part of the site: `make site`."
  writeLines(append(lines, if (!one_chunk) c("", note), end), here, useBytes = TRUE)
  hooks <- knitr::opts_hooks$get()
  on.exit(knitr::opts_hooks$restore(hooks)) # else this process runs no code of any page that is knitted later
  knitr::opts_hooks$set(eval = function(options) {
    options$eval <- one_chunk
    options
  })
  rmarkdown::render(here, quiet = TRUE, envir = new.env(), knit_root_dir = dirname(file))
  file.copy(file, here, overwrite = TRUE)
  knitr::purl(file, sub("[.]Rmd$", ".R", here), quiet = TRUE)
}

make_pages <- function(files, hash) {
  made <- tempfile("pages-")
  doc <- file.path(made, "doc")
  dir.create(doc, recursive = TRUE)
  for (file in files) make_page(file, doc)
  names <- sub("[.]Rmd$", "", basename(files))
  index <- data.frame(
    File = paste0(names, ".Rmd"), Title = vapply(files, title_of, "", USE.NAMES = FALSE),
    PDF = paste0(names, ".html"), R = paste0(names, ".R"), stringsAsFactors = FALSE
  )
  index$Depends <- index$Keywords <- rep(list(character()), length(files))
  saveRDS(index, file.path(made, "vignette.rds"))
  writeLines(hash, file.path(doc, pages_hash))
  made
}

# Pages that are up to date, in the package; `kept` are those of the package that was there before.
ensure_pages <- function(root, package, kept) {
  files <- list_articles(root)
  hash <- hash_articles(files)
  if (pages_are_of(package, hash)) return(invisible())
  if (pages_are_of(kept, hash)) return(put_pages(kept, package))
  if (!rmarkdown::pandoc_available("2.0")) return(message("set-up: without pandoc no pages for vignette()"))
  message("set-up: the pages of vignette()")
  put_pages(make_pages(files, hash), package)
}
