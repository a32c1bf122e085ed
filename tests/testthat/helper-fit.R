# A small fit with known values, and QC tables computed from effects by their definition, so that a
# corrupted effect reaches the tables as it would in an export.

# Relative tolerance for numbers of mash and ash that were computed twice. The last digits depend on the
# processor, the threads and the way that the numbers took; the optimiser of mixture weights carries them up
# to 2e-11 of a number (kernels of three generations of processors, one and two threads). An error of the
# method is far larger.
same_numbers <- 1e-8

example_fit <- function() read_fit(test_path("fixtures", "fit"))

n_days_of <- function(table) length(grep("^betahat_d", names(table)))

betahat <- function(table) as.matrix(as.data.frame(table)[grep("^betahat_d", names(table))])

# delta of a guide: what is left of beta after the theta that the model used, the same on all days
qc_tables_of <- function(gene, guide, delta) {
  group <- factor(guide$gene, levels = gene$gene)
  mean_by_gene <- function(x) unname(rowsum(as.matrix(x), group) / as.vector(table(group)))
  delta_mean <- as.vector(mean_by_gene(delta))
  delta_sd <- sqrt(as.vector(mean_by_gene((delta - delta_mean[group])^2)))
  offset <- mean_by_gene(betahat(guide)) - betahat(gene)
  sd_population <- function(x) sqrt(rowMeans((x - rowMeans(x))^2))
  n <- as.vector(table(group))
  theta <- betahat(gene)
  days <- seq_len(ncol(theta)) - 1L
  centering <- cbind(theta, theta - rowMeans(theta))
  colnames(centering) <- c(paste0("theta_mean_d", days), paste0("theta_centered_d", days))
  list(
    qc_delta_mean_by_gene = data.frame(
      gene = gene$gene, n_guides = n, delta_mean_gene = delta_mean, delta_sd_gene = delta_sd
    ),
    qc_theta_beta_offset_by_gene = data.frame(
      gene = gene$gene, n_guides = n, offset_mean = rowMeans(offset),
      offset_sd_across_days = sd_population(offset)
    ),
    qc_theta_day_centering = data.frame(gene = gene$gene, centering)
  )
}

delta_of <- function(fit) {
  theta <- betahat(fit$gene)[match(fit$guide$gene, fit$gene$gene), ]
  rowMeans(betahat(fit$guide) - theta)
}

# A copy of a fit in a temporary folder, whose QC tables follow from (corrupted) effects
corrupted_fit <- function(fit, gene = fit$gene, guide = fit$guide, delta = delta_of(fit),
                          folder = withr::local_tempdir(.local_envir = parent.frame())) {
  file.copy(list.files(fit$out_dir, full.names = TRUE), folder)
  tables <- c(
    list(gene_daywise_for_mash = gene, guide_daywise_for_mash = guide), qc_tables_of(gene, guide, delta)
  )
  for (name in names(tables)) data.table::fwrite(tables[[name]], file.path(folder, paste0(name, ".csv")))
  sign_again(folder)
  read_fit(folder)
}

# The manifest of a folder whose files a test has changed, as if the fit had written them so
sign_again <- function(folder) {
  path <- file.path(folder, "fit_manifest.json")
  manifest <- jsonlite::read_json(path)
  for (name in names(manifest$contents)) {
    file <- file.path(folder, name)
    manifest$contents[[name]] <- list(bytes = file.size(file), sha256 = cli::hash_file_sha256(file))
  }
  jsonlite::write_json(manifest, path, auto_unbox = TRUE, null = "null", digits = NA)
}
