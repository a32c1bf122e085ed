# How often is a right model flagged, and a wrong one? Certificates of simulated screens (certificate_screens.py).
#
#   Rscript certificate.R FOLDER CHECKS FIRST_SEED N KIND [KIND ...]
#
# Makes N screens of each kind, certifies each by CHECKS (`quick`, `full` or names with commas), and writes
# FOLDER/CHECKS_KIND.csv, one row a measure and screen. What is there is kept. SEs of the kinds `shrunk` and
# `half_shrunk` are divided by 1.3 and 1.15.

library(fatebias)

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
arguments <- commandArgs(TRUE)
folder <- arguments[[1]]
checks <- arguments[[2]]
seeds <- as.integer(arguments[[3]]) + seq_len(as.integer(arguments[[4]])) - 1L
kinds <- arguments[-(1:4)]
shrinkage <- c(shrunk = 1.3, half_shrunk = 1.15)

certify_one <- function(kind, seed) {
  fit <- read_fit(file.path(folder, kind, seed, "fit"))
  if (kind %in% names(shrinkage)) {
    for (column in grep("^se_", names(fit$estimate), value = TRUE)) {
      data.table::set(fit$estimate, j = column, value = fit$estimate[[column]] / shrinkage[[kind]])
    }
  }
  certificate <- certify_fit(
    fit, strsplit(checks, ",")[[1]], progress = FALSE, n_permutations = 10, n_splits = 4, n_bootstraps = 12,
    n_seeds = 1
  )
  data.table::data.table(
    kind = kind, seed = seed, tidy(certificate), seconds = certificate$seconds,
    fit_seconds = fit$manifest$seconds$total
  )
}

python <- Sys.getenv("RETICULATE_PYTHON", "python3")
for (kind in kinds) {
  done <- file.path(folder, sprintf("%s_%s.csv", gsub(",", "-", checks), kind))
  if (!file.exists(done)) {
    system2(python, c(file.path(here, "certificate_screens.py"), folder, kind, seeds), stdout = FALSE)
    rows <- data.table::rbindlist(lapply(seeds, certify_one, kind = kind))
    data.table::fwrite(rows, done)
  }
  rows <- data.table::fread(done)
  flagged <- rows[!is.na(rows$pass) & !rows$pass]
  by <- table(sprintf("%s: %s", flagged$check, flagged$measure))
  cat(sprintf(
    "%-18s %2d of %2d flagged  (%s)  %.1f s, fit %.1f s\n", kind, length(unique(flagged$seed)),
    length(unique(rows$seed)), paste(names(by), by, collapse = "; "), mean(rows$seconds), mean(rows$fit_seconds)
  ))
}
