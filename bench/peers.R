# Methods in R for truth.py and methods.py: `Rscript peers.R METHOD FROM TO [FROM TO ...]` reads FROM, writes TO.
# mash: from the folder of a fit to the table of run_mash(). limma, guide_t: from a table of means by guide
# and replicate; dirichlet: from a table of cells; to gene, day, estimate, half (of the 90 % interval), z, p.

suppressMessages(library(data.table))
arguments <- commandArgs(TRUE)

mash_table <- function(from) suppressWarnings(fatebias::run_mash(fatebias::read_fit(from)))$table

# Moderated t over units (columns `key` tell them apart) within gene and day, weighted by cells or not
moderated_t <- function(from, key, weighted) {
  units <- fread(from)
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

# Dirichlet regression of each gene and day by itself, on its number of guides, replicate and burden
dirichlet <- function(from) {
  cells <- fread(from)
  genes <- grep("^n_", names(cells), value = TRUE)
  fates <- grep("^p_", names(cells), value = TRUE)
  rbindlist(lapply(sort(unique(cells$day)), function(on) {
    own <- as.data.frame(cells[cells$day == on])
    # 0 and 1 are moved inwards, and a warning says so
    own$labels <- suppressWarnings(DirichletReg::DR_data(as.matrix(own[fates])))
    rbindlist(lapply(genes[colSums(own[genes]) > 0], function(gene) {
      own$x <- own[[gene]]
      data.table(gene = sub("^n_", "", gene), day = on, dirichlet_effect(own, fates))
    }))
  }))
}

# Effect on log(mean of fate 2 / mean of fate 1); none where the regression ends in an error, which is told
dirichlet_effect <- function(own, fates) {
  fit <- tryCatch(DirichletReg::DirichReg(labels ~ x + burden + replicate, data = own), error = identity)
  if (inherits(fit, "error")) {
    message("no Dirichlet regression: ", conditionMessage(fit))
    return(data.table(estimate = NA_real_, half = NA_real_, z = NA_real_, p = NA_real_))
  }
  names <- paste0(fates[2:1], ":x")
  v <- fit$vcov[names, names]
  estimate <- unname(fit$coefficients[names[[1]]] - fit$coefficients[names[[2]]])
  se <- sqrt(v[1, 1] + v[2, 2] - 2 * v[1, 2])
  z <- estimate / se
  data.table(estimate = estimate, half = se * stats::qnorm(0.95), z = z, p = 2 * stats::pnorm(-abs(z)))
}

run <- switch(arguments[[1]],
  mash = mash_table,
  limma = function(from) moderated_t(from, c("guide", "replicate"), weighted = TRUE),
  guide_t = function(from) moderated_t(from, "guide", weighted = FALSE),
  dirichlet = dirichlet
)
files <- matrix(arguments[-1], 2)
for (k in seq_len(ncol(files))) {
  part <- paste0(files[2, k], ".part")
  fwrite(run(files[1, k]), part)
  file.rename(part, files[2, k])
}
