# driver.sbatch as a user submits it, less its modules, which this machine does not have

submit_driver <- function(project) {
  withr::local_dir(project)
  lines <- readLines(file.path(sherlock_folder(), "driver.sbatch"))
  writeLines(lines[!startsWith(lines, "module load")], "driver.sbatch")
  asked <- run_command("sbatch", c("--parsable", "--mem=1500", "driver.sbatch"))
  stopifnot(asked$ok)
  asked$lines
}

state_of <- function(id) {
  sub(".* JobState=([A-Z_]+) .*", "\\1", run_command("scontrol", c("-o", "show", "job", id))$lines)
}

test_that("the driver runs the pipeline as a job of its own, with the certificate", {
  project <- new_project(calibration = "quick")
  id <- submit_driver(project)
  wait_until(function() state_of(id) %in% ended_states, 240)
  expect_identical(state_of(id), "COMPLETED", info = readLines(file.path(project, "driver.log")))
  expect_true(file.exists(file.path(project, "results", "hits_ranked.csv")))
  logs <- file.path(project, "logs")
  expect_length(jobs_in(logs), 7)
  for (name in c("calibration_quick", "certificate")) expect_length(jobs_in(logs, name), 1)
})

test_that("a driver that is cancelled takes its jobs along, and another goes on where it stopped", {
  project <- new_project(num_steps = 1500L)
  logs <- file.path(project, "logs")
  id <- submit_driver(project)
  wait_until(function() is_running(logs, "fit"))
  fit <- job_of(logs, "fit")
  run_command("scancel", id)
  wait_until(function() identical(ask_slurm(fit)$state, "CANCELLED"))

  id <- submit_driver(project)
  wait_until(function() state_of(id) %in% ended_states, 120)
  expect_identical(state_of(id), "COMPLETED", info = readLines(file.path(project, "driver.log")))
  expect_length(jobs_in(logs, "screen"), 1)
  expect_length(jobs_in(logs, "fit"), 2)
})

test_that("a driver near its time limit begins again", {
  project <- new_project(num_steps = 1500L)
  logs <- file.path(project, "logs")
  id <- submit_driver(project)
  wait_until(function() is_running(logs, "fit"))
  fit <- job_of(logs, "fit")
  run_command("scancel", c("--batch", "--signal=USR1", id)) # as Slurm sends it
  wait_until(function() identical(ask_slurm(fit)$state, "CANCELLED"))
  # Slurm lets a job that was queued again wait for two minutes
  wait_until(function() state_of(id) == "PENDING")
  Sys.sleep(3) # a node refuses a job that begins in the second in which it was ended there
  wait_until(function() run_command("scontrol", c("update", paste0("JobId=", id), "StartTime=now"))$ok)
  wait_until(function() state_of(id) %in% ended_states, 200)
  expect_identical(state_of(id), "COMPLETED", info = readLines(file.path(project, "driver.log")))
  expect_match(paste(readLines(file.path(project, "driver.log")), collapse = "\n"), "begins again")
  expect_true(file.exists(file.path(project, "results", "hits_ranked.csv")))
  expect_length(jobs_in(logs, "screen"), 1)
})
