# Verdicts and calls over three contrasts against the truth.
#
#   python bench/verdicts_screens.py FOLDER --landscapes DIR; Rscript bench/verdicts.R FOLDER
#
# Prints, by kind of screen: calls at lfsr < .05 over three contrasts x days, the share with a wrong sign or
# without an effect, the expected share (mean lfsr), the share of effects above .3 that are called; verdicts
# said with P >= .9, the share that are right, the same of verdicts that are a change; CPU seconds of the
# verdicts of a screen.

suppressMessages(library(data.table))
library(fatebias)

contrasts <- c("MES", "NEU", "NEU - MES")
margin <- 2 # percentage points
fates <- c("EC", "MES", "NEU")

effects_of <- function(changes) {
  wide <- dcast(changes, gene + day ~ fate, value.var = "effect")
  rbindlist(list(
    wide[, .(gene, day, contrast = "MES", truth = MES)], wide[, .(gene, day, contrast = "NEU", truth = NEU)],
    wide[, .(gene, day, contrast = "NEU - MES", truth = NEU - MES)]
  ))
}

calls_of <- function(compared, changes) {
  table <- tidy(compared)
  table[, day := match(day, compared$days) - 1L]
  table <- merge(table, effects_of(changes), by = c("gene", "day", "contrast"))
  table[, .(
    calls = sum(call), false = sum(call & sign(effect) != sign(round(truth, 9))), expected = sum(lfsr[call]),
    effects = sum(abs(truth) > 0.3), found = sum(call & abs(truth) > 0.3)
  )]
}

verdicts_of <- function(compared, changes) {
  mean_of <- changes[, .(change = 100 * mean(change)), by = .(gene, fate)]
  mean_of <- dcast(mean_of, gene ~ fate, value.var = "change")
  told <- merge(compared$verdicts, mean_of, by = "gene")
  has <- function(list, fate) vapply(strsplit(list, ", ", fixed = TRUE), function(own) fate %in% own, TRUE)
  right <- rep(TRUE, nrow(told))
  for (fate in fates) {
    truth <- (told[[fate]] > margin) - (told[[fate]] < -margin)
    right <- right & truth == has(told$raised, fate) - has(told$lowered, fate)
  }
  sure <- told$probability >= 0.9
  change <- told$verdict != "no change seen"
  data.table(
    genes = nrow(told), sure = sum(sure), right = sum(right & sure), sure_changes = sum(sure & change),
    right_changes = sum(right & sure & change)
  )
}

measure <- function(folder) {
  fit <- read_fit(file.path(folder, "fit"))
  changes <- fread(file.path(folder, "changes.csv"))
  compared <- suppressWarnings(compare_contrasts(fit, contrasts, margin = margin))
  again <- system.time(compare_contrasts(fit, mash = compared$mash[[1]], margin = margin))
  data.table(
    screen = sub("_.*", "", basename(folder)), calls_of(compared, changes), verdicts_of(compared, changes),
    seconds = sum(again[1:2])
  )
}

folder <- commandArgs(TRUE)[[1]]
screens <- list.dirs(folder, recursive = FALSE)
found <- rbindlist(lapply(screens[file.exists(file.path(screens, "changes.csv"))], measure))
share <- function(x, of) sprintf("%.3f", sum(x) / sum(of))
print(found[, .(
  screens = .N, calls = sum(calls), false = share(false, calls), expected = share(expected, calls),
  power = share(found, effects), genes = sum(genes), sure = sum(sure), right = share(right, sure),
  sure_changes = sum(sure_changes), right_changes = share(right_changes, sure_changes),
  seconds = sprintf("%.2f", mean(seconds))
), by = screen])
