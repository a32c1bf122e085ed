fit <- fit_with_changes(fit_with_guides())
mash <- run_mash(fit, settings = fate_settings())
hits <- rank_hits(mash)
pages <- gene_pages(fit, mash, hits)
n_days <- length(fit$days)

# values of gene g (and inner part k of `inner`) by day, as the script of the page takes them
by_day <- function(values, g, inner = 1, k = 1) values[((g - 1) * inner + k - 1) * n_days + seq_len(n_days)]

test_that("every gene has a page where there is room, else the strongest have", {
  expect_identical(pages$n, nrow(hits))
  expect_identical(gene_pages(fit, mash, hits, 3)$n, 3)
  local_mocked_bindings(pages_bytes = 3000)
  few <- gene_pages(fit, mash, hits)
  expect_gt(few$n, 0)
  expect_lt(few$n, nrow(hits))
  expect_length(few$guides$of, few$n)
})

test_that("the room that pages take is no more than was reckoned", {
  few <- gene_pages(fit, mash, hits, 20)
  size <- nchar(table_json(report_table(fit, mash, hits), few, fit, mash, hits))
  without <- gene_pages(fit, mash, hits, 0)
  none <- nchar(table_json(report_table(fit, mash, hits), without, fit, mash, hits))
  local_mocked_bindings(pages_bytes = size - none)
  expect_lte(pages_that_fit(fit, hits), 20)
})

test_that("estimates by day are those of the gene", {
  for (g in c(1, 7, 30)) {
    row <- match(hits$gene[g], fit$estimate$gene)
    expect_equal(by_day(pages$by_day$estimate, g), unname(betahat(fit$estimate)[row, ]), tolerance = 5e-3)
    se <- unlist(as.data.frame(hits)[g, paste0("se_d", seq_len(n_days) - 1)])
    expect_equal(by_day(pages$by_day$se, g), unname(se), tolerance = 5e-3)
  }
})

test_that("guides come with their own estimates and cells", {
  g <- match("G06", hits$gene)
  own <- sum(pages$guides$of[seq_len(g - 1)]) + seq_len(pages$guides$of[g])
  expect_identical(pages$guides$name[own], fit$guide_estimate$guide[fit$guide_estimate$gene == "G06"])
  guide <- pages$guides$name[own[2]]
  row <- fit$guide_estimate$guide == guide
  own_estimate <- unname(betahat(fit$guide_estimate)[row, ])
  expect_equal(by_day(pages$guides$estimate, own[2]), own_estimate, tolerance = 5e-3)
  columns <- paste0("n_cells_d", seq_len(n_days) - 1)
  cells <- unlist(as.data.frame(fit$cells)[fit$cells$guide == guide, columns])
  expect_equal(by_day(pages$guides$cells, own[2]), unname(cells))
})

test_that("replicates and fates are those of the fit's tables", {
  g <- match("G05", hits$gene)
  n <- length(pages$replicates$name)
  for (k in seq_len(n)) {
    own <- fit$by_replicate$gene == "G05" & fit$by_replicate$replicate == pages$replicates$name[k]
    rows <- fit$by_replicate[own]
    estimate <- by_day(pages$replicates$estimate, g, n, k)
    expect_equal(estimate, rows$betahat[order(rows$day)], tolerance = 5e-3)
  }
  k <- match("NEU", pages$fates$name)
  rows <- fit$probability_change[fit$probability_change$gene == "G05" & fit$probability_change$fate == "NEU"]
  expect_equal(by_day(pages$fates$change, g, 3, k), round(100 * rows$change[order(rows$day)], 1))
})

test_that("the course is told of genes called, as plain text", {
  expect_identical(nzchar(pages$course), hits$call_anyday)
  expect_no_match(pages$course, "\\", fixed = TRUE)
  odd <- mash
  odd$days[3] <- "d\\4"
  expect_match(page_courses(odd, hits)[hits$gene == "G05"], "d\\4", fixed = TRUE)
})

test_that("a fit of an earlier version has pages without what it does not know", {
  old <- example_fit()
  found <- run_mash(old)
  few <- gene_pages(old, found, rank_hits(found))
  expect_null(few$fates)
  expect_null(few$replicates)
  expect_match(few$guides$kind, "^posterior means, as the gene.s estimate") # as mash was given them
})

test_that("changes on the best day are in points, NULL where they are not known", {
  changes <- best_day_changes(fit, hits)
  expect_equal(rowSums(changes$change), rep(0, nrow(hits)), tolerance = 1e-8)
  expect_null(best_day_changes(example_fit(), hits))
})

test_that("p-values of the randomisation test stand on the pages of the genes that have them", {
  expect_null(pages$by_day$p_random)
  test <- data.table::data.table(
    gene = rep(c("G01", "G06"), each = n_days), day = rep(fit$days, 2), p_value = seq_len(2 * n_days) / 100
  )
  beside <- rank_hits(mash, test)
  p <- gene_pages(fit, mash, beside)$by_day$p_random
  expect_identical(by_day(p, match("G06", beside$gene)), n_days / 100 + seq_len(n_days) / 100)
  expect_true(all(is.na(by_day(p, match("G20", beside$gene)))))
})
