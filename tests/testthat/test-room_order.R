# Each file of R/ uses only files above it in this list (edges: any).
rooms <- c(
  "conditions", "validate_arguments", "validate_schema", "constants", "ties", "print_lines", "settings_text",
  "settings_table",
  "settings", "progress", "csv_files", "fit_files", "fit_manifest", "fit_identity", "fit_npz",
  "python_plan", "python_backend",
  "screen", "screen_preflight", "screen_parts", "screen_sets", "screen_containers",
  "screen_objects",
  "import_guides", "import_cells", "import",
  "screen_simulate",
  "certificate_verdict", "fit_labels", "fit", "fit_arrays", "fit_probability", "fit_methods", "fit_draws",
  "fit_all_fates", "fit_contrasts", "fit_controls", "fit_qc",
  "mash_covariances", "mash_day_covariances", "mash_estimates", "mash_correlation", "mash_activity",
  "mash_components", "mash_normals", "mash_weights", "mash_mixture", "mash_posterior", "mash_draws",
  "mash_model", "mash_calls", "mash_mde",
  "mash_guides", "mash_p_values", "mash", "mash_contrasts", "mash_result", "mash_compare", "mash_preference",
  "mash_part", "mash_onset", "mash_verdict", "mash_hits", "hits_columns", "hits_export", "hits_annotate",
  "fates_prior", "fates_posterior", "fates_verdict", "fates_view", "fates_contrasts", "fates_methods",
  "plots", "plots_effects", "plots_labels", "plots_calls", "plots_roc", "plots_hits", "plots_fates",
  "plots_guides", "plots_gene", "plots_contrasts", "plots_screen",
  "plots_fit", "compare_runs_sides", "compare_runs_differences", "compare_runs", "compare_runs_methods",
  "compare_runs_plots",
  "report_onset", "report_words", "report_fates", "report_quality", "report_named", "report_methods",
  "report_verdict", "report_runs", "report_guides", "report_pages", "report_table", "report_moves",
  "report_answer", "report",
  "scheduler", "scheduler_call", "scheduler_verdict", "scheduler_job", "scheduler_record", "scheduler_run",
  "scheduler_slurm_script", "scheduler_slurm",
  "certificate_units", "certificate_rows", "certificate_fit_rows", "certificate", "certificate_methods",
  "certificate_plots", "certificate_randomisation", "certificate_jackknife", "plan_curvature", "plan_power",
  "plan_inputs", "plan",
  "project_functions", "project", "python_install", "sitrep"
)
edges <- c("fatebias-package", "zzz")

# R/ is not part of an installed package: in a check of the built package there is nothing to look at
source_folder <- test_path("..", "..", "R")
skip_if_not(dir.exists(source_folder), "the sources (this is an installed package)")

parse_room <- function(room) {
  data <- getParseData(parse(file.path(source_folder, paste0(room, ".R")), keep.source = TRUE))
  data[data$terminal, ]
}

defined_in <- function(room) {
  expressions <- parse(file.path(source_folder, paste0(room, ".R")))
  assigned <- Filter(function(e) is.call(e) && identical(e[[1]], as.name("<-")), as.list(expressions))
  vapply(assigned, function(e) as.character(e[[2]]), character(1))
}

used_in <- function(room) {
  data <- parse_room(room)
  unique(data$text[data$token %in% c("SYMBOL", "SYMBOL_FUNCTION_CALL", "SPECIAL")])
}

test_that("the list of rooms is the list of files", {
  files <- sub("\\.R$", "", list.files(source_folder, "\\.R$"))
  expect_setequal(setdiff(files, edges), rooms)
})

test_that("no name is defined twice", {
  expect_true("run_mash" %in% defined_in("mash") && "update_settings" %in% used_in("mash"))
  all_names <- unlist(lapply(rooms, defined_in))
  expect_identical(anyDuplicated(all_names), 0L)
})

test_that("each room uses only rooms above it", {
  defined <- lapply(rlang::set_names(rooms), defined_in)
  for (i in seq_along(rooms)) {
    below <- unlist(defined[rooms[-seq_len(i)]])
    used <- intersect(used_in(rooms[[i]]), below)
    expect_identical(length(used), 0L, info = paste(rooms[[i]], "uses", paste(used, collapse = ", ")))
  }
})

test_that("only python_backend names reticulate", {
  for (room in setdiff(c(rooms, edges), "python_backend")) {
    file <- file.path(source_folder, paste0(room, ".R"))
    if (file.exists(file)) expect_no_match(parse_room(room)$text, "reticulate", info = room)
  }
})

test_that("_targets.R calls exported functions only", {
  calls <- getParseData(parse(test_path("..", "..", "_targets.R"), keep.source = TRUE))
  used <- unique(calls$text[calls$token == "SYMBOL_FUNCTION_CALL"])
  ours <- intersect(used, ls(asNamespace("fatebias"), all.names = TRUE))
  expect_gt(length(ours), 8)
  expect_identical(setdiff(ours, getNamespaceExports("fatebias")), character())
  expect_no_match(readLines(test_path("..", "..", "_targets.R")), ":::", fixed = TRUE)
})

test_that("only the rooms of a scheduler know its words", {
  words <- "SLURM|SBATCH|squeue|scontrol|sacct|scancel|sbatch"
  code_of <- function(room) {
    data <- parse_room(room)
    data$text[data$token != "COMMENT"]
  }
  own <- c("scheduler_slurm", "scheduler_slurm_script")
  expect_match(code_of("scheduler_slurm"), words, all = FALSE)
  # what is printed after the pipeline's files are written names the command to type
  for (room in setdiff(rooms, c(own, "project"))) expect_no_match(code_of(room), words, info = room)
  neutral <- setdiff(grep("^scheduler", rooms, value = TRUE), own)
  for (room in neutral) expect_no_match(code_of(room), "slurm", ignore.case = TRUE, info = room)
})
