list2env(screen_parts(), environment())

test_that("Python: a SingleCellExperiment gives the same screen as its parts", {
  skip_if_not_installed("SingleCellExperiment")
  new_sce <- SingleCellExperiment::SingleCellExperiment
  sce <- new_sce(
    assays = list(counts = matrix(0, 3, n, dimnames = list(NULL, rownames(guides)))),
    colData = data.frame(day = day, replicate = replicate), reducedDims = list(fateprob = probs),
    altExps = list(guide = new_sce(assays = list(presence = Matrix::t(guides))))
  )
  from_parts <- facts_of(fate_screen(guides, probs, day, replicate, map))
  expect_identical(facts_of(fate_screen(sce, map)), from_parts)
  expect_error(fate_screen(sce, map, day = "time"), "colData", class = "fatebias_error_screen")
  expect_error(fate_screen(sce, map, guide_exp = "crispr"), "altExp", class = "fatebias_error_screen")
  expect_error(fate_screen(sce, map, fate_probs = "umap"), "reducedDim", class = "fatebias_error_screen")
})

test_that("Python: UMI counts of an object need a threshold", {
  skip_if_not_installed("SingleCellExperiment")
  new_sce <- SingleCellExperiment::SingleCellExperiment
  counts <- Matrix::t(guides) * 7
  counts["g1", 1] <- 4
  sce <- new_sce(
    assays = list(counts = matrix(0, 3, n, dimnames = list(NULL, rownames(guides)))),
    colData = data.frame(day = day, replicate = replicate), reducedDims = list(fateprob = probs),
    altExps = list(guide = new_sce(assays = list(counts = counts)))
  )
  expect_error(fate_screen(sce, map), "min_umi", class = "fatebias_error_screen")
  presence <- methods::as(Matrix::t(counts) >= 5, "dMatrix")
  expected <- facts_of(fate_screen(presence, probs, day, replicate, map))
  expect_identical(facts_of(fate_screen(sce, map, min_umi = 5)), expected)
  expect_identical(expected$guides_per_cell_mean, 2 - 1 / n)
})

test_that("Python: a Seurat object gives the same screen as its parts", {
  skip_if_not_installed("SeuratObject")
  counts <- Matrix::t(guides) * 7
  genes <- Matrix::sparseMatrix(
    i = rep(1, n), j = seq_len(n), x = 1, dims = c(2, n), dimnames = list(c("a", "b"), rownames(guides))
  )
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(
    genes,
    meta.data = data.frame(day = day, replicate = replicate, probs, row.names = rownames(guides))
  ))
  object[["guide"]] <- SeuratObject::CreateAssayObject(counts = counts)
  fates <- c("EC", "MES", "NEU")
  expected <- facts_of(fate_screen(guides, probs, day, replicate, map))
  expect_identical(facts_of(fate_screen(object, map, fates, min_umi = 5)), expected)
  expect_error(fate_screen(object, map, fates), "min_umi", class = "fatebias_error_screen")
  expect_error(fate_screen(object, map, c("EC", "XX")), "XX", class = "fatebias_error_screen")
  expect_error(
    fate_screen(object, map, fates, guide_assay = "crispr"), "assay", class = "fatebias_error_screen"
  )
})

test_that("Python: of several assays of an altExp the counts are taken, or the one that is named", {
  skip_if_not_installed("SingleCellExperiment")
  new_sce <- SingleCellExperiment::SingleCellExperiment
  counts <- Matrix::t(guides) * 7
  make <- function(...) {
    new_sce(
      assays = list(counts = matrix(0, 3, n, dimnames = list(NULL, rownames(guides)))),
      colData = data.frame(day = day, replicate = replicate), reducedDims = list(fateprob = probs),
      altExps = list(guide = new_sce(assays = list(...)))
    )
  }
  expected <- facts_of(fate_screen(guides, probs, day, replicate, map))
  logs <- log1p(counts) / 3
  expect_identical(facts_of(fate_screen(make(logcounts = logs, counts = counts), map, min_umi = 5)), expected)
  screen_error <- function(...) expect_error(..., class = "fatebias_error_screen")
  two <- make(logcounts = logs, calls = Matrix::t(guides))
  screen_error(fate_screen(two, map), "2 assays.*guide_assay")
  expect_identical(facts_of(fate_screen(two, map, guide_assay = "calls")), expected)
  screen_error(fate_screen(two, map, guide_assay = "raw"), "raw")
  screen_error(fate_screen(make(logcounts = logs), map, min_umi = 5), "UMI counts.*not what was")
  screen_error(fate_screen(make(logcounts = logs), map), "presence")
})

test_that("Python: parts of a SingleCellExperiment with cells of their own order are joined by name", {
  skip_if_not_installed("SingleCellExperiment")
  new_sce <- SingleCellExperiment::SingleCellExperiment
  own <- probs + outer(seq_len(n) / 100, c(-1, 0, 1)) / 10
  sce <- new_sce(
    assays = list(counts = matrix(0, 3, n, dimnames = list(NULL, rownames(guides)))),
    colData = S4Vectors::DataFrame(
      day = S4Vectors::Rle(day), replicate = factor(replicate), depth = 1:n + 0.5
    )
  )
  expected <- facts_of(fate_screen(
    guides, own, day, replicate, map, data.frame(depth = 1:n + 0.5),
    covariates = "depth"
  ))
  suppressWarnings({ # that names differ
    SingleCellExperiment::reducedDim(sce, "fateprob", withDimnames = FALSE) <- own[n:1, ]
    SingleCellExperiment::altExp(sce, "guide", withDimnames = FALSE) <-
      new_sce(assays = list(calls = Matrix::t(guides)[, c(2:n, 1)]))
  })
  expect_identical(facts_of(fate_screen(sce, map, covariates = "depth")), expected)
  SingleCellExperiment::reducedDim(sce, "plain", withDimnames = FALSE) <- unname(own)
  expect_error(
    fate_screen(sce, map, fate_probs = "plain"), "no column names.*colnames\\(reducedDim",
    class = "fatebias_error_screen"
  )
})

test_that("Python: names that Seurat has changed are those of the guide map again", {
  skip_if_not_installed("SeuratObject")
  odd <- map
  odd$guide_name <- sub("g", "g_", map$guide_name)
  counts <- Matrix::t(guides)
  rownames(counts) <- odd$guide_name
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(
    counts,
    assay = "guide",
    meta.data = data.frame(day = day, replicate = replicate, probs, row.names = rownames(guides))
  ))
  expect_message(
    found <- facts_of(fate_screen(object, odd, c("EC", "MES", "NEU"))),
    "names of 6 guides; they are called as in the guide map"
  )
  expect_equal(found, facts_of(fate_screen(guides, probs, day, replicate, map)))
})

test_that("names that Seurat has changed are told apart where they can be", {
  back <- function(guides, names) suppressMessages(names_before_seurat(guides, data.frame(guide = names)))
  expect_identical(back(c("A-1", "B-1"), c("A_1", "B-1")), c("A_1", "B-1"))
  expect_identical(back(c("A-1-x", "C"), factor(c("A_1|x", "D"))), c("A_1|x", "C"))
  expect_identical(back("A-1-2", c("A_1-2", "A-1_2")), "A-1-2")
  expect_silent(names_before_seurat(c("A-1", "B"), data.frame(n = 1:2, guide = c("A-1", "B"))))
})

test_that("layers that Seurat 5 has split are joined", {
  counts <- as.matrix(Matrix::t(guides)) * 3
  second <- counts[c(6, 1:4), 21:n] # in another order, and without a guide that no cell of it has
  joined <- join_layers(list(counts[, 1:20], methods::as(second, "CsparseMatrix")))
  expected <- counts
  expected["g5", 21:n] <- 0
  expect_identical(as.matrix(joined)[rownames(counts), ], expected)
  expect_identical(join_layers(list(counts)), counts)
  expect_null(join_layers(list()))
  assay <- structure(list(), class = "StdAssay")
  local_mocked_bindings(seurat_function = function(name) {
    switch(name,
      Layers = function(assay, search) paste0(search, c(".1", ".2")),
      LayerData = function(assay, layer) counts[, if (layer == "counts.1") 1:20 else 21:n]
    )
  })
  expect_identical(as.matrix(seurat_counts(assay, "guide")), counts)
})
