test_that("values, warnings and random numbers are those of a local run", {
  settings <- slurm_settings()
  work <- function(n) {
    warning("beware")
    runif(n)
  }
  local <- fate_settings()
  set.seed(7)
  expect_warning(here <- run_job(work, 3, name = "work", settings = local), "^beware$")
  after_here <- runif(1)
  set.seed(7)
  expect_warning(there <- run_job(work, 3, name = "work", settings = settings), "^beware$")
  expect_identical(there, here)
  expect_identical(runif(1), after_here)
})

test_that("an R error comes back with its class and message, and the end of the job's log", {
  settings <- slurm_settings()
  failing <- function(path) {
    message("on the way to ", path)
    read_fit(path)
  }
  here <- caught(failing("nowhere"))
  there <- caught(run_job(failing, "nowhere", name = "failing", settings = settings))
  expect_s3_class(there, "fatebias_error_export")
  expect_identical(class(there), class(here))
  expect_identical(there$message, here$message)
  expect_match(conditionMessage(there), "the folder of a finished fit")
  expect_match(conditionMessage(there), "on the way to nowhere")
  expect_match(conditionMessage(there), there$slurm$job, fixed = TRUE)
  expect_no_match(conditionMessage(here), "on the way")

  plain <- caught(run_job(function() stop("a {plain} one"), name = "failing", settings = settings))
  expect_identical(class(plain), c("simpleError", "error", "condition"))
  expect_match(conditionMessage(plain), "^a \\{plain\\} one\n")
})

test_that("a Python error comes back with its class, its trace, and the end of the job's log", {
  settings <- slurm_settings()
  files <- small_screen()
  # the map lacks the column that the reading of a screen wants
  broken <- withr::local_tempfile(fileext = ".csv")
  writeLines(c("guide,gene", "a,b"), broken)
  here <- caught(read_screen(files$screen, broken))
  there <- caught(run_job(read_screen, files$screen, broken, name = "screen", settings = settings))
  expect_s3_class(here, "fatebias_error_screen")
  expect_identical(class(there), class(here))
  expect_identical(there$message, here$message)
  expect_match(conditionMessage(there), "In the Slurm job fatebias-screen-", fixed = TRUE)

  unexpected <- function() fatebias:::py_call("no_such_function")
  here <- caught(unexpected())
  there <- caught(run_job(unexpected, name = "unexpected", settings = settings))
  expect_s3_class(here, "fatebias_error_python")
  expect_identical(class(there), class(here))
  expect_match(last_python_trace(), "Traceback.*no_such_function")
})

test_that("a job has the threads of its cores, and a GPU only where it asked for one", {
  settings <- slurm_settings(cpu = list(cores = 2L))
  names <- c("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "SLURM_JOB_GPUS")
  look <- function() Sys.getenv(names)
  on_cpu <- run_job(look, name = "look", settings = settings)
  on_gpu <- run_job(look, name = "look", node = "gpu", settings = settings)
  expect_identical(unname(on_cpu), c("2", "2", "2", ""))
  expect_identical(unname(on_gpu), c("1", "1", "1", "0"))
})

test_that("a job finds its arguments and its namespace, and leaves nothing but its log", {
  log_dir <- withr::local_tempdir()
  settings <- slurm_settings(log_dir = log_dir)
  screen <- list(big = runif(5e5)) # 4 MB: through files, not through the socket
  expect_identical(run_job(identity, screen, name = "identity", settings = settings), screen)
  expect_match(list.files(log_dir), "^fatebias-identity-.*[.]log$")
})
