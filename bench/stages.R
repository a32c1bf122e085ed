# Seconds of each stage of `tar_make()`, largest memory, and size of the report: a screen is simulated, the pipeline
# laid out beside it and run, and targets' own record read.
#
#   Rscript stages.R FOLDER [PRESET] [--cells N] [--inference ENGINE]
#
# FOLDER keeps screen and results; a screen that is there is taken. PRESET is one of `python -m fatebias simulate --help`, such as real
# (default) or genome.
library(fatebias)

# Stages in the order of the report, and the targets that belong to each
stages <- list(
  read = "^screen", fit = "^fit", qc = "^qc", `mash of genes` = "^mash_gene", `mash of guides` = "^mash_guide",
  comparison = "^mash_comparison", contrasts = "^contrasts", certificate = "^(calibration|certificate|randomisation)",
  hits = "^hits", report = "^report"
)

option <- function(args, name, default) {
  at <- match(paste0("--", name), args)
  if (is.na(at)) default else args[[at + 1L]]
}

#' A folder with a screen of this preset and the pipeline beside it
lay_out <- function(folder, preset, cells, engine) {
  sizes <- list(preset = preset)
  if (!is.null(cells)) sizes$cells <- as.integer(cells)
  if (!file.exists(file.path(folder, "screen.h5ad"))) do.call(simulate_screen, c(list(folder), sizes))
  use_fatebias_pipeline(folder)
  config <- file.path(folder, "config.yaml")
  write(sprintf("inference: %s", engine), config, append = TRUE)
}

#' Seconds by stage, from the record of targets; branches are counted by their pattern
stage_seconds <- function(folder) {
  meta <- targets::tar_meta(store = file.path(folder, "_targets"), fields = c("type", "seconds"))
  meta <- meta[!is.na(meta$seconds) & meta$type != "branch", ]
  stage <- vapply(meta$name, function(name) {
    names(stages)[c(which(vapply(stages, grepl, logical(1), x = name)), NA)[[1]]]
  }, character(1))
  stage[is.na(stage)] <- "other"
  tapply(meta$seconds, factor(stage, c(names(stages), "other")), sum, default = 0)
}

main <- function(args) {
  folder <- args[[1]]
  preset <- if (length(args) > 1 && !startsWith(args[[2]], "--")) args[[2]] else "real"
  lay_out(folder, preset, option(args, "cells", NULL), option(args, "inference", "laplace"))
  made <- bench_process(folder)
  seconds <- stage_seconds(folder)
  report <- file.size(file.path(folder, "results", "report.html"))
  rows <- data.frame(
    what = c(paste(names(seconds), "s", sep = ", "), "whole, start of R included, s", "of all cores, s",
             "largest process, GB", "report, MB"),
    measured = signif(c(seconds, made, report / 2^20), 3)
  )
  cat(sprintf("| %s, `tar_make()` | measured |\n|---|---|\n", preset))
  cat(sprintf("| %s | %s |", rows$what, format(rows$measured, drop0trailing = TRUE, trim = TRUE)), sep = "\n")
}

#' `tar_make()` in a process of its own: wall seconds, seconds of all cores, GB of the largest process
bench_process <- function(folder) {
  code <- "invisible(targets::tar_make(callr_function = NULL, reporter = 'silent'))"
  log <- tempfile()
  start <- proc.time()[["elapsed"]]
  child <- processx::process$new(
    file.path(R.home("bin"), "Rscript"), c("-e", code), wd = folder, stdout = log, stderr = log
  )
  used <- c(cpu = 0, gb = 0)
  while (child$is_alive()) {
    used <- pmax(used, process_use(child$get_pid()))
    Sys.sleep(0.2)
  }
  if (child$get_exit_status() != 0) stop(paste(readLines(log), collapse = "\n"), call. = FALSE)
  c(proc.time()[["elapsed"]] - start, used)
}

#' Seconds of all cores so far and the peak of memory in GB, from /proc; 0 where a system has none, or the process ended
process_use <- function(pid) {
  tryCatch({
    stat <- strsplit(sub("^.*[)] ", "", readLines(sprintf("/proc/%d/stat", pid))), " ")[[1]]
    peak <- grep("^VmHWM", readLines(sprintf("/proc/%d/status", pid)), value = TRUE)
    c(sum(as.numeric(stat[12:13])) / 100, max(0, as.numeric(gsub("\\D", "", peak)) / 2^20)) # one that has ended has none
  }, error = function(error) c(0, 0), warning = function(warning) c(0, 0))
}

main(commandArgs(TRUE))
