quietly <- function(x) suppressMessages(without_doubts(x))
cells <- example_file("cellrank_pbmc68k.h5ad")
map <- data.table::fread(example_file("cellranger_guide_map.csv"), data.table = FALSE)

assemble <- function(path, ..., guides = quietly(read_guides_cellranger(example_file("cellranger_guides"))),
                     guide_map = map, settings = do.call(fate_settings, blood)) {
  assemble_screen(cells, guides, guide_map, path, ..., settings = settings)
}

test_that("Python: what CellRank saved and guides of Cell Ranger become a screen", {
  path <- file.path(withr::local_tempdir(), "s.h5ad")
  said <- capture_messages(screen <- without_doubts(assemble(path, replicate = "sample")))
  s <- screen$summary
  umis <- example_umis()
  names <- reticulate::py_run_string(sprintf(
    "import h5py\nwith h5py.File(%s) as f: names = list(f['obs'][f['obs'].attrs['_index']].asstr()[:])",
    to_json(cells)
  ))$names
  known <- rownames(umis) %in% names
  burden <- rowSums(umis[known, ] >= 5)
  said <- gsub("\\s+", " ", paste(said, collapse = ""))
  expect_match(said, "630 cells are in all parts", fixed = TRUE)
  expect_match(said, paste("guides:", paste(tabulate(burden + 1), collapse = ", ")), fixed = TRUE)
  expect_equal(s$n_cells, sum(burden > 0))
  expect_equal(s$left_out$no_guide, sum(burden == 0))
  expect_equal(s$guides_per_cell_mean, mean(burden[burden > 0]))
  expect_identical(s$fates[[1]], "CD19+ B")
  expect_setequal(s$fates, c("CD14+ Monocyte", "CD19+ B", "Dendritic"))
  expect_identical(s$replicates, c("s1", "s2"))
  expect_identical(screen$guide_map, sub(".h5ad", "_guide_map.csv", path, fixed = TRUE))
})

test_that("Python: a table of probabilities, a map that is a file, and one replicate", {
  path <- file.path(withr::local_tempdir(), "s.h5ad")
  guides <- quietly(read_guides_cellranger(example_file("cellranger_guides")))
  probs <- matrix(
    c(0.25, 0.75), nrow(guides), 2, byrow = TRUE, dimnames = list(rownames(guides), c("EC", "MES"))
  )
  without_doubts(expect_message(
    screen <- assemble(
      path, fate_probs = probs, guides = guides, guide_map = example_file("cellranger_guide_map.csv"),
      settings = fate_settings()
    ), "guides 30"
  ))
  expect_identical(screen$summary$fates, c("EC", "MES"))
  expect_equal(screen$summary$fate_means_by_day[1, ], c(0.25, 0.75))
  expect_identical(screen$summary$replicates, "r1")
  expect_error(
    assemble(path, fate_probs = probs, fates = c("a", "b")), "its own names", class = "fatebias_error_screen"
  )
})

test_that("Python: names of columns and of keys that are wrong leave no file behind", {
  folder <- withr::local_tempdir()
  path <- file.path(folder, "s.h5ad")
  expect_error(assemble(path, day = "time"), "time", class = "fatebias_error_screen")
  expect_error(assemble(path, fate_probs = "X_umap"), "lineages_fwd", class = "fatebias_error_screen")
  expect_error(
    assemble(path, fates = c("Dendritic", "CD19+ B", "CD14+ Monocyte")), "By these cells the order is",
    class = "fatebias_error_screen"
  )
  expect_error(assemble(path, guide_map = map[-1]), "guide_name", class = "fatebias_error_screen")
  expect_identical(list.files(folder), character())
})

test_that("Python: a screen that is refused when read leaves what was there before, or nothing", {
  folder <- withr::local_tempdir()
  path <- file.path(folder, "s.h5ad")
  other <- transform(map, guide_name = paste0("x", guide_name))
  missing <- file.path(folder, "no.csv")
  expect_error(quietly(assemble(path, guide_map = other)), class = "fatebias_error_screen")
  expect_error(quietly(assemble(path, guide_map = missing)), "no.csv", class = "fatebias_error_screen")
  expect_identical(list.files(folder), character())
  quietly(assemble(path, replicate = "sample"))
  files <- list.files(folder, full.names = TRUE)
  before <- tools::md5sum(files)
  expect_length(files, 2)
  expect_error(quietly(assemble(path, guide_map = other)), class = "fatebias_error_screen")
  expect_error(quietly(assemble(path, day = "time")), class = "fatebias_error_screen")
  expect_identical(tools::md5sum(list.files(folder, full.names = TRUE)), before)
  quietly(assemble(path))
  expect_identical(list.files(folder, full.names = TRUE), files)
  expect_false(identical(tools::md5sum(files), before))
})

test_that("counts and guides without names of cells are refused before anything is read", {
  local_mocked_bindings(py_call = function(...) stop("Python was called"))
  counts <- matrix(c(3, 0, 1, 1), 2, dimnames = list(c("c1", "c2"), c("g1", "g2")))
  expect_error(assemble("s.h5ad", guides = counts), "min_umi = 5", class = "fatebias_error_screen")
  bad <- list(
    list(rescale = NA), list(rescale = "yes"), list(drop_suffix = NULL), list(fates = 1:2),
    list(fates = character()), list(fates = NA_character_), list(fate_probs = NULL), list(fate_probs = 1),
    list(fate_probs = c("a", "a"))
  )
  for (one in bad) {
    call <- function() do.call(assemble, c(list("s.h5ad", guides = counts == 1), one))
    expect_error(call(), paste0("`", names(one), "`"), class = "fatebias_error_argument")
  }
  unnamed <- matrix(1, 2, 2, dimnames = list(NULL, c("g1", "g2")))
  expect_error(assemble("s.h5ad", guides = unnamed), "names of cells", class = "fatebias_error_screen")
})

test_that("Python: columns of obs that settings name go along", {
  path <- file.path(withr::local_tempdir(), "s.h5ad")
  screen <- quietly(assemble(path, settings = do.call(fate_settings, c(blood, covariates = "sample"))))
  expect_identical(screen$summary$covariates, c("sample=s1", "sample=s2"))
  expect_error(
    assemble(path, settings = do.call(fate_settings, c(blood, cluster_key = "clone"))), "no column clone",
    class = "fatebias_error_screen"
  )
})

test_that("Python: cells and guides of one MuData are put together like those of two files", {
  folder <- withr::local_tempdir()
  mudata <- write_guides_anndata(file.path(folder, "s.h5mu"))
  put_together <- function(file, ..., settings = do.call(fate_settings, blood)) {
    guides <- quietly(read_guides_anndata(mudata, layer = "guide_assignment", modality = "guide"))
    path <- file.path(folder, "screen.h5ad")
    facts_of(quietly(
      assemble_screen(file, guides, map, path, replicate = "sample", settings = settings, ...)
    ))
  }
  expected <- put_together(cells)
  expect_identical(put_together(mudata, modality = "rna"), expected)
  by_setting <- do.call(fate_settings, c(blood, modality = "rna"))
  expect_identical(put_together(mudata, settings = by_setting), expected)
  expect_error(put_together(mudata), "modality", class = "fatebias_error_screen")
  expect_error(put_together(mudata, modality = 1), "`modality`", class = "fatebias_error_argument")
})

test_that("Python: what is wrong with a guide map that is a data frame is told of the argument", {
  bad <- replace(map, "gene_name", list(replace(map$gene_name, 3, NA)))
  expect_error(
    quietly(assemble(withr::local_tempfile(fileext = ".h5ad"), guide_map = bad)), "^`guide_map` .*row 3 ",
    class = "fatebias_error_screen"
  )
})
