test_that("8 fits in flight queue for one GPU, all finish, and none is mixed up", {
  files <- small_screen()
  settings <- slurm_settings(poll_seconds = 2)
  results <- withr::local_tempdir()
  fit_seed <- function(seed, files, settings, quick, results) {
    library(fatebias)
    screen <- read_screen(files$screen, files$guide_map)
    quick <- utils::modifyList(quick, list(num_steps = 20L, seed = seed))
    out_dir <- file.path(results, seed)
    fit <- suppressWarnings(run_job(
      fit_fate_bias, screen, do.call(fate_settings, quick),
      out_dir = out_dir, name = paste0("fit_", seed), node = "gpu", settings = settings
    ))
    c(seed = fit$manifest$seed, asked = seed, out_dir = identical(fit$out_dir, out_dir))
  }
  here <- environment()
  waiting <- lapply(1:8, function(seed) {
    in_background(fit_seed, seed, files, settings, quick, results, env = here)
  })
  for (process in waiting) process$wait(300000)
  found <- t(vapply(waiting, function(process) process$get_result(), numeric(3)))
  expect_identical(unname(found[, "seed"]), as.numeric(1:8))
  expect_identical(found[, "seed"], found[, "asked"])
  expect_true(all(found[, "out_dir"] == 1))
  hashes <- tools::md5sum(file.path(results, 1:8, "gene_daywise_for_mash.csv"))
  expect_identical(anyDuplicated(unname(hashes)), 0L)

  # one of them again, here
  screen <- read_screen(files$screen, files$guide_map)
  again <- do.call(fate_settings, utils::modifyList(quick, list(num_steps = 20L, seed = 5L)))
  suppressWarnings(fit_fate_bias(screen, again, out_dir = file.path(results, "here"), progress = FALSE))
  here <- file.path(results, c("here", "5"), "gene_daywise_for_mash.csv")
  expect_identical(bytes_of(here[[1]]), bytes_of(here[[2]]))
})
