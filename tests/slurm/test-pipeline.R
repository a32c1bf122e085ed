test_that("the pipeline gives the same bytes here, by a controller and by Slurm, on the right nodes", {
  here <- new_project(execution = "local")
  expect_true(all(run_pipeline(here) == "completed"))
  there <- new_project()
  expect_true(all(run_pipeline(there) == "completed"))
  crew <- new_project(execution = "crew")
  expect_true(all(run_pipeline(crew) == "completed"))

  files <- list.files(file.path(here, "results"))
  expect_setequal(list.files(file.path(there, "results")), files)
  expect_true(all(c("hits_ranked.csv", "gene_daywise_for_mash.csv", "guide_summary_mash_out.csv") %in% files))
  with_time <- c("fit_manifest.json", "report.html", "made_from.json") # the last has digests of the first two
  for (file in setdiff(files, with_time)) {
    each <- lapply(file.path(c(here, there, crew), "results", file), bytes_of)
    expect_identical(each[[2]], each[[1]], info = file)
    expect_identical(each[[3]], each[[1]], info = paste(file, "of a controller of crew"))
  }
  reports <- lapply(file.path(c(here, there), "results", "report.html"), readLines)
  findings <- lapply(reports, function(lines) lines[seq_len(grep('id="fit"', lines, fixed = TRUE)[[1]] - 1)])
  expect_gt(sum(nchar(findings[[1]])), 1e5)
  expect_true(identical(findings[[2]], findings[[1]])) # its last sections tell when and where the fit ran

  logs <- file.path(there, "logs")
  jobs <- jobs_in(logs)
  names <- c("contrasts", "fit", "mash_gene", "mash_guide", "screen")
  expect_identical(sub("-[^-]*$", "", jobs), paste0("fatebias-", names))
  shown <- vapply(jobs, show_job, character(1))
  expect_match(shown, "JobState=COMPLETED")
  fit <- names == "fit"
  expect_match(shown[fit], "Partition=gpu .*TresPerJob=gres:gpu:1( |$)")
  expect_match(shown[!fit], "Partition=normal ")
  expect_no_match(shown[!fit], "gpu")
  expect_identical(list.files(logs), paste0(jobs, ".log")) # calls and outcomes are gone
  expect_false(any(grepl("CMQ_AUTH|auth", unlist(lapply(file.path(logs, list.files(logs)), readLines)))))

  # where targets run is no input of theirs
  write_config(there, execution = "local", slurm = list())
  done <- run_pipeline(there)
  heavy <- c("screen", "fit_files", "fit", "qc", "mash_gene", "mash_guide", "hits_file")
  expect_true(all(done[heavy] == "skipped"))
})

test_that("what a stopped tar_make() leaves behind can be cancelled", {
  project <- new_project(num_steps = 1500L)
  logs <- file.path(project, "logs")
  driver <- in_background(function(project) {
    setwd(project)
    targets::tar_make(callr_function = NULL, reporter = "silent")
  }, project)
  wait_until(function() is_running(logs, "fit"))
  fit <- job_of(logs, "fit")
  driver$interrupt()
  driver$wait(20000)
  settings <- read_settings(file.path(project, "config.yaml"))
  # the interrupt may have reached the process that waits, which then has cancelled its job itself
  wait_until(function() {
    record <- read_record(file.path(logs, "fit.job"))
    is.null(record) || !driver_lives(record)
  })
  suppressMessages(cancel_jobs(settings))
  wait_until(function() identical(ask_slurm(fit)$state, "CANCELLED"))
  expect_false(file.exists(file.path(logs, "fit.job")))
})

test_that("a driver is killed with -9, twice: what was finished is not run again", {
  project <- new_project(num_steps = 1500L, loss_tolerance = 0)
  logs <- file.path(project, "logs")
  drive <- function(project) {
    setwd(project)
    targets::tar_make(callr_function = NULL, reporter = "silent")
  }

  driver <- in_background(drive, project)
  wait_until(function() is_running(logs, "fit"))
  first <- job_of(logs, "fit")
  tools::pskill(driver$get_pid(), tools::SIGKILL)
  wait_until(function() !driver$is_alive())
  expect_identical(ask_slurm(first)$state, "RUNNING")

  driver <- in_background(drive, project)
  wait_until(function() is_running(logs, "mash_gene") || is_running(logs, "mash_guide"))
  # two fits would write the same files; it may have ended by itself, its driver being gone
  expect_true(ask_slurm(first)$state %in% c("CANCELLED", "FAILED"))
  tools::pskill(driver$get_pid(), tools::SIGKILL)
  wait_until(function() !driver$is_alive())

  done <- run_pipeline(project)
  expect_true(all(done[c("screen", "fit_files", "fit", "qc")] == "skipped"))
  expect_true(all(done[c("mash_gene_file", "mash_guide_file", "hits_file")] == "completed"))
  expect_length(jobs_in(logs, "fit"), 2)
  expect_false(any(grepl("[.]job$", list.files(logs))))
  wait_until(queue_is_empty)
})
