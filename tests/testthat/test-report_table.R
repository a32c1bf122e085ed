fit <- example_fit()
mash <- run_mash(fit)
hits <- rank_hits(mash)

test_that("the table has the hits' order and the values of the best day", {
  table <- report_table(fit, mash, hits)
  expect_identical(table$gene, hits$gene)
  for (i in c(1, 8, 20)) {
    day <- hits$best_day[i]
    effect <- hits[[paste0("postmean_d", day)]][i]
    expect_identical(table$effect[i], effect)
    sd <- hits[[paste0("postsd_d", day)]][i]
    expect_equal(c(table$low[i], table$high[i]), effect + c(-1, 1) * 1.644854 * sd, tolerance = 1e-6)
    expect_identical(table$day[i], mash$days[day + 1])
    expect_identical(table$lfsr[i], hits$lfsr_min[i])
  }
  expect_false("points" %in% names(table)) # this fit does not know changes of probability
})

test_that("points are the change of the contrast's fate on the best day", {
  new <- fit_with_changes()
  table <- report_table(new, mash, hits)
  for (i in c(1, 8, 20)) {
    p <- new$probability_change
    row <- p[p$gene == hits$gene[i] & p$day == hits$best_day[i] & p$fate == "MES"]
    expect_equal(c(table$points[i], table$points_low[i], table$points_high[i]),
                 100 * c(row$change, row$low, row$high))
  }
  new$manifest$contrast <- "(MES + NEU) / 2 - EC" # about no single fate
  expect_null(table_points(new, hits))
})

test_that("guides that agree are counted", {
  table <- report_table(fit, mash, hits)
  guide <- as.data.frame(fit$guide)
  for (name in c("G06", "G01", "G30")) {
    row <- which(hits$gene == name)
    day <- hits$best_day[row]
    up <- hits[[paste0("betahat_d", day)]][row] > 0
    found <- guide[guide$gene == name, paste0("betahat_d", day)] > 0
    expect_identical(c(table$guides_agree[row], table$n_guides[row]), c(sum(found == up), length(found)))
  }
})

test_that("the onset is that of the ranking, and never contradicts the calls", {
  onset <- report_table(fit, mash, hits)$onset
  expect_identical(is.na(onset), !hits$call_anyday)
  expect_identical(onset, onset_of_hits(hits, doubt = ""))
})

test_that("the JSON of the table is read back as it was, without any <", {
  new <- fit_with_changes(fit_with_guides())
  table <- report_table(new, mash, hits)
  table$gene[1:2] <- c("</script><b>", "a\"b\\c")
  json <- table_json(table, gene_pages(new, mash, hits), new, mash, hits)
  expect_no_match(json, "<", fixed = TRUE)
  back <- jsonlite::fromJSON(json)
  expect_identical(back$rows$gene, table$gene)
  expect_equal(back$rows$effect, table$effect, tolerance = 5e-3)
  expect_identical(back$verdicts[back$rows$verdict + 1], table$verdict)
  expect_equal(matrix(back$effects, ncol = 4, byrow = TRUE), unname(day_matrix(hits, "postmean")),
               tolerance = 5e-3)
  keys <- back$columns$key
  expect_true(all(setdiff(keys, "bars") %in% names(back$rows)))
})

test_that("one gene and one day stay arrays", {
  json <- table_json(report_table(fit, mash, hits[1]), gene_pages(fit, mash, hits[1]), fit, mash, hits[1])
  back <- jsonlite::fromJSON(json, simplifyVector = FALSE)
  expect_identical(lengths(back$rows)[["gene"]], 1L)
  expect_type(back$rows$gene, "list")
  expect_type(back$verdicts, "list")
})

test_that("the embedded file is hits_ranked.csv byte by byte", {
  link <- csv_link(hits)
  data <- sub("data:text/csv;base64,", "", link$attribs$href, fixed = TRUE)
  file <- write_hits(hits, withr::local_tempdir())
  expect_identical(rawToChar(jsonlite::base64_dec(data)), rawToChar(readBin(file, "raw", file.size(file))))
})

test_that("a file that is too large is named instead", {
  many <- hits[rep(seq_len(nrow(hits)), 100)]
  expect_match(as.character(csv_link(many)), "write_hits\\(\\), and results/hits_ranked.csv")
})

test_that("the words tell of columns that the table has", {
  table <- report_table(fit, mash, hits)
  said <- paste(table_words(table, fit, mash), collapse = " ")
  expect_no_match(said, "Points:|q is the expected")
  expect_match(said, "mash's posterior mean of the effect by day", fixed = TRUE)
  new <- fit_with_changes()
  expect_match(table_words(report_table(new, mash, hits), new, mash), "mean share of MES", all = FALSE)
})

test_that("guides and replicates that agree, and what is left without one guide, are those of the ranking", {
  expect_false(any(c("without_guide", "n_replicates") %in% names(report_table(fit, mash, hits))))
  new <- fit_with_guides(shift = c(a = 0.3, b = -0.1, c = -0.3))
  found <- run_mash(new, settings = fate_settings())
  ranked <- rank_hits(found)
  table <- report_table(new, found, ranked)
  row <- match(table$gene, found$table$gene)
  expect_identical(table$guides_agree, found$table$guides_agree[row])
  expect_identical(table$n_guides, found$table$n_guides[row])
  expect_identical(table$replicates_agree, found$table$replicates_agree[row])
  expect_identical(unique(table$n_replicates), 3L)
  lowers <- which(table$gene == "G06") # the least effect is told in the direction of the call
  expect_equal(table$without_guide[lowers], -found$table$loo_effect_min[row][lowers])
  expect_lt(table$without_guide[lowers], 0)
})
