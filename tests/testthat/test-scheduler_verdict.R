plan <- list(node = "cpu", scheduler = scheduler_of(fate_settings(execution = "slurm")))

test_that("an exit tells its code or signal", {
  verdict <- function(...) job_verdict(list(answered = TRUE, ...), character(), TRUE, plan)$text
  expect_match(verdict(phase = "ended", exit = 3L, signal = 0L), "exit code 3")
  expect_match(verdict(phase = "ended", exit = 0L, signal = 11L), "signal 11")
  expect_match(verdict(phase = "gone"), "no longer knows")
})

test_that("advice names the settings of the scheduler and the node", {
  advice <- function(cause, connected = TRUE, at = plan) {
    job_verdict(list(answered = TRUE, phase = "ended", cause = cause), character(), connected, at)$advice
  }
  expect_identical(advice("memory"), "Raise `slurm.cpu.memory_gb`.")
  expect_identical(advice("time"), "Raise `slurm.cpu.hours`.")
  expect_match(advice("preempted"), "`slurm.retries`, or choose another `slurm.cpu.partition`")
  expect_match(advice(NULL, connected = FALSE), "(`slurm.modules`)", fixed = TRUE)
  other <- new_scheduler("other", "Other", list(), character(), "killed by other")
  expect_identical(advice("time", at = list(node = "gpu", scheduler = other)), "Raise `other.gpu.hours`.")
})

test_that("a log that tells of a kill for memory counts more than the scheduler's word", {
  job <- list(answered = TRUE, phase = "ended", cause = "cancelled")
  expect_identical(job_verdict(job, "all is well", TRUE, plan)$cause, "cancelled")
  expect_identical(job_verdict(job, c("a", "1 oom-kill event"), TRUE, plan)$cause, "memory")
})
