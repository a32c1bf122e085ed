hits <- rank_hits(run_mash(fit_with_guides(), settings = fate_settings()))

test_that("days are called by their labels, in names and in values", {
  file <- labelled_hits(hits)
  days <- c("d0", "d2", "d4", "d10") # of the fit; in R they are numbered 0 to 3
  expect_identical(attr(hits, "days"), days)
  for (d in 0:3) {
    for (name in c("postmean", "lfsr", "call", "p_active", "betahat")) {
      own <- hits[[paste0(name, "_d", d)]]
      expect_identical(file[[paste0(name, "_", days[d + 1])]], own, info = paste(name, d))
    }
  }
  expect_identical(file$best_day, days[hits$best_day + 1])
  expect_identical(file$onset_day, days[hits$onset_day + 1])
  sets <- hits$active_set != "none"
  first <- as.integer(sub("^d([0-9]+).*", "\\1", hits$active_set[sets]))
  expect_identical(sub("[+].*", "", file$active_set[sets]), days[first + 1])
  expect_identical(file$active_set[!sets], rep("none", sum(!sets)))
  others <- c("gene", "hit_anyday", "lfsr_min", "p_gene", "robust", "top_guide", "p_any")
  expect_identical(as.data.frame(file)[others], as.data.frame(data.table::as.data.table(hits))[others])
  expect_identical(ncol(file), ncol(hits))
})

test_that("a table that was labelled, or has lost its labels, stays as it is", {
  file <- labelled_hits(hits)
  expect_identical(labelled_hits(file), file) # its postmean_d2 is not relabelled as postmean_d4
  plain <- data.table::as.data.table(hits)
  expect_identical(labelled_hits(plain), plain)
})

test_that("no two columns get one name", {
  odd <- data.table::copy(hits)
  data.table::setattr(odd, "days", c("min", "day 2", "a,b", "48h")) # there is a column lfsr_min
  expect_identical(names(labelled_hits(odd)), names(hits))
  expect_identical(labelled_hits(odd)$best_day, paste0("d", hits$best_day)) # as its columns call the days
  data.table::setattr(odd, "days", c("-1", "day 2", "a,b", "48h"))
  expect_true(all(c("lfsr_min", "lfsr_-1", "postsd_a,b", "svalue_48h") %in% names(labelled_hits(odd))))
})

test_that("every column of a ranking has a meaning, and none is made up", {
  tested <- data.frame(gene = hits$gene[1], day = "d4", p_value = 0.1)
  result <- run_mash(fit_with_guides(), settings = fate_settings())
  full <- rank_hits(result, tested)
  meanings <- explain_columns(full)
  expect_identical(meanings$column, names(labelled_hits(full)))
  own <- "A column of your own."
  expect_identical(meanings$column[meanings$meaning == own], character())
  known <- explain_columns()
  expect_identical(anyDuplicated(known$column), 0L)
  kinds <- unique(sub("_d[0-9]+$", "_DAY", names(full)))
  expect_setequal(setdiff(known$column, kinds), "label_share_DAY") # of several label sets
  by_name <- function(column) meanings$meaning[meanings$column == column]
  expect_identical(by_name("p_active_d10"), known$meaning[known$column == "p_active_DAY"]) # not that of p_DAY
  expect_identical(by_name("p_d10"), known$meaning[known$column == "p_DAY"])
  expect_identical(by_name("p_gene"), known$meaning[known$column == "p_gene"])
})

test_that("a column of one's own is said to be that; a file that was read is known", {
  more <- data.table::copy(hits)[, note := "seen"]
  expect_identical(explain_columns(more)[column == "note"]$meaning, "A column of your own.")
  read <- data.table::fread(write_hits(hits, withr::local_tempdir()))
  expect_identical(explain_columns(read)$meaning, explain_columns(hits)$meaning)
  expect_error(explain_columns("hits"), "`hits`", class = "fatebias_error_argument")
})

test_that("the help page has each column", {
  lines <- explained_columns_rd()
  expect_length(lines, nrow(explain_columns()) + 1L)
  expect_match(lines[[7]], "^- `postmean_DAY` \\(log odds\\): Effect")
})
