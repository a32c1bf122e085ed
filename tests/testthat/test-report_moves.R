fit <- fit_with_changes()
mash <- run_mash(fit)
hits <- rank_hits(mash)
called <- hits[hits$call_anyday]

# two genes that raise MES, two that lower it, whose changes are known: EC, MES, NEU and OTHER
changes_of <- function(change, half) {
  lapply(list(change = 0, low = -half, high = half), function(by) {
    matrix(change + by, nrow(change), dimnames = list(NULL, c("EC", "NEU", "OTHER")))
  })
}

test_that("the contrast's own direction is told, with the points of its own fate: counted by hand", {
  p <- fit$probability_change
  for (up in c(TRUE, FALSE)) {
    own <- called[directions(called) == if (up) "up" else "down"]
    points <- vapply(seq_len(nrow(own)), function(i) {
      100 * p$change[p$gene == own$gene[i] & p$day == own$best_day[i] & p$fate == "MES"]
    }, numeric(1))
    told <- sprintf(
      "4 %s MES against EC (%+.1f to %+.1f percentage points of MES, median %+.1f)",
      if (up) "raise" else "lower", min(points), max(points), median(points)
    )
    expect_match(move_words(fit, hits), gsub("([ (])-", "\\1\u2212", told), fixed = TRUE)
  }
})

test_that("another fate is named where its interval excludes zero and reaches no other's, or two are", {
  change <- rbind(c(-9, -2, 0), c(-9, -8, 0), c(-2, 0, 0), c(9, 2, 0), c(-9, 8, 0))
  told <- partner_fates(changes_of(change, half = 3), up = c(TRUE, TRUE, TRUE, FALSE, FALSE))
  expect_identical(told$partner, c("EC", "EC and NEU", "several fates", "EC", "NEU"))
  expect_identical(told$mostly, c(TRUE, FALSE, FALSE, TRUE, TRUE))
  expect_identical(told$partner_low, c(-12, NA, NA, 6, 5))
  change[1, 3] <- NA
  expect_identical(partner_fates(changes_of(change, 3), rep(TRUE, 5))$partner[1], NA_character_)
  two <- lapply(changes_of(change, 3), function(of) of[, "EC", drop = FALSE])
  expect_true(all(is.na(partner_fates(two, rep(TRUE, 5))$partner)))
})

test_that("the fates that are named are counted, those that are not sure last", {
  moves <- function(partner, mostly) data.table::data.table(partner, mostly)
  expect_identical(partner_text(moves(c("EC", "EC"), TRUE), "from"), ", mostly from EC")
  partner <- rep(c("several fates", "EC", "EC and NEU"), 3:1)
  told <- moves(partner, partner == "EC")
  expect_identical(
    partner_text(told, "to"), ", 2 mostly to EC, 1 to EC and NEU and 3 to several fates"
  )
  expect_null(partner_text(moves(NA_character_, FALSE), "to"))
})

test_that("points of one gene are told alone, of several by range and median; genes without are counted", {
  expect_identical(points_text(-3.14, "MES"), "\u22123.1 percentage points of MES")
  expect_identical(points_text(c(1, 2, 9), "MES"), "+1.0 to +9.0 percentage points of MES, median +2.0")
  expect_identical(
    points_text(c(1, NA, 9), "MES"), "+1.0 to +9.0 percentage points of MES, median +5.0; 1 not known"
  )
  expect_identical(points_text(c(NA, NA), "MES"), "points of MES not known")
})

test_that("a fit whose changes are not known says so of its genes", {
  gone <- fit
  gone$probability_change <- data.table::copy(fit$probability_change)
  data.table::set(gone$probability_change, j = "change", value = NA_real_)
  expect_match(move_words(gone, hits), "4 raise MES against EC (points of MES not known);", fixed = TRUE)
  expect_identical(unique(change_text(gone, called)), "points not known")
})

test_that("a gene's own line has the contrast's fate with its interval", {
  name <- called$gene[1]
  p <- fit$probability_change
  row <- p[p$gene == name & p$day == called$best_day[1] & p$fate == "MES"]
  told <- sprintf("MES %+.1f (%+.1f to %+.1f) points", 100 * row$change, 100 * row$low, 100 * row$high)
  expect_true(startsWith(change_text(fit, called)[1], told))
  none <- data.table::copy(hits)
  data.table::set(none, j = "call_anyday", value = FALSE)
  expect_null(best_day_moves(fit, none))
  best <- best_day_moves(fit, hits)
  expect_identical(names(best), called$gene)
  expect_true(startsWith(best[[name]], minus_signs(paste0(day_words(tidy(called)$best_day[1]), ": ", told))))
})

test_that("no sign is a hyphen", {
  expect_identical(minus_signs("a-1 -1.5 (-2 to +3)"), "a-1 \u22121.5 (\u22122 to +3)")
})
