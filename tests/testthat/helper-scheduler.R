# A second scheduler, which runs jobs as processes on this machine: what one writes to add a scheduler, and
# the programs (qsub, qdel) that such a scheduler has. Nothing of it stands in the package.

process_commands <- list(
  # runs the script that it reads in a group of processes of its own, and says the group's number
  qsub = c(
    "#!/bin/sh",
    "script=$(mktemp \"$PROCESS_JOBS/script.XXXXXX\")",
    "cat >\"$script\"",
    "job=$PROCESS_JOBS/$(sed -n 's/^#JOB //p' \"$script\")",
    "setsid sh -c 'sh \"$1\"; echo $? >\"$2.exit\"' sh \"$script\" \"$job\" >\"$job.out\" 2>&1 </dev/null &",
    "echo $! >\"$job.pid\"",
    "cat \"$job.pid\""
  ),
  # a group that is killed cannot say that it has ended
  qdel = c(
    "#!/bin/sh",
    "kill -KILL \"-$1\"",
    "for file in \"$PROCESS_JOBS\"/*.pid; do",
    "  [ \"$(cat \"$file\")\" != \"$1\" ] || echo 137 >\"${file%.pid}.exit\"",
    "done"
  )
)

process_methods <- list(
  process_scheduler = function(settings) {
    new_scheduler("process", "process", settings, names(process_commands), "no memory left")
  },
  scheduler_script.process_scheduler = function(scheduler, node, log_file, call) {
    rscript <- file.path(R.home("bin"), "Rscript")
    worker <- sprintf("%s --no-save -e 'clustermq:::worker(\"{{ master }}\")'", rscript)
    c(
      "#JOB {{ job_name }}",
      sprintf("# workers: {{ n_jobs }}, memory: %s", scheduler$block[[node]]$memory_gb),
      "export CMQ_AUTH={{ auth }} PROCESS_JOB=\"$PROCESS_JOBS/{{ job_name }}\"",
      sprintf("exec %s >\"%s\" 2>&1", worker, log_file)
    )
  },
  scheduler_submit.process_scheduler = function(scheduler, plan, call) open_pool(plan, "PBS"),
  scheduler_state.process_scheduler = function(scheduler, job_name) process_state(job_name),
  scheduler_cancel.process_scheduler = function(scheduler, job_name) {
    pid <- readLines(process_file(job_name, "pid"))
    writeLines("cancelled", process_file(job_name, "cause"))
    run_command("qdel", pid)
    paste("qdel", pid)
  }
)

process_file <- function(job_name, ending) {
  file.path(Sys.getenv("PROCESS_JOBS"), paste0(job_name, ".", ending))
}

process_state <- function(job_name) {
  found <- lapply(c(pid = "pid", exit = "exit", cause = "cause"), function(ending) {
    path <- process_file(job_name, ending)
    if (file.exists(path)) readLines(path)
  })
  if (is.null(found$pid)) {
    return(list(answered = TRUE, phase = "gone"))
  }
  if (is.null(found$exit)) {
    return(list(answered = TRUE, phase = "running", node = "this machine"))
  }
  list(answered = TRUE, phase = "ended", cause = found$cause, exit = as.integer(found$exit))
}

# The scheduler as long as a test runs; its row of the table of settings is that of Slurm under its own name
local_process_scheduler <- function(env = parent.frame()) {
  skip_if_not_installed("clustermq")
  skip_if(!nzchar(Sys.which("setsid")), "no setsid")
  table <- settings_table()
  table$execution$choices <- c(table$execution$choices, "process")
  table$process <- table$slurm
  local_mocked_bindings(settings_table = function() table, .env = env)
  rlang::local_bindings(!!!process_methods, .env = globalenv(), .frame = env)
  folder <- withr::local_tempdir(.local_envir = env)
  for (name in names(process_commands)) {
    writeLines(process_commands[[name]], file.path(folder, name))
    Sys.chmod(file.path(folder, name), "755")
  }
  withr::local_path(folder, .local_envir = env)
  withr::local_envvar(PROCESS_JOBS = folder, .local_envir = env)
  folder
}

process_settings <- function(log_dir, ...) {
  block <- list(log_dir = log_dir, host = "127.0.0.1", poll_seconds = 1, ...)
  fate_settings(execution = "process", process = block)
}
