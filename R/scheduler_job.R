# One job: sent by its scheduler, reached through a socket of clustermq, waited for, and given up when the
# scheduler says that it is over. clustermq alone would wait for ever for a worker that never connects.

receive_seconds <- 1 # between two looks at the socket; the scheduler is asked every poll_seconds
farewell_seconds <- 0.5 # a worker that meets a closed socket before its farewell ends as failed

#' A job to be sent: everything that is decided before anything is done
#'
#' @param name what the job is for, such as fit.
#' @param wants row of resources, such as `scheduler$block$gpu`, possibly changed for a retry.
#' @param id distinguishes this job from all others.
#' @noRd
plan_job <- function(name, node, scheduler, wants = scheduler$block[[node]], id = new_id(),
                     call = rlang::caller_env()) {
  scheduler$block[[node]] <- wants
  job_name <- paste0(job_stem(name), id)
  log_dir <- absolute_path(scheduler$block$log_dir)
  log <- file.path(log_dir, paste0(job_name, ".log"))
  list(
    name = name, node = node, job_name = job_name, log = log, folder = file.path(log_dir, job_name),
    script = scheduler_script(scheduler, node, log, call), scheduler = scheduler
  )
}

#' How the names of all jobs begin that do the same thing; what follows tells them apart
#' @noRd
job_stem <- function(name) sprintf("fatebias-%s-", name)

absolute_path <- function(path) {
  path <- path.expand(path)
  if (startsWith(path, "/")) path else file.path(normalizePath("."), path)
}

new_id <- function() sub("^x", "", basename(tempfile("x")))

#' Open the socket of a job and hand its script to the program that submits it
#'
#' What a `scheduler_submit()` calls.
#' @param system clustermq's name of the scheduler.
#' @returns A pool of clustermq with one worker to come.
#' @noRd
open_pool <- function(plan, system) {
  script <- file.path(plan$folder, "script.sh")
  writeLines(plan$script, script)
  host <- plan$scheduler$block$host %||% getOption("clustermq.host", Sys.info()[["nodename"]])
  # defaults of the user's own clustermq must not reach into our script
  old <- options(clustermq.host = host, clustermq.defaults = list())
  on.exit(options(old))
  # clustermq draws its port with R's random numbers; another one each time, so that a worker whose driver
  # was killed does not find the next driver at the old address
  random <- random_state()
  on.exit(set_random_state(random), add = TRUE)
  set.seed(NULL)
  suppressMessages(clustermq::workers(
    1L,
    reuse = FALSE, template = list(template = script, job_name = plan$job_name), qsys_id = system
  ))
}

#' What came through the socket within a moment: a message, nothing, or that the worker has left
#' @noRd
receive <- function(pool, seconds = receive_seconds) {
  tryCatch(
    list(what = "message", message = pool$recv(as.integer(seconds * 1000))),
    error = function(error) {
      text <- conditionMessage(error)
      if (grepl("Interrupted", text)) rlang::interrupt() # clustermq makes an error of Ctrl-C
      if (!grepl("timed out", text)) Sys.sleep(seconds) # it came at once, and would again
      list(what = if (grepl("disconnect", text)) "left" else "nothing")
    }
  )
}

#' Wait for the job of a plan
#'
#' @param pool its socket, from `scheduler_submit()`.
#' @returns NULL when its outcome is there, or the verdict on why it is not (`watch_verdict()`).
#' @noRd
wait_for_job <- function(pool, plan, now = seconds_now) {
  watch <- list(connected = FALSE, left = NULL, running = NULL, asked = now(), answered = now())
  repeat {
    got <- receive(pool)
    if (got$what == "message") {
      if (watch$connected) {
        return(message_verdict(got$message, plan))
      }
      watch$connected <- TRUE
      give_call(pool, plan$folder)
    }
    if (got$what == "left") watch$left <- watch$left %||% now()
    if (!is.null(watch$left) || now() - watch$asked >= plan$scheduler$block$poll_seconds) {
      job <- scheduler_state(plan$scheduler, plan$job_name)
      watch <- note_job(watch, job, now())
      verdict <- watch_verdict(watch, job, plan, now())
      # what was on its way when the job ended has come by now
      if (!is.null(verdict)) {
        return(if (outcome_is_there(plan)) NULL else verdict)
      }
    }
  }
}

seconds_now <- function() proc.time()[["elapsed"]]

outcome_is_there <- function(plan) file.exists(file.path(plan$folder, outcome_file))

give_call <- function(pool, folder) pool$send_eval(fatebias::run_call(folder), folder = folder)

note_job <- function(watch, job, now) {
  watch$asked <- now
  if (job$answered) watch$answered <- now
  if (identical(job$phase, "running")) watch$running <- watch$running %||% now
  watch
}

#' The worker's answer: that the outcome is written, or why it could not even make the call
#' @noRd
message_verdict <- function(message, plan) {
  if (outcome_is_there(plan)) {
    return(NULL)
  }
  text <- if (inherits(message, "condition")) conditionMessage(message) else "no outcome was written"
  new_verdict(
    "worker", paste("its worker could not make the call:", trimws(text)),
    "Driver and nodes need the same packages, and must see the same folders."
  )
}

#' Send the job of a plan and wait for it; whatever ends the waiting ends the job
#' @noRd
run_plan <- function(plan, call = rlang::caller_env()) {
  pool <- scheduler_submit(plan$scheduler, plan, call)
  finished <- FALSE
  on.exit(end_pool(pool, finished))
  verdict <- wait_for_job(pool, plan)
  finished <- is.null(verdict)
  verdict
}

#' A worker that has done its work is told to go; any other job is cancelled
#' @noRd
end_pool <- function(pool, finished) {
  if (finished) {
    pool$send_shutdown()
    Sys.sleep(farewell_seconds)
  }
  suppressMessages(pool$cleanup(timeout = if (finished) 5 else 0))
}
