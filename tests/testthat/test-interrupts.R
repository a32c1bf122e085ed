# Ctrl-C in a session of R that runs Python: sent as a signal to a process of its own

# Run lines of R in a process; send SIGINT `after` seconds after `ready()`; what it printed, line by line
interrupted_session <- function(lines, ready, after = 0, env = parent.frame()) {
  script <- withr::local_tempfile(lines = lines, fileext = ".R", .local_envir = env)
  rscript <- file.path(R.home("bin"), "Rscript")
  process <- processx::process$new(rscript, c("--vanilla", script), stdout = "|", stderr = "2>&1")
  withr::defer(process$kill(), envir = env)
  until <- Sys.time() + 120
  while (!ready() && process$is_alive() && Sys.time() < until) Sys.sleep(0.05)
  Sys.sleep(after)
  process$interrupt()
  process$wait(180000)
  process$read_all_output_lines()
}

# before: lines that the session runs first
session_lines <- function(files, out, marker, ..., before = character()) {
  c(
    "library(fatebias)", before,
    sprintf("screen <- structure(readRDS('%s'), class = 'fatebias_screen')", files$rds),
    sprintf("file.create('%s')", marker),
    sprintf(
      "ended <- tryCatch(fit_fate_bias(screen, %s, out_dir = '%s'), interrupt = function(c) Sys.time())",
      paste(names(list(...)), sapply(list(...), deparse), sep = " = ", collapse = ", "), out
    ),
    "cat(sprintf('ended %.3f', as.numeric(ended)), '\\n')",
    sprintf("cat('left:', list.files('%s', all.files = TRUE, no.. = TRUE), '\\n')", out),
    sprintf("again <- fit_fate_bias(screen, inference = 'laplace', threads = 1, out_dir = '%s-2')", out),
    "cat('again:', nrow(again$gene), '\\n')"
  )
}

screen_rds <- function(env = parent.frame()) {
  files <- small_screen()
  path <- withr::local_tempfile(fileext = ".rds", .local_envir = env)
  saveRDS(unclass(without_doubts(read_screen(files$screen, files$guide_map))), path)
  list(rds = path)
}

value_of <- function(lines, name) {
  trimws(sub(name, "", grep(paste0("^", name), lines, value = TRUE), fixed = TRUE))
}

test_that("Python: Ctrl-C ends a fit at once, keeps its checkpoint, and the session goes on", {
  skip_on_os("windows")
  out <- file.path(withr::local_tempdir(), "out")
  checkpoint <- file.path(out, shared_constant("checkpoint_file"))
  slow <- list(
    num_steps = 600, loss_tolerance = 0, likelihood_weight = 21, threads = 1, num_posterior_draws = 50
  )
  files <- screen_rds()
  often <- c( # checkpoints after half a second instead of five
    "python <- fatebias:::py_call('describe_environment')",
    "reticulate::py_run_string('from fatebias.base import checkpoint; checkpoint.LEAST_SECONDS = 0.5')"
  )
  lines <- do.call(session_lines, c(list(files, out, tempfile(), before = often), slow))
  sent <- NULL
  ready <- function() {
    sent <<- Sys.time()
    file.exists(checkpoint)
  }
  printed <- interrupted_session(lines, ready)
  ended <- as.numeric(value_of(printed, "ended"))
  expect_lt(ended - as.numeric(sent), 2)
  expect_identical(value_of(printed, "left:"), shared_constant("checkpoint_file"), info = printed)
  expect_match(printed, "goes on from the checkpoint", all = FALSE)
  expect_identical(value_of(printed, "again:"), "12", info = printed)

  screen <- structure(readRDS(files$rds), class = "fatebias_screen")
  fit <- suppressWarnings(
    do.call(fit_fate_bias, c(list(screen, out_dir = out, progress = FALSE), slow)),
    classes = "fatebias_warning_fit"
  )
  expect_length(fit$manifest$resumed, 1)
  expect_gt(fit$manifest$resumed[[1]]$steps, 0)
  expect_false(file.exists(checkpoint))
})

test_that("Python: Ctrl-C while torch is imported leaves a session that can import it", {
  skip_on_os("windows")
  folder <- withr::local_tempdir()
  marker <- file.path(folder, "started")
  lines <- session_lines(screen_rds(), file.path(folder, "out"), marker, threads = 1)
  # half a second: torch alone takes longer, and comes first
  printed <- interrupted_session(lines, function() file.exists(marker), after = 0.5)
  expect_length(value_of(printed, "ended"), 1)
  expect_identical(value_of(printed, "again:"), "12", info = printed)
})

# Run lines in a session that fits, in which Python sends itself a signal at the 41st step of SVI
signalled_session <- function(files, out, signal, after, env = parent.frame()) {
  at_step <- c(
    "import os", "from fatebias.base import checkpoint", "from fatebias.vi import svi",
    "checkpoint.LEAST_SECONDS = checkpoint.MOST_SECONDS = 86400", "take = svi._Steps.take",
    "def signalled(self):",
    "    take(self)", "    if len(self.losses) == 41:", sprintf("        os.kill(os.getpid(), %d)", signal),
    "svi._Steps.take = signalled"
  )
  lines <- c(
    "library(fatebias)", "python <- fatebias:::py_call('describe_environment')",
    sprintf("reticulate::py_run_string(%s)", deparse(paste(at_step, collapse = "\n"))),
    sprintf("screen <- structure(readRDS('%s'), class = 'fatebias_screen')", files$rds),
    "error <- tryCatch(fit_fate_bias(screen, num_steps = 60, likelihood_weight = 21, threads = 1,",
    sprintf("  num_posterior_draws = 50, out_dir = '%s'), fatebias_error_stopped = identity)", out),
    "cat('code:', error$exit_code, '\n')", "cat('said:', conditionMessage(error), '\n')", after
  )
  script <- withr::local_tempfile(lines = lines, fileext = ".R", .local_envir = env)
  processx::run(
    file.path(R.home("bin"), "Rscript"), c("--vanilla", script),
    error_on_status = FALSE, wd = withr::local_tempdir(.local_envir = env)
  )
}

test_that("Python: SIGTERM and SIGUSR1 end a fit with a condition and a checkpoint; R then does as before", {
  skip_on_os("windows")
  files <- screen_rds()
  to_itself <- function(signal) sprintf("tools::pskill(Sys.getpid(), %d)\nSys.sleep(30)", signal)
  ends <- c(2L, -tools::SIGTERM) # R saves its workspace and quits with 2; SIGTERM ends it
  for (i in 1:2) {
    signal <- c(tools::SIGUSR1, tools::SIGTERM)[[i]]
    out <- file.path(withr::local_tempdir(), "out")
    done <- signalled_session(files, out, signal, to_itself(signal))
    printed <- strsplit(done$stdout, "\n")[[1]]
    expect_identical(value_of(printed, "code:"), as.character(128L + signal), info = done$stderr)
    path <- file.path(out, shared_constant("checkpoint_file"))
    expect_match(gsub("\\s+", " ", done$stdout), paste("The same fit goes on from", path), fixed = TRUE)
    expect_identical(list.files(out, all.files = TRUE, no.. = TRUE), basename(path))
    expect_identical(done$status, ends[[i]], info = done$stderr)
  }
})
