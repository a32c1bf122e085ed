# Why a job is given up: what the scheduler's answer means, and what to do about it. A verdict is
# `list(cause, text, advice)`.

leaving_seconds <- 30 # a job whose worker has left is over by then
stopped_codes <- 128L + c(tools::SIGUSR1, tools::SIGTERM) # a job that a signal stopped, see run_call()
silence_seconds <- 1800 # without an answer of the scheduler, a job is given up

new_verdict <- function(cause, text, advice) list(cause = cause, text = text, advice = advice)

#' NULL while there is hope
#'
#' @param watch what has been seen of the job, see `wait_for_job()`.
#' @param job what the scheduler says of it, see `scheduler_state()`.
#' @noRd
watch_verdict <- function(watch, job, plan, now) {
  longer_than <- function(since, seconds) !is.null(since) && now - since > seconds
  if (!job$answered) {
    if (longer_than(watch$answered, silence_seconds)) silence_verdict(job, plan$scheduler)
  } else if (has_ended(job)) {
    job_verdict(job, log_tail(plan$log), watch$connected, plan)
  } else if (!is.null(job$endless)) {
    endless_verdict(job, plan)
  } else if (longer_than(watch$left, leaving_seconds)) {
    text <- "its worker has left, but the job goes on"
    new_verdict("exit", text, "Look at the template: R must be its last line.")
  } else if (!watch$connected && longer_than(watch$running, plan$scheduler$block$connect_seconds)) {
    deaf_verdict(job, plan$scheduler)
  }
}

silence_verdict <- function(job, scheduler) {
  text <- sprintf("%s does not answer: %s", scheduler$label, job$problem)
  new_verdict("silence", text, "Run the pipeline again later.")
}

endless_verdict <- function(job, plan) {
  rows <- c(setting_of(plan$scheduler, plan$node), setting_of(plan$scheduler, "account"))
  text <- sprintf("it would wait for ever (%s)", job$endless)
  new_verdict("hopeless", text, sprintf("Change `%s` or `%s`.", rows[[1]], rows[[2]]))
}

#' It runs, but nothing came through its socket
#' @noRd
deaf_verdict <- function(job, scheduler) {
  text <- sprintf("it runs on %s, but its worker has not connected", job$node %||% "its node")
  advice <- c(
    sprintf("Nodes must reach this machine under its name, or under `%s`;", setting_of(scheduler, "host")),
    sprintf("`%s` says how long to wait.", setting_of(scheduler, "connect_seconds"))
  )
  new_verdict("connection", text, paste(advice, collapse = " "))
}

#' Why a job that is over has brought no result
#'
#' @param log last lines of the job's log.
#' @param connected had its worker answered?
#' @returns A verdict; its cause is one of memory, time, node, preempted, cancelled, stopped,
#'   connection, exit.
#' @noRd
job_verdict <- function(job, log, connected, plan) {
  row <- function(key) setting_of(plan$scheduler, plan$node, key)
  # some schedulers tell of a kill for memory in the log only
  memory <- any(grepl(plan$scheduler$memory_pattern, log))
  stopped <- if (isTRUE(job$exit %in% stopped_codes)) "stopped"
  switch(if (memory) "memory" else job$cause %||% stopped %||% "exit",
    memory = new_verdict(
      "memory", "it was killed because it used more memory than it had asked for",
      sprintf("Raise `%s`.", row("memory_gb"))
    ),
    time = new_verdict("time", "it reached its time limit", sprintf("Raise `%s`.", row("hours"))),
    node = new_verdict("node", "its node failed", "Run the pipeline again."),
    preempted = new_verdict(
      "preempted", "it was preempted by a job of higher priority",
      sprintf("Raise `%s`, or choose another `%s`.", setting_of(plan$scheduler, "retries"), row("partition"))
    ),
    cancelled = new_verdict(
      "cancelled", "it was cancelled", "Run the pipeline again when you want it to go on."
    ),
    stopped = new_verdict(
      "stopped",
      sprintf("it was stopped by %s before its end (time limit or preemption)", plan$scheduler$label),
      sprintf("Run again to go on from its checkpoint, or raise `%s`.", row("hours"))
    ),
    exit_verdict(job, connected, plan$scheduler)
  )
}

exit_verdict <- function(job, connected, scheduler) {
  how <- if (job$phase == "gone") paste(scheduler$label, "no longer knows it") else exit_text(job)
  if (connected) {
    return(new_verdict(
      "exit", sprintf("it ended without a result (%s)", how), "The log says why R ended."
    ))
  }
  advice <- c(
    sprintf("The log says why: a module that is not there (`%s`), no R,", setting_of(scheduler, "modules")),
    "or no package fatebias or clustermq in the library that R uses on the node."
  )
  text <- sprintf("it ended before its worker connected (%s)", how)
  new_verdict("connection", text, paste(advice, collapse = " "))
}

exit_text <- function(job) {
  signal <- job$signal %||% 0L
  if (signal > 0) sprintf("signal %d", signal) else sprintf("exit code %s", job$exit %||% "unknown")
}
