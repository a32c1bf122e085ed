test_that("a screen is a summary and paths, checked by Python", {
  asked <- NULL
  local_mocked_bindings(py_call = function(...) {
    asked <<- list(...)
    described()
  })
  h5ad <- withr::local_tempfile(lines = "x", fileext = ".h5ad")
  map <- withr::local_tempfile(lines = "x", fileext = ".csv")
  screen <- read_screen(h5ad, map, Kmax = 10)
  expect_identical(asked[[1]], "describe_screen")
  expect_identical(asked$settings$Kmax, 10L)
  expect_false("num_steps" %in% names(asked$settings))
  expect_identical(screen$settings$Kmax, 10L)
  expect_identical(screen$summary$dropped_genes, character())
  expect_snapshot(screen, transform = function(lines) sub(h5ad, "screen.h5ad", lines, fixed = TRUE))
  expect_snapshot(summary(screen))
})

test_that("left out cells and genes are shown", {
  summary <- described()
  summary$uncarried_guides <- c("X_1", "X_2")
  summary$dropped_genes <- "X"
  summary$left_out$no_fate_probs <- 1200L
  summary$mended <- list(negative_to_zero = 3L, sum_to_one = 0L)
  summary$covariates <- c("depth", "lane=A")
  summary$n_clusters <- 1234L
  expect_snapshot(cat(screen_lines(summary), sep = "\n"))
})

test_that("a file that is not there is refused before Python starts", {
  local_mocked_bindings(py_call = function(...) stop("Python was called"))
  expect_error(read_screen("no.h5ad", "no.csv"), "no.h5ad", class = "fatebias_error_screen")
})

test_that("names that JSON could take for missing values stay names", {
  files <- withr::local_tempfile(lines = "x")
  answer <- utils::modifyList(described(), list(dropped_genes = NA, uncarried_guides = c(NaN, Inf)))
  local_mocked_bindings(py_call = function(...) answer)
  screen <- read_screen(files, files)
  expect_identical(screen$summary$dropped_genes, "NA")
  expect_identical(screen$summary$uncarried_guides, c("NaN", "Inf"))
  expect_identical(names_from_json(list()), character())
})

test_that("a screen may be a folder, as a zarr store is", {
  folder <- withr::local_tempdir()
  map <- withr::local_tempfile(lines = "x")
  asked <- NULL
  local_mocked_bindings(py_call = function(fun, ...) {
    asked <<- c(asked, list(...)$screen_path)
    described()
  })
  read_screen(folder, map)
  expect_identical(asked, folder)
})

test_that("Python: a simulated screen is read", {
  files <- small_screen()
  screen <- without_doubts(read_screen(files$screen, files$guide_map))
  s <- screen$summary
  expect_identical(s$fates[1], "EC")
  expect_identical(s$days, paste0("d", 0:3))
  expect_identical(dim(s$cells_by_day_replicate), c(4L, 2L))
  expect_equal(sum(s$cells_by_day_replicate), s$n_cells)
  expect_equal(rowSums(s$fate_means_by_day), rep(1, 4))
  expect_identical(dim(summary(screen)), c(4L, 6L))
})

test_that("Python: bad input is a classed error that names file and key", {
  files <- small_screen()
  expect_error(
    read_screen(files$screen, files$guide_map, day_key = "time"), "time", class = "fatebias_error_screen"
  )
  expect_error(
    read_screen(files$screen, files$guide_map, ref_fate = "XX"), "XX", class = "fatebias_error_screen"
  )
  map <- withr::local_tempfile(fileext = ".csv")
  data.table::fwrite(data.table::fread(files$guide_map)[-1], map)
  expect_error(read_screen(files$screen, map), "lacks 1 guide", class = "fatebias_error_screen")
  expect_error(read_screen(files$guide_map, files$guide_map), "not an .h5ad", class = "fatebias_error_screen")
})

test_that("tables of a screen", {
  screen <- new_screen("s", "m", settings_for(fate_settings(), "screen"), described())
  long <- tidy(screen)
  expect_identical(long$n_cells, c(1000L, 990L, 995L, 995L))
  expect_identical(long$day, c("d0", "d2", "d0", "d2"))
  expect_identical(long$replicate, c("r1", "r1", "r2", "r2"))
  expect_identical(glance(screen)$n_left_out, 20L)
  expect_identical(sum(long$n_cells), glance(screen)$n_cells)
  expect_identical(data.table::as.data.table(screen), summary(screen))
  expect_identical(as.data.frame(screen)$mean_MES, c(0.3, 0.4))
})

test_that("Python: guide maps of other layouts give the same screen", {
  files <- small_screen()
  quietly <- function(...) without_doubts(read_screen(...))$summary
  described_by <- function(...) {
    found <- quietly(...)
    found[setdiff(names(found), "fingerprint")]
  }
  plain <- described_by(files$screen, files$guide_map)
  map <- data.table::fread(files$guide_map)
  path <- withr::local_tempfile(fileext = ".tsv")
  read_as <- function(table, ...) {
    data.table::fwrite(table, path, sep = "\t")
    described_by(files$screen, path, ...)
  }
  control <- map$is_ntc == 1
  igvf <- data.frame(guide_id = map$guide_name, intended_target_name = map$gene_name, targeting = !control)
  target <- ifelse(control, "non-targeting", map$gene_name)
  sceptre <- data.frame(grna_id = map$guide_name, grna_target = target)
  other <- data.frame(sgRNA = map$guide_name, Target = map$gene_name)
  expect_identical(read_as(igvf), plain)
  expect_identical(read_as(sceptre), plain)
  columns <- list(guide = "sgRNA", gene = "Target")
  expect_identical(read_as(other, guide_map_columns = columns, control_pattern = "NTC"), plain)
  check <- check_screen(files$screen, path)
  expect_identical(check$settings$guide_map_columns, columns)
  expect_identical(read_as(other, settings = fate_settings(!!!check$settings)), plain)
  utils::write.table(map, path, sep = ";") # with row names, and a header without theirs
  expect_identical(described_by(files$screen, path), plain)
})

test_that("Python: a guide map that is reversed is refused, a control that is none is told", {
  files <- small_screen()
  map <- data.table::fread(files$guide_map)
  path <- withr::local_tempfile(fileext = ".csv")
  data.table::fwrite(transform(map, is_ntc = 1 - is_ntc), path)
  expect_error(read_screen(files$screen, path), "reversed", class = "fatebias_error_screen")
  map$is_ntc[which(map$is_ntc == 1)[1]] <- 0
  data.table::fwrite(map, path)
  screen <- without_doubts(read_screen(files$screen, path))
  expect_match(screen$summary$warnings, "like a control's: NTC", all = FALSE)
})

test_that("what a screen was warned of is in its print", {
  summary <- described()
  summary$warnings <- c("Replicates: one replicate, r1", "Effective cells: 3 of 24")
  expect_identical(tail(screen_lines(summary), 1), "Warned of: Replicates, Effective cells")
  expect_false(any(grepl("Warned", screen_lines(described()))))
})

test_that("Python: reading says what check_screen() warns of, and a fit does not say it again", {
  files <- small_screen()
  checked <- check_screen(files$screen, files$guide_map, rep_key = NULL)$table
  warned <- list()
  screen <- withCallingHandlers(
    read_screen(files$screen, files$guide_map, rep_key = NULL),
    fatebias_warning_screen = function(w) {
      warned <<- c(warned, list(w))
      rlang::cnd_muffle(w)
    }
  )
  expect_setequal(sub(": .*", "", vapply(warned, conditionMessage, "")), checked[status == "warning"]$item)
  expect_match(screen$summary$warnings, "one replicate, r1", all = FALSE)
  expect_length(screen$summary$warnings, length(warned))
  settings <- do.call(fate_settings, quick)
  expect_no_warning(
    suppressWarnings(
      fit <- fit_fate_bias(screen, settings, out_dir = withr::local_tempdir(), progress = FALSE),
      classes = "fatebias_warning_fit"
    ),
    class = "fatebias_warning_screen"
  )
  expect_identical(unlist(fit$manifest$screen$warnings), screen$summary$warnings)
})

test_that("Python: a file that was replaced after the screen was read is refused", {
  files <- small_screen()
  map <- withr::local_tempfile(fileext = ".csv")
  table <- data.table::fread(files$guide_map)
  data.table::fwrite(table, map)
  screen <- without_doubts(read_screen(files$screen, map))
  table$gene_name[c(1, 4)] <- table$gene_name[c(4, 1)]
  data.table::fwrite(table, map)
  Sys.setFileTime(map, as.POSIXct("2020-01-01", tz = "UTC"))
  out_dir <- withr::local_tempdir()
  expect_error(
    fit_fate_bias(screen, inference = "laplace", out_dir = out_dir, progress = FALSE),
    "changed since the screen was read.*read_screen", class = "fatebias_error_screen"
  )
  expect_identical(list.files(out_dir), character())
})

test_that("Python: days that have no order are refused with what to do", {
  files <- small_screen()
  expect_error(
    read_screen(files$screen, files$guide_map, day_values = c(3, 2, 1, 0)), "must increase from day to day",
    class = "fatebias_error_screen"
  )
  expect_error(
    read_screen(files$screen, files$guide_map, day_levels = c("d0", "d1", "d1", "d2", "d3")),
    "names d1 twice", class = "fatebias_error_screen"
  )
})

test_that("Python: a guide map may be left out where the screen's file has it", {
  files <- small_screen()
  path <- screen_with_map(withr::local_tempfile(fileext = ".h5ad"))
  expect_identical(facts_of(read_screen(path)), facts_of(read_screen(path, files$guide_map)))
  check <- check_screen(path)
  expect_true(check$ok)
  expect_match(tail(format(check), 1), sprintf("read_screen(\"%s\")", path), fixed = TRUE)
  expect_error(
    read_screen(files$screen), "says nothing of the targets.*Name a guide map",
    class = "fatebias_error_screen"
  )
  expect_identical(check_screen(files$screen)$table[item == "Guide map"]$status, "warning")
})

test_that("Python: MuData that says what its guides target is read without a guide map", {
  path <- system.file("extdata", "gene_and_guide.h5mu", package = "fatebias", mustWork = TRUE)
  settings <- fate_settings(
    modality = "gene", guide_modality = "guide", guide_key = "layers/guide_assignment", covar_key = NULL,
    rep_key = "batch", fate_prob_key = "lineages_fwd"
  )
  own <- facts_of(read_screen(path, settings = settings))
  expect_identical(own[c("n_genes", "n_guides", "n_ntc")], list(n_genes = 4L, n_guides = 8L, n_ntc = 3L))
  genes <- rep(c("GENA", "GENB", "GENC", "GEND", "NTC"), c(2, 2, 2, 2, 3))
  map <- data.frame(
    guide_name = paste0(genes, "_", c(rep(1:2, 4), 1:3)), gene_name = genes, is_ntc = 1 * (genes == "NTC")
  )
  map_path <- write_table(map, withr::local_tempfile(fileext = ".csv"))
  expect_identical(own, facts_of(read_screen(path, map_path, settings)))
  expect_true(check_screen(path, settings = settings)$ok)
})
