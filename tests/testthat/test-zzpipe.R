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
  "certificate", "report"
)

write_settings()

test_that("Python: the pipeline runs from screen to ranked hits", {
  done <- run_pipeline()
  expect_true(all(done$progress == "completed"))
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
    "settings_contrasts", "settings_calibration", "out_dir", "screen_file", "guide_map_file", "contrasts",
    "contrasts_files", "report"
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

test_that("Python: another margin reruns verdicts alone", {
  write_settings(contrasts = c("MES", "NEU - MES"), verdict_margin = 5)
  expect_setequal(intersect(outdated(), c("mash_gene", "contrasts", "fit_files")), "contrasts")
  run_pipeline()
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
    "settings_calibration", "out_dir", "screen_file", "guide_map_file"
  ))
  expect_true(all(mash_onwards[1:3] %in% completed))
  untouched <- c("screen", "fit_files", "fit", "qc", "controls")
  expect_true(all(done$progress[done$name %in% untouched] == "skipped"))
})

