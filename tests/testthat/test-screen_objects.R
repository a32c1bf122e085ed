list2env(screen_parts(), environment())
unname_rows <- function(x) `rownames<-`(x, NULL)
screen_error <- function(...) expect_error(..., class = "fatebias_error_screen")

test_that("shapes and names are checked before anything is written", {
  folder <- withr::local_tempdir()
  make <- function(g = guides, p = probs, d = day, r = replicate, m = map) {
    fate_screen(g, p, d, r, m, path = file.path(folder, "s.h5ad"))
  }
  other <- `rownames<-`(probs, paste0("x", seq_len(n)))
  gap <- replace(day, 3, NA)
  local_mocked_bindings(py_call = function(...) stop("Python was called"))
  expect_snapshot(error = TRUE, {
    make(p = probs[-1, ])
    make(d = day[-1])
    make(p = other)
    make(p = unname(probs))
    make(g = `colnames<-`(guides, NULL))
    make(g = "guides")
    make(d = gap)
    make(m = "map.csv")
  })
  for (bad in list(NULL, NA, 1, c("a", "b"), "", folder)) {
    expect_error(
      fate_screen(guides, probs, day, replicate, map, path = bad), "`path`", class = "fatebias_error_argument"
    )
  }
  for (bad in list(NULL, NA, "fateprob", list())) {
    expect_error(make(p = bad), "`fate_probs`", class = "fatebias_error_argument")
  }
  expect_identical(list.files(folder), character())
})

test_that("what Python is asked to write: labels by name, the order of days, presence by a threshold", {
  path <- file.path(withr::local_tempdir(), "s.h5ad")
  stage <- factor(rep(c("iPSC", "EB"), each = n / 2), levels = c("iPSC", "ME", "EB"), ordered = TRUE)
  asked <- NULL
  local_mocked_bindings(
    py_call = function(fun, ...) asked <<- list(...), read_screen = function(path, map, settings) settings
  )
  settings <- fate_screen(
    guides * 7, probs, stats::setNames(stage, rownames(guides))[n:1], seq_len(n) / 10, map,
    path = path, min_umi = 5, day_key = "time"
  )
  expect_identical(unclass(asked$day), as.character(stage))
  expect_identical(unclass(asked$day_levels), c("iPSC", "EB"))
  expect_identical(unclass(asked$replicate)[c(1, 3, 40)], c("0.1", "0.3", "4"))
  expect_identical(unclass(asked$cell_names), rownames(guides))
  expect_identical(as.matrix(asked$objects$guides), as.matrix(guides))
  expect_identical(settings$day_key, "day")
  expect_identical(asked$settings$day_key, "day")
  fate_screen(guides, probs, day, replicate, map, path = path)
  expect_null(asked$day_levels)
})

test_that("the guide map is written as it is meant", {
  folder <- withr::local_tempdir()
  write <- function(table) {
    write_guide_map(table, file.path(folder, "s.h5ad"))
    readLines(file.path(folder, "s_guide_map.csv"))
  }
  flags <- cbind(note = "x", map)
  flags$gene_name <- factor(flags$gene_name)
  flags$is_ntc <- flags$is_ntc == 1
  header <- "note,guide_name,gene_name,is_ntc"
  expect_identical(write(flags)[c(1, 2, 7)], c(header, "x,g1,A,FALSE", "x,g6,NTC,TRUE"))
  flags$guide_name <- c(1e5, 2:6)
  expect_identical(write(flags)[2], "x,100000,A,FALSE")
  expect_identical(write(map[-3])[1:2], c("guide_name,gene_name", "g1,A"))
  sceptre <- data.frame(grna_id = "g1", grna_target = factor("A"), chr = NA)
  expect_identical(write(sceptre), c("grna_id,grna_target,chr", "g1,A,"))
})

test_that("Python: a screen that is refused when it is read leaves no files, nor takes away what was there", {
  folder <- withr::local_tempdir()
  path <- file.path(folder, "s.h5ad")
  no_flag <- map[-3]
  screen_error(fate_screen(guides, probs, day, replicate, no_flag, path = path), "the column\\(s\\) is_ntc")
  one_cell <- replace(day, 3, "d7")
  screen_error(fate_screen(guides, probs, one_cell, replicate, map, path = path), "d7")
  wrong <- replace(probs, 3, 5)
  screen_error(fate_screen(guides, wrong, day, replicate, map, path = path), "`fate_probs`.*row 3 \\(c3\\)")
  expect_identical(list.files(folder, all.files = TRUE, no.. = TRUE), character())
  without_doubts(fate_screen(guides, probs, day, replicate, map, path = path))
  kept <- tools::md5sum(list.files(folder, full.names = TRUE))
  screen_error(fate_screen(guides, probs, day, replicate, map[-1, ], path = path), "lacks 1 guide")
  expect_identical(tools::md5sum(list.files(folder, full.names = TRUE)), kept)
})

test_that("Python: what is wrong with a guide map is told of the argument, by its rows", {
  bad <- map
  bad$gene_name[3] <- NA
  screen_error(fate_screen(guides, probs, day, replicate, bad), "^`guide_map` .*row 3 \\(g3")
  screen_error(fate_screen(guides, probs, day, replicate, map[-1, ]), "guide map lacks")
  twice <- map[c(1, 2, 2, 3)]
  names(twice)[3] <- "gene_name"
  screen_error(fate_screen(guides, probs, day, replicate, twice), "^`guide_map` has two columns gene_name")
})

test_that("Python: a guide map in another layout, or whose columns settings name, gives the same screen", {
  genes_of <- function(table, ...) {
    facts_of(fate_screen(guides, probs, day, replicate, table, ...))[c("n_genes", "n_guides", "n_ntc")]
  }
  expected <- list(n_genes = 2L, n_guides = 4L, n_ntc = 2L)
  target <- ifelse(map$is_ntc == 1, "non-targeting", map$gene_name)
  igvf <- data.frame(
    guide_id = map$guide_name, intended_target_name = map$gene_name, targeting = map$is_ntc == 0
  )
  expect_identical(genes_of(igvf), expected)
  expect_identical(genes_of(data.frame(chr = NA, grna_id = map$guide_name, grna_target = target)), expected)
  other <- cbind(map, label = target, sg = rev(map$guide_name))
  columns <- list(gene = "label")
  expect_identical(genes_of(other, guide_map_columns = columns, control_pattern = "non-.*"), expected)
  # all columns are there: that of the guides is another one now, and g1 and g2 are controls
  turned <- genes_of(other, guide_map_columns = list(guide = "sg"))
  expect_identical(turned, expected)
})

test_that("Python: cells are joined by name, whatever the order of the parts", {
  own <- probs + outer(seq_len(n) / 100, c(-1, 0, 1)) / 10 # each cell has probabilities of its own
  one_by_one <- stats::setNames(day, rownames(guides))
  data <- data.frame(depth = as.numeric(seq_len(n)^2), row.names = rownames(guides))
  summary_of <- function(...) facts_of(fate_screen(guides, guide_map = map, covariates = "depth", ...))
  expected <- summary_of(own, day, replicate, cell_data = data)
  expect_gt(diff(range(expected$fate_means_by_day)), 0.1)
  turned <- summary_of(
    own[n:1, ], one_by_one[n:1], stats::setNames(replicate, rownames(guides))[c(2:n, 1)],
    cell_data = data[n:1, , drop = FALSE]
  )
  expect_identical(turned, expected)
  unnamed <- summary_of(unname_rows(own), unname(one_by_one), replicate, cell_data = `rownames<-`(data, NULL))
  expect_identical(unnamed, expected)
})

test_that("Python: names of guides and genes come back as they were", {
  odd <- c('a,"b"1', '""', "new\nline", "NA", "1e5", "01")
  genes <- c(odd[1], odd[1], odd[3:4], "NTC", "NTC")
  odd_map <- data.frame(guide_name = odd, gene_name = genes, is_ntc = rep(0:1, c(4, 2)))
  found <- without_doubts(fate_screen(`colnames<-`(guides, odd), probs, day, replicate, odd_map))
  expect_equal(found$summary$n_guides, 4)
  expect_equal(found$summary$n_genes, 3)
})

test_that("Python: what goes in is what is read back", {
  path <- file.path(withr::local_tempdir(), "s.h5ad")
  screen <- without_doubts(fate_screen(guides, probs, day, replicate, map, path = path))
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
  screen <- without_doubts(fate_screen(
    guides, probs, day, rep("r1", n), map, path = path, ref_fate = "NEU", contrast_fate = "EC"
  ))
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
  without_doubts(expect_warning(
    fate_screen(guides, probs, rep("d0", n), replicate, map), "one day, d0: no change over days can be told",
    class = "fatebias_warning_screen"
  ))
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
  screen <- without_doubts(fate_screen(
    guides, some, day, replicate, map, cell_data,
    covariates = c("depth", "lane"), cluster_key = "clone"
  ))
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
    fate_screen(guides, some, day, replicate, map, missing_fates = "error"), "row 1 \\(c1\\), row 5 \\(c5\\)",
    class = "fatebias_error_screen"
  )
  some[1, 1] <- 0.2
  expect_error(fate_screen(guides, some, day, replicate, map), "c1", class = "fatebias_error_screen")
  expect_error(
    fate_screen(guides, probs, day, replicate, map, data.frame(again = day), covariates = "again"),
    "same as the day", class = "fatebias_error_screen"
  )
})
