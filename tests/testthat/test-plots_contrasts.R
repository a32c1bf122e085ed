fit <- example_fit()
local_mocked_bindings(joint_view = function(fit) NULL, contrast_fit = turned_fit)
compared <- compare_contrasts(fit, "EC - MES")

test_that("tiles have all contrasts and days of the strongest genes, calls marked by their sign", {
  tiles <- plot_contrasts_data(compared, n = 5)
  expect_identical(nrow(tiles), 5L * 2L * length(fit$days))
  surest <- tapply(compared$table$lfsr, compared$table$gene, min)
  shown <- names(surest) %in% levels(tiles$gene)
  expect_identical(sum(shown), 5L)
  expect_lte(max(surest[shown]), min(surest[!shown]))
  at <- match(
    paste(tiles$gene, tiles$contrast, tiles$day),
    paste(compared$table$gene, compared$table$contrast, compared$table$day)
  )
  expect_identical(tiles$effect, compared$table$effect[at])
  expect_identical(tiles$mark, ifelse(tiles$call, ifelse(tiles$effect > 0, "+", "-"), ""))
  # a contrast that is the other turned round has the other sign
  wide <- data.table::dcast(tiles, gene + day ~ contrast, value.var = "effect")
  expect_true(all(wide$MES * wide$`EC - MES` <= 0))
  expect_drawn(plot_contrasts(compared, n = 5))
})

test_that("many contrasts have a column each, their surest day", {
  local_mocked_bindings(facets_most = 1L)
  tiles <- plot_contrasts_data(compared, genes = fit$gene$gene[2:1])
  expect_identical(nrow(tiles), 4L)
  expect_identical(levels(tiles$gene), fit$gene$gene[2:1])
  table <- compared$table
  own <- table$gene == tiles$gene[[1]] & table$contrast == tiles$contrast[[1]]
  expect_equal(tiles$lfsr[[1]], min(table$lfsr[own]))
  expect_drawn(plot_contrasts(compared, genes = fit$gene$gene[2:1]))
})

test_that("unknown genes and other objects are refused", {
  expect_error(plot_contrasts(compared, genes = "no gene"), class = "fatebias_error_argument")
  expect_error(plot_contrasts(run_mash(fit)), class = "fatebias_error_mash")
})
