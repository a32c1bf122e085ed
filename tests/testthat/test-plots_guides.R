fit <- example_fit()
result <- run_mash(fit, settings = fate_settings())

# Of each gene and day: the mean of its guides over its estimate, and whether it lies outside all of them
beside_gene <- function(x, fit) {
  points <- as.data.frame(plot_gene_data(x, fit, x$table$gene, fates = FALSE))
  guides <- points[points$source == "guide", ]
  keys <- function(rows) paste(rows$gene, rows$day)
  gene <- points[points$source == "estimate", ]
  value <- gene$value[match(keys(guides), keys(gene))]
  list(
    difference = tapply(guides$value, keys(guides), mean) - tapply(value, keys(guides), mean),
    outside = tapply(guides$value - value, keys(guides), function(d) all(d > 1e-9) || all(d < -1e-9))
  )
}

test_that("guides have the mean of their gene's estimate, and none lies outside all its guides", {
  by_posterior <- run_mash(fit, input = "posterior", settings = fate_settings())
  beside <- list(
    moved = beside_gene(result, fit), own = beside_gene(result, fit_with_guides()),
    posterior = beside_gene(by_posterior, fit)
  )
  for (kind in names(beside)) {
    expect_lt(max(abs(beside[[kind]]$difference), na.rm = TRUE), 1e-3, label = kind)
    expect_identical(sum(beside[[kind]]$outside, na.rm = TRUE), 0L, label = kind)
  }
})

test_that("so it is in the fit that examples read, over which the report is tried", {
  example <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
  of_example <- run_mash(example)
  beside <- beside_gene(of_example, example)
  expect_lt(max(abs(beside$difference), na.rm = TRUE), 1e-6)
  expect_false(any(beside$outside, na.rm = TRUE))
  posterior_mean <- tapply(example$guide$betahat_d2, example$guide$gene, mean)[example$estimate$gene]
  large <- abs(example$estimate$betahat_d2) > 0.5 # their guides' posterior means are on another scale
  expect_lt(mean(posterior_mean[large] / example$estimate$betahat_d2[large]), 0.95)
  example["guide_estimate"] <- list(NULL) # as a fit of an earlier version
  beside <- beside_gene(of_example, example)
  expect_lt(max(abs(beside$difference), na.rm = TRUE), 1e-3)
  expect_false(any(beside$outside, na.rm = TRUE))
})

test_that("distances of guides from their gene are those of the posterior where they have no estimates", {
  points <- plot_gene_data(result, fit, genes = "G05")
  guides <- points[points$source == "guide" & points$day == "d4"]
  row <- function(table) table[table$gene == "G05"]
  deviation <- fit$guide$betahat_d2[match(guides$guide, fit$guide$guide)] - row(fit$gene)$betahat_d2
  expect_equal(guides$value, row(fit$estimate)$betahat_d2 + deviation)
  by_posterior <- run_mash(fit, input = "posterior", settings = fate_settings())
  told <- unwrapped(plot_gene(by_posterior, fit, "G05"))
  expect_match(told, "Guides: posterior means, as the gene's estimate")
})

test_that("guides of one contrast are not drawn beside genes of another", {
  other <- result
  other$contrast <- "NEU"
  other$table <- data.table::copy(result$table)
  data.table::set(other$table, j = "betahat_d0", value = other$table$betahat_d0 + 0.1)
  expect_error(plot_gene(other, fit), "effect on NEU against EC.*contrast_fit", class = "fatebias_error_mash")
})

test_that("guides: beta, theta and intervals from the tables of the fit", {
  guides <- plot_guides_data(fit, "G05", level = 0.9)
  expect_identical(nrow(guides), 4L * sum(fit$guide$gene == "G05"))
  one <- guides[guides$day == "d10"][2]
  row <- fit$guide[fit$guide$guide == as.character(one$guide)]
  expect_identical(one$beta, row$betahat_d3)
  expect_equal(one$beta_low, row$betahat_d3 - 1.644854 * row$se_d3, tolerance = 1e-6)
  theta <- fit$gene[fit$gene$gene == "G05"]
  expect_identical(one$theta, theta$betahat_d3)
  expect_equal(one$theta_high, theta$betahat_d3 + 1.644854 * theta$se_d3, tolerance = 1e-6)
})

test_that("without names the genes with the largest effect in SDs are drawn", {
  z <- abs(betahat(fit$gene)) / as.matrix(as.data.frame(fit$gene)[paste0("se_d", 0:3)])
  strongest <- fit$gene$gene[order(-apply(z, 1, max))[1:2]]
  expect_identical(levels(plot_guides_data(fit, n = 2)$gene), strongest)
})

test_that("unknown genes and other things are refused", {
  expect_error(plot_guides(fit, "G5"), "no gene 'G5'", class = "fatebias_error_argument")
  expect_error(plot_guides(result), "read_fit", class = "fatebias_error_fit")
})

test_that("pictures", {
  expect_drawn(plot_guides(fit))
  expect_drawn(plot_guides(fit, fit$gene$gene[[1]]))
  expect_picture("guides", plot_guides(fit, c("G05", "G06")))
})
