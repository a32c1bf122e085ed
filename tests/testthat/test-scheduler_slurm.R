slurm <- scheduler_of(fate_settings(execution = "slurm"))

details <- paste(
  "JobId=7 JobName=fatebias-fit-1 UserId=me(1) JobState=FAILED Reason=NonZeroExitCode ExitCode=1:9",
  "ReqNodeList=(null) NodeList=sh03-01n01 Partition=gpu BatchHost=sh03-01n01 TresPerJob=gres:gpu:1"
)

# run_command() of a Slurm that gives these answers
answering <- function(squeue = character(), scontrol = details, sacct = NULL) {
  function(command, args) {
    lines <- list(squeue = squeue, scontrol = scontrol, sacct = sacct)[[command]]
    list(ok = !is.null(lines), lines = as.character(lines))
  }
}

test_that("what Slurm says of a job", {
  local_mocked_bindings(run_command = answering(squeue = "7|FAILED|NonZeroExitCode"))
  expect_identical(ask_slurm("fatebias-fit-1"), list(
    answered = TRUE, id = "7", state = "FAILED", reason = "NonZeroExitCode", exit = 1L, signal = 9L,
    node = "sh03-01n01", partition = "gpu"
  ))
})

test_that("a job that ended a while ago is in the accounting, or gone", {
  local_mocked_bindings(run_command = answering(sacct = "7|CANCELLED by 12|0:15|sh01"))
  job <- ask_slurm("fatebias-fit-1")
  expect_identical(job[c("state", "exit", "signal", "node")], list(
    state = "CANCELLED", exit = 0L, signal = 15L, node = "sh01"
  ))
  local_mocked_bindings(run_command = answering(sacct = NULL))
  expect_identical(ask_slurm("fatebias-fit-1"), list(answered = TRUE, state = "GONE"))
  expect_true(has_ended(scheduler_state(slurm, "fatebias-fit-1")))
})

test_that("no answer is no end", {
  local_mocked_bindings(run_command = function(...) list(ok = FALSE, lines = "slurm_load_jobs error"))
  job <- scheduler_state(slurm, "fatebias-fit-1")
  expect_false(job$answered)
  expect_false(has_ended(job))
  expect_match(job$problem, "slurm_load_jobs")
})

# What a job that ended in a state of Slurm is told to have ended by
cause_of <- function(state, log = character(), connected = TRUE, exit = 0L, signal = 0L) {
  local_mocked_bindings(ask_slurm = function(name) {
    list(answered = TRUE, state = state, exit = exit, signal = signal)
  })
  plan <- list(node = "gpu", scheduler = slurm)
  job_verdict(scheduler_state(slurm, "fatebias-fit-1"), log, connected, plan)$cause
}

test_that("every way in which a job ends has its cause", {
  expect_identical(cause_of("OUT_OF_MEMORY"), "memory")
  # without cgroups only the log knows
  log <- "slurmstepd: error: Job 5 exceeded memory limit (400 > 300), being killed"
  expect_identical(cause_of("FAILED", log, signal = 9L), "memory")
  oom <- "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=5.batch."
  expect_identical(cause_of("FAILED", oom, exit = 137L), "memory")
  expect_identical(cause_of("TIMEOUT"), "time")
  expect_identical(cause_of("NODE_FAIL"), "node")
  expect_identical(cause_of("PREEMPTED"), "preempted")
  expect_identical(cause_of("CANCELLED"), "cancelled")
  expect_identical(cause_of("FAILED", exit = 1L), "exit")
  expect_identical(cause_of("FAILED", exit = 138L), "stopped")
  expect_identical(cause_of("FAILED", exit = 143L), "stopped")
  # Slurm's own word says more
  expect_identical(cause_of("PREEMPTED", exit = 143L), "preempted")
  expect_identical(cause_of("TIMEOUT", exit = 143L), "time")
  expect_identical(cause_of("COMPLETED"), "exit")
  expect_identical(cause_of("COMPLETED", connected = FALSE), "connection")
  expect_identical(cause_of("GONE", connected = FALSE), "connection")
  for (state in ended_states) expect_type(cause_of(state), "character")
})

test_that("pending for ever, and pending for now", {
  job <- function(reason, state = "PENDING") {
    local_mocked_bindings(ask_slurm = function(name) list(answered = TRUE, state = state, reason = reason))
    scheduler_state(slurm, "fatebias-fit-1")
  }
  expect_identical(job("BadConstraints")$endless, "BadConstraints")
  expect_null(job("Resources")$endless)
  expect_null(job("None", "RUNNING")$endless)
})

test_that("phases of a job", {
  phase <- function(state) {
    local_mocked_bindings(ask_slurm = function(name) list(answered = TRUE, state = state))
    scheduler_state(slurm, "fatebias-fit-1")$phase
  }
  expect_identical(phase("PENDING"), "waiting")
  expect_identical(phase("COMPLETING"), "waiting")
  expect_identical(phase("RUNNING"), "running")
  expect_identical(phase("GONE"), "gone")
  for (state in ended_states) expect_identical(phase(state), "ended")
})

test_that("a job is cancelled by its name, and the command is told", {
  ran <- NULL
  local_mocked_bindings(run_command = function(...) ran <<- c(...))
  expect_identical(scheduler_cancel(slurm, "fatebias-fit-1"), "scancel --name=fatebias-fit-1")
  expect_identical(ran, c("scancel", "--name=fatebias-fit-1"))
})
