# What has become of a Slurm job: asking Slurm by the job's name, and what its answer means.

# States of Slurm in which a job is over; in all others it waits or runs.
ended_states <- c(
  "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED",
  "REVOKED", "TIMEOUT"
)

# Reasons for which a job would wait for ever.
hopeless_reasons <- c(
  "AccountNotAllowed", "BadConstraints", "InvalidAccount", "InvalidQOS", "PartitionNodeLimit",
  "PartitionTimeLimit", "QOSNotAllowed"
)

command_seconds <- 20 # a busy controller answers late; one that is gone never does
n_log_lines <- 20L # of a job's log in an error message
n_log_bytes <- 65536L # of a log that are looked at: a progress bar makes it long

run_command <- function(command, args) {
  # a command that fails or takes too long is reported by its status
  lines <- suppressWarnings(tryCatch(
    system2(command, shQuote(args), stdout = TRUE, stderr = TRUE, timeout = command_seconds),
    error = function(error) structure(conditionMessage(error), status = 127L)
  ))
  list(ok = is.null(attr(lines, "status")), lines = as.character(lines))
}

#' A job as Slurm knows it
#'
#' @returns `list(answered, id, state, reason, exit, signal, node)`; `state` is `"GONE"` where Slurm
#'   answers but knows no job of that name. Where it does not answer, `answered` is FALSE.
#' @noRd
ask_slurm <- function(job_name) {
  args <- c("--noheader", "--states=all", "--format=%A|%T|%r")
  asked <- run_command("squeue", c(args, paste0("--name=", job_name)))
  if (!asked$ok) {
    return(list(answered = FALSE, problem = paste(asked$lines, collapse = " ")))
  }
  if (length(asked$lines) == 0) {
    return(ask_accounting(job_name))
  }
  fields <- strsplit(asked$lines[[length(asked$lines)]], "|", fixed = TRUE)[[1]]
  job <- list(answered = TRUE, id = fields[[1]], state = fields[[2]], reason = fields[[3]])
  c(job, ask_details(job$id))
}

ask_details <- function(id) {
  asked <- run_command("scontrol", c("--oneliner", "show", "job", id))
  if (asked$ok) parse_details(asked$lines[[1]])
}

#' `Key=value` pairs of scontrol that matter here
#' @noRd
parse_details <- function(line) {
  field <- function(key) {
    found <- regmatches(line, regexpr(sprintf("(?<= %s=)[^ ]*", key), line, perl = TRUE))
    if (length(found) == 1) found
  }
  code <- as.integer(strsplit(field("ExitCode") %||% "0:0", ":", fixed = TRUE)[[1]])
  list(exit = code[[1]], signal = code[[2]], node = field("NodeList"), partition = field("Partition"))
}

#' Jobs that ended a while ago are known to the accounting only, where there is one
#' @noRd
ask_accounting <- function(job_name) {
  args <- c(
    "--noheader", "--allocations", "--parsable2", "--starttime=now-7days",
    "--format=JobIDRaw,State,ExitCode,NodeList"
  )
  asked <- run_command("sacct", c(args, paste0("--name=", job_name)))
  if (!asked$ok || length(asked$lines) == 0) {
    return(list(answered = TRUE, state = "GONE"))
  }
  parse_accounting(asked$lines[[length(asked$lines)]])
}

parse_accounting <- function(line) {
  fields <- strsplit(line, "|", fixed = TRUE)[[1]]
  code <- as.integer(strsplit(fields[[3]], ":", fixed = TRUE)[[1]])
  state <- sub(" .*", "", fields[[2]]) # "CANCELLED by 1234"
  job <- list(answered = TRUE, id = fields[[1]], state = state)
  c(job, list(exit = code[[1]], signal = code[[2]], node = fields[[4]]))
}

has_ended <- function(job) isTRUE(job$answered) && job$state %in% c(ended_states, "GONE")

is_hopeless <- function(job) identical(job$state, "PENDING") && isTRUE(job$reason %in% hopeless_reasons)

#' The last lines of a log; of a progress bar, which writes over its own line, what it showed last
#' @noRd
log_tail <- function(path, n = n_log_lines) {
  if (!file.exists(path) || file.size(path) == 0) {
    return(character())
  }
  log <- file(path, "rb")
  on.exit(close(log))
  seek(log, max(0, file.size(path) - n_log_bytes))
  text <- iconv(readChar(log, n_log_bytes, useBytes = TRUE), "UTF-8", "UTF-8", sub = "?")
  lines <- sub("\r+$", "", strsplit(text, "\n", fixed = TRUE)[[1]])
  utils::tail(sub("^.*\r", "", lines), n)
}

#' Was it killed for memory? With cgroups the state says so; without, only the log does
#' @noRd
is_memory_kill <- function(job, log) {
  job$state == "OUT_OF_MEMORY" || any(grepl("exceeded memory limit|oom[-_]kill|Out Of Memory", log))
}

#' Why a job that is over has brought no result
#'
#' @param job what `ask_slurm()` found.
#' @param log last lines of the job's log.
#' @param connected had its worker answered?
#' @returns `list(cause, text, advice)`; `cause` is one of memory, time, node, preempted, cancelled,
#'   connection, exit.
#' @noRd
job_verdict <- function(job, log, connected, node) {
  finding <- function(cause, text, advice) list(cause = cause, text = text, advice = advice)
  if (is_memory_kill(job, log)) {
    advice <- sprintf("Raise `slurm.%s.memory_gb`.", node)
    return(finding("memory", "it was killed because it used more memory than it had asked for", advice))
  }
  switch(job$state,
    TIMEOUT = ,
    DEADLINE = finding("time", "it reached its time limit", sprintf("Raise `slurm.%s.hours`.", node)),
    NODE_FAIL = , BOOT_FAIL = finding("node", "its node failed", "Run the pipeline again."),
    PREEMPTED = , REVOKED = finding(
      "preempted", "it was preempted by a job of higher priority",
      sprintf("Raise `slurm.retries`, or choose another `slurm.%s.partition`.", node)
    ),
    CANCELLED = finding("cancelled", "it was cancelled", "Run the pipeline again when you want it to go on."),
    exit_finding(job, connected)
  )
}

exit_finding <- function(job, connected) {
  how <- if (job$state == "GONE") "Slurm no longer knows it" else exit_text(job)
  if (connected) {
    return(list(
      cause = "exit", text = paste0("it ended without a result (", how, ")"),
      advice = "The log says why R ended."
    ))
  }
  list(
    cause = "connection", text = paste0("it ended before its worker connected (", how, ")"),
    advice = paste(
      "The log says why: a module that is not there (`slurm.modules`), no R, or no package fatebias or",
      "clustermq in the library that R uses on the node."
    )
  )
}

exit_text <- function(job) {
  signal <- job$signal %||% 0L
  if (signal > 0) sprintf("signal %d", signal) else sprintf("exit code %s", job$exit %||% "unknown")
}
