# The waiting is tried with a pool and a Slurm made of lists; on a real Slurm it is tried in tests/slurm.

slurm <- scheduler_of(fate_settings(slurm = list(poll_seconds = 10, connect_seconds = 60)))

test_plan <- function(env = parent.frame()) {
  slurm$block$log_dir <- withr::local_tempdir(.local_envir = env)
  plan <- plan_job("fit", "gpu", slurm, id = "1")
  dir.create(plan$folder)
  plan
}

# recv() gives these in turn: a value, or an error where it is a condition; each costs a second
scripted_pool <- function(clock, ...) {
  events <- list(...)
  calls <- 0L
  list(
    recv = function(timeout) {
      clock$now <- clock$now + 1
      event <- if (length(events) > 0) events[[1]] else simpleError("Socket timed out after 1000 ms")
      events <<- events[-1]
      if (is.function(event)) event <- event()
      if (inherits(event, "error")) stop(event)
      event
    },
    send_eval = function(...) calls <<- calls + 1L,
    calls = function() calls
  )
}

quiet <- simpleError("Socket timed out after 1000 ms")
left <- simpleError("Unexpected worker disconnect")

wait <- function(plan, ..., job = list(answered = TRUE, state = "RUNNING"), pool = scripted_pool(clock, ...),
                 clock = rlang::env(now = 0)) {
  local_mocked_bindings(receive_seconds = 0) # no pause after an error
  clock$asked <- 0L
  local_mocked_bindings(ask_slurm = function(name) {
    clock$asked <- clock$asked + 1L
    if (is.function(job)) job(clock$now) else job
  })
  verdict <- wait_for_job(pool, plan, now = function() clock$now)
  list(verdict = verdict, seconds = clock$now, asked = clock$asked)
}

test_that("a plan is data: names, script and folder of the job", {
  slurm$block$log_dir <- "logs"
  plan <- plan_job("fit", "gpu", slurm, id = "1a")
  expect_identical(plan$job_name, "fatebias-fit-1a")
  expect_identical(plan$log, file.path(normalizePath("."), "logs", "fatebias-fit-1a.log"))
  expect_identical(plan$folder, sub("[.]log$", "", plan$log))
  expect_true(sprintf('#SBATCH --output="%s"', plan$log) %in% plan$script)
  expect_false(file.exists("logs"))
  more <- override(slurm$block$gpu, list(memory_gb = 64))
  expect_true("#SBATCH --mem=65536M" %in% plan_job("fit", "gpu", slurm, more)$script)
  ids <- replicate(50, plan_job("fit", "gpu", slurm)$job_name)
  expect_identical(anyDuplicated(ids), 0L)
})

test_that("the call is given once to the worker that connects, and its answer ends the waiting", {
  plan <- test_plan()
  clock <- rlang::env(now = 0)
  answer <- function() {
    file.create(file.path(plan$folder, "outcome.rds"))
    list(ok = TRUE)
  }
  pool <- scripted_pool(clock, quiet, "ready", quiet, answer)
  found <- wait(plan, pool = pool, clock = clock)
  expect_null(found$verdict)
  expect_identical(pool$calls(), 1L)
  expect_identical(found$asked, 0L)
})

test_that("an answer without an outcome is told", {
  message <- list(message = "there is no package called 'fatebias'")
  broken <- structure(message, class = c("worker_error", "condition"))
  found <- wait(test_plan(), "ready", broken)
  expect_identical(found$verdict$cause, "worker")
  expect_match(found$verdict$text, "no package called")
})

test_that("Slurm is asked every poll_seconds, and at once when the worker has left", {
  ended <- function(now) list(answered = TRUE, state = if (now > 25) "TIMEOUT" else "RUNNING")
  found <- wait(test_plan(), "ready", job = ended)
  expect_identical(found$verdict$cause, "time")
  expect_identical(found[c("seconds", "asked")], list(seconds = 30, asked = 3L))
  ended <- function(now) list(answered = TRUE, state = if (now > 3) "NODE_FAIL" else "COMPLETING")
  found <- wait(test_plan(), "ready", left, job = ended)
  expect_identical(found$verdict$cause, "node")
  expect_identical(found$seconds, 4)
})

test_that("an outcome that is there counts, whatever Slurm says", {
  plan <- test_plan()
  file.create(file.path(plan$folder, "outcome.rds"))
  expect_null(wait(plan, "ready", left, job = list(answered = TRUE, state = "FAILED"))$verdict)
})

test_that("a worker that never connects is given up, one that waits in the queue is not", {
  found <- wait(test_plan(), job = list(answered = TRUE, state = "COMPLETED", exit = 0L, signal = 0L))
  expect_identical(found$verdict$cause, "connection")
  expect_identical(found$seconds, 10)
  found <- wait(test_plan(), job = list(answered = TRUE, state = "RUNNING", node = "n1"))
  expect_identical(found$verdict$cause, "connection")
  expect_match(found$verdict$text, "runs on n1")
  expect_gt(found$seconds, 60)
  queued <- function(now) {
    list(answered = TRUE, state = if (now > 5000) "CANCELLED" else "PENDING", reason = "Priority")
  }
  found <- wait(test_plan(), job = queued)
  expect_identical(found$verdict$cause, "cancelled")
  hopeless <- list(answered = TRUE, state = "PENDING", reason = "PartitionTimeLimit")
  expect_match(wait(test_plan(), job = hopeless)$verdict$text, "PartitionTimeLimit")
})

test_that("Ctrl-C ends the waiting", {
  interrupted <- simpleError("Interrupted system call")
  stopped <- tryCatch(wait(test_plan(), interrupted), interrupt = function(condition) "stopped")
  expect_identical(stopped, "stopped")
})

test_that("a worker that leaves a job that goes on is told", {
  found <- wait(test_plan(), "ready", left, job = list(answered = TRUE, state = "RUNNING"))
  expect_identical(found$verdict$cause, "exit")
  expect_match(found$verdict$text, "the job goes on")
})

test_that("a Slurm that does not answer for a while is waited for", {
  deaf <- function(now) {
    if (now < 900) list(answered = FALSE, problem = "x") else list(answered = TRUE, state = "TIMEOUT")
  }
  expect_identical(wait(test_plan(), "ready", job = deaf)$verdict$cause, "time")
  found <- wait(test_plan(), "ready", job = list(answered = FALSE, problem = "no route"))
  expect_identical(found$verdict$cause, "silence")
  expect_match(found$verdict$text, "no route")
})
