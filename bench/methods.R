# What else a user could do: the table of all methods on all screens that methods.py made.
#
#   Rscript methods.R FOLDER
#
# Calls: Benjamini-Hochberg at .05 for methods with p-values, lfsr < .05 for mash. A call is false when the truth is 0
# or of the other sign. Power: share of true effects called. Coverage: of 90 % intervals (posterior mean +- 1.645 SD for
# mash). limma: moderated t over guides of (mean log-ratio of the guide's cells - that of all cells), by gene and day,
# weighted by cells. Every screen and method is shown.

library(fatebias)
library(data.table)

folder <- commandArgs(TRUE)[[1]]

by_limma <- function(where) {
  bulk <- fread(file.path(where, "pseudobulk.csv"))
  bulk[, k := seq_len(.N), by = c("gene", "day")]
  wide <- function(value) dcast(bulk, gene + day ~ k, value.var = value)
  mean <- wide("mean")
  weights <- as.matrix(wide("cells")[, -(1:2)])
  weights[is.na(weights)] <- 0
  fit <- limma::eBayes(limma::lmFit(as.matrix(mean[, -(1:2)]), weights = weights))
  data.table(
    mean[, 1:2], estimate = fit$coefficients[, 1], se = fit$stdev.unscaled[, 1] * sqrt(fit$s2.post), p = fit$p.value[, 1]
  )
}

by_mash <- function(where, preset) {
  fit <- read_fit(file.path(where, preset))
  long <- tidy(run_mash(fit))
  data.table(
    gene = long$gene, day = match(long$day, fit$days) - 1L, estimate = long$postmean, se = long$postsd,
    called = long$lfsr < 0.05
  )
}

methods <- list(
  "fatebias" = function(where) by_mash(where, "calibrated"),
  "AutoNormal, weight 1" = function(where) by_mash(where, "plain"),
  "least squares" = function(where) fread(file.path(where, "least_squares.csv")),
  "limma" = by_limma,
  "rank-sum" = function(where) fread(file.path(where, "rank_sums.csv"))
)
stages <- c(
  "fatebias" = "calibrated", "AutoNormal, weight 1" = "plain", "least squares" = "least_squares",
  "limma" = "pseudobulk", "rank-sum" = "rank_sums"
)

row_of <- function(where, method) {
  start <- proc.time()[["elapsed"]]
  found <- methods[[method]](where)
  seconds <- proc.time()[["elapsed"]] - start + jsonlite::read_json(file.path(where, "seconds.json"))[[stages[[method]]]]
  truth <- melt(fread(file.path(where, "truth.csv")), id.vars = "gene", value.name = "truth", variable.name = "day")
  truth[, day := as.integer(sub("theta_d", "", day))]
  found <- merge(found, truth, by = c("gene", "day"))
  if (is.null(found$called)) found[, called := p.adjust(p, "BH") < 0.05]
  found[is.na(called), called := FALSE]
  found[, wrong := called & (truth == 0 | sign(estimate) != sign(truth))]
  within <- abs(found$estimate - found$truth) < 1.645 * found$se
  data.table(
    screen = basename(where), method = method, calls = sum(found$called), false = sum(found$wrong),
    power = if (any(found$truth != 0)) sum(found$called & !found$wrong) / sum(found$truth != 0) else NA_real_,
    false_sign_rate = if (any(found$called)) sum(found$wrong) / sum(found$called) else 0,
    coverage = mean(within, na.rm = TRUE), seconds = seconds
  )
}

screens <- sort(dirname(Sys.glob(file.path(folder, "*", "seconds.json"))))
rows <- rbindlist(lapply(screens, function(where) rbindlist(lapply(names(methods), row_of, where = where))))
fwrite(rows, file.path(folder, "methods.csv"))
cat("| screen | method | calls | false | power | false sign rate | coverage, 90 % | s |\n|---|---|---|---|---|---|---|---|\n")
shown <- function(x, format) ifelse(is.na(x), "-", sprintf(format, x))
cat(sprintf(
  "| %s | %s | %d | %d | %s | %s | %s | %.1f |\n", rows$screen, rows$method, rows$calls, rows$false,
  shown(rows$power, "%.2f"), shown(rows$false_sign_rate, "%.3f"), shown(rows$coverage, "%.2f"), rows$seconds
), sep = "")
