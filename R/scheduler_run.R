# The dispatcher: heavy work runs in this process, or as a job of a scheduler.

idle_seconds <- 30 # a driver process with no job to wait for ends

#' Run a function here or as a Slurm job
#'
#' `r lifecycle::badge("experimental")`
#'
#' The heavy targets of a pipeline run through this function. With `execution: local` and `execution: crew` it
#' calls `fun` in this process, which is that of a worker under `crew` ([pipeline_controller()]). With
#' `execution: slurm` it sends one job, on a GPU or a CPU node, waits for it, and returns what `fun` returned
#' there. Value, warnings and errors are those of a local run: conditions have the same class, and an error
#' shows the end of the job's log too. Random numbers go on in the job where they stand here, and here where
#' the job has left them. With as many threads as a job has cores (the variables `OMP_NUM_THREADS` and
#' `OPENBLAS_NUM_THREADS`) a local run writes the same bytes.
#'
#' A job that was preempted, whose node failed, that lacked memory, or that met its time limit or was stopped
#' ahead of it (`slurm.gpu.retry_time_limit`) is sent again, at most `slurm.retries` times; after a lack of
#' memory it asks for `slurm.memory_growth` times as much.
#'
#' @param fun function; on the node it finds the same packages.
#' @param ... its arguments. They travel as a file in `slurm.log_dir`.
#' @param name what the job is for; at most 100 letters, digits, `_` and `-`. Each job of a
#'   pipeline needs its own: where an earlier driver was killed, its job of that name is cancelled first.
#' @param node `"gpu"` or `"cpu"`: which block of the settings and which template.
#' @param settings [fate_settings()]; the stage Run is used. Default: those of the pipeline, from the
#'   file that the environment variable `FATEBIAS_CONFIG` names, or `config.yaml`. A pipeline does not
#'   see this file as an input of the target, so that a change of `execution` reruns nothing.
#' @returns What `fun` returns.
#' @section Errors: those of `fun`; `fatebias_error_slurm` when the job cannot be sent, or ended without a
#'   result. Its field `cause` is one of `submission`, `memory`, `time`, `stopped`, `node`, `preempted`,
#'   `cancelled`, `connection`, `hopeless`, `worker`, `exit`, `silence`, `taken`, `record`.
#' @seealso [job_script()] shows what is submitted; the folder `sherlock` of the package.
#' @examples
#' run_job(sum, 1, 2, name = "sum", settings = fate_settings(execution = "local"))
#' @export
run_job <- function(fun, ..., name, node = c("cpu", "gpu"), settings = pipeline_settings()) {
  label <- rlang::as_label(rlang::enexpr(fun))
  node <- validate_choice(node)
  validate_arg(fun, checkmate::check_function)
  validate_arg(name, checkmate::check_string, pattern = job_name_form)
  settings <- update_settings(settings)
  if (!settings$execution %in% scheduler_names()) {
    return(fun(...))
  }
  scheduler <- scheduler_of(settings)
  validate_scheduler(scheduler)
  label <- if (make.names(label) == label) label else "fun"
  run_on_scheduler(list(fun = fun, label = label, args = list(...)), name, node, scheduler)
}

#' Send jobs until one brings its outcome, or a verdict stands
#' @noRd
run_on_scheduler <- function(work, name, node, scheduler, call = rlang::caller_env()) {
  record <- claim_name(name, scheduler, call)
  on.exit(remove_paths(record))
  wants <- scheduler$block[[node]]
  left <- scheduler$block$retries
  repeat {
    plan <- plan_job(name, node, scheduler, wants, call = call)
    write_record(record, plan$job_name)
    verdict <- try_plan(work, plan, call)
    if (is.null(verdict)) break
    wants <- retry_wants(verdict, wants, scheduler$block)
    if (left == 0 || is.null(wants)) abort_verdict(verdict, plan, call)
    left <- left - 1
    cli::cli_inform(c("!" = verbatim(sprintf("Job %s: %s. It is sent again.", plan$job_name, verdict$text))))
  }
  on.exit(remove_paths(plan$folder), add = TRUE)
  deliver_outcome(plan$folder, plan$job_name, plan$log, scheduler)
}

#' One job, from its call's file to a verdict; its folder stays only where there is an outcome
#' @noRd
try_plan <- function(work, plan, call) {
  there <- FALSE
  on.exit(if (!there) remove_paths(plan$folder))
  dir.create(plan$folder, recursive = TRUE)
  write_call(work$fun, work$label, work$args, plan$folder)
  verdict <- run_plan(plan, call)
  there <- is.null(verdict)
  verdict
}

#' What the next job asks for; NULL where sending it again is of no use
#' @noRd
retry_wants <- function(verdict, wants, block) {
  switch(verdict$cause,
    node = , preempted = wants,
    time = , stopped = if (wants$retry_time_limit) wants,
    memory = override(wants, list(memory_gb = wants$memory_gb * block$memory_growth))
  )
}

abort_verdict <- function(verdict, plan, call) {
  label <- plan$scheduler$label
  lines <- c(
    sprintf("The %s job for `%s` has brought no result: %s.", label, plan$name, verdict$text),
    i = verdict$advice, i = sprintf("Job %s.", plan$job_name), log_lines(plan$log)
  )
  message <- rlang::set_names(verbatim(lines), names(lines))
  abort_scheduler(plan$scheduler$name, message, call = call, cause = verdict$cause, log = plan$log)
}

#' The batch script of a job
#'
#' `r lifecycle::badge("experimental")`
#'
#' Shows the script of a job under `execution: slurm`, without a submission. `{{ job_name }}`,
#' `{{ master }}` (the address of this process), `{{ auth }}` and `{{ n_jobs }}` (always 1) are filled
#' in at submission.
#'
#' @param node `"gpu"` or `"cpu"`.
#' @param settings [fate_settings()]; the block `slurm` is used.
#' @param log_file where the job's output goes.
#' @returns Character, one element a line.
#' @section Errors: `fatebias_error_slurm` when the template is missing, lacks a key or has a wrong one.
#' @examples
#' cat(job_script("gpu"), sep = "\n")
#' @export
job_script <- function(node = c("gpu", "cpu"), settings = fate_settings(), log_file = "fatebias.log") {
  node <- validate_choice(node)
  validate_arg(log_file, check_path)
  scheduler_script(scheduler_of(update_settings(settings)), node, log_file)
}

# ---- several jobs in flight ----

#' Controller of a pipeline
#'
#' `r lifecycle::badge("experimental")`
#'
#' Makes the controller for `_targets.R` (from the package crew), which starts R processes on this machine.
#'
#' - `execution: crew`: the heavy targets run in `crew_workers` processes, several at a time.
#' - `execution: slurm`: each process waits for a Slurm job and does nothing else; at most `slurm.in_flight`.
#'
#' With `execution: crew` any other controller of crew can stand in its place in `_targets.R`, such as those
#' of crew.cluster for SGE, LSF and PBS. Its workers must start in the folder of the pipeline, and need
#' the variable `FATEBIAS_CONFIG` where it is used.
#'
#' @param settings see [run_job()].
#' @returns A crew controller; under `execution: local` NULL: then targets runs everything in one process.
#' @section Errors: `fatebias_error_environment` when crew is missing.
#' @examples
#' pipeline_controller(fate_settings())
#' if (requireNamespace("crew", quietly = TRUE)) {
#'   pipeline_controller(fate_settings(execution = "crew", crew_workers = 4L))
#' }
#' @export
pipeline_controller <- function(settings = pipeline_settings()) {
  settings <- update_settings(settings)
  if (settings$execution == "local") {
    return(NULL)
  }
  if (!requireNamespace("crew", quietly = TRUE)) {
    abort_environment(c(
      "{.code execution: {settings$execution}} needs the package crew.",
      i = "{.run install.packages(\"crew\")}"
    ))
  }
  in_crew <- settings$execution == "crew"
  workers <- if (in_crew) settings$crew_workers else scheduler_of(settings)$block$in_flight
  crew::crew_controller_local(name = "fatebias", workers = workers, seconds_idle = idle_seconds)
}
