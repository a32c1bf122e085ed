# What the tests on a real Slurm share. SLURM_CONF names the Slurm that tests/slurm/start has started.

stopifnot(nzchar(Sys.getenv("SLURM_CONF")))

# Small jobs, and settings that a single machine without modules needs
slurm_block <- function(...) {
  block <- list(
    host = "127.0.0.1", modules = NULL, poll_seconds = 1, in_flight = 8L,
    gpu = list(memory_gb = 2, cores = 1L, hours = 0.5),
    cpu = list(memory_gb = 0.9, cores = 1L, hours = 0.5)
  )
  utils::modifyList(block, list(...), keep.null = TRUE)
}

slurm_settings <- function(..., log_dir = withr::local_tempdir(.local_envir = parent.frame())) {
  fate_settings(execution = "slurm", slurm = slurm_block(log_dir = log_dir, ...))
}

quick <- list(
  num_steps = 60L, batch_size = 1500L, num_posterior_draws = 50L, likelihood_weight = 21, threads = 1L
)

# A simulated screen, made once a run
small_screen <- local({
  files <- NULL
  function() {
    if (is.null(files)) {
      folder <- withr::local_tempdir(.local_envir = testthat::teardown_env())
      files <<- simulate_screen(
        folder,
        seed = 3, cells = 3000, genes = 12, guides_per_gene = 3, ntc = 6, concentration = 20
      )
    }
    files
  }
})

# A user's project in a folder of its own
new_project <- function(..., env = parent.frame()) {
  project <- withr::local_tempdir(.local_envir = env)
  suppressMessages(use_fatebias_pipeline(project))
  write_config(project, ...)
  project
}

write_config <- function(project, ..., execution = "slurm", slurm = slurm_block()) {
  files <- small_screen()
  fixed <- list(
    screen = files$screen, guide_map = files$guide_map, mode = "simulation", calibration = "none"
  )
  given <- list(execution = execution, slurm = slurm, ...)
  yaml::write_yaml(utils::modifyList(c(fixed, quick), given), file.path(project, "config.yaml"))
}

# With as many threads as the jobs here have cores: sums, and so last digits, depend on their number
run_pipeline <- function(project) {
  withr::local_dir(project)
  withr::local_envvar(OPENBLAS_NUM_THREADS = "1", OMP_NUM_THREADS = "1")
  targets::tar_make(reporter = "silent", callr_arguments = list(show = FALSE))
  done <- targets::tar_progress(fields = "progress")
  rlang::set_names(done$progress, done$name)
}

# A function in a process of its own, which can be killed
in_background <- function(fun, ..., env = parent.frame()) {
  process <- callr::r_bg(fun, list(...), supervise = TRUE, stdout = "|", stderr = "2>&1")
  withr::defer(process$kill(), envir = env)
  process
}

wait_until <- function(condition, seconds = 60) {
  until <- Sys.time() + seconds
  while (!condition()) {
    if (Sys.time() > until) {
      stop("waited ", seconds, " s in vain for ", deparse1(body(condition)), call. = FALSE)
    }
    Sys.sleep(0.1)
  }
}

# Names of the jobs whose logs are in a folder, or that are waited for
jobs_in <- function(log_dir, name = "") {
  logs <- list.files(log_dir, sprintf("^fatebias-%s.*[.]log$", name))
  sub("[.]log$", "", logs)
}

job_of <- function(log_dir, name) read_record(file.path(log_dir, paste0(name, ".job")))$job_name

is_running <- function(log_dir, name) {
  job <- job_of(log_dir, name)
  !is.null(job) && identical(ask_slurm(job)$state, "RUNNING")
}

# Everything that Slurm says of a job, as one line
show_job <- function(job_name) {
  run_command("scontrol", c("--oneliner", "show", "job", ask_slurm(job_name)$id))$lines
}

queue_is_empty <- function() length(run_command("squeue", "--noheader")$lines) == 0

caught <- function(expr) tryCatch(expr, error = function(error) error)

bytes_of <- function(path) readBin(path, "raw", file.size(path))

# Is no job waiting or running whose name begins so?
queue_of <- function(prefix) {
  function() !any(startsWith(run_command("squeue", c("--noheader", "--format=%j"))$lines, prefix))
}
