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
  expect_true(has_ended(ask_slurm("fatebias-fit-1")))
})

test_that("no answer is no end", {
  local_mocked_bindings(run_command = function(...) list(ok = FALSE, lines = "slurm_load_jobs error"))
  job <- ask_slurm("fatebias-fit-1")
  expect_false(job$answered)
  expect_false(has_ended(job))
  expect_match(job$problem, "slurm_load_jobs")
})

test_that("a command that is missing, fails or takes too long is reported, not raised", {
  expect_false(run_command("no-such-command", "x")$ok)
  expect_false(run_command("false", character())$ok)
  expect_identical(run_command("echo", c("a b", "$HOME")), list(ok = TRUE, lines = "a b $HOME"))
})

cause_of <- function(state, log = character(), connected = TRUE, exit = 0L, signal = 0L) {
  job <- list(answered = TRUE, state = state, exit = exit, signal = signal)
  job_verdict(job, log, connected, "gpu")$cause
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
  expect_identical(cause_of("COMPLETED"), "exit")
  expect_identical(cause_of("COMPLETED", connected = FALSE), "connection")
  expect_identical(cause_of("GONE", connected = FALSE), "connection")
  for (state in ended_states) expect_type(cause_of(state), "character")
})

test_that("an exit tells its code or signal", {
  verdict <- function(...) job_verdict(list(answered = TRUE, ...), character(), TRUE, "cpu")$text
  expect_match(verdict(state = "FAILED", exit = 3L, signal = 0L), "exit code 3")
  expect_match(verdict(state = "FAILED", exit = 0L, signal = 11L), "signal 11")
  expect_match(verdict(state = "GONE"), "no longer knows")
})

test_that("pending for ever, and pending for now", {
  job <- function(reason, state = "PENDING") list(answered = TRUE, state = state, reason = reason)
  expect_true(is_hopeless(job("BadConstraints")))
  expect_false(is_hopeless(job("Resources")))
  expect_false(is_hopeless(job("None", "RUNNING")))
})

test_that("the end of a log", {
  log <- withr::local_tempfile(lines = paste("line", 1:50))
  expect_identical(log_tail(log, 2), c("line 49", "line 50"))
  expect_identical(log_tail("no-such-log"), character())
  file.create(log)
  expect_identical(log_tail(log), character())
})

test_that("of a progress bar the last state is shown, and of a long log the end", {
  log <- withr::local_tempfile()
  writeChar(paste0("begun\nSVI 1 %\rSVI 50 %\rSVI 99 %\nended\r\n"), log, eos = NULL)
  expect_identical(log_tail(log), c("begun", "SVI 99 %", "ended"))
  writeLines(c(strrep("x", 2e5), "the end \u2713"), log, useBytes = TRUE)
  expect_identical(tail(log_tail(log), 1), "the end \u2713")
  expect_lte(sum(nchar(log_tail(log))), n_log_bytes)
})
