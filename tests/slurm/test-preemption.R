test_that("a preempted fit is sent again, goes on from its checkpoint, and ends as an undisturbed one", {
  # a fit of some twenty seconds
  files <- simulate_screen(
    withr::local_tempdir(),
    seed = 4, cells = 40000, genes = 40, guides_per_gene = 4, ntc = 10
  )
  log_dir <- withr::local_tempdir()
  owners <- list(partition = "owners", memory_gb = 2, cores = 1L, hours = 0.5)
  settings <- slurm_settings(log_dir = log_dir, gpu = owners)
  wanted <- utils::modifyList(quick, list(num_steps = 600L, batch_size = 40000L))
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

  # whoever owns the node wants the GPU for a while
  blocker <- withr::local_tempfile(lines = c("#!/bin/sh", "exec sleep 5"))
  args <- c("--partition=gpu", "--gpus=1", "--mem=100", "--output=/dev/null", blocker)
  expect_true(run_command("sbatch", args)$ok)
  wait_until(function() !identical(job_of(log_dir, "fit"), first))
  expect_identical(ask_slurm(first)$state, "PREEMPTED")
  waiting$wait(120000)
  resumed <- waiting$get_result()
  expect_match(waiting$read_all_output(), "preempted.*sent again")
  expect_length(jobs_in(log_dir), 2)
  expect_length(resumed$manifest$resumed, 1)
  expect_gt(resumed$manifest$resumed[[1]]$steps, 0)

  undisturbed <- fit(files, wanted, withr::local_tempdir(), fate_settings())
  expect_length(undisturbed$manifest$resumed, 0)
  expect_identical(names(resumed$files), names(undisturbed$files))
  for (file in setdiff(names(resumed$files), "fit_manifest.json")) {
    expect_identical(bytes_of(resumed$files[[file]]), bytes_of(undisturbed$files[[file]]), info = file)
  }
  expect_false(file.exists(file.path(out_dir, "fit_checkpoint.pt")))
})
