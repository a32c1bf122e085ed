# The R part of equality.py: all that follows from a fit, as files beside its own.
#
#   Rscript equality.R FIT [all]
#
# mash of genes and guides, hits, and their prints; "all": also the verdicts of the certificate, the
# randomisation test, the block jackknife, ashr and control pseudo-genes. Only exported functions are used.

library(fatebias)

arguments <- commandArgs(TRUE)
out_dir <- arguments[[1]]
everything <- "all" %in% arguments[-1]
options(width = 120, cli.width = 120, cli.num_colors = 1, cli.unicode = FALSE, digits = 7)

write_one <- function(table, name) data.table::fwrite(table, file.path(out_dir, paste0(name, ".csv")))
print_one <- function(x, name) {
  writeLines(utils::capture.output(print(x)), file.path(out_dir, paste0(name, ".txt")))
}

fit <- read_fit(out_dir)
genes <- run_mash(fit)
guides <- run_mash(fit, level = "guide")
hits <- rank_hits(genes)
invisible(write_mash(genes, out_dir))
invisible(write_mash(guides, out_dir))
invisible(write_hits(hits, out_dir))
write_one(genes$covariances[, list(family, matrix, active, weight, pi)], "r_covariances")
write_one(data.table::as.data.table(genes$v$matrix), "r_v")
fit_of_mash <- data.table::data.table(loglik = genes$loglik, no_effects = genes$no_effects$posterior)
write_one(fit_of_mash, "r_fit_of_mash")
print_one(genes, "r_genes")
print_one(guides, "r_guides")
print_one(hits, "r_hits")
print_one(summary(hits), "r_hits_summary")

if (everything) {
  certificate <- certify_fit(
    fit, n_permutations = 2, n_splits = 1, n_bootstraps = 2, n_seeds = 1, progress = FALSE
  )
  write_one(certificate$checks, "r_certificate")
  write_one(certificate$rejection, "r_rejection")
  write_one(certificate$z, "r_null_z")
  write_one(certificate$stability, "r_stability")
  tested <- randomisation_test(fit, genes = sort(genes$table$gene)[1:5], n_resamples = 200)
  write_one(tested, "r_randomisation")
  write_one(rank_hits(genes, tested), "r_hits_with_randomisation")
  n_cells <- fit$manifest$screen$n_cells_file
  write_one(block_jackknife(fit, groups = rep_len(1:30, n_cells)), "r_jackknife")
  write_one(run_mash(fit, discovery_method = "ashr")$table, "r_ashr")
  screen <- read_screen(fit$manifest$screen$path, fit$manifest$screen$guide_map)
  controls <- fit_controls(screen, threads = 1L, seed = 5L, n_splits = 6)
  write_one(controls, "r_controls")
  write_one(run_mash(fit, v = "ntc", ntc = controls)$table, "r_mash_with_controls")
}
