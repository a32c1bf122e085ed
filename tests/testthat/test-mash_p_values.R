fit <- example_fit()
genes <- fit$gene$gene
n_days <- length(fit$days)

# A copy of a fit with the file of p-values; `p` genes x days, NA where there is none
fit_with_p <- function(p, folder = withr::local_tempdir(.local_envir = parent.frame())) {
  file.copy(list.files(fit$out_dir, full.names = TRUE), folder)
  days <- paste0("d", seq_len(n_days) - 1L)
  named <- function(m, name) `colnames<-`(m, paste(name, days, sep = "_"))
  table <- data.frame(
    gene = genes, named(qnorm(p / 2), "z"), named(p, "p"), named(pmin(2 * p, 1), "p_guides")
  )
  table <- table[rev(seq_along(genes)), ] # the order of another program
  data.table::fwrite(table, file.path(folder, "gene_daywise_p.csv"))
  path <- file.path(folder, "fit_manifest.json")
  manifest <- jsonlite::read_json(path)
  manifest$files <- c(manifest$files, "gene_daywise_p.csv")
  manifest$settings$p_values <- TRUE # the fit is of the plain preset
  if (!is.null(manifest$contents)) manifest$contents["gene_daywise_p.csv"] <- list(list())
  jsonlite::write_json(manifest, path, auto_unbox = TRUE, null = "null", digits = NA)
  sign_again(folder)
  read_fit(folder)
}

some_p <- withr::with_seed(2, matrix(runif(length(genes) * n_days)^3, ncol = n_days))
some_p[1, 1] <- 1e-300
some_p[2, ] <- NA
some_p[3, 2] <- NA
some_p[4, ] <- c(1, rep(0.001, n_days - 1))
with_p <- fit_with_p(some_p)
likelihood <- fate_settings()

test_that("p of the fit stand beside what mash says, and q over all genes and days", {
  table <- run_mash(with_p, settings = likelihood)$table
  p <- day_matrix(table, "p")
  expect_equal(unname(p), some_p[match(table$gene, genes), ])
  known <- sort(p)
  by_hand <- vapply(p[!is.na(p)], function(one) {
    min(1, (known * length(known) / rank(known, ties.method = "max"))[known >= one])
  }, numeric(1))
  expect_equal(day_matrix(table, "q")[!is.na(p)], by_hand)
  expect_identical(is.na(unname(day_matrix(table, "q"))), is.na(unname(p)))
})

test_that("p of a gene combines its days by Cauchy's distribution", {
  table <- run_mash(with_p, settings = likelihood)$table
  p <- day_matrix(table, "p")
  combined <- apply(p, 1, function(days) {
    days <- pmin(days[!is.na(days)], 0.99)
    if (length(days) == 0) NA else 0.5 - atan(mean(tan((0.5 - days) * pi))) / pi
  })
  usual <- which(combined > 1e-10)
  expect_gt(length(usual), 10)
  expect_equal(table$p_gene[usual], unname(combined[usual]), tolerance = 1e-6)
  smallest <- match(genes[1], table$gene) # n_days p beside 1e-300: that many times as large
  expect_equal(table$p_gene[smallest], n_days * 1e-300, tolerance = 1e-6)
  expect_true(is.na(table$p_gene[match(genes[2], table$gene)]))
  expect_lt(table$p_gene[match(genes[4], table$gene)], 0.01) # a p of 1 takes nothing away
  expect_equal(table$q_gene, p.adjust(table$p_gene, "BH"))
})

test_that("what has no p-values has NA; a fit that was told to make none has no columns", {
  columns <- c(paste0("p_d", seq_len(n_days) - 1L), paste0("q_d", seq_len(n_days) - 1L), "p_gene", "q_gene")
  plain <- with_p
  plain$settings <- fate_settings(preset = "plain", mash_input = "likelihood")
  expect_false(any(columns %in% names(run_mash(plain)$table)))
  for (result in list(
    run_mash(with_p, settings = likelihood, input = "posterior"),
    run_mash(as.data.frame(fit$estimate), settings = likelihood)
  )) {
    expect_true(all(is.na(as.matrix(as.data.frame(result$table)[columns]))))
    expect_true(all(is.na(tidy(result)$p)))
  }
  marks <- tidy(rank_hits(run_mash(plain)))
  expect_true(all(is.na(marks[, c("p", "q", "p_gene", "q_gene")])))
})

test_that("tidy has the p and q of its row's day; ranked hits those of the best day", {
  result <- run_mash(with_p, settings = likelihood)
  long <- tidy(result)
  second <- long[long$day == result$days[[2]], ]
  expect_identical(second$p, result$table$p_d1)
  expect_identical(second$q, result$table$q_d1)
  expect_identical(second$q_gene, result$table$q_gene)
  hits <- rank_hits(result)
  told <- tidy(hits)
  at <- cbind(match(told$gene, genes), hits$best_day + 1L)
  expect_equal(told$p, some_p[at])
  expect_identical(told$p_gene, hits$p_gene)
  expect_identical(report_table(with_p, result, hits)$q, hits$q_gene)
  expect_match(p_value_words(with_p, result), "p-value of a day, if")
})

test_that("the null is that of the estimand", {
  of <- function(estimand) {
    null_hypothesis(list(manifest = list(settings = list(estimand = estimand))), " on d1")
  }
  expect_match(of("gene"), "^the mean effect on d1 of guides that one could make")
  expect_identical(of("guides"), "the gene's guides do nothing on d1")
})
