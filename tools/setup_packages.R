# The R packages of DESCRIPTION: what the package imports and what its tests and tools suggest. Usage:
#   Rscript setup_packages.R missing DESCRIPTION              prints the names that are absent or too old
#   Rscript setup_packages.R install DESCRIPTION [REPOSITORY] installs those and no others
# FATEBIAS_NEEDS, words apart by commas, adds the fields Config/Needs/WORD.

source("tools/setup_library.R")

# Used where a user has them, and not offered by every repository: Bioconductor's, and openxlsx (Debian:
# r-cran-openxlsx).
optional <- c("SingleCellExperiment", "SummarizedExperiment", "S4Vectors", "openxlsx")

# ---- what is wanted ----

# A dependency field, "cli (>= 3.6), stats", as a table of name and least version.
parse_field <- function(text) {
  items <- trimws(strsplit(text, ",")[[1]])
  items <- items[nzchar(items)]
  pattern <- "^([[:alnum:].]+)\\s*(\\(\\s*>=\\s*([^)[:space:]]+)\\s*\\))?$"
  if (any(bad <- !grepl(pattern, items))) stop("DESCRIPTION: cannot read ", items[bad][1], call. = FALSE)
  least <- sub(pattern, "\\3", items)
  data.frame(name = sub(pattern, "\\1", items), least = ifelse(nzchar(least), least, "0"))
}

read_wanted <- function(path) {
  needs <- strsplit(Sys.getenv("FATEBIAS_NEEDS"), ",")[[1]]
  fields <- c("Depends", "Imports", "LinkingTo", "Suggests", sprintf("Config/Needs/%s", needs))
  text <- read.dcf(path, fields = fields)[1, ]
  wanted <- do.call(rbind, lapply(text[!is.na(text)], parse_field))
  base <- rownames(utils::installed.packages(priority = "base"))
  wanted[!wanted$name %in% c("R", base, optional), ]
}

is_installed <- function(name, least) {
  have <- suppressWarnings(utils::packageDescription(name, fields = "Version"))
  !is.na(have) && utils::compareVersion(have, least) >= 0
}

find_missing <- function(wanted) {
  wanted$name[!mapply(is_installed, wanted$name, wanted$least)]
}

# ---- where from ----

choose_repository <- function(address) {
  if (nzchar(address)) {
    options(repos = c(CRAN = address))
  } else if (is.null(getOption("repos")) || "@CRAN@" %in% getOption("repos")) {
    utils::chooseCRANmirror(graphics = FALSE, ind = 1)
  }
}

# ---- install ----

install_missing <- function(names, address) {
  choose_repository(address)
  offered <- rownames(utils::available.packages())
  if (length(offered) == 0) stop("no package repository answers: ", getOption("repos")[[1]], call. = FALSE)
  if (length(absent <- setdiff(names, offered)) > 0) {
    stop("the package repository has no ", toString(absent), " for this R", call. = FALSE)
  }
  # More than one process needs make and gains nothing where packages come ready-built.
  processes <- if (startsWith(address, "file:")) 1L else max(1L, parallel::detectCores(), na.rm = TRUE)
  utils::install.packages(names, lib = choose_library(), Ncpus = processes, quiet = TRUE)
}

# A package may be there and still not load, for want of a system library.
validate_loadable <- function(names) {
  for (name in names) {
    tryCatch(loadNamespace(name), error = function(e) {
      stop("R package ", name, " was not installed or does not load: ", conditionMessage(e), call. = FALSE)
    })
  }
}

main <- function(verb, description, address = "") {
  wanted <- read_wanted(description)
  missing <- find_missing(wanted)
  if (verb == "missing") {
    writeLines(missing)
  } else {
    install_missing(missing, address)
    validate_loadable(missing)
    if (length(still <- find_missing(wanted)) > 0) stop("still missing: ", toString(still), call. = FALSE)
  }
}

do.call(main, as.list(commandArgs(trailingOnly = TRUE)))
