# One driver a name: a record in the log folder says which job is waited for, and by whom.

cancel_seconds <- 60 # a cancelled job is over by then

#' Claim the name of a job for this process
#'
#' Where an earlier driver was killed its job may still run: two of one name would write the same files,
#' so the earlier one is cancelled.
#' @returns Path of the record.
#' @noRd
claim_name <- function(name, scheduler, call = rlang::caller_env()) {
  log_dir <- scheduler$block$log_dir
  validate_writable(log_dir, call = call)
  dir.create(log_dir, recursive = TRUE, showWarnings = FALSE)
  path <- file.path(absolute_path(log_dir), paste0(name, ".job"))
  earlier <- read_record(path, scheduler, call)
  if (!is.null(earlier) && driver_lives(earlier)) {
    abort_scheduler(scheduler$name, c(
      "A job for {.field {name}} is being waited for by process {earlier$pid} on {earlier$host}.",
      i = "Wait for it, or give each job of this log folder its own {.arg name}."
    ), call = call, cause = "taken")
  }
  if (!is.null(earlier)) clear_record(path, earlier, scheduler, call)
  path
}

#' Cancel the job of a driver that is gone, and remove its traces
#'
#' @param record as `read_record()` has checked it: its job's name is that of a folder beside the record.
#' @noRd
clear_record <- function(path, record, scheduler, call) {
  cancel_earlier(record$job_name, scheduler, call)
  remove_paths(c(path, file.path(dirname(path), record$job_name)))
}

#' Remove files and folders of these very names: of a link the link alone, and no `*` stands for other names
#' @noRd
remove_paths <- function(paths) unlink(paths, recursive = TRUE, expand = FALSE)

#' Cancel jobs without a driver
#'
#' `r lifecycle::badge("experimental")`
#'
#' A stopped pipeline (Ctrl-C in the session of `tar_make()`, a killed driver) may leave jobs behind. The
#' next run cancels them before it sends its own; this function cancels them now. It leaves jobs alone that a
#' living process on this machine waits for.
#'
#' @param settings see [run_job()].
#' @returns Names of the cancelled jobs, invisibly.
#' @section Errors: `fatebias_error_slurm` when a job does not end, or when a record in the log folder is
#'   damaged (`cause` is then `record`): nothing is cancelled or removed before all records are read.
#' @examples
#' cancel_jobs(fate_settings(slurm = list(log_dir = tempdir())))
#' @export
cancel_jobs <- function(settings = pipeline_settings()) {
  scheduler <- scheduler_of(update_settings(settings))
  paths <- list.files(scheduler$block$log_dir, "[.]job$", full.names = TRUE, all.files = TRUE)
  records <- lapply(paths, read_record, scheduler = scheduler, call = rlang::current_env())
  gone <- !vapply(records, driver_lives, logical(1))
  for (i in which(gone)) clear_record(paths[[i]], records[[i]], scheduler, rlang::current_env())
  invisible(vapply(records[gone], `[[`, character(1), "job_name"))
}

write_record <- function(path, job_name) {
  record <- c(list(job_name = job_name), this_process())
  write_whole(function(stage) writeLines(to_json(record), stage), path)
}

#' A record, or NULL where there is none; one that is damaged is an error, since it names what is removed
#' @noRd
read_record <- function(path, scheduler, call = rlang::caller_env()) {
  if (!file.exists(path)) {
    return(NULL)
  }
  problem <- record_problem(path)
  if (is.null(problem)) {
    record <- tryCatch(jsonlite::read_json(path), error = function(error) NULL)
    problem <- content_problem(record, sub("[.]job$", "", basename(path)))
  }
  if (!is.null(problem)) {
    abort_scheduler(scheduler$name, c(
      "The record {.path {path}} of a job is damaged: {problem}.",
      i = "Look whether its job still runs, cancel that by hand, and remove the file."
    ), call = call, cause = "record")
  }
  record
}

most_record_bytes <- 10000
job_name_form <- "^[A-Za-z0-9_-]{1,100}$" # also that of names of jobs, see run_job()

#' Why a path is no record of a driver, or NULL
#' @noRd
record_problem <- function(path) {
  if (dir.exists(path)) "it is a folder"
  else if (is_special(path)) "it is no file"
  else if (file.size(path) > most_record_bytes) "it is too large"
}

#' Why a record cannot be believed, or NULL
#'
#' @param name of the job, by the name of the record.
#' @noRd
content_problem <- function(record, name) {
  if (!is.list(record) || !all(c("job_name", "host", "pid", "started") %in% names(record))) {
    return("it does not hold the name of a job and the process that waits for it")
  }
  texts <- all(vapply(record[c("job_name", "host", "started")], rlang::is_string, TRUE))
  if (!texts || !checkmate::test_count(record$pid, positive = TRUE)) {
    return("what it holds is not of the right type")
  }
  own <- grepl(job_name_form, name) && grepl(sprintf("^%s[a-z0-9]+$", job_stem(name)), record$job_name)
  if (!own) "the job that it names is not one of its own"
}

this_process <- function() {
  list(host = Sys.info()[["nodename"]], pid = Sys.getpid(), started = start_of(Sys.getpid()))
}

#' When a process was started, as text; ids are used again
#' @noRd
start_of <- function(pid) paste(run_command("ps", c("-o", "lstart=", "-p", pid))$lines, collapse = " ")

driver_lives <- function(record) {
  here <- record$host == Sys.info()[["nodename"]]
  here && tools::pskill(record$pid, 0L) && start_of(record$pid) == record$started
}

cancel_earlier <- function(job_name, scheduler, call) {
  job <- scheduler_state(scheduler, job_name)
  if (has_ended(job)) {
    return(invisible())
  }
  cli::cli_inform(c("!" = verbatim(sprintf("Job %s of an earlier run is cancelled.", job_name))))
  command <- scheduler_cancel(scheduler, job_name)
  until <- seconds_now() + cancel_seconds
  while (!has_ended(job) && seconds_now() < until) {
    Sys.sleep(1)
    job <- scheduler_state(scheduler, job_name)
  }
  if (!has_ended(job)) {
    abort_scheduler(scheduler$name, c(
      "Job {.val {job_name}} of an earlier run does not end.",
      i = "{.code {command}}, and run the pipeline again when it is gone."
    ), call = call, cause = "taken")
  }
}
