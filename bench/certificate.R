# How often is a right model flagged, and a wrong one? Certificates of simulated screens (certificate_screens.py).
#
#   Rscript certificate.R FOLDER FIRST_SEED N [PERMUTATIONS SPLITS BOOTSTRAPS]
#
# Makes N screens of the right kinds together and of each wrong one (labels are smoothed with and without effects in
# turn; logit-normal labels, where the model is nearly right, on every fourth seed), certifies each (by default with 20
# permutations, 10 splits of the controls, 20 bootstraps), and writes FOLDER/certificates_FIRST_SEED.csv, one row a
# measure and screen. What is there is kept.

library(fatebias)

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
arguments <- commandArgs(TRUE)
folder <- arguments[[1]]
first_seed <- as.integer(arguments[[2]])
n <- as.integer(arguments[[3]])
sizes <- if (length(arguments) > 3) as.integer(arguments[4:6]) else c(20L, 10L, 20L)
right <- c("right_sparse", "right_none", "right_onehot", "right_walk")
smoothed <- c("smoothed", "smoothed_none")

# Kinds of the k-th screens
kinds_of <- function(k) {
  in_turn <- function(kinds) kinds[[1 + (k - 1) %% length(kinds)]]
  c(in_turn(right), "shrunk", in_turn(smoothed), "burden", if (k %% 4 == 1) "logitnormal")
}

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
  for (kind in kinds_of(k)) {
    rows[[length(rows) + 1]] <- certify_one(kind, first_seed + k - 1)
  }
}
rows <- data.table::rbindlist(rows)
data.table::fwrite(rows, file.path(folder, sprintf("certificates_%d.csv", first_seed)))

kind <- group <- pass <- seed <- measure <- check <- NULL
rows[, group := sub("_.*", "", kind)]
flagged <- rows[, list(flagged = any(!pass)), by = list(group, kind, seed)]
print(flagged[, list(screens = .N, flagged = sum(flagged)), by = group])
print(data.table::dcast(rows, check + measure ~ group, value.var = "pass", fun.aggregate = function(p) sum(!p)))
