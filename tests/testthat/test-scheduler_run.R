local <- fate_settings(execution = "local")

# Settings under which nothing is submitted: run_plan() is replaced
slurm <- function(..., log_dir) fate_settings(execution = "slurm", slurm = list(log_dir = log_dir, ...))

# run_plan() that ends with these verdicts in turn; NULL: the call is made here, as the job would
scripted_plans <- function(...) {
  verdicts <- list(...)
  plans <- list()
  list(
    run = function(plan, call) {
      plans[[length(plans) + 1L]] <<- plan
      verdict <- verdicts[[length(plans)]]
      if (is.null(verdict)) run_call(plan$folder)
      verdict
    },
    plans = function() plans
  )
}

verdict <- function(cause) list(cause = cause, text = paste("it ended by", cause), advice = "Do something.")

run_with <- function(script, log_dir, fun = sum, ..., settings = slurm(log_dir = log_dir), node = "gpu") {
  local_mocked_bindings(run_plan = script$run, validate_scheduler = function(...) invisible())
  run_job(fun, ..., name = "fit", node = node, settings = settings)
}

test_that("local execution calls the function here", {
  expect_identical(run_job(sum, 1, 2, name = "sum", settings = local), 3)
  expect_identical(run_job(Sys.getpid, name = "pid", settings = local), Sys.getpid())
  expect_error(run_job(read_fit, "nowhere", name = "x", settings = local), class = "fatebias_error_export")
  expect_error(run_job(sum, name = "a b", settings = local), "name")
  expect_error(run_job(sum, name = "a", node = "tpu", settings = local), "node")
  expect_null(pipeline_controller(local))
})

test_that("settings come from the pipeline's file", {
  config <- withr::local_tempfile(lines = "execution: local", fileext = ".yaml")
  withr::local_envvar(FATEBIAS_CONFIG = config)
  expect_identical(run_job(sum, 1, 2, name = "sum"), 3)
  writeLines("execution: lokal", config)
  expect_error(run_job(sum, 1, 2, name = "sum"), class = "fatebias_error_settings")
})

test_that("without Slurm's commands nothing is tried", {
  withr::local_path("/nonexistent", action = "replace")
  log_dir <- file.path(withr::local_tempdir(), "logs")
  settings <- slurm(log_dir = log_dir)
  error <- expect_error(run_job(sum, 1, name = "sum", settings = settings), class = "fatebias_error_slurm")
  expect_match(conditionMessage(error), "sbatch")
  expect_false(file.exists(log_dir))
})

test_that("a job's value is returned and its files are removed", {
  log_dir <- file.path(withr::local_tempdir(), "logs")
  script <- scripted_plans(NULL)
  expect_identical(run_with(script, log_dir, sum, 1, 2), 3)
  expect_length(script$plans(), 1)
  expect_identical(list.files(log_dir), character())
})

test_that("a job is sent again for what may pass, and asks for more memory", {
  log_dir <- withr::local_tempdir()
  script <- scripted_plans(verdict("preempted"), verdict("memory"), verdict("node"), NULL)
  said <- testthat::capture_messages(expect_identical(run_with(script, log_dir, sum, 1, 2), 3))
  expect_match(said, "It is sent again")
  expect_identical(sub(".* by ([a-z]+)\\..*", "\\1", gsub("\n", " ", said)), c("preempted", "memory", "node"))
  memory <- vapply(script$plans(), function(plan) grep("--mem=", plan$script, value = TRUE), character(1))
  expect_identical(memory, sprintf("#SBATCH --mem=%dM", 1024L * c(32L, 32L, 64L, 64L)))
  names <- vapply(script$plans(), `[[`, character(1), "job_name")
  expect_identical(anyDuplicated(names), 0L)
})

test_that("retries are limited", {
  log_dir <- withr::local_tempdir()
  script <- scripted_plans(verdict("preempted"), verdict("preempted"))
  settings <- slurm(retries = 1, log_dir = log_dir)
  error <- suppressMessages(
    expect_error(run_with(script, log_dir, sum, 1, settings = settings), class = "fatebias_error_slurm")
  )
  expect_identical(error$cause, "preempted")
  expect_length(script$plans(), 2)
  expect_identical(list.files(log_dir), character())
})

test_that("what would end so again is not sent again", {
  log_dir <- withr::local_tempdir()
  for (cause in c("cancelled", "exit", "connection", "hopeless", "worker", "silence")) {
    script <- scripted_plans(verdict(cause))
    error <- expect_error(run_with(script, log_dir, sum, 1), class = "fatebias_error_slurm")
    expect_identical(error$cause, cause)
  }
})

test_that("a time limit is met again only where that is of use", {
  log_dir <- withr::local_tempdir()
  stopped <- scripted_plans(verdict("stopped"), NULL)
  expect_message(expect_identical(run_with(stopped, log_dir, sum, 1), 1), "sent again")
  again <- scripted_plans(verdict("time"), NULL)
  expect_message(expect_identical(run_with(again, log_dir, sum, 1), 1), "sent again")
  error <- expect_error(run_with(scripted_plans(verdict("time")), log_dir, sum, 1, node = "cpu"))
  expect_identical(error$cause, "time")
})

test_that("the message of a failed job", {
  plan <- plan_job("fit", "gpu", scheduler_of(slurm(log_dir = "logs")), id = "1")
  plan$log <- withr::local_tempfile(lines = c("first {line}", "last line"))
  expect_snapshot(
    error = TRUE, abort_verdict(verdict("memory"), plan, NULL),
    transform = function(lines) gsub(plan$log, "job.log", lines, fixed = TRUE)
  )
})

test_that("drivers run in a controller with as many processes as jobs may be in flight", {
  controller <- pipeline_controller(fate_settings(execution = "slurm", slurm = list(in_flight = 3)))
  expect_s3_class(controller, "crew_class_controller")
  expect_identical(controller$launcher$workers, 3L)
  workers <- pipeline_controller(fate_settings(execution = "crew", crew_workers = 4L))
  expect_identical(workers$launcher$workers, 4L)
})
