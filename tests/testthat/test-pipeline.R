# The whole pipeline on a small screen, in a folder of its own. tar_make() runs in a fresh R process
# against the installed package, as a user's does.

project <- withr::local_tempdir()
suppressMessages(use_fatebias_pipeline(project))
withr::local_dir(project)

write_settings <- function(...) {
  files <- small_screen()
  settings <- c(list(screen = files$screen, guide_map = files$guide_map, mode = "simulation"), quick)
  yaml::write_yaml(override(settings, list(...)), "config.yaml")
}

run_pipeline <- function() {
  targets::tar_make(reporter = "silent", callr_arguments = list(show = FALSE))
  targets::tar_progress(fields = "progress")
}

outdated <- function() targets::tar_outdated(reporter = "silent", callr_arguments = list(show = FALSE))

mash_onwards <- c(
  "settings_mash", "mash_gene", "mash_guide", "mash_gene_file", "mash_guide_file", "hits", "hits_file",
  "mash_v", "mash_comparison", "mash_comparison_file", "contrasts", "contrasts_files", "randomisation",
  "certificate", "report", "runs", "runs_file"
)

write_settings()

test_that("runs are compared anew with every fit, whose table of mash may be the same", {
  edges <- targets::tar_network(
    targets_only = TRUE, reporter = "silent", callr_arguments = list(show = FALSE)
  )$edges
  expect_setequal(edges$from[edges$to == "runs"], c("fit", "mash_gene_file"))
  expect_true("page" %in% edges$from[edges$to == "report"])
})

test_that("Python: the pipeline runs from screen to ranked hits", {
  done <- run_pipeline()
  expect_true(all(done$progress == "completed"))
  expect_false(file.exists("results/compared_with_previous.csv")) # there is nothing before
  written <- c(
    "hits_ranked.csv", "gene_summary_mash_out.csv", "guide_summary_mash_out.csv", "fit_manifest.json",
    "report.html", "gene_contrasts.csv", "gene_verdicts.csv"
  )
  expect_true(all(file.exists(file.path("results", written))))
  targets::tar_load("certificate")
  expect_setequal(certificate$checks$check, shared_constant("certificate_levels")$quick)
  hits <- data.table::fread("results/hits_ranked.csv")
  expect_identical(nrow(hits), 12L)
  expect_match(data.table::fread("results/mash_comparison.csv")$note, "fewer than 20 genes")
  expect_match(readLines("results/report.html", warn = FALSE), "Sets of covariances were not", all = FALSE)
  expect_true(all(assess_qc(read_fit("results"))$pass))
})

test_that("Python: the second run does nothing", {
  expect_identical(outdated(), character())
  expect_true(all(run_pipeline()$progress == "skipped"))
})

test_that("Python: other contrasts are made of the fit that is there, and mash of the first stays", {
  write_settings(contrasts = c("MES", "NEU - MES"))
  done <- run_pipeline()
  completed <- done$name[done$progress == "completed"]
  expect_setequal(completed, c(
    "config_file", "settings", "settings_screen", "settings_fit", "settings_qc", "settings_mash",
    "settings_contrasts", "settings_calibration", "settings_report", "out_dir", "screen_file",
    "guide_map_file", "contrasts", "contrasts_files", "contrasts_known", "report"
  ))
  written <- c("gene_summary_mash_out.NEU-MES.csv", "hits_ranked.NEU-MES.csv")
  expect_true(all(file.exists(file.path("results", written))))
  table <- data.table::fread("results/gene_contrasts.csv")
  expect_setequal(table$contrast, c("MES", "NEU - MES"))
  expect_identical(nrow(data.table::fread("results/gene_verdicts.csv")), 12L)
  # beside the fate alone: its difference to the other is the difference of the two fits' estimates
  all <- all_fates(read_fit("results"))
  given <- data.table::fread("results/gene_summary_mash_out.NEU-MES.csv")
  difference <- all$theta[given$gene, , "NEU"] - all$theta[given$gene, , "MES"]
  expect_equal(unname(day_matrix(given, "betahat")), unname(difference), tolerance = 1e-6)
})

test_that("Python: another margin reruns contrasts and verdicts, and no mash of the first", {
  write_settings(contrasts = c("MES", "NEU - MES"), verdict_margin = 5)
  done <- run_pipeline()
  progress <- rlang::set_names(done$progress, done$name)
  expect_identical(progress[c("fit_files", "mash_gene", "contrasts")], c(
    fit_files = "skipped", mash_gene = "skipped", contrasts = "completed"
  ))
  targets::tar_load("contrasts")
  expect_identical(contrasts$margin, 5)
})

test_that("Python: another lfsr threshold reruns mash onwards, and no fit", {
  write_settings(mash_lfsr_thresh = 0.2)
  done <- run_pipeline()
  completed <- done$name[done$progress == "completed"]
  # the file and what reads it run; of what follows only what the setting concerns
  expect_setequal(setdiff(completed, mash_onwards), c(
    "config_file", "settings", "settings_screen", "settings_fit", "settings_qc", "settings_contrasts",
    "settings_calibration", "settings_report", "out_dir", "screen_file", "guide_map_file", "contrasts_known"
  ))
  expect_true(all(mash_onwards[1:3] %in% completed))
  untouched <- c("screen", "fit_files", "fit", "qc", "controls")
  expect_true(all(done$progress[done$name %in% untouched] == "skipped"))
})

test_that("Python: with `calibration: full` there is a certificate, and hits have a second opinion", {
  write_settings(
    mash_lfsr_thresh = 0.2, calibration = "full", calibration_permutations = 2L, calibration_splits = 1L,
    calibration_bootstraps = 2L, calibration_resamples = 50L
  )
  progress <- run_pipeline()
  expect_identical(unique(progress$progress[progress$name %in% c("fit_files", "mash_gene")]), "skipped")
  targets::tar_load(c("certificate", "hits"))
  expect_setequal(certificate$checks$check, shared_constant("certificate_levels")$full)
  expect_true(all(hits$hit_anyday == !is.na(hits$p_random_d0)))
})

test_that("Python: another prior reruns the fit, not the screen", {
  before <- read_fit("results")
  write_settings(mash_lfsr_thresh = 0.2, s_tau = 3)
  done <- run_pipeline()
  progress <- rlang::set_names(done$progress, done$name)
  expect_identical(progress[["fit_files"]], "completed")
  expect_identical(progress[["mash_gene"]], "completed")
  expect_identical(progress[["screen"]], "skipped")
  expect_equal(read_fit("results")$settings$s_tau, 3)
  # what was made of the fit before is in previous/, and all is there again, of the new one
  made <- c("report.html", "hits_ranked.csv", "gene_summary_mash_out.csv", "mash_comparison.csv")
  ids <- function(folder) vapply(jsonlite::read_json(file.path(folder, "made_from.json")), `[[`, "", "fit_id")
  expect_identical(unique(unname(ids("results/previous"))), fit_id(before$manifest))
  expect_identical(unique(unname(ids("results"))), fit_id(read_fit("results")$manifest))
  expect_true(all(made %in% names(ids("results")) & made %in% list.files("results/previous")))
  new <- "compared_with_previous.csv"
  expect_true(all(setdiff(names(ids("results")), new) %in% names(ids("results/previous"))))
  # the two are compared, by the settings of both fits, and the report says so
  targets::tar_load("runs")
  expect_identical(runs$settings[runs$settings$name == "s_tau"]$b, "3")
  compared <- data.table::fread(file.path("results", new))
  of_before <- data.table::fread("results/previous/gene_summary_mash_out.csv")
  expect_equal(compared$postmean_d0_a, of_before$postmean_d0[match(compared$gene, of_before$gene)])
  page <- paste(readLines("results/report.html", warn = FALSE), collapse = " ") # in broken lines
  expect_match(page, "shares with the one +before")
  expect_true(all(file.exists(file.path("results", names(ids("results"))))))
  expect_identical(outdated(), character())
})

test_that("Python: a violated QC stops the pipeline in simulation mode", {
  write_settings(mash_lfsr_thresh = 0.2, s_tau = 3, qc_offset_max = 1e-300)
  expect_error(run_pipeline(), "QC")
  expect_false("hits_file" %in% targets::tar_progress()$name[targets::tar_progress()$progress == "completed"])
  write_settings(mash_lfsr_thresh = 0.2, s_tau = 3)
  run_pipeline()
})

test_that("Python: another source in any part of the package reruns screen and fit", {
  copy <- file.path(project, "python")
  dir.create(copy)
  file.copy(file.path(python_folder(), "fatebias"), copy, recursive = TRUE)
  # the pipeline takes its sources from a copy: the same files first, then one of them edited
  script <- readLines("_targets.R")
  expect_length(grep("sources <- fatebias::python_sources()", script, fixed = TRUE), 1)
  sources <- sprintf("sources <- fatebias:::sources_in(%s)", deparse(copy))
  writeLines(sub("sources <- fatebias::python_sources()", sources, script, fixed = TRUE), "_targets.R")
  targets::tar_make("python_files", reporter = "silent", callr_arguments = list(show = FALSE))
  expect_identical(outdated(), character())
  one_a_folder <- Filter(function(file) basename(file) == "__init__.py", sources_in(copy))
  expect_gt(length(one_a_folder), 8)
  watched <- normalizePath(targets::tar_read("python_files"))
  expect_identical(setdiff(normalizePath(one_a_folder), watched), character())
  cat("\n# edited\n", file = file.path(copy, "fatebias", "model", "pyro_model.py"), append = TRUE)
  expect_true(all(c("python_files", "screen", "fit_files", "fit", "mash_gene", "hits_file") %in% outdated()))
})

test_that("Python: a screen whose file holds its guide map needs no other", {
  folder <- withr::local_tempdir()
  suppressMessages(use_fatebias_pipeline(folder, slurm = FALSE))
  own <- screen_with_map(file.path(folder, "own.h5ad"))
  withr::local_dir(folder)
  write_settings(screen = own, guide_map = NULL, inference = "laplace")
  targets::tar_make("hits_file", reporter = "silent", callr_arguments = list(show = FALSE))
  targets::tar_load(c("screen", "guide_map_file", "fit"))
  expect_identical(guide_map_file, own)
  expect_identical(screen$guide_map, own)
  expect_identical(nrow(data.table::fread("results/hits_ranked.csv")), 12L)
  lines <- settings_lines(fit, run_mash(fit), assess_qc(fit))
  again <- read_settings(withr::local_tempfile(lines = lines, fileext = ".yaml"))
  expect_null(again$guide_map)
  expect_identical(again$screen, own)
})
