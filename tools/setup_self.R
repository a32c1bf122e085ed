# Installs the package of this clone where the installed one was built from other sources. The hash of the
# sources is kept within the installed package. Usage: Rscript setup_self.R CLONE

SOURCES <- c("DESCRIPTION", "NAMESPACE", "R", "inst", "man")
HASH_FILE <- "SOURCE_HASH"
# What Python and its tools leave behind is no source.
LEFT_BEHIND <- "__pycache__|\\.pyc$|\\.egg-info|(^|/)\\.[a-z]+_cache/|^inst/python/build/"

list_sources <- function(root) {
  paths <- file.path(root, SOURCES)
  files <- c(SOURCES[!dir.exists(paths)], unlist(lapply(SOURCES[dir.exists(paths)], function(folder) {
    file.path(folder, list.files(file.path(root, folder), recursive = TRUE, all.files = TRUE))
  })))
  files <- files[file.exists(file.path(root, files))]
  sort(files[!grepl(LEFT_BEHIND, files)], method = "radix")
}

hash_sources <- function(root) {
  files <- list_sources(root)
  listing <- tempfile()
  on.exit(unlink(listing))
  writeLines(paste(files, tools::md5sum(file.path(root, files))), listing)
  unname(tools::md5sum(listing))
}

installed_hash <- function() {
  path <- system.file(HASH_FILE, package = "fatebias")
  if (nzchar(path)) readLines(path) else ""
}

install_self <- function(root) {
  library <- .libPaths()[file.access(.libPaths(), 2) == 0][1]
  if (is.na(library)) stop("no R library can be written to: ", toString(.libPaths()), call. = FALSE)
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
    writeLines(hash, file.path(install_self(root), HASH_FILE))
  }
}

main(commandArgs(trailingOnly = TRUE)[1])
