fake_result <- function(...) {
  structure(list(table = data.table::data.table(...), level = "gene"), class = "mash_result")
}

test_that("hits first, then lfsr, then the largest posterior mean", {
  result <- fake_result(
    gene = c("late", "sure", "tie_small", "tie_large", "no"),
    betahat_d0 = 0, betahat_d1 = 0, se_d0 = 1, se_d1 = 1,
    postmean_d0 = c(0.1, 0.5, 0.2, 0.1, 9), postmean_d1 = c(0.1, 0.1, 0.1, -0.7, 9),
    postsd_d0 = 1, postsd_d1 = 1, lfsr_d0 = 0.5, lfsr_d1 = 0.5,
    lfsr_min = c(0.04, 0.001, 0.01, 0.01, 0.0001), best_day = 0L, hit_anyday = c(rep(TRUE, 4), FALSE)
  )
  hits <- rank_hits(result)
  expect_identical(hits$gene, c("sure", "tie_large", "tie_small", "late", "no"))
  expect_identical(names(hits)[1:5], c("gene", "hit_anyday", "lfsr_min", "best_day", "verdict"))
  expect_setequal(names(hits), c(names(result$table), "verdict"))
})

test_that("ranks do not hang on the last digits: of the same lfsr the larger effect, then the fit's order", {
  one <- function(lfsr, size) {
    rank_hits(fake_result(
      gene = LETTERS[1:4], betahat_d0 = 0, se_d0 = 1, postmean_d0 = size, postsd_d0 = 1, lfsr_d0 = lfsr,
      lfsr_min = lfsr, best_day = 0L, hit_anyday = TRUE
    ))$gene
  }
  expect_identical(one(c(0, 5e-13, 1e-5, 1e-5 + 1e-15), c(1, -2, 1 - 1e-12, 1)), c("B", "A", "C", "D"))
  expect_identical(one(c(5e-13, 0, 1e-5 + 1e-15, 1e-5), c(1, -2, 1, 1 - 1e-12)), c("B", "A", "C", "D"))
  expect_identical(one(c(3e-12, 0, 1e-5 + 1e-9, 1e-5), c(9, 1, 9, 1)), c("B", "A", "D", "C")) # apart
})

test_that("all genes of a result are ranked", {
  result <- run_mash(fit_with_guides(), settings = fate_settings(p_values = FALSE))
  hits <- rank_hits(result)
  expect_setequal(hits$gene, result$table$gene)
  expect_false(is.unsorted(rank_apart(hits$lfsr_min, lfsr_rounding)))
  expect_setequal(hits$gene[1:8], sprintf("G%02d", 1:8))
})

test_that("something else is refused", {
  expect_error(rank_hits(data.frame()), class = "fatebias_error_mash")
  expect_error(rank_hits(run_mash(example_fit(), "guide")), "guides", class = "fatebias_error_mash")
})

by_hand <- function(...) {
  result <- fake_result(
    gene = c("A", "B", "C", "D"), betahat_d0 = c(0.6, -0.7, 0.8, 0), betahat_d1 = c(0.1, 0, -0.9, -0.3),
    se_d0 = c(0.3, 0.4, 0.6, 0.7), se_d1 = c(0.1, 0.2, 0.5, 0.8),
    postmean_d0 = c(0.5, -0.4, 0.3, 0.1), postmean_d1 = c(0.2, -0.1, -0.6, -0.1),
    postsd_d0 = 0.125, postsd_d1 = 0.25, lfsr_d0 = c(0.001, 0.01, 0.04, 0.5),
    lfsr_d1 = c(0.2, 0.3, 1e-20, 0.4), lfsr_min = c(0.001, 0.01, 1e-20, 0.4),
    best_day = c(0L, 0L, 1L, 1L), hit_anyday = c(TRUE, TRUE, TRUE, FALSE), onset_day = 0L, p_onset = 0.75
  )
  result[c("days", "contrast", "reference", "lfsr_thresh")] <- list(c("d3", "d7"), "MES", "EC", 0.05)
  rank_hits(utils::modifyList(result, list(...)))
}

test_that("tidy says direction, best day and onset in words", {
  rows <- tidy(by_hand())
  expect_identical(rows$gene, c("C", "A", "B", "D"))
  expect_identical(rows$direction, c("both", "up", "down", NA))
  expect_identical(rows$best_day, c("d7", "d3", "d3", "d7"))
  expect_identical(rows$estimate, c(-0.9, 0.6, -0.7, -0.3)) # what mash was given, on the best day
  expect_identical(rows$std.error, c(0.5, 0.3, 0.4, 0.8))
  expect_identical(rows$postmean, c(-0.6, 0.5, -0.4, -0.1)) # what mash made of it
  expect_identical(rows$postsd, c(0.25, 0.125, 0.125, 0.25))
  expect_identical(rows$onset, rep("d3", 4))
  counts <- c(n = 4L, n_hits = 3L, n_up = 1L, n_down = 1L, n_both = 1L)
  expect_identical(unlist(glance(by_hand())[, 1:5]), counts)
  expect_identical(summary(by_hand())$both, c(0L, 1L))
})

test_that("print: hits, parts of them, none", {
  hits <- by_hand()
  none <- data.table::copy(hits)
  data.table::set(none, j = "hit_anyday", value = FALSE)
  expect_snapshot({
    hits
    head(hits, 2)
    none
    hits[, c("gene", "best_day")]
  })
  expect_output(print(hits[, !c("se_d0", "se_d1")]), "betahat_d0") # a plain table: tidy() would need them
})

test_that("rows keep labels and thresholds; a table stripped of them still prints", {
  hits <- by_hand()
  part <- hits[hits$hit_anyday & hits$lfsr_min < 0.005]
  expect_s3_class(part, "fatebias_hits")
  expect_identical(attr(part, "days"), c("d3", "d7"))
  plain <- data.table::as.data.table(hits)
  expect_identical(class(plain), c("data.table", "data.frame"))
  expect_named(attributes(plain), names(attributes(data.table::data.table(a = 1))), ignore.order = TRUE)
  stripped <- hits
  for (name in c("days", "contrast", "reference", "lfsr_thresh", "n_ranked")) attr(stripped, name) <- NULL
  expect_output(print(stripped), "d1")
  expect_identical(tidy(stripped)$best_day, c("d1", "d0", "d0", "d1"))
})

test_that("hits survive saveRDS and the ways of data.table", {
  hits <- rank_hits(run_mash(example_fit()))
  path <- withr::local_tempfile(fileext = ".rds")
  saveRDS(hits, path)
  expect_equal(readRDS(path), hits)
  expect_lte(length(capture.output(print(hits))), 24)
  expect_true(all(nchar(capture.output(print(hits))) <= 80))
  hits[, extra := 1]
  expect_identical(hits$extra, rep(1, 40))
  expect_identical(nrow(merge(hits, example_fit()$qc_delta, by = "gene")), 40L)
  expect_identical(attr(hits, "days"), c("d0", "d2", "d4", "d10"))
  expect_identical(attr(hits, "contrast"), "MES")
})

test_that("rows by the names of genes, in the order asked for", {
  hits <- by_hand()
  expect_identical(hits["B"]$postmean_d0, -0.4)
  expect_identical(hits[c("D", "A")]$gene, c("D", "A"))
  expect_s3_class(hits["B"], "fatebias_hits")
  expect_identical(hits[j = postmean_d0, i = "B"], -0.4)
  expect_identical(attr(hits["B"], "days"), c("d3", "d7"))
  wanted <- list(mine = c("A", "D"))
  expect_identical(hits[wanted$mine, lfsr_min], c(0.001, 0.4))
  gene <- "B" # a column of that name wins, as in data.table
  expect_error(hits[gene], "fatebias|data.table|on=")
  expect_error(hits["Bb"], "There is no gene 'Bb'\\..*tidy", class = "fatebias_error_argument")
  hits["B", mark := "mine"]
  expect_identical(hits$mark[hits$gene == "B"], "mine")
  expect_identical(sum(is.na(hits$mark)), 3L)
})

test_that("everything else means what it means for a plain data.table", {
  hits <- by_hand()
  plain <- data.table::as.data.table(hits)
  threshold <- 0.01
  rows <- c(TRUE, FALSE, TRUE, FALSE)
  same <- function(of_hits, of_plain) expect_equal(of_hits, of_plain, ignore_attr = TRUE)
  same(hits[hit_anyday == TRUE], plain[hit_anyday == TRUE])
  same(hits[lfsr_min < threshold, .(gene, best_day)], plain[lfsr_min < threshold, .(gene, best_day)])
  same(hits[order(postmean_d0)], plain[order(postmean_d0)])
  same(hits[rows], plain[rows])
  same(hits[2:3, "gene"], plain[2:3, "gene"])
  same(hits[, .N, by = best_day], plain[, .N, by = best_day])
  same(hits["B", on = "gene"], plain["B", on = "gene"])
  same(hits[.N], plain[.N])
  same(hits[j = "gene"], plain[j = "gene"])
  same(hits[j = .(gene), i = 2], plain[j = .(gene), i = 2])
  same(hits[-1], plain[-1])
  same(hits[hit_anyday == TRUE][2], plain[hit_anyday == TRUE][2])
  same(hits[], plain[])
  same(hits[!hits$hit_anyday], plain[!plain$hit_anyday])
  wanted <- data.table::data.table(gene = "C")
  same(hits[wanted, on = "gene"], plain[wanted, on = "gene"])
  expect_identical(withr::with_seed(1, hits[sample(4)]$gene), withr::with_seed(1, plain[sample(4)]$gene))
  hits[lfsr_min < threshold, small := TRUE]
  same(hits$small, plain$lfsr_min < threshold | NA)
  set_by <- data.table::copy(hits)[, double := 2 * lfsr_min]
  expect_identical(set_by$double, 2 * plain$lfsr_min)
  expect_s3_class(set_by, "fatebias_hits")
})

test_that("hits that do not rest on one guide are counted and printed", {
  result <- run_mash(fit_with_guides(), settings = fate_settings())
  hits <- rank_hits(result)
  called <- result$table[result$table$hit_anyday]
  g <- glance(hits)
  expect_identical(g$n_robust, sum(called$robust, na.rm = TRUE))
  expect_identical(g$n_single_guide, 2L) # G01 and G02
  start <- "8 hits, 6 of them robust: still called with any one guide left out"
  expect_identical(robust_line(g), paste0(start, "; 2 with one guide cannot be checked"))
  expect_identical(tidy(hits)$top_guide, hits$top_guide)
  expect_identical(tidy(hits)$robust, hits$robust)
  long <- tidy(result)
  expect_identical(unique(long$loo_lfsr_max[long$gene == "G05"]), result$table$loo_lfsr_max[5])
  one <- hits[hits$n_guides > 1][1]
  line <- "1 hit, 1 of them robust: still called with any one guide left out"
  expect_identical(robust_line(glance(one)), line)
})

test_that("nothing is said of guides where nothing is known", {
  old <- rank_hits(run_mash(example_fit(), settings = fate_settings()))
  expect_true(is.na(glance(old)$n_robust))
  expect_no_match(format(old), "robust")
  columns <- setdiff(names(old), names(no_guide_columns(1)))
  expect_true(all(is.na(tidy(old[, columns, with = FALSE])$robust))) # a ranking of an earlier version
})
