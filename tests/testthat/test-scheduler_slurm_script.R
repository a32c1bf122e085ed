settings <- fate_settings(slurm = list(
  account = "my_lab", environment = c("export A='b c'", "ulimit -c 0"),
  gpu = list(partition = "gpu,owners", hours = 30.01, memory_gb = 4.1, cores = 2, constraint = NULL)
))

test_that("the whole script of a GPU job", {
  expect_identical(job_script("gpu", settings, log_file = "/logs/a.log"), c(
    "#!/bin/bash",
    "#SBATCH --job-name={{ job_name }}",
    '#SBATCH --output="/logs/a.log"',
    '#SBATCH --error="/logs/a.log"',
    "#SBATCH --partition=gpu,owners",
    "#SBATCH --time=1-06:01:00",
    "#SBATCH --mem=4199M",
    "#SBATCH --ntasks={{ n_jobs }}",
    "#SBATCH --cpus-per-task=2",
    "#SBATCH --gpus=1",
    "#SBATCH --no-requeue",
    "#SBATCH --signal=B:USR1@60",
    "#SBATCH --account=my_lab",
    "",
    "# A job that Slurm requeues would start a worker that nobody waits for: the driver itself sends it",
    "# again.",
    paste(
      "# A minute before its time limit it gets SIGUSR1: Python then writes a checkpoint, and R ends. B: R,",
      "the last line,"
    ),
    "# takes the place of this script.",
    "# No `ulimit -v`: CUDA reserves far more address space than memory, and would not start.",
    "",
    paste(
      "module load 'R/4.4.2' 'python/3.12.1' 'gsl' ||",
      "{ echo 'A module of slurm.modules cannot be loaded.'; exit 1; }"
    ),
    "export A='b c'",
    "ulimit -c 0",
    "",
    "export OMP_WAIT_POLICY=passive",
    "export OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=2 MKL_NUM_THREADS=2",
    "export CMQ_AUTH={{ auth }}",
    "exec Rscript --no-save --no-restore -e 'clustermq:::worker(\"{{ master }}\")'"
  ))
})

test_that("a CPU job asks for no GPU, and settings that are null drop their line", {
  script <- job_script("cpu", fate_settings(slurm = list(modules = NULL)))
  expect_no_match(script, "gpu|module|account|constraint", ignore.case = TRUE)
  expect_identical(template_keys(script), c("job_name", "n_jobs", "auth", "master"))
  expect_identical(grep("--(time|mem|partition)", script, value = TRUE), c(
    "#SBATCH --partition=normal", "#SBATCH --time=02:00:00", "#SBATCH --mem=16384M"
  ))
  with_gpu <- job_script("gpu", fate_settings())
  expect_true(all(c("#SBATCH --gpus=1", "#SBATCH --constraint=GPU_MEM:24GB") %in% with_gpu))
})

test_that("times and memory in Slurm's words", {
  expect_identical(time_text(0.016), "00:01:00")
  expect_identical(time_text(1 / 60), "00:01:00")
  expect_identical(time_text(2), "02:00:00")
  expect_identical(time_text(23.99), "1-00:00:00")
  expect_identical(time_text(47.5), "1-23:30:00")
  expect_identical(time_text(48), "2-00:00:00")
  expect_identical(memory_text(0.5), "512M")
})

test_that("a template of one's own is used, and refused with all that is wrong with it", {
  package <- readLines(file.path(sherlock_folder(), "cpu.tmpl"))
  own <- withr::local_tempfile(lines = c(package[-length(package)], "echo mine", package[length(package)]))
  with_template <- function(path) fate_settings(slurm = list(cpu = list(template = path)))
  expect_true("echo mine" %in% job_script("cpu", with_template(own)))

  bad <- sub("job-name=\\{\\{ job_name \\}\\}", "job-name=x{{ job_name }}", package)
  bad <- c(grep("--mem|--no-requeue", bad, invert = TRUE, value = TRUE), "ulimit -v 100", "echo {{ corse }}")
  bad <- withr::local_tempfile(lines = bad)
  expect_snapshot(
    error = TRUE, job_script("cpu", with_template(bad)),
    transform = function(lines) gsub(bad, "own.tmpl", lines, fixed = TRUE)
  )
  expect_error(job_script("cpu", with_template(bad)), class = "fatebias_error_slurm")
  error <- expect_error(job_script("cpu", with_template("none.tmpl")), class = "fatebias_error_slurm")
  expect_match(conditionMessage(error), "slurm.cpu.template")
})

test_that("a path that Slurm would read otherwise is refused", {
  odd <- c(
    "/a\n#SBATCH --evil", "/a\rb", "/a\u0085b", "/a\u2028b", "/a/{{ setup }}", "/a}}b", "/a\tb", "/a\033b"
  )
  for (path in c("/a/%j.log", "/a/\"b\".log", "/a\\b.log", odd)) {
    expect_error(job_script("cpu", log_file = path), "slurm.log_dir", class = "fatebias_error_slurm")
  }
  expect_true('#SBATCH --output="/a b/c.log"' %in% job_script("cpu", log_file = "/a b/c.log"))
})

test_that("values are put in as they are", {
  values <- list(x = "\\1 & $", y = "{ok}", z = character())
  filled <- fill_script(c("a {{ x }} {{y}}", "{{ z }}", "{{ w }}"), values)
  expect_identical(filled, c("a \\1 & $ {ok}", "{{ w }}"))
})

test_that("both templates keep the rules that every template must", {
  for (node in c("gpu", "cpu")) {
    lines <- readLines(file.path(sherlock_folder(), paste0(node, ".tmpl")))
    expect_identical(template_problems(lines, node), character(), info = node)
  }
})

# Keys of the block of a scheduler that hold texts, by their path: all may reach its script
text_keys <- function(rows, path = character()) {
  found <- lapply(names(rows), function(name) {
    row <- rows[[name]]
    if (!is.null(row$keys)) text_keys(row$keys, c(path, name))
    else if (row$type %in% c("string", "strings")) list(c(path, name))
  })
  unlist(found, recursive = FALSE)
}

test_that("no text of the block adds a line to the script, or fills a blank of the template", {
  keys <- text_keys(settings_table()$slurm$keys)
  expect_true(all(list("log_dir", "environment", c("gpu", "partition"), c("cpu", "template")) %in% keys))
  odd <- c(
    "x\n#SBATCH --evil", "x\rrm", "x\n", "\nx", "x\u0085y", "x\u2028y", "x\u2029y", "x\vy", "x\fy",
    "x\033[0m", "x\ty", "x\177", "{{ auth }}", "x{{y", "x}}y", "{{job_name}}"
  )
  for (path in keys) {
    for (value in odd) {
      given <- Reduce(function(below, name) rlang::set_names(list(below), name), rev(path), value)
      said <- paste(c("slurm", path), collapse = ".")
      expect_error(fate_settings(slurm = given), said, class = "fatebias_error_settings", fixed = TRUE)
    }
  }
  expect_no_error(fate_settings(slurm = list(
    log_dir = "d\u00e9p\u00f4t {a} b", environment = "export A=\"${HOME}/x\" # {b}"
  )))
})
