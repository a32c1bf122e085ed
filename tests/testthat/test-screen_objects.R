n <- 40
guides <- Matrix::sparseMatrix(
  i = rep(seq_len(n), 2), j = c(rep(1:4, n / 4), rep(5:6, n / 2)), x = 1, dims = c(n, 6),
  dimnames = list(paste0("c", seq_len(n)), paste0("g", 1:6))
)
map <- data.frame(
  guide_name = paste0("g", 1:6), gene_name = c("A", "A", "B", "B", "NTC", "NTC"), is_ntc = c(0, 0, 0, 0, 1, 1)
)
probs <- matrix(
  c(0.2, 0.3, 0.5), n, 3, byrow = TRUE, dimnames = list(rownames(guides), c("EC", "MES", "NEU"))
)
day <- rep(c("d0", "d2"), each = n / 2)
replicate <- rep(c("r1", "r2"), n / 2)

test_that("shapes and names are checked before anything is written", {
  folder <- withr::local_tempdir()
  make <- function(g = guides, p = probs, d = day, r = replicate, m = map) {
    fate_screen(g, p, d, r, m, path = file.path(folder, "s.h5ad"))
  }
  swapped <- probs[n:1, ]
  gap <- replace(day, 3, NA)
  local_mocked_bindings(py_call = function(...) stop("Python was called"))
  expect_snapshot(error = TRUE, {
    make(p = probs[-1, ])
    make(d = day[-1])
    make(p = swapped)
    make(p = unname(probs))
    make(g = `colnames<-`(guides, NULL))
    make(g = "guides")
    make(d = gap)
    make(m = map[-3])
    make(m = "map.csv")
  })
  for (bad in list(NULL, NA, 1, c("a", "b"), "")) {
    expect_error(
      fate_screen(guides, probs, day, replicate, map, path = bad), "`path`", class = "fatebias_error_argument"
    )
  }
  for (bad in list(NULL, NA, "fateprob", list())) {
    expect_error(make(p = bad), "`fate_probs`", class = "fatebias_error_argument")
  }
  expect_identical(list.files(folder), character())
})

test_that("presence of any storage becomes the same sparse matrix", {
  dense <- as.matrix(guides)
  for (other in list(dense, dense == 1, methods::as(guides, "RsparseMatrix"), guides != 0)) {
    expect_identical(as.matrix(as_presence(other)), dense)
    expect_s4_class(as_presence(other), "dgCMatrix")
  }
})

test_that("Python: what goes in is what is read back", {
  path <- file.path(withr::local_tempdir(), "s.h5ad")
  screen <- fate_screen(guides, probs, day, replicate, map, path = path)
  expect_identical(screen$path, path)
  expect_true(file.exists(screen$guide_map))
  s <- screen$summary
  expect_equal(
    s[c("n_cells", "n_genes", "n_guides", "n_ntc")],
    list(n_cells = n, n_genes = 2, n_guides = 4, n_ntc = 2)
  )
  expect_identical(s$days, c("d0", "d2"))
  expect_equal(s$fate_means_by_day[1, ], c(0.2, 0.3, 0.5))
  expect_equal(s$guides_per_cell_mean, 2)
})

test_that("Python: one replicate, and another reference", {
  path <- file.path(withr::local_tempdir(), "s.h5ad")
  screen <- fate_screen(
    guides, probs, day, rep("r1", n), map, path = path, ref_fate = "NEU", contrast_fate = "EC"
  )
  expect_identical(screen$summary$fates, c("NEU", "EC", "MES"))
  expect_identical(screen$summary$replicates, "r1")
  expect_identical(screen$settings$ref_fate, "NEU")
})

test_that("Python: its own checks come through", {
  expect_error(
    fate_screen(guides, probs * 2, day, replicate, map), "sum to 1", class = "fatebias_error_screen"
  )
  expect_error(fate_screen(guides * 2, probs, day, replicate, map), class = "fatebias_error_screen")
  expect_error(
    fate_screen(guides, probs, day, replicate, map[-1, ]), "lacks 1 guide", class = "fatebias_error_screen"
  )
  expect_warning(
    fate_screen(guides, probs, rep("d0", n), replicate, map), "one day: no change over days can be told",
    class = "fatebias_warning_screen"
  )
})

test_that("Python: a SingleCellExperiment gives the same screen as its parts", {
  skip_if_not_installed("SingleCellExperiment")
  new_sce <- SingleCellExperiment::SingleCellExperiment
  sce <- new_sce(
    assays = list(counts = matrix(0, 3, n, dimnames = list(NULL, rownames(guides)))),
    colData = data.frame(day = day, replicate = replicate), reducedDims = list(fateprob = probs),
    altExps = list(guide = new_sce(assays = list(presence = Matrix::t(guides))))
  )
  from_parts <- fate_screen(guides, probs, day, replicate, map)
  expect_identical(fate_screen(sce, map)$summary, from_parts$summary)
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
  expected <- fate_screen(methods::as(Matrix::t(counts) >= 5, "dMatrix"), probs, day, replicate, map)
  expect_identical(fate_screen(sce, map, min_umi = 5)$summary, expected$summary)
  expect_identical(expected$summary$guides_per_cell_mean, 2 - 1 / n)
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
  screen <- fate_screen(object, map, fates, min_umi = 5)
  expect_identical(screen$summary, fate_screen(guides, probs, day, replicate, map)$summary)
  expect_error(fate_screen(object, map, fates), "min_umi", class = "fatebias_error_screen")
  expect_error(fate_screen(object, map, c("EC", "XX")), "XX", class = "fatebias_error_screen")
  expect_error(
    fate_screen(object, map, fates, guide_assay = "crispr"), "assay", class = "fatebias_error_screen"
  )
})

test_that("columns of cells that settings name are looked at before anything is written", {
  cell_data <- data.frame(depth = seq_len(n) / 2, lane = factor(rep(c("A", "B"), n / 2)), ok = TRUE)
  columns <- function(...) columns_for(fate_settings(...), cell_data, n)
  expect_identical(unname(columns()), list())
  expect_identical(
    columns(covariates = c("depth", "lane"), cluster_key = "ok"),
    list(depth = cell_data$depth, lane = as.character(cell_data$lane), ok = cell_data$ok)
  )
  cell_data$depth[3] <- NA
  local_mocked_bindings(py_call = function(...) stop("Python was called"))
  expect_snapshot(error = TRUE, {
    columns(covariates = "depth")
    columns(covariates = "batch")
    columns_for(fate_settings(cluster_key = "clone"), NULL, n)
    columns_for(fate_settings(cluster_key = "lane"), cell_data[-1, ], n)
  })
})

test_that("Python: covariates, clusters and cells without fate probabilities of R objects", {
  cell_data <- data.frame(
    depth = as.numeric(seq_len(n)), lane = rep(c("A", "B", "B"), length.out = n), clone = rep(1:20, each = 2)
  )
  some <- probs
  some[c(1, 5), ] <- NA
  some[2, ] <- c(-1e-12, 0.4, 0.6)
  screen <- fate_screen(
    guides, some, day, replicate, map, cell_data,
    covariates = c("depth", "lane"), cluster_key = "clone"
  )
  s <- screen$summary
  expect_identical(s$covariates, c("depth", "lane=A", "lane=B"))
  expect_equal(s$n_clusters, 20)
  expect_equal(s$n_cells, n - 2)
  expect_equal(unlist(s$left_out), c(no_guide = 0, too_many_guides = 0, no_fate_probs = 2))
  expect_equal(s$mended$negative_to_zero, 1)
  said <- format(screen)
  expect_true(all(c(
    "Covariates depth, lane=A, lane=B", "Clusters of cells: 20", "Cells left out: 2 no fate probs",
    "Cells with rounded probabilities: 1 negative to zero"
  ) %in% said))
  expect_error(
    fate_screen(guides, some, day, replicate, map, missing_fates = "error"), "row 0 \\(c1\\), row 4 \\(c5\\)",
    class = "fatebias_error_screen"
  )
  some[1, 1] <- 0.2
  expect_error(fate_screen(guides, some, day, replicate, map), "c1", class = "fatebias_error_screen")
  expect_error(
    fate_screen(guides, probs, day, replicate, map, data.frame(again = day), covariates = "again"),
    "same as the day", class = "fatebias_error_screen"
  )
})
