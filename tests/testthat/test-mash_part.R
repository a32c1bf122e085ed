fit <- example_fit()
result <- run_mash(fit)
genes <- c("G05", "G02", "G30")

test_that("a part has the rows of its genes everywhere", {
  part <- result[genes]
  rows <- match(genes, result$table$gene)
  expect_s3_class(part, "mash_result")
  expect_identical(part$table, result$table[rows])
  expect_identical(part$model$data$Bhat, result$model$data$Bhat[rows, ])
  expect_identical(ashr::get_lfsr(part$fit), ashr::get_lfsr(result$fit)[rows, ])
  expect_identical(part$covariances, result$covariances)
  lfsr <- as.data.frame(result$table)[rows, paste0("lfsr_d", 0:3)]
  expect_identical(tidy(part)$lfsr, unlist(lfsr, use.names = FALSE))
  expect_output(print(part), "Part of a result of 40 genes")
  expect_output(print(result[1:5][2]), "Part of a result of 40 genes")
})

test_that("mashr's functions and ours work on a part", {
  part <- result[genes]
  rows <- match(genes, result$table$gene)
  again <- mashr::mash_compute_posterior_matrices(part$fit, part$model$data)
  expect_equal(again$PosteriorMean, result$fit$result$PosteriorMean[rows, ], ignore_attr = TRUE)
  expect_identical(mash_sets(part$fit)$weight, mash_sets(result$fit)$weight[rows, ])
  expect_identical(nrow(rank_hits(part)), 3L)
  expect_identical(glance(part)$n, 3L)
  expect_output(print(summary(part)), "Families")
  expect_identical(result["G05"]$table, result$table[result$table$gene == "G05"])
})

test_that("V of each gene, missing estimates and guides follow", {
  by_gene <- run_mash(fit, v = "gene")
  expect_identical(by_gene[genes]$v$by_row[, , 2], by_gene$v$by_row[, , match("G02", fit$estimate$gene)])
  table <- data.table::copy(fit$gene)
  data.table::set(table, c(2L, 3L), c("betahat_d1", "se_d1"), NA_real_)
  lacking <- run_mash(table, v = diag(4))
  expect_identical(lacking["G02"]$missing$name, "G02")
  expect_identical(nrow(lacking["G05"]$missing), 0L)
  guides <- run_mash(fit, "guide")
  expect_identical(guides["G05"]$table$guide, fit$guide$guide[fit$guide$gene == "G05"])
})

test_that("ashr's results have parts too", {
  by_day <- run_mash(fit, discovery_method = "ashr")
  part <- by_day[genes]
  expect_identical(vapply(part$fit, function(f) nrow(f$result), 1L), rep(3L, 4))
  rows <- match(genes, by_day$table$gene)
  expect_identical(ashr::get_lfsr(part$fit[[2]]), ashr::get_lfsr(by_day$fit[[2]])[rows])
  expect_output(print(part), "Part of")
})

test_that("genes that are not there are refused, tables are tidy()", {
  expect_error(result["G4O"], "G40", class = "fatebias_error_argument")
  expect_identical(result[], result)
  expect_identical(data.table::as.data.table(result), tidy(result))
  expect_identical(class(as.data.frame(result)), "data.frame")
})
