# The demo: a folder demo/ as a user's project would be. A screen is simulated from the real guide library,
# with guides, samples and replicates that differ as those of life do; the pipeline runs on it, and its calls
# are compared with the truth. What is up to date is left as it is.

demo_folder <- "demo"
screen_arguments <- list(preset = "life", library = "real", genes = 298, seed = 1, cells = 25000)
large_effect <- 0.5

# ---- the project ----

has_screen <- function(folder) {
  file <- file.path(folder, "simulation.json")
  if (!file.exists(file)) return(FALSE)
  isTRUE(all.equal(jsonlite::read_json(file)[names(screen_arguments)], screen_arguments))
}

# Sets one key of a configuration file and leaves its comment.
set_key <- function(file, key, value) {
  lines <- readLines(file)
  at <- grep(sprintf("^(# )?%s:", key), lines)
  if (length(at) != 1) stop(file, " has no line for ", key, call. = FALSE)
  lines[at] <- sub("^(# )?[^#]*", sprintf("%-34s ", paste0(key, ": ", value)), lines[at])
  writeLines(lines, file)
}

# The configuration may be edited; the pipeline itself is the package's.
prepare_demo <- function(folder) {
  if (!has_screen(folder)) do.call(fatebias::simulate_screen, c(folder, screen_arguments))
  config <- file.path(folder, "config.yaml")
  if (!file.exists(config)) {
    fatebias::use_fatebias_pipeline(folder, overwrite = TRUE)
    set_key(config, "mode", "simulation")
    set_key(config, "contrasts", "[MES, NEU, MES - NEU]")
  }
  file.copy(system.file("pipeline", "_targets.R", package = "fatebias"), folder, overwrite = TRUE)
}

run_pipeline <- function(folder) {
  back <- setwd(folder)
  on.exit(setwd(back))
  targets::tar_make(reporter = "timestamp")
}

# ---- the result ----

day_matrix <- function(table, prefix, days) as.matrix(table[paste0(prefix, "_", days)])

# Calls by gene and day: false when the truth is zero or of the other sign.
compare_with_truth <- function(hits, truth, days) {
  numbers <- paste0("d", seq_along(days) - 1)
  theta <- day_matrix(truth[match(hits$gene, truth$gene), ], "theta", numbers)
  called <- day_matrix(hits, "call", days)
  right <- called & theta != 0 & sign(day_matrix(hits, "postmean", days)) == sign(theta)
  large <- abs(theta) > large_effect
  list(calls = sum(called), false = sum(called & !right), large = sum(large), found = sum(right & large))
}

show_hits <- function(hits) {
  shown <- grep("^(gene|lfsr_min|best_day|hit_anyday|postmean_.*)$", names(hits))
  rows <- utils::head(hits[shown], 10)
  rows[] <- lapply(rows, function(x) if (is.double(x)) signif(x, 3) else x)
  numbers <- grep("^postmean", names(rows))
  rows[numbers] <- lapply(rows[numbers], round, 3)
  print(rows, row.names = FALSE, width = 110)
}

show_robust <- function(hits) {
  called <- hits[hits$hit_anyday, ]
  cat(sprintf(
    "\n%d genes are hits, %d of them robust: still called with any one of their guides left out.\n",
    nrow(called), sum(called$robust %in% TRUE)
  ))
}

show_comparison <- function(found) {
  cat(sprintf(
    paste(
      "\nAgainst the truth, by gene and day: %d of the %d effects above %.1f are among the calls",
      "(%.0f %%);\n%d of %d calls are false (%.1f %%).\n"
    ),
    found$found, found$large, large_effect, 100 * found$found / found$large,
    found$false, found$calls, 100 * found$false / max(found$calls, 1)
  ))
}

main <- function() {
  prepare_demo(demo_folder)
  run_pipeline(demo_folder)
  settings <- fatebias::read_settings(file.path(demo_folder, "config.yaml"))
  file <- file.path(settings$out_dir, "hits_ranked.csv")
  hits <- utils::read.csv(file, check.names = FALSE)
  days <- fatebias::read_fit(settings$out_dir)$days
  report <- file.path(settings$out_dir, "report.html")
  cat(sprintf("\nThe report is %s, the ranked table %s\nIts first rows:\n\n", report, file))
  show_hits(hits)
  show_robust(hits)
  show_comparison(compare_with_truth(hits, utils::read.csv(file.path(demo_folder, "truth.csv")), days))
}

main()
