fit <- example_fit()
mash <- run_mash(fit)
hits <- rank_hits(mash)

test_that("the table has the hits' order and the values of the best day", {
  table <- report_table(fit, mash, hits)
  expect_identical(table$gene, hits$gene)
  expect_identical(table$call == "hit", hits$hit_anyday)
  for (i in c(1, 8, 20)) {
    day <- hits$best_day[i]
    expect_identical(table$effect[i], hits[[paste0("postmean_d", day)]][i])
    expect_identical(table$sd[i], hits[[paste0("postsd_d", day)]][i])
    expect_identical(table$day[i], mash$days[day + 1])
    onset <- if (i <= sum(hits$hit_anyday)) mash$days[hits$onset_day[i] + 1] else NA_character_
    expect_identical(table$onset[i], onset)
  }
  expect_identical(table$direction[match(c("G01", "G02", "G20"), table$gene)], c("up", "down", ""))
})

test_that("guides that agree and cells are counted", {
  table <- report_table(fit, mash, hits)
  guide <- as.data.frame(fit$guide)
  cells <- as.data.frame(fit$cells)
  for (name in c("G06", "G01", "G30")) {
    row <- which(hits$gene == name)
    day <- hits$best_day[row]
    up <- hits[[paste0("betahat_d", day)]][row] > 0
    found <- guide[guide$gene == name, paste0("betahat_d", day)] > 0
    expect_identical(table$agree[row], sprintf("%d of %d", sum(found == up), length(found)))
    expect_equal(table$carried[row], sum(cells[which(cells$gene == name), 4:7]))
  }
  fit$cells <- NULL
  expect_true(all(is.na(report_table(fit, mash, hits)$carried)))
})

test_that("a picture has a bar a day, up or down, filled where called", {
  called <- c(FALSE, TRUE, FALSE)
  picture <- effect_picture(c(0.5, -1, 0), c(0.01, 1e-9, 1), called, c("a<b", "d1", "d2"), largest = 1)
  bars <- regmatches(picture, gregexpr("<rect[^>]*>", picture))[[1]]
  expect_identical(sub(".*class=\"([a-z]+)\".*", "\\1", bars), c("none", "down", "none"))
  height <- as.numeric(sub(".* height=\"([0-9.]+)\".*", "\\1", bars))
  y <- as.numeric(sub(".* y=\"([0-9.]+)\".*", "\\1", bars))
  expect_equal(height, c(7.5, 15, 0.8), tolerance = 0.07)
  expect_equal(y + ifelse(c(0.5, -1, 0) > 0, height, 0), c(16, 16, 16), tolerance = 0.01)
  expect_match(picture, "a&lt;b: +0.50 (lfsr = 0.01); d1: -1.00 (lfsr &lt; 0.001)", fixed = TRUE)
})

test_that("the embedded file is hits_ranked.csv byte by byte", {
  link <- csv_link(hits)
  data <- sub("data:text/csv;base64,", "", link$attribs$href, fixed = TRUE)
  file <- write_hits(hits, withr::local_tempdir())
  expect_identical(rawToChar(jsonlite::base64_dec(data)), rawToChar(readBin(file, "raw", file.size(file))))
})

test_that("a file that is too large is named instead", {
  many <- hits[rep(seq_len(nrow(hits)), 200)]
  expect_match(as.character(csv_link(many)), "write_hits\\(\\), and results/hits_ranked.csv")
})

test_that("p-values of the randomisation test stand beside the lfsr, those of the best day", {
  expect_null(report_table(fit, mash, hits)$p_random)
  test <- data.table::data.table(
    gene = rep(c("G01", "G06"), each = 4), day = rep(mash$days, 2), p_value = (1:8) / 100
  )
  beside <- rank_hits(mash, test)
  table <- report_table(fit, mash, beside)
  expect_identical(table$p_random[table$gene == "G06"], 0.07) # day d4
  expect_true(is.na(table$p_random[table$gene == "G20"]))
})

test_that("guides, robust calls and replicates are marked where they are known", {
  expect_false(any(c("robust", "replicates") %in% names(report_table(fit, mash, hits))))
  new <- fit_with_guides(shift = c(a = 0.3, b = -0.1, c = -0.3))
  found <- run_mash(new, settings = fate_settings())
  table <- report_table(new, found, rank_hits(found))
  row <- match(table$gene, found$table$gene)
  expect_identical(table$robust[table$gene %in% c("G01", "G02")], c("1 guide", "1 guide"))
  many <- !table$gene %in% c("G01", "G02")
  expect_identical(table$robust[many] == "yes", found$table$robust[row][many])
  expect_identical(table$agree, sprintf("%d of %d", found$table$guides_agree, found$table$n_guides)[row])
  expect_identical(table$replicates, sprintf("%d of 3", found$table$replicates_agree)[row])
  expect_no_error(hits_widget(table, found, rank_hits(found)))
})
