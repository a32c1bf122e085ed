# 3 rows x 3 days; the second row has no estimate on its last day, and lfsr is smallest there all the same
given <- list(
  betahat = rbind(c(.5, .1, -.4), c(.3, -.02, NA), c(-.29, .05, .06)),
  se = rbind(c(.1, .1, .1), c(.1, .2, NA), c(.1, .1, .1))
)
lfsr <- rbind(c(.001, .6, .02), c(.08, .9, 1e-6), c(.11, .7, .5))
days <- paste0("d", 0:2)
columns_by <- function(rule, threshold = .05) call_columns(given, lfsr, days, threshold, rule)
block <- function(table, name) unname(day_matrix(table, name))
known <- !is.na(given$betahat)

test_that("s-values are means of the lfsr that are no larger, over rows and days with an estimate", {
  own <- lfsr[known]
  by_hand <- vapply(own, function(one) mean(own[own <= one]), 1)
  found <- block(columns_by("lfsr"), "svalue")
  expect_equal(found[known], by_hand)
  expect_identical(is.na(found), !known)
})

test_that("equal lfsr have one s-value, in whatever order they come", {
  rates <- c(.2, 0, .2, .1, NA, .2)
  by_hand <- c(.7 / 5, 0, .7 / 5, .05, NA, .7 / 5)
  expect_equal(average_lfsr(rates), by_hand)
  expect_equal(average_lfsr(rev(rates)), rev(by_hand))
  expect_equal(average_lfsr(c(.2 + 1e-15, .1, .2)), c(.5 / 3, .1, .5 / 3))
  expect_identical(average_lfsr(c(NA, NA_real_)), c(NA, NA_real_))
})

test_that("adjusted p are Benjamini and Hochberg's over the same rows and days", {
  p <- 2 * (1 - pnorm(abs(given$betahat[known] / given$se[known])))
  m <- length(p)
  by_hand <- vapply(p, function(one) min(m * p[p >= one] / rank(p)[p >= one]), 1)
  found <- block(columns_by("lfsr"), "padj")
  expect_equal(found[known], by_hand)
  expect_identical(is.na(found), !known)
})

test_that("each rule calls what it says, and never on a day without an estimate", {
  s <- block(columns_by("lfsr"), "svalue")
  p <- block(columns_by("lfsr"), "padj")
  expected <- list(lfsr = lfsr < .05, svalue = s < .05, either = lfsr < .05 | p < .05)
  expect_false(identical(expected$lfsr & known, expected$svalue & known)) # the rules differ here
  expect_false(identical(expected$svalue & known, expected$either & known))
  for (rule in names(expected)) {
    found <- columns_by(rule)
    expect_identical(block(found, "call"), expected[[rule]] & known, info = rule)
    expect_identical(found$call_anyday, apply(expected[[rule]] & known, 1, any), info = rule)
    expect_identical(found[, 1:6], columns_by("lfsr")[, 1:6], info = rule) # the other columns stay
  }
})

test_that("a rule changes calls, and neither hits nor any other column", {
  x <- withr::with_seed(4, list(betahat = matrix(rnorm(160, sd = .25), 40), se = matrix(.12, 40, 4)))
  x$betahat[3, 2] <- x$se[3, 2] <- NA
  of_rule <- function(rule, level = "gene") {
    run_mash(x, level, call_rule = rule, discovery_method = "ashr", n_draws = 20)
  }
  found <- lapply(rlang::set_names(c("lfsr", "svalue", "either")), of_rule)
  calls <- c(day_columns(found$lfsr$table, "call"), day_columns(found$lfsr$table, "mde"), "call_anyday")
  for (one in found) {
    expect_identical(
      one$table[, !calls, with = FALSE], found$lfsr$table[, !calls, with = FALSE]
    )
    expect_true(all(one$table$call_anyday[one$table$hit_anyday])) # every hit is called
    expect_false(one$table$call_d1[3])
    expect_identical(rank_hits(one)$gene, rank_hits(found$lfsr)$gene)
  }
  expect_identical(found$lfsr$table$call_anyday, found$lfsr$table$hit_anyday)
  expect_gt(sum(found$svalue$table$call_anyday), sum(found$lfsr$table$hit_anyday))
  guides <- of_rule("svalue", "guide")$table
  expect_identical(guides$call_anyday, found$svalue$table$call_anyday)
})

test_that("one day has the columns as well, and the settings hold the rule", {
  x <- withr::with_seed(5, list(betahat = matrix(rnorm(30, sd = .4)), se = matrix(.12, 30)))
  one <- run_mash(x, settings = fate_settings(call_rule = "svalue"))
  expect_equal(one$table$svalue_d0, one$table$svalue)
  expect_identical(one$table$call_anyday, one$table$svalue_d0 < .05)
  expect_equal(one$table$padj_d0, p.adjust(2 * pnorm(-abs(x$betahat[, 1]) / .12), "BH"))
  expect_identical(one$settings$call_rule, "svalue")
  expect_error(run_mash(x, call_rule = "q"), "call_rule", class = "fatebias_error_settings")
})

test_that("a call has the sign of the posterior mean; called by the adjusted p alone, that of the estimate", {
  of <- function(lfsr, rule) effect_of_call(.1, -.4, lfsr, .05, rule)
  expect_identical(of(.2, "either"), -.4)
  expect_identical(of(.01, "either"), .1)
  expect_identical(of(.2, "svalue"), .1)
  expect_identical(effect_of_call(.1, .4, .2, .05, "either"), .1) # the signs agree: mash's own
  expect_identical(effect_of_call(.1, NA, .2, .05, "either"), .1)
})

hits_by <- function(rule) {
  x <- hand_result() # calls of C on d10, by its adjusted p and against the sign of mash
  call <- cbind(c(TRUE, FALSE, FALSE, FALSE), c(FALSE, TRUE, FALSE, FALSE), c(TRUE, TRUE, TRUE, FALSE))
  x$table[, paste0("padj_d", 0:2) := list(0.2, 0.2, 0.01)]
  x$table[, paste0("call_d", 0:2) := list(call[, 1], call[, 2], call[, 3])]
  x$table$call_anyday <- c(TRUE, TRUE, TRUE, FALSE)
  x$table$postmean_d2[3] <- 0.02
  x$call_rule <- rule
  x
}

test_that("print, tidy and words follow the rule and name it", {
  x <- hits_by("either")
  hits <- rank_hits(x)
  told <- "3 of 4 genes are called by lfsr or adjusted p < 0.05 (3 by lfsr)"
  expect_match(format(hits)[1], told, fixed = TRUE)
  told <- tidy(hits)
  expect_identical(told$direction[match(c("A", "B", "C", "D"), told$gene)], c("both", "down", "down", NA))
  expect_identical(glance(hits)$n_calls, 3L)
  expect_identical(glance(hits)$call_rule, "either")
  expect_identical(summary(x)$days$n_calls, c(1, 1, 3))
  expect_identical(choose_rows(x, NULL, 3L), c("B", "A", "C")) # D is a hit, and not called
  marks <- plot_heatmap_data(x)
  expect_identical(marks$mark[marks$gene == "C"], c("", "", "-"))
  expect_identical(plot_volcano_data(x)[gene == "C" & day == "d10"]$direction, "lowers")
  expect_identical(levels(plot_onset_data(x)$gene), c("B", "A", "C"))
  calls <- called_days(x)
  expect_identical(calls$effect[calls$gene == "C"], -.1)
  expect_match(call_text(hits_by("svalue")), "an average lfsr below 0.05")
  none <- no_hits_words(hits_by("svalue"), hits)
  expect_match(none, "none has an average local false sign rate below 0.05 on any day", fixed = TRUE)
  expect_true("benjamini" %in% names(cited(example_fit(), x)))
})

test_that("tables and results of an earlier version are called by their lfsr", {
  old <- hand_result()
  expect_identical(unname(called_matrix(old$table, .05)[, 1]), c(TRUE, FALSE, FALSE, FALSE))
  expect_false(called_matrix(old$table, .05)[4, 2]) # no estimate
  hits <- rank_hits(old)
  expect_identical(glance(hits)$n_calls, glance(hits)$n_hits)
  expect_true(all(is.na(tidy(old)$svalue)) && all(is.na(tidy(hits)$padj)))
  expect_match(format(hits)[1], "are hits at lfsr < 0.05")
})
