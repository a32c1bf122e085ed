# Calls in R for truth.py. What is there is kept.
# `Rscript truth.R mash FIT...` writes mash.csv, the table of run_mash(), into each folder of a fit.
# `Rscript truth.R units FOLDER...` reads units.csv and writes limma.csv and guide_t.csv (gene, day,
# estimate, half, z, p; half: of the 90 % interval).

suppressMessages(library(data.table))
arguments <- commandArgs(TRUE)

write_mash_table <- function(where) {
  result <- suppressWarnings(fatebias::run_mash(fatebias::read_fit(where)))
  fwrite(result$table, file.path(where, "mash.csv"))
}

# Moderated t over units (columns `key` tell them apart) within gene and day, weighted by cells or not
moderated_t <- function(units, key, weighted) {
  own <- units[, list(mean = weighted.mean(mean, cells), cells = sum(cells)), by = c("gene", "day", key)]
  own[, k := seq_len(.N), by = c("gene", "day")]
  wide <- function(value) dcast(own, gene + day ~ k, value.var = value)
  means <- wide("mean")
  weights <- as.matrix(wide("cells")[, -(1:2)])
  weights[is.na(weights)] <- 0
  if (!weighted) weights <- pmin(weights, 1)
  fit <- limma::eBayes(limma::lmFit(as.matrix(means[, -(1:2)]), weights = weights))
  se <- fit$stdev.unscaled[, 1] * sqrt(fit$s2.post)
  estimate <- fit$coefficients[, 1]
  log_p <- stats::pt(-abs(estimate / se), fit$df.total, log.p = TRUE)
  data.table(
    means[, 1:2], estimate = estimate, half = se * stats::qt(0.95, fit$df.total),
    z = -sign(estimate) * stats::qnorm(log_p, log.p = TRUE), p = 2 * exp(log_p)
  )
}

write_unit_tests <- function(where) {
  units <- fread(file.path(where, "units.csv"))
  fwrite(moderated_t(units, c("guide", "replicate"), weighted = TRUE), file.path(where, "limma.csv"))
  fwrite(moderated_t(units, "guide", weighted = FALSE), file.path(where, "guide_t.csv"))
}

work <- switch(arguments[[1]],
  mash = list(run = write_mash_table, writes = "mash.csv"),
  units = list(run = write_unit_tests, writes = "guide_t.csv")
)
for (where in arguments[-1]) {
  if (!file.exists(file.path(where, work$writes))) work$run(where)
}
