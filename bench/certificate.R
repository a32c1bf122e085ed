# How often is a right model flagged, and a wrong one? Certificates of simulated screens (certificate_screens.py).
#
#   Rscript certificate.R FOLDER FIRST_SEED N [PERMUTATIONS SPLITS BOOTSTRAPS]
#
# Makes N screens of each wrong kind and of the right ones together, certifies each (by default with 20 permutations,
# 10 splits of the controls, 20 bootstraps), and writes FOLDER/certificates.csv, one row a measure and screen. What is there is kept.

library(fatebias)

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
arguments <- commandArgs(TRUE)
folder <- arguments[[1]]
first_seed <- as.integer(arguments[[2]])
n <- as.integer(arguments[[3]])
sizes <- if (length(arguments) > 3) as.integer(arguments[4:6]) else c(20L, 10L, 20L)
right <- c("right_sparse", "right_none", "right_onehot", "right_logitnormal", "right_walk")
wrong <- c("shrunk", "smoothed", "smoothed_none", "burden")

certify_one <- function(kind, seed) {
  done <- file.path(folder, sprintf("%s_%d.csv", kind, seed))
  if (file.exists(done)) {
    return(data.table::fread(done))
  }
  python <- Sys.getenv("RETICULATE_PYTHON", "python3")
  script <- file.path(here, "certificate_screens.py")
  system2(python, c(script, folder, kind, seed), stdout = FALSE)
  certificate <- certify_fit(
    read_fit(file.path(folder, kind, seed, "fit")), progress = FALSE,
    n_permutations = sizes[[1]], n_splits = sizes[[2]], n_bootstraps = sizes[[3]], n_seeds = 1
  )
  rows <- data.table::data.table(kind = kind, seed = seed, tidy(certificate), seconds = certificate$seconds)
  data.table::fwrite(rows, done)
  rows
}

rows <- list()
for (k in seq_len(n)) {
  for (kind in c(right[[1 + (k - 1) %% length(right)]], wrong)) {
    rows[[length(rows) + 1]] <- certify_one(kind, first_seed + k - 1)
  }
}
rows <- data.table::rbindlist(rows)
data.table::fwrite(rows, file.path(folder, "certificates.csv"))

kind <- group <- pass <- seed <- measure <- check <- NULL
rows[, group := sub("_.*", "", kind)]
rows[kind == "smoothed_none", group := "smoothed, no effects"]
flagged <- rows[, list(flagged = any(!pass)), by = list(group, kind, seed)]
print(flagged[, list(screens = .N, flagged = sum(flagged)), by = group])
print(data.table::dcast(rows, check + measure ~ group, value.var = "pass", fun.aggregate = function(p) sum(!p)))
