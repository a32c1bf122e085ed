set_node <- function(...) run_command("scontrol", c("update", "NodeName=localhost", ...))

test_that("a job whose node fails is sent again, and waits until there is one", {
  withr::defer(set_node("State=RESUME"))
  log_dir <- withr::local_tempdir()
  settings <- slurm_settings(log_dir = log_dir)
  waiting <- in_background(function(settings) {
    fatebias::run_job(function() {
      Sys.sleep(5)
      "done"
    }, name = "nap", settings = settings)
  }, settings)
  wait_until(function() is_running(log_dir, "nap"))
  first <- job_of(log_dir, "nap")
  set_node("State=DOWN", "Reason=test")
  wait_until(function() !identical(job_of(log_dir, "nap"), first))
  expect_identical(ask_slurm(first)$state, "NODE_FAIL")
  # the one sent last: one that was sent before the node was down fails with it
  wait_until(function() identical(ask_slurm(job_of(log_dir, "nap"))$state, "PENDING"))
  set_node("State=RESUME")
  waiting$wait(60000)
  expect_identical(waiting$get_result(), "done")
  expect_match(waiting$read_all_output(), "node failed.*sent again")
})
