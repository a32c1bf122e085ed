numbers <- function(table, prefix) unname(as.matrix(as.data.frame(table)[day_columns(table, prefix)]))

test_that("what is no contrast of a fit is refused before Python starts", {
  local_mocked_bindings(py_call = function(...) stop("Python was called"))
  fit <- example_fit()
  for (bad in list(NULL, NA_character_, "", 1, c("MES", "NEU"))) {
    expect_error(contrast_fit(fit, bad), "`contrast`", class = "fatebias_error_argument")
  }
  expect_error(contrast_fit(list(), "NEU"), class = "fatebias_error_fit")
  expect_error(contrast_fit(fit, "NEU"), "no effects of all fates", class = "fatebias_error_export")
  expect_error(run_mash(fit, contrast = "NEU"), "no effects of all fates", class = "fatebias_error_export")
  expect_identical(contrast_fit(fit, fit$manifest$contrast), fit)
  expect_error(run_mash(fit$estimate, contrast = "NEU"), class = "fatebias_error_fit")
})

test_that("Python: a contrast is the difference of what the fit says of its fates", {
  fit <- small_fit()
  of_fates <- all_fates(fit)
  weights <- list(
    NEU = c(MES = 0, NEU = 1), "NEU - MES" = c(-1, 1), "MES - (EC + NEU) / 2" = c(1, -0.5),
    "EC - rest" = c(-0.5, -0.5)
  )
  for (contrast in names(weights)) {
    w <- weights[[contrast]]
    other <- contrast_fit(fit, contrast)
    expect_s3_class(other, "fatebias_fit")
    columns <- lapply(list(fit, other), function(x) lapply(unclass(x)[contrast_fit_tables], names))
    expect_identical(columns[[2]], columns[[1]])
    along <- function(x) unname(apply(x, c(1, 2), function(values) sum(w * values)))
    expect_equal(numbers(other$estimate, "betahat"), along(of_fates$theta), tolerance = 1e-8)
    expect_equal(numbers(other$gene, "betahat"), along(of_fates$theta_mean), tolerance = 1e-8)
    expect_equal(numbers(other$guide, "betahat"), along(of_fates$beta_mean), tolerance = 1e-8)
    sd <- sqrt(apply(of_fates$beta_cov, c(1, 2), function(v) drop(w %*% v %*% w)))
    expect_equal(numbers(other$guide, "se"), unname(sd), tolerance = 1e-8)
    noise <- sapply(seq_along(fit$days), function(d) {
      apply(of_fates$noise[, d, , d, ], 1, function(v) drop(w %*% v %*% w))
    })
    expect_true(all(numbers(other$estimate, "se")^2 > noise)) # guides and replicates differ besides
    expect_identical(other$manifest$contrast, contrast)
    expect_identical(other$settings$contrast_fate, contrast)
    expect_null(other$p_value)
    expect_named(other$manifest$estimates, names(fit$manifest$estimates))
  }
  expect_named(other, names(fit))
})

test_that("Python: the fit's own contrast by other words has the fit's tables", {
  fit <- small_fit()
  same <- contrast_fit(fit, "MES - EC")
  for (table in contrast_fit_tables) {
    expect_equal(same[[table]], fit[[table]], tolerance = 1e-7, ignore_attr = TRUE)
  }
  back <- contrast_fit(contrast_fit(fit, "NEU"), "MES - EC")
  expect_equal(back$estimate, same$estimate)
})

test_that("Python: a part of a fit has the contrast of its genes", {
  fit <- small_fit()
  genes <- fit$gene$gene[c(5, 2)]
  part <- contrast_fit(fit[genes], "NEU")
  expect_identical(part$estimate$gene, genes)
  whole <- contrast_fit(fit, "NEU")
  for (table in contrast_fit_tables) {
    rows <- rows_of_genes(whole[[table]]$gene, genes)
    expect_equal(part[[table]], whole[[table]][rows], ignore_attr = TRUE)
  }
})

test_that("Python: mash of a contrast is mash of its tables, without p-values", {
  fit <- small_fit()
  result <- run_mash(fit, contrast = "NEU - MES")
  by_hand <- run_mash(contrast_fit(fit, "NEU - MES"))
  expect_identical(result$table, by_hand$table)
  expect_identical(c(result$contrast, result$reference), c("NEU", "MES"))
  expect_true(all(is.na(result$table$p_gene)))
  expect_false(anyNA(run_mash(fit)$table$p_gene))
  expect_equal(day_matrix(result$table, "betahat"), day_matrix(by_hand$table, "betahat"))
  guide <- suppressWarnings(run_mash(fit, "guide", contrast = "NEU - MES")) # few guides: no V
  expect_equal(day_matrix(guide$table, "betahat"), day_matrix(contrast_fit(fit, "NEU - MES")$guide, "betahat"))
})

test_that("Python: fates that the fit has not are refused, with what a contrast may be", {
  expect_error(
    contrast_fit(small_fit(), "NEU - Mes"), "no fate 'Mes', the nearest one is 'MES'",
    class = "fatebias_error_screen"
  )
})

test_that("Python: draws of the fit's contrast are not those of another", {
  fit <- contrast_fit(small_fit(), "NEU")
  fit$files[[draws_file]] <- fit$files[[all_fates_file]]
  expect_error(posterior_draws(fit), "draws are of \"MES\", not of \"NEU\"", class = "fatebias_error_export")
})
