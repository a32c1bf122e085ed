quietly <- function(x) suppressMessages(x)
folder <- example_file("cellranger_guides")

test_that("Python: guides of Cell Ranger are there from the threshold on", {
  umis <- example_umis()
  for (min_umi in c(1, 5, 12)) {
    found <- quietly(read_guides_cellranger(folder, min_umi = min_umi))
    expect_s4_class(found, "dgCMatrix")
    expect_equal(as.matrix(found), (umis >= min_umi) * 1)
  }
  expect_equal(as.matrix(quietly(read_guides_cellranger(folder, min_umi = NULL))), umis)
})

test_that("Python: a word on thresholds says what cells have", {
  umis <- example_umis()
  said <- cli::ansi_strip(paste(capture_messages(read_guides_cellranger(folder)), collapse = ""))
  expect_match(said, sprintf("> UMIs >= 5: %.2f guides a cell", mean(rowSums(umis >= 5))), fixed = TRUE)
  expect_match(said, sprintf("%d of 660 cells without", sum(rowSums(umis >= 20) == 0)), fixed = TRUE)
  expect_match(said, "660 cells, 12 guides", fixed = TRUE)
})

test_that("Python: several samples have cells named after them", {
  found <- quietly(read_guides_cellranger(c(d0 = folder, d2 = folder), cell_name = "{sample}_{barcode}"))
  one <- quietly(read_guides_cellranger(folder))
  expect_identical(rownames(found), c(paste0("d0_", rownames(one)), paste0("d2_", rownames(one))))
  expect_equal(unname(as.matrix(found)), unname(rbind(as.matrix(one), as.matrix(one))))
  expect_error(read_guides_cellranger(c(folder, folder)), "need a name each", class = "fatebias_error_screen")
})

test_that("Python: what is no such matrix is refused", {
  empty <- withr::local_tempdir()
  expect_error(read_guides_cellranger(empty), "features.tsv", class = "fatebias_error_screen")
  expect_error(
    read_guides_cellranger(folder, feature_type = "Antibody Capture"), "CRISPR Guide Capture \\(12\\)",
    class = "fatebias_error_screen"
  )
  expect_error(quietly(read_guides_cellranger(folder, min_umi = 1e6)), class = "fatebias_error_screen")
  expect_error(read_guides_cellranger(folder, min_umi = 0), "min_umi")
})

test_that("Python: a folder that is not there, a file of three, and a folder as a table are said to be so", {
  expect_error(read_guides_cellranger("no/such/folder"), "does not exist", class = "fatebias_error_screen")
  one <- file.path(folder, "matrix.mtx.gz")
  expect_error(read_guides_cellranger(one), "give the folder", class = "fatebias_error_screen")
  expect_error(read_guides_table(folder), "is a folder. Give the file", class = "fatebias_error_screen")
  for (bad in list(character(0), NULL, 1, "symbol")) {
    expect_error(read_guides_cellranger(folder, names = bad), "`names`", class = "fatebias_error_argument")
  }
})

test_that("Python: a long table gives the same guides, as data frame and as file", {
  umis <- example_umis()
  at <- which(umis > 0, arr.ind = TRUE)
  long <- data.frame(barcode = rownames(umis)[at[, 1]], sg = factor(colnames(umis)[at[, 2]]), n = umis[at])
  path <- withr::local_tempfile(fileext = ".tsv.gz")
  data.table::fwrite(long, path, sep = "\t")
  for (table in list(long, data.table::as.data.table(long), path)) {
    found <- quietly(read_guides_table(table, cell = "barcode", guide = "sg", umi = "n"))
    carrying <- umis[rowSums(umis) > 0, ]
    expect_setequal(rownames(found), rownames(carrying))
    expect_equal(as.matrix(found[rownames(carrying), colnames(umis)]), (carrying >= 5) * 1)
  }
  present <- quietly(read_guides_table(long, cell = "barcode", guide = "sg", umi = NULL))
  expect_identical(sum(present), as.numeric(nrow(at)))
  expect_error(quietly(read_guides_table(long)), "lacks the column", class = "fatebias_error_screen")
  twice <- rbind(long, long[1, ])
  expect_error(
    read_guides_table(twice, cell = "barcode", guide = "sg", umi = "n"), "repeat",
    class = "fatebias_error_screen"
  )
  one <- data.frame(cell = "a", guide = "g", umi = 9)
  expect_identical(dim(quietly(read_guides_table(one))), c(1L, 1L))
})

test_that("Python: rows without a guide are cells without any; posteriors need their threshold", {
  calls <- data.frame(
    cell = c("a", "b", "c"), guide = c("g1|g2", "None", "g2"), umi = c("8|9", "0", "6"),
    stringsAsFactors = TRUE
  )
  found <- quietly(read_guides_table(calls))
  expect_identical(dimnames(found), list(c("a", "b", "c"), c("g1", "g2")))
  expect_identical(unname(as.matrix(found)), rbind(c(1, 1), c(0, 0), c(0, 1)))
  calls$umi <- c("8", "0", "6")
  expect_error(read_guides_table(calls), "unequal lengths: row 1", class = "fatebias_error_screen")
  posterior <- data.frame(cell = c("a", "b", "b"), guide = c("g1", "g1", "g2"), p = c(0.97, 0.3, 1))
  expect_error(
    read_guides_table(posterior, umi = "p"), "probabilities in its column p", class = "fatebias_error_screen"
  )
  present <- quietly(read_guides_table(posterior, umi = "p", min_probability = 0.9))
  expect_identical(unname(as.matrix(present)), rbind(c(1, 0), c(0, 1)))
  expect_error(read_guides_table(posterior, min_probability = 2), class = "fatebias_error_argument")
})

test_that("Python: guides of an AnnData are those of its X or of a layer", {
  umis <- example_umis()
  path <- write_guides_anndata(withr::local_tempfile(fileext = ".h5ad"))
  expect_equal(as.matrix(quietly(read_guides_anndata(path, min_umi = NULL))), umis)
  expect_equal(as.matrix(quietly(read_guides_anndata(path, min_umi = 12))), (umis >= 12) * 1)
  called <- quietly(read_guides_anndata(path, layer = "guide_assignment", min_umi = 7)) # of ones no threshold
  expect_equal(as.matrix(called), (umis >= 5) * 1)
  likely <- quietly(read_guides_anndata(path, layer = "posterior", min_probability = 0.8))
  expect_equal(as.matrix(likely), (umis / (umis + 2) >= 0.8) * 1)
  two <- quietly(read_guides_anndata(c(d0 = path, d2 = path), cell_name = "{sample}_{barcode}"))
  expect_identical(rownames(two), c(paste0("d0_", rownames(umis)), paste0("d2_", rownames(umis))))
  expect_error(
    read_guides_anndata(path, layer = "posterior"), "min_probability", class = "fatebias_error_screen"
  )
  expect_error(
    read_guides_anndata(path, layer = "calls"), "guide_assignment", class = "fatebias_error_screen"
  )
  expect_error(read_guides_anndata("no.h5ad"), "no.h5ad", class = "fatebias_error_screen")
  for (bad in list(0, 2, NA, "a")) {
    expect_error(read_guides_anndata(path, min_probability = bad), class = "fatebias_error_argument")
  }
})

test_that("Python: what is presence is said to be so, and no threshold is spoken of", {
  umis <- example_umis()
  path <- write_guides_anndata(withr::local_tempfile(fileext = ".h5ad"))
  said <- capture_messages(read_guides_anndata(path, layer = "guide_assignment"))
  said <- cli::ansi_strip(paste(said, collapse = ""))
  expect_no_match(said, "UMI")
  burden <- mean(rowSums(umis >= 5))
  expect_match(said, sprintf("660 cells, 12 guides; %.2f guides a cell", burden), fixed = TRUE)
})
