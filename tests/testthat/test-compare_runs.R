effects_a <- rbind(
  g1 = c(1, 1), g2 = c(0.1, 0.2), g3 = c(0.9, 0.1), g4 = c(0.8, 0.7), g5 = c(0, 0.1), g6 = c(0.6, -0.6)
)
effects_b <- rbind(
  g6 = c(0.7, 0.1), g5 = c(0.1, 0), g4 = c(-0.8, 0), g3 = c(0.2, 0.1), g2 = c(0, -2), g1 = c(1, 0.9)
)

test_that("genes are gained, lost, reversed or kept as their calls say, whatever the order of rows", {
  found <- compare_runs(hits_of(effects_a), hits_of(effects_b))
  change <- rlang::set_names(found$table$change, found$table$gene)
  expect_identical(change[order(names(change))], c(
    g1 = "kept", g2 = "gained", g3 = "lost", g4 = "reversed", g5 = "none", g6 = "kept"
  ))
  expect_identical(found$table$gene[1:3], c("g4", "g2", "g3"))
  one <- found$table[found$table$gene == "g6"]
  expect_identical(c(one$direction_a, one$direction_b), c("both", "up"))
  expect_identical(c(one$postmean_48h_a, one$postmean_48h_b), c(-0.6, 0.1))
  expect_identical(found$table$best_day_b[found$table$gene == "g2"], "48h")
})

test_that("effects, correlations and counts are those of the tables, by hand", {
  found <- compare_runs(hits_of(effects_a), hits_of(effects_b))
  b <- effects_b[rownames(effects_a), ]
  expect_equal(found$days$correlation, c(cor(effects_a[, 1], b[, 1]), cor(effects_a[, 2], b[, 2])))
  expect_equal(found$days$rms_difference, unname(sqrt(colMeans((effects_a - b)^2))))
  tidied <- tidy(found)
  expect_identical(tidied$postmean_a, c(effects_a[, 1], effects_a[, 2], use.names = FALSE))
  expect_identical(tidied$postmean_b, c(b[, 1], b[, 2], use.names = FALSE))
  g <- glance(found)
  expect_identical(c(g$n, g$n_days, g$n_called_a, g$n_called_b), c(6L, 2L, 4L, 4L))
  expect_identical(c(g$n_kept, g$n_gained, g$n_lost, g$n_reversed), c(2L, 1L, 1L, 1L))
  expect_equal(g$correlation, cor(c(effects_a), c(b)))
  expect_identical(g$same_fit, NA)
  expect_identical(summary(found)$n, c(1L, 1L, 1L, 2L, 1L))
})

test_that("a run against itself has no change, and swapped runs swap gained and lost", {
  same <- compare_runs(hits_of(effects_a), hits_of(effects_a))
  expect_true(all(same$table$change %in% c("kept", "none")))
  expect_identical(same$days$rms_difference, c(0, 0))
  there <- glance(compare_runs(hits_of(effects_a), hits_of(effects_b)))
  back <- glance(compare_runs(hits_of(effects_b), hits_of(effects_a)))
  expect_identical(c(there$n_gained, there$n_reversed), c(back$n_lost, back$n_reversed))
})

test_that("genes and days that one run has are named, and the others compared", {
  wider <- cbind(effects_b[-1, ], 3)
  rownames(wider)[1] <- "new"
  found <- compare_runs(hits_of(effects_a), hits_of(wider, days = c("48h", "0h", "96h")))
  expect_identical(found$days$day, c("48h", "0h"))
  only <- found$only
  expect_identical(only$name[only$run == "a"], c("g5", "g6"))
  expect_identical(only$name[only$run == "b"], c("new", "96h"))
  expect_identical(only$call[only$name == "g6"], TRUE)
  # days go by label: of a's first day, 0h, b has the second column
  on_0h <- found$effects[found$effects$day == "0h" & found$effects$gene == "g2"]
  expect_identical(c(on_0h$postmean_a, on_0h$postmean_b), c(0.1, -2))
  # calls on the day that a does not have do not count: all genes of b are called on it
  expect_identical(found$runs$n_called, c(3L, 3L))
  expect_match(format(found), "Only in b: 1 day \\(96h\\)", all = FALSE)
})

test_that("runs of other contrasts, fates, genes or days are refused, and say so", {
  a <- hits_of(effects_a)
  with_attribute <- function(name, value) data.table::setattr(data.table::copy(a), name, value)
  refused <- function(b, words) expect_error(compare_runs(a, b), words, class = "fatebias_error_argument")
  refused(with_attribute("contrast", "NEU"), "different contrasts.*\"MES\".*\"NEU\"")
  refused(with_attribute("reference", "NEU"), "different reference fates")
  refused(with_attribute("days", c("x", "y")), "no day in common")
  other <- effects_a
  rownames(other) <- paste0("h", 1:6)
  refused(hits_of(other), "no gene in common")
  fit <- example_fit()
  of_fates <- fit
  of_fates$manifest$fates[3] <- "OTHER"
  expect_error(compare_runs(fit, of_fates), "different fates", class = "fatebias_error_argument")
})

whole_fit <- function() read_fit(system.file("extdata", "example_fit", package = "fatebias"))

results_folder <- function(fit, env = parent.frame(), ...) {
  folder <- withr::local_tempdir(.local_envir = env)
  file.copy(list.files(fit$out_dir, full.names = TRUE), folder)
  suppressMessages(write_mash(run_mash(read_fit(folder), ...), folder))
  folder
}

test_that("a folder, its fit, its mash and its hits are the same run", {
  fit <- whole_fit()
  folder <- results_folder(fit)
  mash <- run_mash(fit)
  for (other in list(fit, mash, rank_hits(mash), folder)) {
    found <- compare_runs(folder, other)
    expect_true(all(found$table$change %in% c("kept", "none")))
    expect_lt(max(found$days$rms_difference), 1e-9)
    expect_identical(found$days$day, fit$days)
    expect_true(glance(found)$same_fit)
  }
  expect_identical(nrow(compare_runs(folder, fit)$settings), 0L)
  expect_null(compare_runs(folder, mash)$settings)
})

test_that("settings, data and versions that differ are named with both values, and no others", {
  a <- whole_fit()
  b <- a
  b$manifest$settings$s_tau <- 3
  b$manifest$settings$new_one <- TRUE
  b$manifest$screen$n_cells <- 7L
  b$manifest$screen$fate_means_by_day_replicate[1] <- 0.5
  b$manifest$versions$torch <- "9.9"
  found <- compare_runs(a, b)
  expect_identical(as.data.frame(found$settings), data.frame(
    name = c("s_tau", "new_one"), a = c(as.character(a$manifest$settings$s_tau), "-"), b = c("3", "true")
  ))
  expect_identical(found$data$name, c("n_cells", "digest"))
  expect_identical(found$versions$b, "9.9")
  rules <- compare_runs(run_mash(a), run_mash(a, covariances = "canonical"))
  expect_identical(rules$settings$name, "mash_covariances")
  expect_null(rules$data)
})

test_that("what a fit replaces is compared with it, by its own manifest", {
  a <- results_folder(whole_fit())
  out_dir <- withr::local_tempdir()
  expect_null(compare_with_previous(out_dir))
  previous <- file.path(out_dir, "previous")
  dir.create(previous)
  file.copy(list.files(a, full.names = TRUE), out_dir)
  expect_null(compare_with_previous(out_dir))
  file.copy(file.path(a, c("gene_summary_mash_out.csv", "made_from.json", "fit_manifest.json")), previous)
  expect_message(found <- compare_with_previous(out_dir), "the one before.*none is gained")
  expect_identical(nrow(found$settings), 0L)
  expect_identical(found$runs$source, c(previous, out_dir))
  path <- suppressMessages(write_runs(found, out_dir))
  expect_identical(basename(path), "compared_with_previous.csv")
  written <- data.table::fread(path)
  expect_identical(written$gene, found$table$gene)
  listed <- jsonlite::read_json(file.path(out_dir, "made_from.json"))
  expect_true("compared_with_previous.csv" %in% names(listed))
  # a manifest of another fit than the tables are of says nothing of their settings
  manifest <- jsonlite::read_json(file.path(previous, "fit_manifest.json"))
  manifest$contents[[1]]$sha256 <- strrep("0", 64)
  jsonlite::write_json(manifest, file.path(previous, "fit_manifest.json"), auto_unbox = TRUE, digits = NA)
  expect_null(suppressMessages(compare_with_previous(out_dir))$settings)
})

test_that("results before of another contrast are told, and are no error", {
  a <- results_folder(whole_fit())
  dir.create(file.path(a, "previous"))
  file.copy(file.path(a, c("gene_summary_mash_out.csv", "fit_manifest.json")), file.path(a, "previous"))
  path <- file.path(a, "previous", "fit_manifest.json")
  manifest <- jsonlite::read_json(path)
  manifest$contrast <- "NEU"
  jsonlite::write_json(manifest, path, auto_unbox = TRUE, digits = NA)
  expect_message(expect_null(compare_with_previous(a)), "different contrasts")
})

test_that("damaged tables are refused by name", {
  a <- results_folder(whole_fit())
  path <- file.path(a, "gene_summary_mash_out.csv")
  table <- data.table::fread(path)
  damage <- function(change, words) {
    data.table::fwrite(change(data.table::copy(table)), path)
    expect_error(compare_runs(a, a), words, class = "fatebias_error_export")
  }
  damage(function(x) x[, -"lfsr_min"], "lacks lfsr_min")
  damage(function(x) x[0], "no genes|no rows|damaged")
  damage(function(x) rbind(x, x), "two rows of one gene")
  damage(function(x) transform(as.data.frame(x), postsd_d0 = "x"), "text where numbers belong")
  damage(function(x) data.table::set(x, 1L, "postmean_d0", NA_real_), "missing number")
  damage(function(x) x[, -"lfsr_d0"], "different numbers of days")
})
