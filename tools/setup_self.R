# Installs the package of this clone where the installed one was built from other sources. The hash of the
# sources is kept within the installed package. Usage: Rscript setup_self.R CLONE

source("tools/setup_library.R")

source_paths <- c("DESCRIPTION", "NAMESPACE", "R", "inst", "man")
hash_file <- "SOURCE_HASH"
# What Python and its tools leave behind is no source.
left_behind <- "__pycache__|\\.pyc$|\\.egg-info|(^|/)\\.[a-z]+_cache/|^inst/python/build/"

list_sources <- function(root) {
  is_folder <- dir.exists(file.path(root, source_paths))
  within <- function(folder) {
    file.path(folder, list.files(file.path(root, folder), recursive = TRUE, all.files = TRUE))
  }
  files <- c(source_paths[!is_folder], unlist(lapply(source_paths[is_folder], within)))
  files <- files[file.exists(file.path(root, files))]
  sort(files[!grepl(left_behind, files)], method = "radix")
}

hash_sources <- function(root) {
  files <- list_sources(root)
  listing <- tempfile()
  on.exit(unlink(listing))
  writeLines(paste(files, tools::md5sum(file.path(root, files))), listing)
  unname(tools::md5sum(listing))
}

installed_hash <- function() {
  path <- system.file(hash_file, package = "fatebias")
  if (nzchar(path)) readLines(path) else ""
}

install_self <- function(root) {
  library <- choose_library()
  message("set-up: the package fatebias into ", library)
  log <- tempfile()
  arguments <- c("CMD", "INSTALL", "--no-multiarch", shQuote(paste0("--library=", library)), shQuote(root))
  status <- system2(file.path(R.home("bin"), "R"), arguments, stdout = log, stderr = log)
  if (status != 0) {
    writeLines(readLines(log), stderr())
    stop("R CMD INSTALL failed: see the lines above", call. = FALSE)
  }
  file.path(library, "fatebias")
}

main <- function(root) {
  hash <- hash_sources(root)
  if (!identical(hash, installed_hash())) {
    writeLines(hash, file.path(install_self(root), hash_file))
  }
}

main(commandArgs(trailingOnly = TRUE)[1])
