# A disk that is full at random moments: no half file, a classed error, and the next run is right

# A disk of so many kilobytes, in memory; skips where it may not be mounted
small_disk <- function(kilobytes, env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  args <- c("-t", "tmpfs", "-o", sprintf("size=%dk", kilobytes), "tmpfs", folder)
  status <- suppressWarnings(tryCatch(
    system2("mount", args, stdout = FALSE, stderr = FALSE),
    error = function(error) 1L
  ))
  skip_if(status != 0, "a tmpfs may not be mounted here")
  withr::defer(system2("umount", folder), envir = env)
  folder
}

enlarge <- function(folder) system2("mount", c("-o", "remount,size=9000k", folder))

left_in <- function(folder) list.files(folder, all.files = TRUE, no.. = TRUE, recursive = TRUE)

test_that("a table that a disk takes a part of is not written", {
  genes <- data.frame(gene = paste0("G", 1:20000), value = seq(0, 1, length.out = 20000)) # some 500 kB
  whole <- write_table(genes, withr::local_tempfile(fileext = ".csv"))
  withr::local_seed(1)
  for (kilobytes in c(4L * sample(100L, 4), 400L)) {
    disk <- small_disk(kilobytes)
    path <- file.path(disk, "genes.csv")
    error <- expect_error(write_table(genes, path), class = "fatebias_error_export")
    expect_match(gsub("\\s+", " ", conditionMessage(error)), "MB left.*No half file is left. Make room")
    expect_identical(left_in(disk), character())
    enlarge(disk)
    expect_identical(unname(tools::md5sum(write_table(genes, path))), unname(tools::md5sum(whole)))
  }
})

test_that("hits and the report leave what was there", {
  fit <- example_fit()
  hits <- rank_hits(run_mash(fit))
  disk <- small_disk(1000L)
  old <- write_hits(hits, disk)
  before <- tools::md5sum(old)
  writeBin(raw(file.size(file.path(disk, "hits_ranked.csv"))), file.path(disk, "fill"))
  suppressWarnings(try(writeBin(raw(2e6), file.path(disk, "more")), silent = TRUE)) # as much as there is room
  expect_error(write_hits(hits[rev(seq_len(nrow(hits))), ], disk), class = "fatebias_error_export")
  made <- withr::local_tempfile(lines = strrep("x", 2e4))
  expect_error(
    write_whole(function(stage) suppressWarnings(file.copy(made, stage)), file.path(disk, "report.html")),
    class = "fatebias_error_export"
  )
  expect_identical(tools::md5sum(old), before)
  expect_setequal(left_in(disk), c("hits_ranked.csv", "fill", "more"))
})

test_that("fate_screen() leaves nothing on a full disk, makes missing folders, and R ends as it should", {
  parts <- screen_parts(400)
  rds <- withr::local_tempfile(fileext = ".rds")
  saveRDS(parts, rds)
  lines <- c(
    "library(fatebias)", sprintf("parts <- readRDS('%s')", rds), "path <- commandArgs(TRUE)[[1]]",
    "made <- tryCatch(",
    "  fate_screen(parts$guides, parts$probs, parts$day, parts$replicate, parts$map, path = path),",
    "  fatebias_error = function(error) error)", "cat(class(made)[[1]], '\n')"
  )
  script <- withr::local_tempfile(lines = lines, fileext = ".R")
  make <- function(path) {
    done <- processx::run(file.path(R.home("bin"), "Rscript"), c(script, path), error_on_status = FALSE)
    expect_identical(done$status, 0L, info = done$stderr)
    trimws(utils::tail(strsplit(done$stdout, "\n")[[1]], 1))
  }
  whole <- file.path(withr::local_tempdir(), "missing", "folders", "screen.h5ad")
  expect_identical(make(whole), "fatebias_screen")
  disk <- small_disk(as.integer(file.size(whole) / 1024 / 2))
  path <- file.path(disk, "screen.h5ad")
  expect_identical(make(path), "fatebias_error_export")
  expect_identical(left_in(disk), character())
  enlarge(disk)
  expect_identical(make(path), "fatebias_screen")
})
