check_of <- function(rows, settings = list(), guide_map = "map.csv", ...) {
  local_mocked_bindings(py_call = function(...) {
    list(rows = rows, settings = settings, ok = !any(vapply(rows, `[[`, "", "status") == "problem"))
  })
  check_screen("screen.h5ad", guide_map, ...)
}

row <- function(item, status, found, fix = "") list(item = item, status = status, found = found, fix = fix)

fine <- list(row("File", "ok", "fine"), row("Guide map", "ok", "12 genes"))

test_that("a check is a table, and prints what is wrong and what to do", {
  withr::local_options(width = 80, cli.unicode = FALSE, cli.num_colors = 1)
  check <- check_of(
    list(
      row("File", "ok", "100,000 cells, 20.7 MB; expression is not read"),
      row(
        "Fate probabilities", "problem", "no obsm['fateprob']; obsm has: X_pca, covar, guide, lineages_fwd",
        "set fate_prob_key: lineages_fwd (4 columns, rows sum to 1)"
      ),
      row("Guides per cell", "warning", "1.2 in 100 cells", "is the threshold of the guides right?")
    ),
    list(fate_prob_key = "lineages_fwd", fates = c("a", "no"), day_levels = NULL)
  )
  expect_s3_class(check, "fatebias_screen_check")
  expect_identical(check$table$status, c("ok", "problem", "warning"))
  expect_false(check$ok)
  expect_snapshot(check)
  lines <- sub("^ +", "", head(tail(format(check), 4), 3))
  expect_identical(
    yaml::yaml.load(paste(lines, collapse = "\n")),
    list(fate_prob_key = "lineages_fwd", fates = c("a", "no"), day_levels = NULL)
  )
})

test_that("a good screen leads to the next step", {
  check <- check_of(fine)
  expect_true(check$ok)
  expect_match(tail(format(check), 1), "read_screen(\"screen.h5ad\", \"map.csv\")", fixed = TRUE)
  own <- check_of(fine, guide_map = NULL)
  expect_match(tail(format(own), 1), "read_screen(\"screen.h5ad\")", fixed = TRUE)
  none <- check_of(list(fine[[1]], row("Guide map", "warning", "not given")), guide_map = NULL)
  expect_no_match(format(none), "read_screen")
})

test_that("the next step has the settings that were given", {
  check <- check_of(
    fine,
    contrast_fate = "a \"b\"", day_levels = c("x", "y"), covar_key = NULL, Kmax = 7, ref_fate = "EC"
  )
  call <- str2lang(sub("^Next: ", "", tail(format(check), 1)))
  expect_identical(as.list(call[2:3]), list("screen.h5ad", "map.csv"))
  given <- lapply(as.list(call)[-(1:3)], eval)
  expect_identical(given[order(names(given))], list(
    contrast_fate = "a \"b\"", covar_key = NULL, day_levels = c("x", "y"), Kmax = 7L
  )[order(c("contrast_fate", "covar_key", "day_levels", "Kmax"))])
})

test_that("blocks of settings are printed such that a file and a call read them as they are", {
  columns <- list(guide = "sg: RNA", gene = "Target \"gene\"")
  check <- check_of(fine, list(guide_map_columns = columns, control_pattern = "NTC.*|#1", day_key = NULL))
  lines <- grep("^[a-z_]+: ", format(check), value = TRUE)
  file <- withr::local_tempfile(lines = lines, fileext = ".yaml")
  from_file <- read_settings(file)
  as_arguments <- fate_settings(!!!check$settings)
  expect_identical(from_file$guide_map_columns, c(columns, list(control = NULL)))
  for (key in names(check$settings)) expect_identical(from_file[[key]], as_arguments[[key]], info = key)
  again <- rlang::inject(check_of(fine, !!!check$settings))
  call <- str2lang(sub("^Next: ", "", tail(format(again), 1)))
  given <- lapply(as.list(call)[-(1:3)], eval)
  expect_identical(fate_settings(!!!given)[names(given)], as_arguments[names(given)])
  expect_setequal(names(given), names(check$settings))
})

test_that("arguments are checked", {
  expect_error(check_screen(1))
  expect_error(check_screen("a", 1))
  expect_error(check_screen("a", day_kye = "x"), class = "fatebias_error_settings")
})

test_that("Python: a simulated screen is fine, and another key is found and reads when it is set", {
  files <- small_screen()
  good <- check_screen(files$screen, files$guide_map)
  expect_true(good$ok)
  other <- check_screen(
    files$screen, files$guide_map,
    day_key = "time", ref_fate = "Endo", contrast_fate = "NEU"
  )
  expect_identical(other$settings, list(ref_fate = "EC", day_key = "day"))
  expect_false(other$ok)
  given <- fate_settings(contrast_fate = "NEU", !!!other$settings)
  expect_true(check_screen(files$screen, files$guide_map, given)$ok)
  expect_identical(facts_of(read_screen(files$screen, files$guide_map, given))$fates[[1]], "EC")
})

test_that("Python: a missing file is a row", {
  check <- check_screen(file.path(tempdir(), "nowhere.h5ad"))
  expect_identical(check$table[1, "status"][[1]], "problem")
  expect_match(check$table$found[[1]], "does not exist")
})

test_that("Python: a screen of one replicate needs no edit of the file", {
  files <- small_screen()
  check <- check_screen(files$screen, files$guide_map, rep_key = NULL)
  expect_true(check$ok)
  expect_identical(check$given, list(rep_key = NULL))
  expect_match(tail(format(check), 1), "rep_key = NULL", fixed = TRUE)
  one <- facts_of(read_screen(files$screen, files$guide_map, rep_key = NULL))
  expect_length(one$replicates, 1)
  expect_gt(length(facts_of(read_screen(files$screen, files$guide_map))$replicates), 1)
})

test_that("Python: contrasts are checked with the fates", {
  files <- small_screen()
  checked <- check_screen(files$screen, files$guide_map, contrasts = c("NEU - MES", "NEU - Mes"))
  expect_false(checked$ok)
  row <- checked$table[checked$table$item == "Contrasts"]
  expect_match(row$found, "no fate 'Mes'")
  expect_identical(checked$settings$contrasts, "NEU - MES")
  expect_true(check_screen(files$screen, files$guide_map, contrasts = "NEU - rest")$ok)
})

test_that("Python: a GPU that a fit would not find is a row", {
  skip_if(nzchar(Sys.which("nvidia-smi")), "this machine has a GPU")
  files <- small_screen()
  check <- check_screen(files$screen, files$guide_map, device = "cuda")
  expect_false(check$ok)
  row <- check$table[check$table$item == "Device", ]
  expect_identical(row$status, "problem")
  expect_match(row$found, "has no CUDA GPU")
})
