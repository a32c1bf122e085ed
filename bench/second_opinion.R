# The randomisation test: are its p-values uniform where nothing has an effect, and do they rank hits as the lfsr does?
#
#   Rscript second_opinion.R FIRST_SEED N [N_RESAMPLES]
#
# N screens of size `weak` without effects (all genes tested; one day of each gene counts, since days are correlated),
# and N with sparse effects (hits tested).

library(fatebias)

arguments <- as.integer(commandArgs(TRUE))
first_seed <- arguments[[1]]
n <- arguments[[2]]
n_resamples <- if (length(arguments) > 2) arguments[[3]] else 1000L

fitted <- function(seed, ...) {
  files <- simulate_screen(tempfile(), preset = "weak", seed = seed, ...)
  screen <- read_screen(files$screen, files$guide_map)
  fit_fate_bias(screen, inference = "laplace", threads = 1L, out_dir = tempfile(), progress = FALSE)
}

none <- lapply(seq_len(n), function(k) {
  fit <- fitted(first_seed + k, effects = "none", labels = c("dirichlet", "onehot")[[1 + k %% 2]])
  tested <- randomisation_test(fit, fit$gene$gene, n_resamples = n_resamples)
  set.seed(k)
  tested[, .SD[sample(.N, 1)], by = "gene"]$p_value
})
p <- unlist(none)
cat(sprintf(
  "no effects: %d p-values; Kolmogorov-Smirnov p = %.3f; below .05: %.4f, below .01: %.4f, below .001: %.4f\n", length(p),
  suppressWarnings(stats::ks.test(p, "punif"))$p.value, mean(p < 0.05), mean(p < 0.01), mean(p < 0.001)
))

ranks <- lapply(seq_len(n), function(k) {
  fit <- fitted(first_seed + 100 + k)
  mash <- run_mash(fit)
  hits <- as.data.frame(rank_hits(mash, randomisation_test(fit, n_resamples = n_resamples)))
  hits <- hits[hits$hit_anyday, ]
  columns <- function(name) unlist(hits[paste0(name, "_d", 0:3)], use.names = FALSE)
  best <- cbind(seq_len(nrow(hits)), hits$best_day + 1)
  p <- as.matrix(hits[paste0("p_random_d", 0:3)])
  data.frame(
    hits = nrow(hits), by_gene = stats::cor(p[best], hits$lfsr_min, method = "spearman"),
    by_gene_and_day = stats::cor(columns("p_random"), columns("lfsr"), method = "spearman"),
    below_05_on_best_day = mean(p[best] < 0.05)
  )
})
ranks <- do.call(rbind, ranks)
cat("sparse effects, hits: rank correlation of p-value and lfsr\n")
print(rbind(ranks, colMeans(ranks)), digits = 3)
