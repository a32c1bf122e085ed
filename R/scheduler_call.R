# A call that another process makes: written by the driver, made within the job, its outcome delivered by
# the driver as if it had been made here. Calls and outcomes travel as files that both can see; only their
# folder's path goes through the socket.

call_file <- "call.rds"
outcome_file <- "outcome.rds"
n_log_lines <- 20L # of a job's log in an error message
n_log_bytes <- 65536L # of a log that are looked at: a progress bar makes it long

#' The file of a call: function, arguments and state of the random numbers
#' @noRd
write_call <- function(fun, label, args, folder) {
  call <- list(fun = fun, label = label, args = args, random = random_state())
  write_whole(function(path) saveRDS(call, path), file.path(folder, call_file))
}

random_state <- function() list(kind = RNGkind(), seed = globalenv()$.Random.seed)

set_random_state <- function(state) {
  RNGkind(state$kind[[1]], state$kind[[2]], state$kind[[3]])
  if (!is.null(state$seed)) rlang::env_poke(globalenv(), ".Random.seed", state$seed)
}

#' Make the call of a job
#'
#' The worker of a Slurm job runs this function; do not call it elsewhere.
#'
#' @param folder folder of the job's call, on a file system that driver and node share.
#' @details A call that a signal stopped (`fatebias_error_stopped`: Slurm sends SIGUSR1 ahead of a time limit,
#'   SIGTERM when it preempts) writes no outcome: the process ends with the error's `exit_code`, by which the
#'   driver knows that the same call goes on from a checkpoint.
#' @returns List of `node` (its name) and `ok` (did the call return?); value, warnings or error are in
#'   the job's folder.
#' @examples
#' # what the driver writes, and what the worker leaves beside it
#' folder <- tempfile()
#' dir.create(folder)
#' call <- list(fun = sum, label = "sum", args = list(1, 2), random = list(kind = RNGkind()))
#' saveRDS(call, file.path(folder, "call.rds"))
#' run_call(folder)$ok
#' readRDS(file.path(folder, "outcome.rds"))$value
#' @keywords internal
#' @export
run_call <- function(folder) {
  validate_arg(folder, check_path)
  call <- read_call(file.path(folder, call_file))
  set_random_state(call$random)
  outcome <- catch_conditions(made_call(call))
  if (inherits(outcome$error, "fatebias_error_stopped")) end_stopped(outcome$error)
  outcome$random <- random_state()
  outcome$python_trace <- last_python_trace()
  write_whole(function(path) saveRDS(outcome, path), file.path(folder, outcome_file))
  list(node = Sys.info()[["nodename"]], ok = is.null(outcome$error))
}

read_call <- function(path, call = rlang::caller_env()) {
  found <- tryCatch(suppressWarnings(readRDS(path)), error = function(error) NULL)
  wanted <- c("fun", "label", "args", "random")
  if (!is.list(found) || !all(wanted %in% names(found)) || !is.function(found$fun)) {
    abort_argument(c(
      "{.path {path}} is not the call of a job.",
      i = "{.fn run_job} writes it; driver and nodes must see the same folder."
    ), call = call)
  }
  found
}

#' End the process of a job as a shell tells of a signal, its message as the last line of the log
#' @noRd
end_stopped <- function(error) {
  message(conditionMessage(error))
  quit(save = "no", status = error$exit_code, runLast = FALSE)
}

#' A function that makes a call in which function and arguments stand by name, as conditions show it
#' @noRd
made_call <- function(call) {
  given <- names(call$args) %||% rep("", length(call$args))
  symbols <- ifelse(nzchar(given), given, paste0("argument_", seq_along(given)))
  frame <- rlang::new_environment(rlang::set_names(call$args, symbols), parent = globalenv())
  assign(call$label, call$fun, envir = frame)
  expression <- rlang::call2(call$label, !!!rlang::set_names(lapply(symbols, as.name), given))
  function() eval(expression, frame)
}

#' Value, warnings and error of a function, none of which goes further
#' @noRd
catch_conditions <- function(fun) {
  warnings <- list()
  outcome <- tryCatch(
    withCallingHandlers(
      list(value = fun()),
      warning = function(warning) {
        warnings[[length(warnings) + 1L]] <<- warning
        rlang::cnd_muffle(warning)
      }
    ),
    error = function(error) list(error = error)
  )
  c(outcome, list(warnings = warnings))
}

#' The outcome of a call as if it had been made here; an error shows the end of the job's log
#' @noRd
deliver_outcome <- function(folder, job, log, scheduler) {
  outcome <- readRDS(file.path(folder, outcome_file))
  set_random_state(outcome$random)
  if (!is.null(outcome$python_trace)) python_session$last_trace <- outcome$python_trace
  for (warning in outcome$warnings) warning(warning)
  if (!is.null(outcome$error)) stop(with_log(outcome$error, job, log, scheduler))
  outcome$value
}

#' An error with the end of a job's log; its class and fields stay
#' @noRd
with_log <- function(error, job, log, scheduler) {
  lines <- c(i = sprintf("In the %s job %s.", scheduler$label, job), log_lines(log))
  error[[scheduler$name]] <- list(job = job, log = log)
  if (inherits(error, "rlang_error")) {
    error$footer <- c(error$footer, lines)
  } else {
    error$message <- paste(c(conditionMessage(error), rlang::format_error_bullets(lines)), collapse = "\n")
  }
  error
}

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

#' The end of a log as lines of a message
#' @noRd
log_lines <- function(log) {
  tail <- log_tail(log)
  head <- if (length(tail) == 0) "Its log is empty: %s" else "The end of its log, %s:"
  c(i = sprintf(head, log), rlang::set_names(tail, rep(" ", length(tail))))
}
