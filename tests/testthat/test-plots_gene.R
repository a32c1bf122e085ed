fit <- example_fit()
result <- run_mash(fit, settings = fate_settings())

test_that("a gene has its estimates, its posterior and its guides on every day", {
  points <- plot_gene_data(result, fit, genes = "G05", level = 0.8)
  n_guides <- sum(fit$guide$gene == "G05")
  expect_identical(as.vector(table(points$source)), c(4L, 4L, 4L * n_guides, 0L))
  row <- result$table[result$table$gene == "G05"]
  third <- points[points$day == "d4"]
  expect_identical(unique(third$time), 4)
  estimate <- third[third$source == "estimate"]
  expect_identical(estimate$value, row$betahat_d2)
  expect_equal(estimate$high, row$betahat_d2 + 1.281552 * row$se_d2, tolerance = 1e-6)
  expect_identical(third[third$source == "posterior"]$value, row$postmean_d2)
  expect_identical(sum(third$source == "guide"), n_guides)
})

test_that("guides stand where their own estimates do, replicates beside them", {
  new <- fit_with_guides(shift = c(a = 0.2, b = NA, c = -0.1))
  points <- plot_gene_data(result, new, genes = "G05")
  third <- points[points$day == "d4"]
  guides <- third[third$source == "guide"]
  expect_identical(guides$value, new$guide_estimate$betahat_d2[match(guides$guide, new$guide_estimate$guide)])
  expect_false(isTRUE(all.equal(guides$value, new$guide$betahat_d2[match(guides$guide, new$guide$guide)])))
  own <- third[third$source == "replicate"]
  expect_identical(own$replicate, c("a", "c")) # b has no cells of the gene
  expect_equal(own$value, fit$estimate$betahat_d2[fit$estimate$gene == "G05"] + c(0.2, -0.1))
  expect_match(unwrapped(plot_gene(result, new, "G05")), "Guides: each by its own estimate")
  moved <- "Guides: their posterior deviations, which are shrunk"
  expect_match(unwrapped(plot_gene(result, fit, "G05")), moved)
  expect_drawn(plot_gene(result, new))
})

test_that("all fates stand side by side in log odds and in percentage points", {
  new <- fit_with_changes(fit_with_guides())
  points <- plot_gene_data(result, new, genes = "G05")
  fates <- points[points$source == "fate"]
  expect_identical(nrow(fates), 2L * 3L * 4L)
  of <- function(name) fates[fates$unit == name & fates$day == "d4" & fates$fate == "NEU"]
  table <- new$probability_change
  row <- table[table$gene == "G05" & table$day == 2 & table$fate == "NEU"]
  drawn <- unlist(of("points")[, c("value", "low", "high")])
  expect_equal(drawn, 100 * unlist(row[, c("change", "low", "high")]), ignore_attr = TRUE)
  log_odds <- function(p) log(p / (1 - p))
  expect_equal(of("log odds")$value, log_odds(row$baseline + row$change) - log_odds(row$baseline))
  expect_equal(of("log odds")$high, log_odds(row$baseline + row$high) - log_odds(row$baseline))
  wider <- plot_gene_data(result, new, genes = "G05", level = 0.99)
  wide <- wider[wider$source == "fate" & wider$unit == "points" & wider$day == "d4" & wider$fate == "NEU"]
  expect_equal(wide$high - wide$value, 2 * 2.575829 / 1.644854, tolerance = 1e-6)
  panels <- levels(ggplot2::ggplot_build(plot_gene(result, new, "G05"))$layout$layout$panel)
  expect_identical(panels, c("effect on MES (log odds)", "fates (log odds)", "fates (percentage points)"))
  expect_match(unwrapped(plot_gene(result, new, "G05")), "Fates: how much")
  without <- plot_gene_data(result, new, genes = "G05", fates = FALSE)
  expect_identical(without$value, points[points$source != "fate"]$value)
  expect_drawn(plot_gene(result, new))
  expect_drawn(plot_gene(result, new, n = 2, level = 0.999))
  expect_error(plot_gene(result, fit, "G05", fates = TRUE), "fit again", class = "fatebias_error_fit")
})

test_that("of many fates those that change most are told apart", {
  table <- data.table::data.table(
    gene = "A", day = rep(c("d0", "d1"), each = 8), fate = rep(letters[1:8], 2),
    change = c(8:1, rep(0, 8)) / 100
  )
  data.table::set(table, i = 16L, j = "change", value = -0.5) # h, on the last day
  expect_identical(fates_that_move(table), c("a", "b", "c", "d", "e", "h"))
  data.table::set(table, j = "change", value = NA_real_)
  expect_length(fates_that_move(table), 6L)
})

test_that("guides without a fit are left away; the states are those of the effects", {
  points <- plot_gene_data(hand_result())
  expect_false(any(points$source == "guide"))
  d <- points[points$gene == "D" & points$source == "posterior"]
  expect_identical(as.character(d$state), c("no call", "no estimate", "no call"))
  expect_true(is.na(points[points$gene == "D" & points$day == "d2" & points$source == "estimate"]$value))
})

test_that("a marked gene has a star above its panel; names that are no genes are refused", {
  both <- plot_gene(result, genes = c("G05", "G06"), mark = "G06")
  names <- both$facet$params$labeller(data.frame(gene = c("G05", "G06")))$gene
  expect_identical(unlist(names), c("G05", "* G06"))
  expect_match(unwrapped(plot_gene(result, genes = "G05", mark = "G05")), "Star: marked gene")
  expect_no_match(unwrapped(plot_gene(result, genes = "G05", mark = "G06")), "Star")
  expect_error(plot_gene(result, mark = "G5"), "no gene 'G5'", class = "fatebias_error_argument")
})

test_that("another fit, guides and unknown genes are refused", {
  expect_error(plot_gene(hand_result(), fit), "not the fit", class = "fatebias_error_mash")
  expect_error(plot_gene(result, result), "read_fit", class = "fatebias_error_fit")
  expect_error(plot_gene(result, fit, genes = "G5"), "no gene 'G5'", class = "fatebias_error_argument")
  guides <- run_mash(fit, "guide", settings = fate_settings())
  expect_error(plot_gene(guides, fit), "genes", class = "fatebias_error_mash")
})

test_that("points of a day stand apart, and nearer to it than to the next day", {
  expect_equal(dodge_step(0:3), 0.15)
  expect_equal(dodge_step(c(0, 1, 14)), 0.28) # two hundredths of the range
  expect_equal(dodge_step(c(0, 1, 100)), 0.3) # never more than three tenths of a gap
})

test_that("edge cases draw without a warning", {
  expect_drawn(plot_gene(result, fit))
  expect_drawn(plot_gene(hand_result()))
  expect_drawn(plot_gene(hand_result(), genes = "D"))
  expect_drawn(plot_gene(wide_result(), n = 30))
})

test_that("pictures", {
  expect_picture("fates", plot_gene(result, fit_with_changes(), c("G05", "G06")))
  expect_picture("genes", plot_gene(hand_result()))
})
