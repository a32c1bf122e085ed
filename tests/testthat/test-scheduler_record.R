block <- function(log_dir) fate_settings(slurm = list(log_dir = log_dir))

slurm_in <- function(log_dir) scheduler_of(block(log_dir))

# A record of a driver that is gone (its id was used again), and the folder of its job
leave_record <- function(log_dir, name = "fit", job_name = paste0("fatebias-", name, "-1")) {
  path <- claim_name(name, slurm_in(log_dir))
  write_record(path, job_name)
  writeLines(to_json(override(read_record(path), list(started = "long ago"))), path)
  dir.create(file.path(log_dir, job_name))
  path
}

# A Slurm whose job goes through these states, and that notes what was cancelled
local_slurm <- function(states, env = parent.frame()) {
  seen <- rlang::env(states = states, cancelled = character())
  local_mocked_bindings(
    ask_slurm = function(name) {
      state <- seen$states[[1]]
      if (length(seen$states) > 1) seen$states <- seen$states[-1]
      list(answered = TRUE, state = state)
    },
    run_command = function(command, args) {
      if (command == "scancel") seen$cancelled <- c(seen$cancelled, args)
      list(ok = TRUE, lines = character())
    },
    .env = env
  )
  seen
}

test_that("a name belongs to one living driver", {
  log_dir <- withr::local_tempdir()
  slurm <- slurm_in(log_dir)
  record <- claim_name("fit", slurm)
  write_record(record, "fatebias-fit-1")
  expect_error(claim_name("fit", slurm), "being waited for", class = "fatebias_error_slurm")
  expect_identical(claim_name("mash", slurm), file.path(log_dir, "mash.job"))
  expect_identical(cancel_jobs(block(log_dir)), character())
  expect_true(file.exists(record))
})

test_that("the job of a dead driver is cancelled first", {
  log_dir <- withr::local_tempdir()
  leave_record(log_dir)
  slurm <- local_slurm(c("RUNNING", "COMPLETING", "CANCELLED"))
  expect_message(claim_name("fit", slurm_in(log_dir)), "fatebias-fit-1 of an earlier run is cancelled")
  expect_identical(slurm$cancelled, "--name=fatebias-fit-1")
  expect_identical(list.files(log_dir), character())
})

test_that("a job that has ended needs no cancelling, one that does not end is an error", {
  log_dir <- withr::local_tempdir()
  leave_record(log_dir)
  slurm <- local_slurm("GONE")
  expect_no_message(claim_name("fit", slurm_in(log_dir)))
  expect_identical(slurm$cancelled, character())
  leave_record(log_dir)
  local_slurm("RUNNING")
  local_mocked_bindings(cancel_seconds = 0)
  expect_error(suppressMessages(claim_name("fit", slurm_in(log_dir))), class = "fatebias_error_slurm")
})

test_that("all jobs that nobody waits for are cancelled at once", {
  log_dir <- withr::local_tempdir()
  expect_identical(cancel_jobs(block(log_dir)), character())
  leave_record(log_dir, "fit")
  leave_record(log_dir, "mash")
  slurm <- local_slurm(c("RUNNING", "CANCELLED", "RUNNING", "CANCELLED"))
  cancelled <- suppressMessages(cancel_jobs(block(log_dir)))
  expect_identical(cancelled, c("fatebias-fit-1", "fatebias-mash-1"))
  expect_identical(slurm$cancelled, paste0("--name=", cancelled))
  expect_identical(list.files(log_dir), character())
})
