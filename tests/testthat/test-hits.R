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
  expect_identical(names(hits)[1:4], c("gene", "hit_anyday", "lfsr_min", "best_day"))
  expect_setequal(names(hits), names(result$table))
})

test_that("all genes of a result are ranked, and written", {
  result <- run_mash(example_fit())
  hits <- rank_hits(result)
  expect_setequal(hits$gene, result$table$gene)
  expect_false(is.unsorted(hits$lfsr_min))
  expect_setequal(hits$gene[1:8], sprintf("G%02d", 1:8))
  folder <- withr::local_tempdir()
  expect_equal(data.table::fread(write_hits(hits, folder)), hits, tolerance = 1e-12)
  expect_identical(list.files(folder, all.files = TRUE, no.. = TRUE), "hits_ranked.csv")
})

test_that("something else is refused", {
  expect_error(rank_hits(data.frame()), class = "fatebias_error_mash")
  expect_error(rank_hits(run_mash(example_fit(), "guide")), "guides", class = "fatebias_error_mash")
})
