# 5 genes, 3 contrasts, 2 days. A raises X (both days, surest on d1), B lowers Y and raises Z, C lowers X,
# D has no call, E has no estimate of Y
hand_contrasts <- function() {
  table <- data.table::CJ(
    gene = c("A", "B", "C", "D", "E"), contrast = c("X - rest", "Y - rest", "Z - rest"), day = c("d0", "d1")
  )
  table$effect <- 0.02
  table$lfsr <- 0.4
  put <- function(g, k, d, effect, lfsr) {
    row <- table$gene == g & table$contrast == k & table$day == d
    data.table::set(table, which(row), c("effect", "lfsr"), list(effect, lfsr))
  }
  put("A", "X - rest", "d0", 0.5, 0.03)
  put("A", "X - rest", "d1", 0.7, 0.001)
  put("B", "Y - rest", "d0", -0.9, 0.002)
  put("B", "Z - rest", "d1", 0.6, 0.01)
  put("C", "X - rest", "d0", -0.4, 0.02)
  put("D", "Y - rest", "d1", 0.3, 0.1)
  put("E", "Y - rest", "d0", NA_real_, NA_real_)
  put("E", "Y - rest", "d1", NA_real_, NA_real_)
  table$call <- table$lfsr < 0.05
  table
}

many_contrasts <- function(n = 30L, genes = 40L) {
  names <- factor(sprintf("program %d - rest", seq_len(n)), levels = sprintf("program %d - rest", seq_len(n)))
  table <- data.table::CJ(contrast = names, gene = sprintf("GENE%05d", seq_len(genes)))
  hit <- as.integer(table$contrast) == (seq_len(genes) * 7L) %% n + 1L
  table$effect <- ifelse(hit, ifelse(seq_len(genes) %% 2 == 0, 0.8, -0.6), 0.1 * sin(seq_len(nrow(table))))
  table$lfsr <- ifelse(hit, 0.001, 0.4)
  table$call <- hit
  table
}

test_that("of many contrasts a tile is the day with the strongest evidence, a mark the sign of a call", {
  local_mocked_bindings(facets_most = 2L)
  tiles <- plot_contrasts_data(hand_contrasts())
  expect_identical(nrow(tiles), 15L)
  one <- tiles[tiles$gene == "A" & tiles$contrast == "X - rest"]
  expect_identical(list(one$day, one$effect, one$mark), list(factor("d1", c("d0", "d1")), 0.7, "+"))
  expect_identical(tiles[tiles$gene == "B"]$mark, c("", "-", "+"))
  expect_identical(tiles[tiles$gene == "E"]$mark, c("", "x", ""))
  expect_identical(tiles[tiles$gene == "D"]$mark, c("", "", ""))
  on_d0 <- plot_contrasts_data(hand_contrasts(), day = "d0")
  expect_identical(on_d0[on_d0$gene == "A"]$effect, c(0.5, 0.02, 0.02))
  expect_identical(on_d0[on_d0$gene == "B"]$mark, c("", "-", ""))
})

test_that("rows stand by the contrast and the sign of their surest call", {
  # A raises X, C lowers X, B lowers Y; D and E have no call, D with the smaller lfsr
  expect_identical(levels(plot_contrasts_data(hand_contrasts())$gene), c("A", "C", "B", "D", "E"))
  expect_identical(levels(plot_contrasts_data(hand_contrasts(), n = 2)$gene), c("A", "B"))
  expect_identical(levels(plot_contrasts_data(hand_contrasts(), genes = c("D", "A"))$gene), c("D", "A"))
  expect_identical(levels(plot_contrasts_data(list(table = hand_contrasts()))$gene)[[1]], "A")
})

test_that("a table without days is drawn, and columns keep their order", {
  table <- hand_contrasts()[hand_contrasts()$day == "d0", c("gene", "contrast", "effect", "lfsr", "call")]
  tiles <- plot_contrasts_data(as.data.frame(table[rev(seq_len(nrow(table)))]))
  expect_identical(names(tiles), c("gene", "contrast", "effect", "lfsr", "call", "mark"))
  expect_identical(levels(tiles$contrast), c("Z - rest", "Y - rest", "X - rest"))
})

test_that("what cannot be drawn is refused", {
  refused <- function(...) expect_error(plot_contrasts_data(...), class = "fatebias_error_argument")
  table <- hand_contrasts()
  refused(table[, c("gene", "contrast", "effect")])
  refused(table[0])
  refused("table")
  refused(table, genes = "Q")
  refused(table, day = "d9")
  refused(table, n = 0)
  expect_error(
    plot_contrasts_data(rbind(table, table[3])), "gene \"A\", contrast \"Y - rest\" twice",
    class = "fatebias_error_argument"
  )
})

test_that("two contrasts, 30 contrasts, and none called draw without a warning", {
  none <- hand_contrasts()
  none$call <- FALSE
  for (table in list(hand_contrasts(), many_contrasts(), many_contrasts(2L), none)) {
    expect_drawn(plot_contrasts(table))
  }
  expect_drawn(plot_contrasts(hand_contrasts(), day = "d1", genes = "A"))
})

test_that("pictures", {
  expect_picture("contrasts by day", plot_contrasts(hand_contrasts()))
  local_mocked_bindings(facets_most = 2L)
  expect_picture("contrasts", plot_contrasts(hand_contrasts()))
  expect_picture("contrasts, 30 of them", plot_contrasts(many_contrasts()))
})

fit <- example_fit()
local_mocked_bindings(
  joint_view = function(fit) NULL, contrast_fit = turned_fit, distinct_contrasts = plain_words
)
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

test_that("compared contrasts, where they are many, have a column each with their surest day", {
  local_mocked_bindings(facets_most = 1L)
  tiles <- plot_contrasts_data(compared, genes = fit$gene$gene[2:1])
  expect_identical(nrow(tiles), 4L)
  expect_identical(levels(tiles$gene), fit$gene$gene[2:1])
  table <- compared$table
  own <- table$gene == tiles$gene[[1]] & table$contrast == tiles$contrast[[1]]
  expect_equal(tiles$lfsr[[1]], min(table$lfsr[own]))
  expect_drawn(plot_contrasts(compared, genes = fit$gene$gene[2:1]))
})
