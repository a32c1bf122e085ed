test_that("a fit that Slurm warns of its time limit keeps its checkpoint, is sent again, and goes on", {
  expect_match(job_script("gpu"), "^#SBATCH --signal=B:USR1@60$", all = FALSE)
  # a fit of some ten seconds
  files <- simulate_screen(
    withr::local_tempdir(),
    seed = 4, cells = 20000, genes = 20, guides_per_gene = 4, ntc = 10
  )
  log_dir <- withr::local_tempdir()
  settings <- slurm_settings(log_dir = log_dir, retries = 1L)
  wanted <- utils::modifyList(quick, list(num_steps = 400L, batch_size = 20000L))
  fit <- function(files, wanted, out_dir, settings) {
    library(fatebias)
    screen <- read_screen(files$screen, files$guide_map)
    wanted <- do.call(fate_settings, wanted)
    suppressWarnings(run_job(
      fit_fate_bias, screen, wanted,
      out_dir = out_dir, name = "fit", node = "gpu", settings = settings
    ))
  }
  out_dir <- withr::local_tempdir()
  waiting <- in_background(fit, files, wanted, out_dir, settings)
  wait_until(function() file.exists(file.path(out_dir, "fit_checkpoint.pt")))
  first <- job_of(log_dir, "fit")

  # to the batch script alone, whose place R has taken, as `--signal=B:USR1@60` does
  run_command("scancel", c("--batch", "--signal=USR1", paste0("--name=", first)))
  wait_until(function() !identical(job_of(log_dir, "fit"), first))
  expect_identical(ask_slurm(first)$exit, 128L + tools::SIGUSR1)
  waiting$wait(240000)
  resumed <- waiting$get_result()
  expect_match(waiting$read_all_output(), "stopped by Slurm before its end.*sent again")
  expect_match(log_tail(file.path(log_dir, paste0(first, ".log"))), "Stopped by SIGUSR1", all = FALSE)
  expect_length(resumed$manifest$resumed, 1)
  expect_gt(resumed$manifest$resumed[[1]]$steps, 0)
})
