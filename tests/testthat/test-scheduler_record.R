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

# A log folder in a folder with something precious, and a record of what an attacker writes
hostile_logs <- function(job_name, env = parent.frame(), name = "fit", ...) {
  root <- withr::local_tempdir(.local_envir = env)
  log_dir <- file.path(root, "logs")
  dir.create(file.path(log_dir, "precious"), recursive = TRUE)
  dir.create(file.path(root, "precious"))
  record <- list(job_name = job_name, host = "elsewhere", pid = 1, started = "long ago")
  writeLines(to_json(override(record, list(...))), file.path(log_dir, paste0(name, ".job")))
  root
}

test_that("a record that names anything but its own job is refused, and nothing is cancelled or removed", {
  names <- list(
    "", ".", "..", "../precious", "precious", "/", "/tmp", "fatebias-fit-", "fatebias-fit-../../precious",
    "fatebias-fit-1/../../../precious", "fatebias-mash-1", "fatebias-fit-1*",
    "fatebias-fit-1\n", "fatebias-fit-1 x", "*", "fatebias-fit-*", "x-fatebias-fit-1", NULL, 1, TRUE,
    list("fatebias-fit-1"), list(a = "fatebias-fit-1")
  )
  for (name in names) {
    root <- hostile_logs(name)
    before <- list.files(root, recursive = TRUE, include.dirs = TRUE)
    slurm <- local_slurm("RUNNING")
    log_dir <- file.path(root, "logs")
    error <- expect_error(cancel_jobs(block(log_dir)), "is damaged", class = "fatebias_error_slurm")
    expect_identical(error$cause, "record")
    expect_error(claim_name("fit", slurm_in(log_dir)), "is damaged", class = "fatebias_error_slurm")
    expect_identical(list.files(root, recursive = TRUE, include.dirs = TRUE), before)
    expect_identical(slurm$cancelled, character())
  }
})

test_that("a record without a process, of another name or of another form is refused", {
  refuse <- function(root) {
    expect_error(cancel_jobs(block(file.path(root, "logs"))), "is damaged", class = "fatebias_error_slurm")
  }
  refuse(hostile_logs("fatebias-fit-1", pid = -1))
  refuse(hostile_logs("fatebias-fit-1", pid = "1"))
  refuse(hostile_logs("fatebias-fit-1", host = NULL))
  refuse(hostile_logs("fatebias-fit-1", started = list()))
  refuse(hostile_logs("fatebias-.*-1", name = ".*"))
  refuse(hostile_logs("fatebias--1", name = ""))
  for (text in c("", "{", "[]", "1", "null", strrep("[", 5000), strrep("x", 20000))) {
    root <- hostile_logs("fatebias-fit-1")
    writeLines(text, file.path(root, "logs", "fit.job"))
    refuse(root)
  }
  root <- hostile_logs("fatebias-fit-1")
  dir.create(file.path(root, "logs", "mash.job"))
  refuse(root)
  skip_on_os("windows")
  root <- hostile_logs("fatebias-fit-1")
  system2("mkfifo", shQuote(file.path(root, "logs", "mash.job")))
  refuse(root)
})

test_that("of a link in the log folder the link alone is removed, and a * in its name stands for itself", {
  skip_on_os("windows")
  root <- hostile_logs("fatebias-fit-1")
  local_slurm("GONE")
  kept <- file.path(root, "precious", "file")
  file.create(kept)
  file.symlink(dirname(kept), file.path(root, "logs", "fatebias-fit-1"))
  cancel_jobs(block(file.path(root, "logs")))
  expect_true(file.exists(kept))
  expect_identical(list.files(file.path(root, "logs")), "precious")
  file.rename(file.path(root, "logs"), file.path(root, "log*"))
  dir.create(file.path(root, "logs"))
  leave_record(file.path(root, "log*"))
  file.copy(file.path(root, "log*", "fit.job"), file.path(root, "logs"))
  cancel_jobs(block(file.path(root, "log*")))
  expect_true(file.exists(file.path(root, "logs", "fit.job")))
})
