# A job that meets its time limit of a minute, twice. Slurm counts in minutes: so it is started before all
# tests, and looked at in test-failures.R.
time_limit <- callr::r_bg(
  function(settings) {
    library(fatebias)
    started <- Sys.time()
    error <- tryCatch(run_job(Sys.sleep, 600, name = "sleep", settings = settings), error = identity)
    list(error = error, seconds = as.numeric(Sys.time() - started, units = "secs"))
  },
  list(slurm_settings(
    log_dir = tempfile("logs"), retries = 1L,
    cpu = list(memory_gb = 0.5, cores = 1L, hours = 1 / 60, retry_time_limit = TRUE)
  )),
  supervise = TRUE
)
withr::defer(time_limit$kill(), envir = testthat::teardown_env())
