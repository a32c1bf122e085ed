# One method in R on one screen: `Rscript methods_one.R METHOD WHERE` writes WHERE/METHOD.csv (gene, day, estimate, se, p,
# and lfsr where mash gives one). METHOD: fatebias (engine laplace, then mash); autonormal (preset plain: AutoNormal, weight 1, the first
# specification); limma; dirichlet_regression.

library(data.table)

arguments <- commandArgs(TRUE)
where <- arguments[[2]]
cell <- guide <- gene <- day <- y <- NULL

by_fatebias <- function(...) {
  library(fatebias)
  screen <- read_screen(file.path(where, "screen.h5ad"), file.path(where, "guide_map.csv"))
  fit <- fit_fate_bias(screen, ..., threads = 1L, out_dir = tempfile(), progress = FALSE)
  long <- as.data.table(tidy(run_mash(fit)))
  z <- long$estimate / long$std.error
  data.table(
    gene = long$gene, day = match(long$day, fit$days) - 1L, estimate = long$postmean, se = long$postsd, lfsr = long$lfsr,
    p = 2 * stats::pnorm(-abs(z))
  )
}

read_cells <- function() fread(file.path(where, "cells.csv"))
read_carried <- function() fread(file.path(where, "carried.csv"))

# Moderated t over guides of (mean log-ratio of the guide's cells - that of all cells), by gene and day, weighted by cells
limma <- function() {
  cells <- read_cells()
  carried <- read_carried()
  carried <- data.table(carried, cells[carried$cell + 1, c("day", "y")])
  overall <- cells[, list(overall = mean(y)), by = "day"]
  bulk <- merge(carried[, list(mean = mean(y), cells = .N), by = c("gene", "day", "guide")], overall, by = "day")
  bulk[, k := seq_len(.N), by = c("gene", "day")]
  bulk[, shift := mean - overall]
  wide <- function(value) dcast(bulk, gene + day ~ k, value.var = value)
  shift <- wide("shift")
  weights <- as.matrix(wide("cells")[, -(1:2)])
  weights[is.na(weights)] <- 0
  fit <- limma::eBayes(limma::lmFit(as.matrix(shift[, -(1:2)]), weights = weights))
  data.table(
    shift[, 1:2], estimate = fit$coefficients[, 1], se = fit$stdev.unscaled[, 1] * sqrt(fit$s2.post), p = fit$p.value[, 1]
  )
}

# Dirichlet regression of each gene and day by itself, on its number of guides, replicate and burden
dirichlet_regression <- function() {
  cells <- read_cells()
  carried <- read_carried()
  fates <- grep("^p_", names(cells), value = TRUE)
  rbindlist(lapply(sort(unique(cells$day)), function(on) {
    rows <- which(cells$day == on)
    own <- as.data.frame(cells[rows])
    own$labels <- suppressWarnings(DirichletReg::DR_data(as.matrix(own[fates]))) # moves 0 and 1 inwards, and says so
    counts <- carried[(cell + 1) %in% rows, .N, by = c("gene", "cell")]
    rbindlist(lapply(split(counts, by = "gene"), function(of_gene) {
      own$x <- 0
      own$x[match(of_gene$cell + 1, rows)] <- of_gene$N
      data.table(gene = of_gene$gene[[1]], day = on, dirichlet_effect(own, fates))
    }))
  }))
}

# Effect on log(mean of fate 2 / mean of fate 1), with its SE; none where the regression ends in an error, which is told
dirichlet_effect <- function(own, fates) {
  fit <- tryCatch(DirichletReg::DirichReg(labels ~ x + burden + replicate, data = own), error = identity)
  if (inherits(fit, "error")) {
    message("no Dirichlet regression: ", conditionMessage(fit))
    return(data.table(estimate = NA_real_, se = NA_real_, p = NA_real_))
  }
  names <- paste0(fates[2:1], ":x")
  v <- fit$vcov[names, names]
  estimate <- unname(fit$coefficients[names[[1]]] - fit$coefficients[names[[2]]])
  se <- sqrt(v[1, 1] + v[2, 2] - 2 * v[1, 2])
  data.table(estimate = estimate, se = se, p = 2 * stats::pnorm(-abs(estimate / se)))
}

found <- switch(arguments[[1]],
  fatebias = by_fatebias(inference = "laplace"),
  autonormal = by_fatebias(preset = "plain"),
  limma = limma(),
  dirichlet_regression = dirichlet_regression()
)
fwrite(found, file.path(where, paste0(arguments[[1]], ".csv")))
