# Installs the package of this clone where the installed one was built from other sources. The hash of the
# sources is kept within the installed package, and so is the path of the clone's Python, by which R finds it
# from any folder (R/python_plan.R). Usage: Rscript setup_self.R CLONE

source("tools/setup_library.R")
source("tools/setup_vignettes.R")

source_paths <- c("DESCRIPTION", "NAMESPACE", "R", "inst", "man")
hash_file <- "SOURCE_HASH"
python_file <- "PYTHON"
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

# Written anew only where it changed.
record_python <- function(root, package) {
  python <- file.path(root, ".venv", "bin", "python")
  record <- file.path(package, python_file)
  before <- if (file.exists(record)) readLines(record) else ""
  if (file.exists(python) && !identical(before, python)) writeLines(python, record)
}

main <- function(root) {
  hash <- hash_sources(root)
  kept <- keep_pages(system.file(package = "fatebias"))
  if (!identical(hash, installed_hash())) {
    writeLines(hash, file.path(install_self(root), hash_file))
  }
  package <- system.file(package = "fatebias")
  if (file.access(package, 2) == 0) { # a library of somebody else's may have the same sources
    record_python(root, package)
    ensure_pages(root, package, kept)
  }
}

main(commandArgs(trailingOnly = TRUE)[1])
