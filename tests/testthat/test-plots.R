test_that("long names keep both ends and their length is bounded", {
  long <- "chr1:1234567-2345678_enhancer_of_GATA6"
  expect_identical(short_name(c("GATA6", NA, long)), c("GATA6", NA, "chr1:1234.._of_GATA6"))
  expect_identical(nchar(short_name(long, 7)), 7L)
  expect_identical(short_name(strrep("x", 20)), strrep("x", 20))
})

test_that("labels of days lose the words that all share, while they are long", {
  expect_identical(short_days(c("d0", "d2")), c(d0 = "d0", d2 = "d2"))
  long <- paste("differentiation day", c(0, 12))
  expect_identical(short_days(long), rlang::set_names(c("day 0", "day 12"), long))
  different <- c("before induction", "after induction")
  expect_identical(unname(short_days(different)), different)
  # where shortening would make them equal they stay as they are
  twins <- paste0("x", strrep("y", 30), c(1, 2), strrep("z", 30))
  expect_identical(unname(short_days(twins)), twins)
})

test_that("half-widths are normal quantiles", {
  expect_equal(half_width(0.9), 1.644854, tolerance = 1e-6)
  expect_equal(half_width(0.95), 1.959964, tolerance = 1e-6)
  expect_error(half_width(1), "level")
})

test_that("rows: as asked, or hits first by lfsr", {
  x <- hand_result()
  expect_identical(choose_rows(x, NULL, 10), c("B", "A", "D", "C"))
  expect_identical(choose_rows(x, NULL, 2), c("B", "A"))
  expect_identical(choose_rows(x, c("C", "A"), 1), c("C", "A"))
  expect_error(choose_rows(x, NULL, 0), "`n` must", class = "fatebias_error_argument")
})

test_that("unknown genes are refused, the nearest ones named", {
  x <- hand_result()
  x$table$gene <- c("GATA4", "GATA6", "SOX17", "EOMES")
  expect_snapshot(choose_rows(x, c("GATA4", "Eomes", "SOX7"), 5), error = TRUE)
  expect_error(choose_rows(x, c("GATA4", "GATA4"), 5), "genes")
  expect_error(choose_rows(x, 1:2, 5), "genes")
})

test_that("calls need an lfsr below the threshold and an estimate of their own", {
  effects <- effects_of(hand_result())
  called <- effects[effects$call]
  expect_identical(paste(called$gene, called$day), c("A d0", "A d10", "B d2", "B d10"))
  expect_identical(levels(effects$day), c("d0", "d2", "d10"))
})

test_that("captions come in lines that fit", {
  lines <- strsplit(caption(strrep("word ", 40)), "\n")[[1]]
  expect_true(all(nchar(lines) < 58))
  expect_gt(length(lines), 3)
})
