# Each of these must end with an error that says what happened, within 60 s of the job's end.

seconds_of <- function(expr) system.time(expr)[["elapsed"]]

# The error of a job, with the seconds from its end to the error
failing_job <- function(fun, ..., settings, name = "failing", node = "cpu") {
  error <- caught(run_job(fun, ..., name = name, node = node, settings = settings))
  job <- show_job(sub("[.]log$", "", basename(error$log)))
  end <- as.POSIXct(sub(".* EndTime=([^ ]+) .*", "\\1", job), format = "%Y-%m-%dT%H:%M:%S")
  list(error = error, message = conditionMessage(error), delay = as.numeric(Sys.time() - end, units = "secs"))
}

test_that("scancel of a running fit", {
  log_dir <- withr::local_tempdir()
  settings <- slurm_settings(log_dir = log_dir, poll_seconds = 2)
  files <- small_screen()
  fit <- function(files, settings, quick) {
    library(fatebias)
    screen <- read_screen(files$screen, files$guide_map)
    # fits without end: however fast the machine is, one of them runs when the job is cancelled
    fits <- function(...) repeat fatebias::fit_fate_bias(...)
    error <- tryCatch(
      run_job(
        fits, screen, do.call(fate_settings, quick),
        out_dir = tempfile(), name = "fit", node = "gpu", settings = settings
      ),
      error = identity
    )
    list(error = error, ended = Sys.time())
  }
  waiting <- in_background(fit, files, settings, quick)
  wait_until(function() is_running(log_dir, "fit"))
  job <- job_of(log_dir, "fit")
  Sys.sleep(6) # into the fit
  cancelled <- Sys.time()
  run_command("scancel", paste0("--name=", job))
  waiting$wait(60000)
  found <- waiting$get_result()
  expect_s3_class(found$error, "fatebias_error_slurm")
  expect_identical(found$error$cause, "cancelled")
  expect_match(conditionMessage(found$error), "it was cancelled")
  expect_lt(as.numeric(found$ended - cancelled, units = "secs"), 60)
  expect_false(file.exists(file.path(log_dir, "fit.job")))
})

test_that("a job killed for memory asks for more, and fails when that is not enough", {
  log_dir <- withr::local_tempdir()
  wants <- list(memory_gb = 0.3)
  settings <- slurm_settings(log_dir = log_dir, cpu = wants, retries = 1L, memory_growth = 1.5)
  hungry <- function(gb) {
    x <- raw(0)
    held <- lapply(seq_len(gb * 10), function(i) {
      Sys.sleep(0.3)
      rep(as.raw(1), 1e8)
    })
    length(held)
  }
  found <- NULL
  expect_message(found <- failing_job(hungry, 2, settings = settings), "more memory.*sent again")
  expect_s3_class(found$error, "fatebias_error_slurm")
  expect_identical(found$error$cause, "memory")
  expect_match(found$message, "used more memory than.*slurm.cpu.memory_gb.*exceeded memory limit")
  expect_lt(found$delay, 60)
  shown <- vapply(jobs_in(log_dir), show_job, character(1))
  expect_setequal(sub(".*TRES=cpu=1,mem=([^,]+),.*", "\\1", shown), c("308M", "461M"))

  enough <- slurm_settings(cpu = wants, retries = 3L, memory_growth = 3)
  expect_message(held <- run_job(hungry, 0.6, name = "hungry", settings = enough), "sent again")
  expect_equal(held, 6)
})

test_that("a job that ends without its result", {
  settings <- slurm_settings()
  found <- failing_job(function() quit(status = 3), settings = settings)
  expect_identical(found$error$cause, "exit")
  expect_match(found$message, "ended without a result \\(exit code 3\\)")
  expect_lt(found$delay, 60)
  killed <- failing_job(function() tools::pskill(Sys.getpid(), tools::SIGKILL), settings = settings)
  expect_match(killed$message, "ended without a result \\(signal 9\\)|exit code 137")
})

test_that("a worker that never connects", {
  lines <- readLines(file.path(sherlock_folder(), "cpu.tmpl"))
  ending_in <- function(line) sub("^exec Rscript.*", line, lines)
  template <- withr::local_tempfile(lines = ending_in("echo no module {{ master }} here; exit 0"))
  settings <- slurm_settings(cpu = list(template = template))
  seconds <- seconds_of(found <- failing_job(sum, 1, settings = settings))
  expect_identical(found$error$cause, "connection")
  expect_match(found$message, "ended before its worker connected \\(exit code 0\\)")
  expect_match(found$message, "no module tcp://.* here")
  expect_lt(seconds, 60)

  absent <- slurm_settings(modules = "no/such/module")
  found <- failing_job(sum, 1, settings = absent)
  expect_match(found$message, "connected \\(exit code 1\\).*slurm.modules")

  # it runs, but cannot reach this machine
  template <- withr::local_tempfile(lines = ending_in("echo {{ master }}; exec sleep 300"))
  deaf <- slurm_settings(connect_seconds = 10, cpu = list(template = template))
  seconds <- seconds_of(error <- caught(run_job(sum, 1, name = "deaf", settings = deaf)))
  expect_identical(error$cause, "connection")
  expect_match(conditionMessage(error), "runs on localhost, but its worker has not connected")
  expect_lt(seconds, 40)
  wait_until(queue_of("fatebias-deaf"))
})

test_that("what Slurm does not accept is told before or at submission", {
  settings <- slurm_settings(cpu = list(partition = "nix"))
  error <- caught(run_job(sum, 1, name = "sum", settings = settings))
  expect_s3_class(error, "fatebias_error_slurm")
  expect_identical(error$cause, "submission")
  expect_match(conditionMessage(error), "[Ii]nvalid partition.*slurm.cpu")

  lines <- readLines(file.path(sherlock_folder(), "cpu.tmpl"))
  lacking <- withr::local_tempfile(lines = lines[!grepl("{{ memory }}", lines, fixed = TRUE)])
  settings <- slurm_settings(cpu = list(template = lacking))
  error <- caught(run_job(sum, 1, name = "sum", settings = settings))
  expect_s3_class(error, "fatebias_error_slurm")
  expect_match(conditionMessage(error), "lacks the key \\{\\{ memory \\}\\}")

  settings <- slurm_settings(cpu = list(constraint = "no_such_feature"))
  error <- caught(run_job(sum, 1, name = "sum", settings = settings))
  expect_identical(error$cause, "submission")

  withr::local_path("/nonexistent", action = "replace")
  error <- caught(run_job(sum, 1, name = "sum", settings = slurm_settings()))
  expect_s3_class(error, "fatebias_error_slurm")
  expect_match(conditionMessage(error), "sbatch.*not on the path.*execution: local")
})

test_that("a job that would wait for ever is cancelled", {
  log_dir <- withr::local_tempdir()
  settings <- slurm_settings(log_dir = log_dir, cpu = list(hours = 100)) # the partition has 48
  seconds <- seconds_of(error <- caught(run_job(sum, 1, name = "long", settings = settings)))
  expect_identical(error$cause, "hopeless")
  expect_match(conditionMessage(error), "wait for ever \\(PartitionTimeLimit\\).*slurm.cpu")
  expect_lt(seconds, 60)
  wait_until(queue_of("fatebias-long"))
})

test_that("whoever stops waiting stops the job", {
  log_dir <- withr::local_tempdir()
  settings <- slurm_settings(log_dir = log_dir)
  waiting <- in_background(function(settings) {
    fatebias::run_job(Sys.sleep, 300, name = "stopped", settings = settings)
  }, settings)
  wait_until(function() is_running(log_dir, "stopped"))
  Sys.sleep(2)
  waiting$interrupt() # Ctrl-C
  waiting$wait(60000)
  wait_until(queue_of("fatebias-stopped"))
  expect_false(file.exists(file.path(log_dir, "stopped.job")))
})

test_that("two drivers do not wait for one name", {
  log_dir <- withr::local_tempdir()
  settings <- slurm_settings(log_dir = log_dir)
  waiting <- in_background(function(settings) {
    fatebias::run_job(Sys.sleep, 8, name = "sleep", settings = settings)
  }, settings)
  wait_until(function() is_running(log_dir, "sleep"))
  error <- caught(run_job(sum, 1, name = "sleep", settings = settings))
  expect_identical(error$cause, "taken")
  waiting$wait(30000)
  expect_null(waiting$get_result())
  expect_equal(run_job(sum, 1, name = "sleep", settings = settings), 1)
})

test_that("a job past its time limit is sent again, and told about when that was in vain", {
  time_limit$wait(300000)
  found <- time_limit$get_result()
  expect_s3_class(found$error, "fatebias_error_slurm")
  expect_identical(found$error$cause, "time")
  expect_match(conditionMessage(found$error), "reached its time limit.*slurm.cpu.hours")
  # two limits of a minute; Slurm looks at limits now and then
  expect_gt(found$seconds, 120)
  expect_match(conditionMessage(found$error), "DUE TO TIME LIMIT")
})
