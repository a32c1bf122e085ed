fit <- example_fit()
view <- known_view(fit)
local_mocked_bindings(
  joint_view = function(fit) view, contrast_fit = turned_fit, distinct_contrasts = plain_words
)
compared <- compare_contrasts(fit, "EC - MES", n_draws = 200)

test_that("print, summary and glance count the same calls", {
  lines <- format(compared)
  expect_match(lines[[1]], "<fatebias_contrasts> MES and EC - MES of 40 genes", fixed = TRUE)
  expect_lte(max(nchar(capture.output(print(compared)))), 80)
  by <- summary(compared)
  table <- compared$table
  own <- table$contrast == "MES"
  expect_identical(by$n_calls, c(sum(table$call[own]), sum(table$call[!own])))
  g <- glance(compared)
  expect_identical(g$n_calls, sum(by$n_calls))
  expect_identical(g$n_called, length(unique(table$gene[table$call])))
  changed <- compared$verdicts$verdict != "no change seen"
  expect_identical(g$n_changed, sum(changed))
  expect_identical(g$n_sure, sum(compared$verdicts$probability[changed] >= 0.9))
  expect_match(lines, sprintf("%d genes change, %d with P >= 0.9", g$n_changed, g$n_sure), all = FALSE)
})

test_that("tidy is the table, and a copy of it", {
  copy <- tidy(compared)
  data.table::set(copy, j = "lfsr", value = 0)
  expect_gt(max(compared$table$lfsr), 0)
  expect_identical(data.table::as.data.table(compared), compared$table)
})

test_that("files are those of the contract: the first contrast's keep their names elsewhere", {
  folder <- withr::local_tempdir()
  paths <- write_contrasts(compared, folder)
  expect_setequal(basename(paths), c(
    "gene_contrasts.csv", "gene_verdicts.csv", "gene_summary_mash_out.EC-MES.csv", "hits_ranked.EC-MES.csv"
  ))
  read <- data.table::fread(paths[[1]])
  expect_equal(read$lfsr, compared$table$lfsr)
  verdicts <- data.table::fread(file.path(folder, "gene_verdicts.csv"))
  expect_identical(verdicts$verdict, compared$verdicts$verdict)
  hits <- data.table::fread(file.path(folder, "hits_ranked.EC-MES.csv"))
  expect_identical(hits$gene, rank_hits(compared$mash[[2]])$gene)
  expect_error(write_contrasts(list(), folder), class = "fatebias_error_export")
})

test_that("labels of contrasts are names of files, none twice", {
  words <- c("MES", "NEU - (EC + MES) / 2", "mes", "Na\u00efve T", "MES", "a/b", "a:b")
  labels <- contrast_labels(words)
  expect_identical(labels[1:3], c("MES", "NEU-_EC_MES__2", "mes.2"))
  expect_identical(labels[5:7], c("MES.3", "a_b", "a_b.2"))
})

test_that("Python: labels are those of the command line", {
  words <- c("MES", "NEU - (EC + MES) / 2", "mes", "Na\u00efve T", "MES", "a/b", "a:b")
  labels <- reticulate::import("fatebias.screens")$contrast_labels(as.list(words))
  expect_identical(contrast_labels(words), labels)
})
