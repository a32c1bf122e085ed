fit_copy <- function(env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  file.copy(list.files(test_path("fixtures", "fit"), full.names = TRUE), folder)
  folder
}

test_that("a missing manifest, file or column is named", {
  scrub <- function(folder) function(lines) gsub(folder, "FOLDER", lines, fixed = TRUE)
  folder <- fit_copy()
  file <- file.path(folder, "qc_delta_mean_by_gene.csv")
  table <- data.table::fread(file)
  data.table::fwrite(table[, !"delta_mean_gene"], file)
  expect_snapshot(error = TRUE, read_fit(folder), transform = scrub(folder))
  unlink(file)
  expect_snapshot(error = TRUE, read_fit(folder), transform = scrub(folder))
  unlink(file.path(folder, "fit_manifest.json"))
  expect_snapshot(error = TRUE, read_fit(folder), transform = scrub(folder))
})

test_that("a needed table is missed even where the manifest does not list it", {
  folder <- fit_copy()
  manifest <- jsonlite::read_json(file.path(folder, "fit_manifest.json"))
  manifest$files <- setdiff(manifest$files, "gene_daywise_for_mash.csv")
  jsonlite::write_json(manifest, file.path(folder, "fit_manifest.json"), auto_unbox = TRUE, null = "null")
  unlink(file.path(folder, "gene_daywise_for_mash.csv"))
  expect_error(read_fit(folder), class = "fatebias_error_export")
})

test_that("a manifest that is cut short is refused", {
  folder <- fit_copy()
  writeLines("{\"days\": [", file.path(folder, "fit_manifest.json"))
  expect_error(read_fit(folder), class = "fatebias_error_export")
  writeLines("{\"days\": [\"d0\", \"d1\"]}", file.path(folder, "fit_manifest.json"))
  expect_error(read_fit(folder), class = "fatebias_error_export")
})

test_that("a day too few in a table is missed", {
  folder <- fit_copy()
  file <- file.path(folder, "guide_daywise_for_mash.csv")
  data.table::fwrite(data.table::fread(file)[, !"se_d3"], file)
  expect_error(read_fit(folder), "se_d3", class = "fatebias_error_export")
})

test_that("tables of different genes are refused", {
  folder <- fit_copy()
  file <- file.path(folder, "qc_delta_mean_by_gene.csv")
  data.table::fwrite(data.table::fread(file)[-1], file)
  expect_error(read_fit(folder), "different genes", class = "fatebias_error_export")
})

test_that("names stay text and empty cells are missing", {
  folder <- fit_copy()
  for (name in c("gene_daywise_for_mash", "guide_daywise_for_mash", "gene_daywise_likelihood",
                 "gene_daywise_cov", "qc_delta_mean_by_gene", "qc_theta_beta_offset_by_gene",
                 "qc_theta_day_centering")) {
    file <- file.path(folder, paste0(name, ".csv"))
    lines <- readLines(file)
    writeLines(gsub("G0?([0-9]+)", "\\1", lines), file)
  }
  file <- file.path(folder, "gene_daywise_for_mash.csv")
  lines <- readLines(file)
  lines[2] <- "1,,0.1,0.1,0.1,,0.1,0.1,0.1"
  writeLines(lines, file)
  fit <- read_fit(folder)
  expect_identical(fit$gene$gene[1:2], c("1", "2"))
  expect_identical(fit$guide$guide[3:4], c("3_1", "3_2"))
  expect_true(is.na(fit$gene$betahat_d0[1]) && is.na(fit$gene$se_d0[1]))
})

test_that("cells by guide are read, controls without a gene, and older fits have none", {
  cells <- read_fit(fit_copy())$cells
  expect_identical(names(cells), c("guide", "gene", "is_ntc", paste0("n_cells_d", 0:3)))
  expect_identical(is.na(cells$gene), cells$is_ntc == 1)
  folder <- fit_copy()
  manifest <- jsonlite::read_json(file.path(folder, "fit_manifest.json"))
  manifest$files <- setdiff(manifest$files, "qc_cells_by_guide.csv")
  jsonlite::write_json(manifest, file.path(folder, "fit_manifest.json"), auto_unbox = TRUE, null = "null")
  unlink(file.path(folder, "qc_cells_by_guide.csv"))
  expect_null(read_fit(folder)$cells)
})

test_that("a table is written whole or not at all", {
  folder <- withr::local_tempdir()
  path <- write_table(data.frame(gene = "a", hit = TRUE), file.path(folder, "new", "t.csv"))
  expect_identical(readLines(path), c("gene,hit", "a,TRUE"))
  expect_identical(list.files(dirname(path), all.files = TRUE, no.. = TRUE), "t.csv")
  local_mocked_bindings(fwrite = function(x, file) {
    writeLines("half", file)
    stop("disk full")
  }, .package = "data.table")
  expect_error(write_table(data.frame(gene = "b"), path), "disk full")
  expect_identical(readLines(path), c("gene,hit", "a,TRUE"))
  expect_identical(list.files(dirname(path), all.files = TRUE, no.. = TRUE), "t.csv")
})

test_that("estimates by guide and replicate are read: names as text, parts by gene, none for older fits", {
  fit <- fit_with_guides(shift = c("1" = 0.1, "2" = NA))
  expect_identical(unique(fit$by_replicate$replicate), c("1", "2"))
  expect_identical(is.na(fit$by_replicate$betahat), fit$by_replicate$replicate == "2")
  expect_identical(fit$guide_estimate$guide, fit$guide$guide)
  expect_setequal(fit$left_out$gene, setdiff(fit$gene$gene, c("G01", "G02"))) # these have one guide
  part <- fit[c("G05", "G01")]
  expect_identical(part$left_out$gene, rep("G05", 3))
  expect_identical(part$heterogeneity$gene, c("G05", "G01"))
  expect_identical(nrow(part$by_replicate), 16L)
  one <- fit_with_guides(shift = c(r1 = 0))
  expect_identical(nrow(one$by_replicate), 0L)
  expect_true(all(is.na(one$heterogeneity$replicate_p)))
  old <- example_fit()
  for (name in c("guide_estimate", "left_out", "by_replicate", "heterogeneity")) expect_null(old[[name]])
})

test_that("estimates of guides of other genes are refused", {
  folder <- fit_with_guides()$out_dir
  file <- file.path(folder, "gene_heterogeneity.csv")
  data.table::fwrite(data.table::fread(file)[-1], file)
  sign_again(folder)
  expect_error(read_fit(folder), "gene_heterogeneity.csv.*different genes", class = "fatebias_error_export")
})

test_that("Python: genes and guides with signs of their own have the same names in a fit", {
  files <- small_screen()
  odd <- c('a,"b"1', "NA", "nan", "TRUE", "1e5", "01", "line\nbreak", '""')
  map <- read_csv_file(files$guide_map, texts = 1:2)
  genes <- setdiff(unique(map$gene_name), "NTC")
  at <- match(map$gene_name, genes[seq_along(odd)])
  data.table::set(map, j = "gene_name", value = ifelse(is.na(at), map$gene_name, odd[at]))
  map_path <- withr::local_tempfile(fileext = ".csv")
  write_table(map, map_path)
  fit <- fit_fate_bias(
    without_doubts(read_screen(files$screen, map_path)), fate_settings(inference = "laplace", threads = 1L),
    out_dir = withr::local_tempdir(), progress = FALSE
  )
  expect_setequal(fit$gene$gene, c(odd, genes[-seq_along(odd)]))
  expect_setequal(fit$guide$gene, fit$gene$gene)
  expect_setequal(fit$estimate$gene, fit$gene$gene)
  expect_identical(unique(tidy(fit['a,"b"1'])$gene), 'a,"b"1')
})
