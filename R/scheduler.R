# What a scheduler is: an S3 class that turns a job into a script, sends it, tells what has become of it and
# cancels it. Everything else about jobs (records, calls, waiting, retries) knows these four methods only.
# To add one: a file scheduler_NAME.R with a constructor NAME_scheduler() and the methods, and NAME among
# the choices of `execution` in the table of settings, with a block NAME of the keys that `slurm` has
# (`keys: *scheduler_keys`).

command_seconds <- 20 # a busy controller answers late; one that is gone never does

#' A scheduler, as its constructor makes it
#'
#' @param name value of `execution`, and its block of settings.
#' @param label its name in messages.
#' @param settings [fate_settings()].
#' @param commands programs that it needs on this machine.
#' @param memory_pattern regular expression: lines of a job's log that tell of a kill for lack of memory.
#' @returns List of class `NAME_scheduler` with these, and `block`, the settings below `name`.
#' @noRd
new_scheduler <- function(name, label, settings, commands, memory_pattern) {
  structure(
    list(
      name = name, label = label, block = settings[[name]], commands = commands,
      memory_pattern = memory_pattern
    ),
    class = paste0(name, "_scheduler")
  )
}

#' The scheduler that `execution` names; without one the first there is, which is then only looked at
#' @noRd
scheduler_of <- function(settings) {
  name <- settings$execution
  if (!name %in% scheduler_names()) name <- scheduler_names()[[1]]
  construct <- get(paste0(name, "_scheduler"), mode = "function")
  construct(settings)
}

#' The lines of the batch script of a job
#'
#' @param node gpu or cpu: which row of resources of `scheduler$block`.
#' @param log_file where the job's output goes.
#' @noRd
scheduler_script <- function(scheduler, node, log_file, call = rlang::caller_env()) {
  UseMethod("scheduler_script")
}

#' Send the job of a plan (`plan_job()`)
#'
#' @returns What `open_pool()` returns: the socket of the job's worker.
#' @noRd
scheduler_submit <- function(scheduler, plan, call = rlang::caller_env()) {
  UseMethod("scheduler_submit")
}

#' What has become of a job
#'
#' @returns `list(answered, problem, phase, endless, node, cause, exit, signal)`. `answered`: did the
#'   scheduler answer? If not, `problem` is what it said instead, and nothing else is there. `phase`:
#'   waiting, running, ended, or gone where no job of that name is known. `endless`: why it would wait for
#'   ever, or NULL. `cause` of the end, where the scheduler knows it: memory, time, node, preempted,
#'   cancelled, or NULL; `exit` and `signal` say then what its process ended with.
#' @noRd
scheduler_state <- function(scheduler, job_name) UseMethod("scheduler_state")

#' Cancel a job
#'
#' @returns The command that does so, as one would type it.
#' @noRd
scheduler_cancel <- function(scheduler, job_name) UseMethod("scheduler_cancel")

has_ended <- function(job) isTRUE(job$answered) && job$phase %in% c("ended", "gone")

#' The path of a setting of a scheduler, as messages name it
#' @noRd
setting_of <- function(scheduler, ...) paste(scheduler$name, ..., sep = ".")

#' Run a program and wait for it, at most `command_seconds`
#'
#' A command that fails or takes too long is reported by `ok`. `system2()` with a time limit would hand
#' Ctrl-C to the program alone, whose empty answer would then be taken for the scheduler's.
#' @noRd
run_command <- function(command, args) {
  ran <- tryCatch(
    processx::run(command, args, error_on_status = FALSE, stderr_to_stdout = TRUE, timeout = command_seconds),
    c_error = function(error) list(status = 127L, stdout = conditionMessage(error)) # no such program
  )
  list(ok = ran$status %in% 0L, lines = strsplit(ran$stdout, "\n", fixed = TRUE)[[1]])
}

validate_scheduler <- function(scheduler, call = rlang::caller_env()) {
  if (!requireNamespace("clustermq", quietly = TRUE)) {
    abort_environment(c(
      "{.code execution: {scheduler$name}} needs the package clustermq.",
      i = "{.run install.packages(\"clustermq\")}"
    ), call = call)
  }
  absent <- scheduler$commands[!nzchar(Sys.which(scheduler$commands))]
  if (length(absent) > 0) {
    abort_scheduler(scheduler$name, c(
      "{.code execution: {scheduler$name}}, but {.code {absent}} {?is/are} not on the path of this machine.",
      i = "Run the pipeline on a machine of the cluster, or set {.code execution: local}."
    ), call = call, cause = "submission")
  }
}
