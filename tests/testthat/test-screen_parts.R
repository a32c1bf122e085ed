cells <- c("c1", "c2", "c3")
ones <- matrix(c(1, 0, 1, 0, 1, 1), 3, dimnames = list(cells, c("g1", "g2")))
as_sparse <- function(x) {
  loadNamespace("Matrix")
  methods::as(x, "CsparseMatrix")
}
screen_error <- function(...) expect_error(..., class = "fatebias_error_screen")

test_that("zeros and ones of any storage become the same presence", {
  sparse <- as_sparse(ones)
  twice <- methods::new("lgTMatrix", # a logical entry that stands twice is still TRUE
    i = c(0L, 0L, 2L, 1L, 2L), j = c(0L, 0L, 0L, 1L, 1L), x = rep(TRUE, 5), Dim = 3:2,
    Dimnames = dimnames(ones)
  )
  identity <- methods::as(c(2L, 1L), "indMatrix")
  whole <- ones
  storage.mode(whole) <- "integer"
  frame <- as.data.frame(ones)
  frame$g2 <- frame$g2 == 1
  forms <- list(
    ones, whole, ones == 1, frame, as.table(ones), sparse, sparse != 0, methods::as(sparse, "nMatrix"),
    methods::as(sparse, "RsparseMatrix"), methods::as(sparse, "TsparseMatrix"), twice,
    methods::as(ones, "dgeMatrix"), methods::as(ones == 1, "lgeMatrix")
  )
  for (form in forms) {
    found <- as_presence(form)
    expect_s4_class(found, "dgCMatrix")
    expect_identical(as.matrix(found), ones, info = class(form)[[1]])
    expect_length(found@x, 4)
  }
  colnames(identity) <- c("g1", "g2")
  expect_identical(as.vector(as.matrix(as_presence(identity))), c(0, 1, 1, 0))
})

test_that("a plain matrix is read in a session that has not loaded Matrix", {
  code <- c(
    "stopifnot(!isNamespaceLoaded('Matrix'))",
    "found <- fatebias:::as_presence(matrix(c(1, 0, 1, 0), 2, dimnames = list(NULL, c('a', 'b'))))",
    "cat(class(found), sum(found))"
  )
  script <- withr::local_tempfile(lines = code, fileext = ".R")
  said <- system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", script), stdout = TRUE, stderr = TRUE)
  expect_identical(utils::tail(said, 1), "dgCMatrix 2")
})

test_that("no value is rounded or cut before it is looked at", {
  for (value in c(NA, NaN, Inf, -Inf, -0.5, 0.99, 2, 256, 257, 1e20)) {
    bad <- replace(ones, 5, value)
    for (form in list(bad, as_sparse(bad), as.data.frame(bad))) {
      screen_error(as_presence(form), "row 2 \\(c2\\), guide g2")
    }
  }
  screen_error(as_presence(replace(ones == 1, 5, NA)), "NA at row 2 \\(c2\\), guide g2")
  screen_error(as_presence(unname(ones)), "guide names")
  screen_error(as_presence(ones[0, ]), "no cells")
  twice <- methods::new("dgTMatrix",
    i = c(0L, 0L, 1L), j = c(0L, 0L, 1L), x = rep(1, 3), Dim = 3:2, Dimnames = dimnames(ones)
  )
  screen_error(as_presence(twice), "2 at row 1 \\(c1\\), guide g1")
  many <- matrix(3, 4, 2, dimnames = list(NULL, c("g1", "g2")))
  screen_error(as_presence(many), "8 values are not: 3 at row 1, guide g1.*and 3 more")
})

test_that("what no presence can be is refused with the remedy", {
  dim_of_odd <- function(x) c(1L, 1L)
  registerS3method("dim", "odd_matrix", dim_of_odd)
  expect_snapshot(error = TRUE, {
    as_presence(ones * 7)
    as_presence(ones * 0.97)
    as_presence(ones - 0.5)
    as_presence(replace(ones, 1, NA))
    as_presence(ones * 1.5, min_umi = 5)
    as_presence(ones * 7, min_probability = 0.5)
    as_presence(ones * 7, min_umi = 5, min_probability = 0.5)
    as_presence(matrix("1", 2, 2))
    as_presence(matrix(1i, 2, 2))
    as_presence(list(1))
    as_presence(structure(list(1), class = "odd_matrix"))
  })
  broken <- as_sparse(ones)
  broken@i[1] <- 900000L
  screen_error(as_presence(broken), "broken")
})

test_that("counts and probabilities become presence by a threshold", {
  expected <- replace(ones, 1, 0)
  expect_identical(as.matrix(as_presence(replace(ones * 300, 1, 4), min_umi = 5)), expected)
  expect_identical(as.matrix(as_presence(replace(ones * 5, 1, 4), min_umi = 5)), expected)
  expect_identical(as.matrix(as_presence(replace(ones * 0.97, 1, 0.3), min_probability = 0.8)), expected)
  expect_identical(as.matrix(as_presence(replace(ones * 0.8, 1, 0.3), min_probability = 0.8)), expected)
  for (bad in list(0, -1, NA, "5", c(1, 2), Inf)) {
    expect_error(as_presence(ones, min_umi = bad), class = "fatebias_error_argument")
    expect_error(as_presence(ones, min_probability = bad), class = "fatebias_error_argument")
  }
})

test_that("labels are texts, and their order is what their class declares", {
  stage <- factor(c("EB", "iPSC", "ME"), levels = c("iPSC", "ME", "EB", "none"))
  expect_identical(labels_of(stage, "day"), list(labels = c("EB", "iPSC", "ME"), levels = NULL))
  expect_identical(labels_of(as.ordered(stage), "day")$levels, c("iPSC", "ME", "EB"))
  expect_identical(labels_of(c("d10", "d2"), "day"), list(labels = c("d10", "d2"), levels = NULL))
  expect_identical(labels_of(c(10, 0.1 + 0.2, -2), "day"), list(
    labels = c("10", "0.3", "-2"), levels = c("-2", "0.3", "10")
  ))
  expect_identical(labels_of(c(1e5, 1e15), "day")$labels, c("100000", "1000000000000000"))
  dates <- as.Date(c("2024-03-02", "2024-02-28"))
  expect_identical(labels_of(dates, "day"), list(
    labels = c("2024-03-02", "2024-02-28"), levels = c("2024-02-28", "2024-03-02")
  ))
  times <- as.POSIXct(dates, tz = "UTC")
  expect_identical(labels_of(as.POSIXct("2024-03-02", tz = "UTC"), "day")$labels, "2024-03-02")
  expect_identical(
    labels_of(times + c(0, 3600), "day")$levels, c("2024-02-28T01:00:00", "2024-03-02T00:00:00")
  )
  expect_identical(labels_of(as.POSIXlt(times), "day")$labels, c("2024-03-02", "2024-02-28"))
  expect_identical(labels_of(as.difftime(c(2, 0), units = "days"), "day")$levels, c("0", "2"))
  expect_identical(labels_of(c(a = "x"), "day")$labels, "x")
  screen_error(labels_of(c("a", NA, "b", NA), "day"), "`day` is missing for 2 cells: row 2, 4")
  screen_error(labels_of(c(1, Inf), "replicate"), "`replicate` is missing for 1 cell: row 2")
  for (bad in list(NULL, list(1), matrix(1, 2, 2), data.frame(a = 1), sum)) {
    screen_error(labels_of(bad, "day"), "`day` must be a vector")
  }
})

test_that("parts go together by the names of cells, wherever two have some", {
  names <- function(...) rows_by_name(list(...))
  turned <- stats::setNames(1:3, rev(cells))
  expect_identical(names(guides = ones, day = turned)$rows$day, 3:1)
  expect_identical(names(guides = ones, day = turned)$cells, cells)
  expect_null(names(guides = ones, day = unname(turned))$rows$day)
  expect_null(names(guides = unname(ones), day = turned)$rows$day)
  expect_identical(names(guides = unname(ones), probs = ones, day = turned)$rows$day, 3:1)
  expect_identical(names(guides = ones, probs = ones[c(2, 3, 1), ])$rows$probs, c(3L, 1L, 2L))
  expect_null(names(guides = unname(ones), day = 1:3)$cells)
  # row names that R made by itself are no names, numbers of cells that were kept as row names are
  frame <- data.frame(x = 1:3)
  expect_null(names(guides = ones, cell_data = frame)$rows$cell_data)
  expect_null(names(guides = ones, cell_data = frame[c(3, 1, 2), , drop = FALSE])$rows$cell_data)
  numbered <- `rownames<-`(ones, c("12", "7", "9"))
  frame <- data.frame(x = 1:3, row.names = c(9L, 12L, 7L))
  expect_identical(names(guides = numbered, cell_data = frame)$rows$cell_data, c(2L, 3L, 1L))
  expect_identical(take_rows(frame$x, c(2L, 3L, 1L)), c(2L, 3L, 1L))
  named <- data.frame(x = 1:3, row.names = rev(cells))
  expect_identical(take_rows(named, names(guides = ones, cell_data = named)$rows$cell_data)$x, 3:1)
})

test_that("names that disagree are refused with what helps", {
  twice <- `rownames<-`(ones, c("c1", "c1", "c3"))
  expect_null(rows_by_name(list(guides = twice, probs = twice))$rows$probs)
  expect_null(rows_by_name(list(guides = twice, probs = twice))$cells)
  expect_snapshot(error = TRUE, {
    rows_by_name(list(guides = ones, fate_probs = `rownames<-`(ones, c("c1", "c2", "x"))))
    rows_by_name(list(guides = ones, day = c(d0 = 1, d1 = 2, d2 = 3)))
    rows_by_name(list(guides = twice, day = c(c1 = 1, c2 = 2, c3 = 3)))
    rows_by_name(list(guides = ones, fate_probs = twice))
  })
})

test_that("matrices of DelayedArray are converted", {
  skip_if_not_installed("DelayedArray")
  expect_identical(as.matrix(as_presence(DelayedArray::DelayedArray(ones))), ones)
})
