fit <- example_fit()

test_that("a fit, its table and its matrices give the same estimates", {
  b <- betahat(fit$gene)
  s <- as.matrix(as.data.frame(fit$gene)[paste0("se_d", 0:3)])
  rownames(b) <- rownames(s) <- fit$gene$gene
  of_fit <- mash_estimates(fit, "gene", "posterior")
  of_table <- mash_estimates(as.data.frame(fit$gene), "gene", "posterior")
  of_matrices <- mash_estimates(list(betahat = b, se = s), "gene", "posterior")
  for (other in list(of_table, of_matrices)) {
    expect_identical(
      other[c("names", "betahat", "se", "missing")], of_fit[c("names", "betahat", "se", "missing")]
    )
  }
  expect_identical(of_fit$days, c("d0", "d2", "d4", "d10"))
  expect_identical(unname(of_fit$betahat), unname(b))
})

test_that("guides come from the posterior, whatever the input", {
  fit$estimate <- fit$gene
  guides <- mash_estimates(fit, "guide", "likelihood")
  expect_identical(guides$names$guide, fit$guide$guide)
  expect_identical(guides$origin, "posterior mean and SD")
  expect_identical(mash_estimates(fit, "gene", "likelihood")$origin, "fixed-effect estimates")
})

test_that("a missing estimate is listed and made vague", {
  fit$gene$betahat_d1[3] <- NA
  fit$gene$se_d1[3] <- NA
  e <- mash_estimates(fit, "gene", "posterior")
  expect_identical(as.list(e$missing), list(name = "G03", day = "d2"))
  expect_identical(unname(e$betahat[3, 2]), 0)
  expect_identical(
    unname(e$se[3, 2]), 1000 * max(fit$gene[, paste0("se_d", 0:3), with = FALSE], na.rm = TRUE)
  )
  expect_identical(which(!e$complete), 3L)
})

test_that("what cannot be used is refused with the gene's name", {
  with_value <- function(column, value) {
    table <- data.table::copy(fit$gene)
    table[[column]][c(5, 9)] <- value
    mash_estimates(table, "gene", "posterior")
  }
  expect_snapshot(error = TRUE, {
    with_value("se_d2", 0)
    with_value("se_d2", -1)
    with_value("se_d2", NaN)
    with_value("se_d2", NA)
    with_value("betahat_d0", NaN)
    with_value("betahat_d0", Inf)
    with_value("gene", "G01")
  })
})

test_that("one day needs no time", {
  one_day <- mash_estimates(fit$gene[, c("gene", "betahat_d0", "se_d0")], "gene", "posterior")
  expect_identical(dim(one_day$betahat), c(nrow(fit$gene), 1L))
  expect_identical(one_day$times, c(d0 = 0))
  matrices <- list(betahat = cbind(all = 1:3 / 10), se = cbind(all = rep(0.1, 3)))
  unnamed <- mash_estimates(matrices, "gene", "likelihood")
  expect_identical(unnamed$times, c(all = 0))
  expect_null(unnamed$notes)
})

test_that("inputs of the wrong shape are refused", {
  expect_snapshot(error = TRUE, {
    mash_estimates(fit$gene[0], "gene", "posterior")
    mash_estimates(fit$gene[1], "gene", "posterior")
    mash_estimates(fit$gene[, !"se_d2"], "gene", "posterior")
    mash_estimates(fit$gene, "guide", "posterior")
    mash_estimates(list(betahat = diag(3)), "gene", "posterior")
    mash_estimates("results", "gene", "posterior")
    mash_estimates(replace(fit, "estimate", list(NULL)), "gene", "likelihood")
  }, transform = function(lines) gsub("in '.*fit'", "in FOLDER", lines))
  all_missing <- data.table::copy(fit$gene)
  for (column in names(all_missing)[-1]) all_missing[[column]] <- NA_real_
  expect_error(mash_estimates(all_missing, "gene", "posterior"), "All estimates are missing")
})

test_that("columns are paired by name, and must be numbers", {
  b <- betahat(fit$gene)
  s <- as.matrix(as.data.frame(fit$gene)[paste0("se_d", 0:3)])
  twice <- `colnames<-`(b, c("a", "a", "b", "c"))
  expect_snapshot(error = TRUE, {
    mash_estimates(list(betahat = b, se = s[, 4:1]), "gene", "posterior")
    mash_estimates(transform(fit$gene, se_d1 = factor(se_d1)), "gene", "posterior")
    mash_estimates(list(betahat = twice, se = unname(s)), "gene", "posterior")
  })
  real_days <- data.table::copy(fit$gene)
  data.table::setnames(real_days, sub("_d3$", "_d10", names(real_days)))
  named <- mash_estimates(real_days, "gene", "posterior")
  expect_identical(named$days, c("d0", "d1", "d2", "d10"))
  expect_identical(colnames(named$betahat), paste0("d", 0:3))
})

test_that("numbers in labels of a table have a sign, and the same words and units around them", {
  expect_identical(numbers_in(c("d-2", "d-1", "d0")), c(-2, -1, 0))
  expect_identical(numbers_in(c("-1", "0", "2.5")), c(-1, 0, 2.5))
  expect_identical(numbers_in(c("6h", "12h", "24h")), c(6, 12, 24))
  expect_null(numbers_in(c("6h", "12h", "20d")))
  expect_null(numbers_in(c("d0", "d1_2")))
  expect_null(numbers_in(c("early", "late")))
  expect_true(is.unsorted(numbers_in(c("day-1", "day-2")))) # joined: no increasing times, so evenly spaced
})

test_that("the sides of a contrast are said in words, also where names have the signs of the words", {
  fates <- c("EC", "MES", "NEU", "a - b")
  expect_identical(contrast_pair("MES", fates), c("MES", "EC"))
  expect_identical(contrast_pair("MES - NEU", fates), c("MES", "NEU"))
  expect_identical(contrast_pair("a - b", fates), c("a - b", "EC"))
  expect_identical(contrast_pair("a - b - MES", fates), c("a - b", "MES"))
  expect_identical(contrast_pair("MES - a - b", fates), c("MES", "a - b"))
  expect_identical(contrast_pair("MES - rest", fates), c("MES", "the rest"))
  expect_identical(contrast_pair("MES - (EC + NEU) / 2", fates), c("MES", "the mean of EC and NEU"))
  expect_identical(
    contrast_pair("(EC + MES) / 2 - (NEU + a - b) / 2", fates),
    c("the mean of EC and MES", "the mean of NEU and a - b")
  )
})
