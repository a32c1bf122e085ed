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

# A copy of a fit with the files on guides and replicates: guides scatter around their gene's estimate, each
# left out in turn, replicates differ by what `shift` says (log odds, replicate by replicate).
fit_with_guides <- function(fit = example_fit(), guide_sd = 0.1, shift = c(r1 = 0.02, r2 = -0.02),
                            folder = withr::local_tempdir(.local_envir = parent.frame())) {
  file.copy(list.files(fit$out_dir, full.names = TRUE), folder)
  tables <- guide_tables(fit, guide_sd, shift)
  for (name in names(tables)) data.table::fwrite(tables[[name]], file.path(folder, name))
  path <- file.path(folder, "fit_manifest.json")
  manifest <- jsonlite::read_json(path)
  manifest$files <- as.list(c(unlist(manifest$files), names(tables)))
  if (!is.null(manifest$contents)) manifest$contents[names(tables)] <- list(list())
  manifest$settings$estimand <- "gene"
  manifest$estimates <- c(manifest$estimates, list(
    estimand = "gene", guide_sd = guide_sd, guide_sd_df = 4, guide_day_sd = 0.05,
    guide_profile = as.list(rep(1, length(fit$days))), replicate_sd = as.list(rep(0.05, length(fit$days))),
    replicate_constant_share = 0.64, n_replicates = length(shift)
  ))
  manifest$screen$replicates <- as.list(names(shift))
  jsonlite::write_json(manifest, path, auto_unbox = TRUE, null = "null", digits = NA)
  sign_again(folder)
  read_fit(folder)
}

guide_tables <- function(fit, guide_sd, shift) {
  names <- as.data.frame(fit$guide)[c("guide", "gene")]
  row <- match(names$gene, fit$estimate$gene)
  n <- as.vector(table(names$gene)[names$gene])
  of_gene <- betahat(fit$estimate)[row, ]
  se <- as.matrix(as.data.frame(fit$estimate)[grep("^se_d", names(fit$estimate))])[row, ]
  u <- withr::with_seed(3, matrix(rnorm(length(of_gene), sd = guide_sd), nrow(of_gene)))
  u <- apply(u, 2, function(day) day - ave(day, names$gene))
  lone <- n == 1
  n_days <- ncol(of_gene)
  by_replicate <- expand.grid(
    gene = fit$estimate$gene, day = seq_len(n_days) - 1L, replicate = names(shift), stringsAsFactors = FALSE
  )
  at <- cbind(match(by_replicate$gene, fit$estimate$gene), by_replicate$day + 1L)
  by_replicate$betahat <- betahat(fit$estimate)[at] + shift[by_replicate$replicate]
  by_replicate$se <- 0.1
  one <- length(shift) < 2
  list(
    guide_daywise_likelihood.csv = cbind(names, of_gene + u, se * sqrt(n)),
    guide_daywise_left_out.csv = cbind(names, of_gene - u / (n - 1), se * sqrt(n / (n - 1)))[!lone, ],
    gene_daywise_by_replicate.csv = by_replicate[if (one) 0 else TRUE, ],
    gene_heterogeneity.csv = data.frame(
      gene = fit$estimate$gene, n_guides = as.vector(table(names$gene)[fit$estimate$gene]),
      guide_sd = guide_sd, guide_share = 0.2, replicate_q = if (one) NA else 3,
      replicate_df = if (one) NA else n_days,
      replicate_p = if (one) NA else pchisq(3, n_days, lower.tail = FALSE)
    )
  )
}

# Ranked hits of genes whose effects are known: one row a gene, one column a day; `called` likewise
hits_of <- function(effects, called = abs(effects) > 0.5, days = c("0h", "48h"), ...) {
  effects <- as.matrix(effects)
  table <- data.table::data.table(
    gene = rownames(effects), hit_anyday = rowSums(called) > 0,
    lfsr_min = ifelse(rowSums(called) > 0, 0.01, 0.4), best_day = max.col(abs(effects), "first") - 1L
  )
  lfsr <- ifelse(called, 0.01, 0.4)
  blocks <- list(
    betahat = effects, se = 0 * effects + 0.1, postmean = effects, postsd = 0 * effects + 0.1, lfsr = lfsr,
    call = called
  )
  for (name in names(blocks)) {
    for (d in seq_len(ncol(effects))) {
      data.table::set(table, j = paste0(name, "_d", d - 1L), value = unname(blocks[[name]][, d]))
    }
  }
  data.table::set(table, j = "call_anyday", value = table$hit_anyday)
  new_hits(table, list(days = days, lfsr_thresh = 0.05, contrast = "MES", reference = "EC", ...))
}
