# One Slurm job: sent through clustermq, waited for, and given up when Slurm says that it is over.
# clustermq alone would wait for ever for a worker that never connects.

receive_seconds <- 1 # between two looks at the socket; Slurm itself is asked every slurm.poll_seconds
farewell_seconds <- 0.5 # a worker that meets a closed socket before its farewell ends as failed
leaving_seconds <- 30 # a job whose worker has left is over by then
silence_seconds <- 1800 # without an answer of Slurm, a job is given up

#' A job to be sent: everything that is decided before anything is done
#'
#' @param name what the job is for, such as fit.
#' @param wants row of resources, `settings$slurm$gpu` or `$cpu`, possibly changed for a retry.
#' @param id distinguishes this job from all others.
#' @noRd
plan_job <- function(name, node, settings, wants = settings$slurm[[node]], id = new_id()) {
  slurm <- settings$slurm
  slurm[[node]] <- wants
  job_name <- sprintf("fatebias-%s-%s", name, id)
  log_dir <- absolute_path(slurm$log_dir)
  log <- file.path(log_dir, paste0(job_name, ".log"))
  given <- new_settings(override(settings, list(slurm = slurm)))
  list(
    name = name, node = node, job_name = job_name, log = log, folder = file.path(log_dir, job_name),
    script = job_script(node, given, log), slurm = slurm
  )
}

absolute_path <- function(path) {
  path <- path.expand(path)
  if (startsWith(path, "/")) path else file.path(normalizePath("."), path)
}

new_id <- function() sub("^x", "", basename(tempfile("x")))

#' Submit a job and open its socket
#' @returns A pool of clustermq with one worker to come.
#' @noRd
send_job <- function(plan, call = rlang::caller_env()) {
  script <- file.path(plan$folder, "script.sh")
  writeLines(plan$script, script)
  host <- plan$slurm$host %||% getOption("clustermq.host", Sys.info()[["nodename"]])
  # defaults of the user's own clustermq must not reach into our script
  old <- options(clustermq.host = host, clustermq.defaults = list())
  on.exit(options(old))
  # clustermq draws its port with R's random numbers; another one each time, so that a worker whose driver
  # was killed does not find the next driver at the old address
  random <- random_state()
  on.exit(set_random_state(random), add = TRUE)
  set.seed(NULL)
  tryCatch(
    suppressMessages(clustermq::workers(
      1L,
      reuse = FALSE, template = list(template = script, job_name = plan$job_name), qsys_id = "SLURM"
    )),
    error = function(error) abort_submission(plan, conditionMessage(error), call)
  )
}

#' sbatch's own words are lost in clustermq: it is asked again, without submitting
#' @noRd
abort_submission <- function(plan, problem, call) {
  script <- tempfile(fileext = ".sh")
  on.exit(unlink(script))
  blanks <- list(job_name = plan$job_name, n_jobs = "1", master = "none", auth = "none")
  writeLines(fill_script(plan$script, blanks), script)
  tested <- run_command("sbatch", c("--test-only", script))
  said <- if (tested$ok) problem else tested$lines
  lines <- c(
    sprintf("Slurm does not accept the job for `%s`.", plan$name),
    rlang::set_names(said, rep("x", length(said))),
    i = sprintf("Change `slurm.%s` (partition, hours, memory_gb, cores, constraint)", plan$node),
    " " = "or `slurm.account`.",
    i = "fatebias::job_script() shows the script."
  )
  abort_slurm(rlang::set_names(verbatim(lines), names(lines)), call = call, cause = "submission")
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
#' @param pool its socket, from `send_job()`.
#' @returns NULL when its outcome is there, or the verdict on why it is not (`job_verdict()`).
#' @noRd
wait_for_job <- function(pool, plan, now = seconds_now, ask = ask_slurm) {
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
    if (!is.null(watch$left) || now() - watch$asked >= plan$slurm$poll_seconds) {
      job <- ask(plan$job_name)
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
  if (identical(job$state, "RUNNING")) watch$running <- watch$running %||% now
  watch
}

#' The worker's answer: that the outcome is written, or why it could not even make the call
#' @noRd
message_verdict <- function(message, plan) {
  if (outcome_is_there(plan)) {
    return(NULL)
  }
  text <- if (inherits(message, "condition")) conditionMessage(message) else "no outcome was written"
  list(
    cause = "worker", text = paste("its worker could not make the call:", trimws(text)),
    advice = "Driver and nodes need the same packages, and must see the same folders."
  )
}

#' NULL while there is hope
#' @noRd
watch_verdict <- function(watch, job, plan, now) {
  longer_than <- function(since, seconds) !is.null(since) && now - since > seconds
  finding <- function(cause, text, advice) list(cause = cause, text = text, advice = advice)
  if (!job$answered) {
    if (!longer_than(watch$answered, silence_seconds)) {
      return(NULL)
    }
    text <- paste("Slurm does not answer:", job$problem)
    return(finding("silence", text, "Run the pipeline again later."))
  }
  if (has_ended(job)) {
    return(job_verdict(job, log_tail(plan$log), watch$connected, plan$node))
  }
  if (is_hopeless(job)) {
    text <- sprintf("it would wait for ever (%s)", job$reason)
    return(finding("hopeless", text, sprintf("Change `slurm.%s` or `slurm.account`.", plan$node)))
  }
  if (longer_than(watch$left, leaving_seconds)) {
    text <- "its worker has left, but the job goes on"
    return(finding("exit", text, "Look at the template: R must be its last line."))
  }
  if (!watch$connected && longer_than(watch$running, plan$slurm$connect_seconds)) {
    text <- sprintf("it runs on %s, but its worker has not connected", job$node %||% "its node")
    advice <- paste(
      "Nodes must reach this machine under its name, or under `slurm.host`;",
      "`slurm.connect_seconds` says how long to wait."
    )
    finding("connection", text, advice)
  }
}

#' Send the job of a plan and wait for it; whatever ends the waiting ends the job
#' @noRd
run_plan <- function(plan, call = rlang::caller_env()) {
  pool <- send_job(plan, call)
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
