# The Slurm that a machine of a cluster has: jobs are sent by sbatch, asked for by their name, and cancelled
# by it.

# States of Slurm in which a job is over; in all others it waits or runs.
ended_states <- c(
  "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED",
  "REVOKED", "TIMEOUT"
)

# Reasons for which a job would wait for ever.
endless_reasons <- c(
  "AccountNotAllowed", "BadConstraints", "InvalidAccount", "InvalidQOS", "PartitionNodeLimit",
  "PartitionTimeLimit", "QOSNotAllowed"
)

# What an end was, where Slurm's word for it says so; of all others the exit code does.
slurm_causes <- c(
  OUT_OF_MEMORY = "memory", TIMEOUT = "time", DEADLINE = "time", NODE_FAIL = "node", BOOT_FAIL = "node",
  PREEMPTED = "preempted", REVOKED = "preempted", CANCELLED = "cancelled"
)

# Without cgroups only the log knows of a kill for lack of memory.
slurm_memory_pattern <- "exceeded memory limit|oom[-_]kill|Out Of Memory"

slurm_scheduler <- function(settings) {
  new_scheduler(
    "slurm", "Slurm", settings,
    commands = c("sbatch", "squeue", "scontrol", "scancel"), memory_pattern = slurm_memory_pattern
  )
}

# ---- sending and cancelling ----

#' @exportS3Method
#' @noRd
scheduler_submit.slurm_scheduler <- function(scheduler, plan, call = rlang::caller_env()) {
  tryCatch(
    open_pool(plan, "SLURM"),
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
    i = "fatebias::job_script(\"gpu\", fatebias::pipeline_settings()) shows the script."
  )
  message <- rlang::set_names(verbatim(lines), names(lines))
  abort_scheduler("slurm", message, call = call, cause = "submission")
}

#' @exportS3Method
#' @noRd
scheduler_cancel.slurm_scheduler <- function(scheduler, job_name) {
  name <- paste0("--name=", job_name)
  run_command("scancel", name)
  paste("scancel", name)
}

# ---- asking ----

#' @exportS3Method
#' @noRd
scheduler_state.slurm_scheduler <- function(scheduler, job_name) {
  job <- ask_slurm(job_name)
  if (!job$answered) {
    return(job)
  }
  list(
    answered = TRUE, phase = slurm_phase(job$state), endless = endless_reason(job), node = job$node,
    cause = if (job$state %in% names(slurm_causes)) slurm_causes[[job$state]],
    exit = job$exit, signal = job$signal
  )
}

slurm_phase <- function(state) {
  if (state == "GONE") "gone" else if (state %in% ended_states) "ended"
  else if (state == "RUNNING") "running" else "waiting"
}

#' Why a job would wait for ever, or NULL
#' @noRd
endless_reason <- function(job) {
  if (identical(job$state, "PENDING") && isTRUE(job$reason %in% endless_reasons)) job$reason
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
