# A second scheduler (helper-scheduler.R) goes all the way through run_job(), with the package as it is

test_that("execution chooses the class; under local the first scheduler there is", {
  expect_s3_class(scheduler_of(fate_settings(execution = "slurm")), "slurm_scheduler")
  for (none in c("local", "crew")) {
    expect_s3_class(scheduler_of(fate_settings(execution = none)), "slurm_scheduler")
  }
  local_process_scheduler()
  process <- scheduler_of(process_settings("logs"))
  expect_s3_class(process, "process_scheduler")
  expect_identical(process$block$poll_seconds, 1)
})

test_that("every choice of execution has a constructor and the four methods", {
  for (name in scheduler_names()) {
    expect_identical(scheduler_of(fate_settings(execution = name))$name, name)
    for (generic in c("script", "submit", "state", "cancel")) {
      method <- utils::getS3method(
        paste0("scheduler_", generic), paste0(name, "_scheduler"),
        envir = asNamespace("fatebias")
      )
      expect_true(is.function(method), info = paste(generic, name))
    }
  }
})

test_that("a second scheduler runs a job: value, warnings, error and log come back", {
  local_process_scheduler()
  log_dir <- withr::local_tempdir()
  settings <- process_settings(log_dir)
  expect_match(job_script("cpu", settings), "memory: 16", all = FALSE)
  work <- function(n) {
    warning("beware")
    list(pid = Sys.getpid(), sum = sum(n))
  }
  expect_warning(there <- run_job(work, 1:3, name = "work", settings = settings), "^beware$")
  expect_identical(there$sum, 6L)
  expect_false(there$pid == Sys.getpid())
  expect_match(list.files(log_dir), "^fatebias-work-.*[.]log$")

  failing <- function() {
    message("on the way")
    abort_qc("no")
  }
  environment(failing) <- asNamespace("fatebias")
  error <- expect_error(run_job(failing, name = "work", settings = settings), class = "fatebias_error_qc")
  expect_match(conditionMessage(error), "In the process job fatebias-work-.*on the way")
  expect_named(error$process, c("job", "log"))
})

test_that("jobs of a second scheduler are sent again, or told of under its name", {
  local_process_scheduler()
  settings <- process_settings(withr::local_tempdir())
  marker <- withr::local_tempfile()
  preempted_once <- function(marker) {
    if (file.exists(marker)) {
      return("done")
    }
    file.create(marker)
    writeLines("preempted", paste0(Sys.getenv("PROCESS_JOB"), ".cause"))
    quit(status = 1)
  }
  expect_message(
    expect_identical(run_job(preempted_once, marker, name = "fit", settings = settings), "done"),
    "preempted.*sent again"
  )
  error <- expect_error(
    run_job(function() quit(status = 3), name = "fit", settings = settings),
    class = "fatebias_error_process"
  )
  expect_identical(error$cause, "exit")
  expect_match(conditionMessage(error), "process job for `fit`.*without a result \\(exit code 3\\)")
})

test_that("a second scheduler's job that nobody waits for is cancelled", {
  folder <- local_process_scheduler()
  log_dir <- withr::local_tempdir()
  settings <- process_settings(log_dir)
  system2("qsub", input = c("#JOB fatebias-fit-1", "sleep 300"), stdout = FALSE)
  record <- claim_name("fit", scheduler_of(settings))
  gone <- c(list(job_name = "fatebias-fit-1"), override(this_process(), list(started = "long ago")))
  writeLines(to_json(gone), record)
  expect_identical(process_state("fatebias-fit-1")$phase, "running")
  expect_message(expect_identical(cancel_jobs(settings), "fatebias-fit-1"), "of an earlier run is cancelled")
  ended <- process_state("fatebias-fit-1")
  expect_identical(ended[c("phase", "cause")], list(phase = "ended", cause = "cancelled"))
  state <- run_command("ps", c("-o", "stat=", "-p", readLines(process_file("fatebias-fit-1", "pid"))))$lines
  expect_true(length(state) == 0 || startsWith(state, "Z"))
  expect_identical(list.files(log_dir), character())
})

test_that("without its programs nothing is tried", {
  local_process_scheduler()
  withr::local_path("/nonexistent", action = "replace")
  settings <- process_settings(withr::local_tempdir())
  error <- expect_error(run_job(sum, 1, name = "sum", settings = settings), class = "fatebias_error_process")
  expect_match(conditionMessage(error), "execution: process.*qsub.*qdel")
})

test_that("a command that is missing, fails or takes too long is reported, not raised", {
  expect_false(run_command("no-such-command", "x")$ok)
  expect_false(run_command("false", character())$ok)
  expect_identical(run_command("echo", c("a b", "$HOME")), list(ok = TRUE, lines = "a b $HOME"))
})

test_that("Ctrl-C while a program runs ends the waiting, not the program alone", {
  skip_if_not_installed("callr")
  begun <- withr::local_tempfile()
  waiting <- callr::r_bg(function(begun) {
    run <- utils::getFromNamespace("run_command", "fatebias")
    run("sh", c("-c", "touch \"$0\"; exec sleep 15", begun))
    "went on"
  }, list(begun), supervise = TRUE)
  withr::defer(waiting$kill())
  while (waiting$is_alive() && !file.exists(begun)) Sys.sleep(0.05)
  waiting$interrupt()
  waiting$wait(60000)
  expect_error(waiting$get_result())
})
