# A call and its delivery in this process: what a job would do between the two files
make_call <- function(fun, ..., label = "fun", folder = withr::local_tempdir(.local_envir = parent.frame())) {
  write_call(fun, label, list(...), folder)
  answer <- run_call(folder)
  list(folder = folder, answer = answer)
}

slurm <- scheduler_of(fate_settings(execution = "slurm"))

deliver <- function(made, log = "no-such-log") deliver_outcome(made$folder, "fatebias-x-1", log, slurm)

test_that("a value comes back, with named and unnamed arguments", {
  made <- make_call(function(a, b = 2, ...) list(a, b, ...), 1, b = "x", 3, label = "listing")
  expect_identical(made$answer, list(node = Sys.info()[["nodename"]], ok = TRUE))
  expect_identical(deliver(made), list(1, "x", 3))
  expect_identical(list.files(made$folder), c("call.rds", "outcome.rds"))
  expect_null(deliver(make_call(function() NULL)))
})

test_that("random numbers go on in the call, and after it", {
  set.seed(3)
  expected <- c(runif(2), rnorm(1))
  set.seed(3)
  made <- make_call(function() runif(2))
  rm(.Random.seed, envir = globalenv()) # the job is another process
  expect_identical(c(deliver(made), rnorm(1)), expected)
})

test_that("warnings come back with their class, in their order", {
  made <- make_call(function() {
    warning("first")
    warn_fit("second")
    "value"
  })
  seen <- list()
  value <- withCallingHandlers(deliver(made), warning = function(warning) {
    seen[[length(seen) + 1L]] <<- warning
    invokeRestart("muffleWarning")
  })
  expect_identical(value, "value")
  expect_identical(vapply(seen, conditionMessage, character(1)), c("first", "second"))
  expect_s3_class(seen[[2]], "fatebias_warning_fit")
})

test_that("an error keeps class, message, call and fields, and shows the log", {
  log <- withr::local_tempfile(lines = c("step {1}", "step 2"))
  read_it <- function(path) abort_screen("No {.file {path}} here.")
  made <- make_call(read_it, "a.h5ad", label = "read_it")
  expect_false(made$answer$ok)
  error <- expect_error(deliver(made, log), class = "fatebias_error_screen")
  expect_identical(error$message, "No 'a.h5ad' here.")
  expect_identical(error$call[[1]], quote(read_it))
  expect_snapshot(
    error = TRUE, deliver(made, log),
    transform = function(lines) gsub(log, "job.log", lines, fixed = TRUE)
  )
  expect_identical(error$slurm, list(job = "fatebias-x-1", log = log))

  custom <- function() stop(rlang::error_cnd("mine", message = "m", n = 7))
  error <- expect_error(deliver(make_call(custom), log), class = "mine")
  expect_identical(error$n, 7)
  expect_match(conditionMessage(error), "^m.*step \\{1\\}")
})

test_that("conditions show the call by its arguments' names, not by their values", {
  big <- runif(1e5)
  made <- make_call(function(x, path) stop("no"), x = big, "p", label = "work")
  error <- expect_error(deliver(made))
  expect_identical(deparse(error$call), "work(x = x, argument_2)")
})

test_that("a call that a signal stopped ends its process with the signal's code, and leaves no outcome", {
  folder <- withr::local_tempdir()
  stopped <- errorCondition("Stopped.", class = "fatebias_error_stopped", exit_code = 138L)
  write_call(stop, "stop", list(stopped), folder)
  line <- sprintf("fatebias::run_call('%s')", folder)
  done <- processx::run(file.path(R.home("bin"), "Rscript"), c("-e", line), error_on_status = FALSE)
  expect_identical(done$status, 138L)
  expect_match(done$stderr, "Stopped[.]\n$")
  expect_identical(list.files(folder), "call.rds")
})

test_that("a Python error leaves its trace", {
  old <- python_session$last_trace
  withr::defer(python_session$last_trace <- old)
  made <- make_call(function() {
    python_session$last_trace <- "Traceback"
    abort_python("no")
  })
  python_session$last_trace <- NULL
  expect_error(deliver(made), class = "fatebias_error_python")
  expect_identical(last_python_trace(), "Traceback")
})

test_that("the end of a log", {
  log <- withr::local_tempfile(lines = paste("line", 1:50))
  expect_identical(log_tail(log, 2), c("line 49", "line 50"))
  expect_identical(log_tail("no-such-log"), character())
  file.create(log)
  expect_identical(log_tail(log), character())
})

test_that("of a progress bar the last state is shown, and of a long log the end", {
  log <- withr::local_tempfile()
  writeChar(paste0("begun\nSVI 1 %\rSVI 50 %\rSVI 99 %\nended\r\n"), log, eos = NULL)
  expect_identical(log_tail(log), c("begun", "SVI 99 %", "ended"))
  writeLines(c(strrep("x", 2e5), "the end \u2713"), log, useBytes = TRUE)
  expect_identical(tail(log_tail(log), 1), "the end \u2713")
  expect_lte(sum(nchar(log_tail(log))), n_log_bytes)
})
