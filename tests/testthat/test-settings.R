write_config <- function(..., env = parent.frame()) {
  withr::local_tempfile(lines = c(...), fileext = ".yaml", .local_envir = env)
}

test_that("precedence: defaults, preset, file, overrides", {
  table <- settings_table()
  table$seed$plain <- 5L
  local_mocked_bindings(settings_table = function() table)
  expect_identical(fate_settings()$seed, 0L)
  expect_identical(fate_settings(preset = "plain")$seed, 5L)
  config <- write_config("preset: plain")
  expect_identical(read_settings(config)$seed, 5L)
  expect_identical(read_settings(config, preset = "calibrated")$seed, 0L)
  config <- write_config("preset: plain", "seed: 6")
  expect_identical(read_settings(config)$seed, 6L)
  expect_identical(read_settings(config, seed = 7)$seed, 7L)
})

test_that("an update resolves the preset again and keeps what was given", {
  table <- settings_table()
  table$seed$plain <- 5L
  local_mocked_bindings(settings_table = function() table)
  settings <- fate_settings(s_tau = 2)
  updated <- update_settings(settings, preset = "plain")
  expect_identical(updated$seed, 5L)
  expect_identical(updated$s_tau, 2)
  expect_identical(update_settings(fate_settings(threads = 2), threads = NULL)$threads, NULL)
  expect_true("threads" %in% names(update_settings(settings, threads = NULL)))
})

test_that("all problems of a file come in one message that names it", {
  config <- write_config("seed: -1", "num_steps: many", "s_tau: 0", "mode: fast", "ref_fate: null")
  expect_snapshot(
    error = TRUE, read_settings(config),
    transform = function(lines) gsub(config, "config.yaml", lines, fixed = TRUE)
  )
})

test_that("unknown keys are refused with the nearest known one", {
  expect_snapshot(error = TRUE, fate_settings(mash_lfsr_tresh = 0.1, Seed = 1))
  expect_error(fate_settings(1), class = "fatebias_error_settings")
  expect_error(fate_settings(seed = 1, seed = 2), class = "fatebias_error_settings")
})

test_that("files that are no configuration are refused", {
  expect_error(read_settings("no-such-file.yaml"), class = "fatebias_error_settings")
  expect_error(read_settings(write_config("a: [1")), class = "fatebias_error_settings")
  expect_error(read_settings(write_config("- a", "- b")), class = "fatebias_error_settings")
  expect_error(read_settings(write_config("seed: 1", "seed: 2")), class = "fatebias_error_settings")
  expect_identical(read_settings(write_config("# nothing set"))$seed, 0L)
})

test_that("paths are relative to the file's folder", {
  folder <- withr::local_tempdir()
  writeLines(c("screen: a.h5ad", "guide_map: /x/b.csv"), file.path(folder, "config.yaml"))
  settings <- read_settings(file.path(folder, "config.yaml"))
  expect_identical(settings$screen, file.path(folder, "a.h5ad"))
  expect_identical(settings$guide_map, "/x/b.csv")
  expect_identical(settings$out_dir, file.path(folder, "results"))
  expect_identical(update_settings(settings, seed = 1)$screen, settings$screen)
  withr::local_dir(folder)
  expect_identical(read_settings()$screen, "a.h5ad")
})

test_that("settings of a stage change with that stage only", {
  one <- fate_settings()
  two <- fate_settings(mash_lfsr_thresh = 0.1)
  for (stage in c("input", "screen", "fit", "qc", "run")) {
    expect_identical(settings_for(one, stage), settings_for(two, stage))
  }
  expect_false(identical(settings_for(one, "mash"), settings_for(two, "mash")))
  expect_error(settings_for(one, "plots"))
  expect_error(settings_for(list(), "fit"), class = "fatebias_error_settings")
})

test_that("partial settings are completed with defaults and what they hold", {
  partial <- settings_for(fate_settings(s_tau = 2, mash_lfsr_thresh = 0.1), "fit")
  whole <- update_settings(partial)
  expect_identical(whole$s_tau, 2)
  expect_identical(whole$mash_lfsr_thresh, 0.05)
})

test_that("settings reach Python as JSON that keeps null, single values and digits", {
  settings <- fate_settings(fates = "A", s_tau = 1 / 3, threads = NULL)
  json <- to_json(settings_list(settings, c("screen", "fit")))
  back <- jsonlite::fromJSON(json)
  expect_match(json, '"threads":null', fixed = TRUE)
  expect_equal(back$s_tau, 1 / 3, tolerance = 1e-14)
  expect_identical(back$fates, "A")
  expect_false("mash_v" %in% names(back))
})

test_that("print shows stages and marks what differs from the preset", {
  expect_snapshot(settings_for(fate_settings(qc_offset_max = 0.1, mode = "simulation"), "qc"))
})

test_that("the paths of the slurm block are beside the configuration file", {
  config <- write_config("slurm:", "  log_dir: my_logs", "  gpu: {template: mine.tmpl}")
  settings <- read_settings(config)
  expect_identical(settings$slurm$log_dir, file.path(dirname(config), "my_logs"))
  expect_identical(settings$slurm$gpu$template, file.path(dirname(config), "mine.tmpl"))
  expect_null(settings$slurm$cpu$template)
  expect_identical(update_settings(settings)$slurm, settings$slurm)
  expect_identical(read_settings(write_config("slurm:"))$slurm$gpu, fate_settings()$slurm$gpu)
  expect_identical(settings_for(settings, "run")$slurm, settings$slurm)
})

test_that("problems of the slurm block name the whole key", {
  expect_snapshot(error = TRUE, fate_settings(
    execution = "slrum",
    slurm = list(acount = "me", retries = -1, gpu = list(hours = "8:00", partition = "a b"))
  ))
})

test_that("settings as a table; the print of all fits a screen", {
  settings <- fate_settings(seed = 3, preset = "plain")
  table <- data.table::as.data.table(settings)
  expect_identical(table$setting, names(settings))
  expect_identical(table$value[table$setting == "seed"], "3")
  expect_identical(summary(settings)$setting, c("preset", "seed"))
  said <- capture.output(print(settings))
  expect_lte(length(said), 24)
  expect_match(said, "seed +3", all = FALSE)
  expect_gt(length(capture.output(print(settings, all = TRUE))), length(settings))
  expect_error(settings_for(settings, "fits"), "stages", class = "fatebias_error_argument")
})

test_that("a key that stands twice is told with its lines", {
  lines <- c("# ref_fate: X", "ref_fate: EC", "slurm:", "  log_dir: a", "ref_fate: b")
  config <- withr::local_tempfile(lines = lines)
  expect_error(
    read_settings(config), "`ref_fate` stands more than once, in the lines 2, 5",
    class = "fatebias_error_settings"
  )
  nested <- withr::local_tempfile(lines = c("slurm:", "  log_dir: a", "  log_dir: b"))
  expect_error(
    read_settings(nested), "`slurm.log_dir` stands more than once, in the lines 2, 3",
    class = "fatebias_error_settings"
  )
})
