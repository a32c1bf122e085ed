# The fit that the package ships was made with save_draws = "contrast".
fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
sd_population <- function(x) sqrt(mean((x - mean(x))^2))
numbers <- function(table, prefix) unname(as.matrix(as.data.frame(table)[paste0(prefix, "_d", 0:3)]))

test_that("means and SDs of the draws are the tables of the same fit", {
  draws <- posterior_draws(fit)
  expect_identical(dim(draws$theta), c(400L, 40L, 4L))
  for (level in list(list("theta", fit$gene), list("beta", fit$guide))) {
    x <- unname(draws[[level[[1]]]])
    expect_equal(apply(x, 2:3, mean), numbers(level[[2]], "betahat"), tolerance = 1e-8)
    expect_equal(apply(x, 2:3, sd_population), numbers(level[[2]], "se"), tolerance = 1e-8)
  }
  delta <- rowsum(colMeans(draws$delta), fit$guide$gene)[fit$qc_delta$gene, ] / fit$qc_delta$n_guides
  expect_equal(unname(delta), fit$qc_delta$delta_mean_gene, tolerance = 1e-8)
  expect_identical(dimnames(draws$beta), list(NULL, fit$guide$guide, fit$days))
})

test_that("the covariance between days is that of the table", {
  theta <- posterior_draws(fit["GENE00002"], "theta")$theta[, 1, ]
  by_hand <- crossprod(sweep(theta, 2, colMeans(theta))) / nrow(theta)
  rows <- fit$cov[fit$cov$gene == "GENE00002"]
  expect_equal(by_hand[cbind(rows$day_1, rows$day_2) + 1], rows$theta_cov, tolerance = 1e-8)
})

test_that("a part has the draws of its genes and guides, and of the variables asked for", {
  whole <- posterior_draws(fit)
  genes <- c("GENE00005", "GENE00002")
  part <- posterior_draws(fit[genes], c("delta", "theta"))
  expect_named(part, c("delta", "theta"))
  expect_identical(part$theta, whole$theta[, genes, ])
  expect_identical(part$delta, whole$delta[, fit[genes]$guide$guide])
  expect_error(posterior_draws(fit, "gamma"), "variables", class = "fatebias_error_argument")
})

test_that("draws of every fate have one more axis", {
  # 3 draws, 2 genes, 2 fates, 2 days; 3 guides
  theta <- array(seq_len(24), c(3, 2, 2, 2))
  delta <- array(100 * seq_len(18), c(3, 3, 2))
  labels <- list(c("MES", "NEU"), c("d0", "d7"))
  a <- part_of_draws(theta, c("A", "B"), c("B", "A"), labels)
  b <- part_of_draws(delta, c("a1", "b1", "b2"), c("b2", "a1"), labels[1])
  expect_identical(a[2, "A", "NEU", "d7"], theta[2, 1, 2, 2])
  beta <- beta_draws(a, b, gene = c(1L, 2L))
  expect_identical(dimnames(beta), c(list(NULL, c("b2", "a1")), labels))
  for (fate in 1:2) for (day in 1:2) {
    expect_identical(beta[, 1, fate, day], theta[, 2, fate, day] + delta[, 3, fate])
    expect_identical(beta[, 2, fate, day], theta[, 1, fate, day] + delta[, 1, fate])
  }
})

test_that("formats of posterior have the same draws under names", {
  skip_if_not_installed("posterior")
  part <- fit[c("GENE00005", "GENE00002")]
  draws <- posterior_draws(part)
  m <- posterior::as_draws_matrix(part)
  expect_equal(as.vector(m[, "theta[GENE00002,d3]"]), unname(draws$theta[, "GENE00002", "d3"]))
  expect_equal(as.vector(m[, "beta[GENE00005_sg2,d1]"]), unname(draws$beta[, "GENE00005_sg2", "d1"]))
  expect_equal(as.vector(m[, "delta[GENE00005_sg2]"]), unname(draws$delta[, "GENE00005_sg2"]))
  r <- posterior::as_draws_rvars(part)
  expect_identical(posterior::variables(posterior::as_draws_matrix(r)), posterior::variables(m))
  expect_equal(posterior::as_draws_matrix(r), m, ignore_attr = TRUE)
  expect_identical(dim(r$theta), c(2L, 4L))
  for (as in list(posterior::as_draws_array, posterior::as_draws_df, posterior::as_draws)) {
    expect_identical(posterior::ndraws(as(part)), 400L)
    expect_identical(posterior::nchains(as(part)), 1L)
  }
  table <- posterior::summarise_draws(posterior::as_draws(part, variables = "theta"), "mean")
  expect_equal(table$mean, as.vector(numbers(part$gene, "betahat")), tolerance = 1e-8)
})

test_that("without draws it is said how to get them; also where their file is gone or another's", {
  expect_error(posterior_draws(example_fit()), "save_draws = \"contrast\"", class = "fatebias_error_export")
  folder <- withr::local_tempdir()
  file.copy(list.files(fit$out_dir, full.names = TRUE), folder)
  copy <- read_fit(folder)
  manifest <- file.path(folder, "fit_manifest.json")
  lines <- sub("(\"created\": \")[^\"]*", "\\12099-01-01T00:00:00+00:00", readLines(manifest))
  writeLines(lines, manifest)
  expect_error(posterior_draws(copy), "later fit", class = "fatebias_error_export")
  unlink(copy$files[["posterior_draws.npz"]])
  expect_error(posterior_draws(copy), "no longer at", class = "fatebias_error_export")
  expect_error(posterior_draws("folder"), "fit", class = "fatebias_error_argument")
})
