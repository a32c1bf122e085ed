# The batch script of a Slurm job: from settings to lines. Nothing here asks Slurm or submits anything.

sherlock_folder <- function() system.file("sherlock", package = "fatebias", mustWork = TRUE)

# Keys that clustermq fills in when it submits; all others are filled here.
submission_keys <- c("job_name", "master", "auth", "n_jobs")

script_keys <- c("log_file", "partition", "time", "memory", "cores", "options", "setup")

#' @name job_script
#' @rdname job_script
#' @details
#' The script comes from a template: the package's (`sherlock/gpu.tmpl`, `sherlock/cpu.tmpl`), or that
#' of the setting `slurm.gpu.template` or `slurm.cpu.template`. A template must use every key of the
#' package's, have the lines `#SBATCH --job-name={{ job_name }}` and `#SBATCH --no-requeue` (a job that
#' Slurm requeues would start a worker that nobody waits for), and no `ulimit -v` (CUDA would not start).
#'
#' | setting | line |
#' |---|---|
#' | `partition`, `hours`, `memory_gb` | `#SBATCH --partition=gpu`, `--time=08:00:00`, `--mem=32768M` |
#' | `cores`, `gpus` | `#SBATCH --cpus-per-task=8`, `--gpus=1` |
#' | `constraint`, `account` | `#SBATCH --constraint=GPU_MEM:24GB`, `--account=NAME`; null drops the line |
#' | `modules` | `module load 'R/4.4.2' 'python/3.12.1' 'gsl'`; null drops the line |
#' | `environment` | each line as it stands |
NULL

#' @exportS3Method
#' @noRd
scheduler_script.slurm_scheduler <- function(scheduler, node, log_file, call = rlang::caller_env()) {
  if (grepl("[%\"\\\\]", log_file) || !is_script_line(log_file)) {
    abort_scheduler("slurm", c(
      "Slurm would not read the path {.path {log_file}} as it stands.",
      i = "Choose a {.field slurm.log_dir} without percent signs, quotes, backslashes, {{{{ and }}}},",
      " " = "and without control characters."
    ), call = call)
  }
  lines <- read_template(scheduler$block[[node]]$template, node, call)
  fill_script(lines, script_values(node, scheduler$block, log_file))
}

read_template <- function(path, node, call) {
  path <- path %||% file.path(sherlock_folder(), paste0(node, ".tmpl"))
  if (!file.exists(path) || dir.exists(path) || is_special(path)) {
    abort_scheduler("slurm", c(
      "The template {.path {path}} is not there, or is no file.", i = "Change {.field slurm.{node}.template}."
    ), call = call)
  }
  lines <- readLines(path, warn = FALSE)
  problems <- template_problems(lines, node)
  if (length(problems) > 0) {
    head <- sprintf("The template '%s' (`slurm.%s.template`) cannot be used.", path, node)
    abort_scheduler("slurm", verbatim(c(head, problems), bullet = "x"), call = call)
  }
  lines
}

#' What keeps a template from being used, one sentence each
#' @noRd
template_problems <- function(lines, node) {
  wanted <- c(submission_keys, script_keys, if (node == "gpu") "gpus")
  found <- template_keys(lines)
  absent <- setdiff(wanted, found)
  unknown <- setdiff(found, wanted)
  near <- vapply(unknown, nearest_word, character(1), words = wanted)
  directives <- grep("^#SBATCH", lines, value = TRUE)
  c(
    sprintf("It lacks the key {{ %s }}.", absent),
    sprintf("It has an unknown key {{ %s }}; the nearest one is {{ %s }}.", unknown, near),
    if (!any(grepl("^#SBATCH --job-name=\\{\\{ *job_name *\\}\\}$", lines))) {
      "It needs the line '#SBATCH --job-name={{ job_name }}' exactly: jobs are found by their name."
    },
    if (!any(grepl("--no-requeue", directives))) {
      "It needs the line '#SBATCH --no-requeue': a requeued job would start a worker without a driver."
    },
    if (any(grepl("^[^#]*ulimit +-v", lines))) "It limits address space with `ulimit -v`, which breaks CUDA."
  )
}

key_pattern <- "\\{\\{ *([a-z_]+) *\\}\\}"

template_keys <- function(lines) {
  found <- unlist(regmatches(lines, gregexpr(key_pattern, lines)))
  unique(sub(key_pattern, "\\1", found))
}

#' Keys of the template and what stands for them; some are several lines
#' @noRd
script_values <- function(node, slurm, log_file) {
  wants <- slurm[[node]]
  directives <- c(account = slurm$account, constraint = wants$constraint)
  list(
    log_file = log_file, partition = wants$partition, time = time_text(wants$hours),
    memory = memory_text(wants$memory_gb), cores = format(wants$cores), gpus = format(wants$gpus %||% 0L),
    options = sprintf("#SBATCH --%s=%s", names(directives), directives), setup = setup_lines(slurm)
  )
}

setup_lines <- function(slurm) {
  modules <- paste(sprintf("'%s'", slurm$modules), collapse = " ")
  c(
    if (length(slurm$modules) > 0) {
      sprintf("module load %s || { echo 'A module of slurm.modules cannot be loaded.'; exit 1; }", modules)
    },
    slurm$environment
  )
}

#' Hours as days-hours:minutes:seconds, to the next whole minute, which is as fine as Slurm counts
#' @noRd
time_text <- function(hours) {
  minutes <- as.integer(ceiling(round(hours * 60, 6)))
  days <- minutes %/% 1440L
  text <- sprintf("%02d:%02d:00", minutes %/% 60L %% 24L, minutes %% 60L)
  if (days > 0) sprintf("%d-%s", days, text) else text
}

memory_text <- function(gb) sprintf("%dM", as.integer(ceiling(gb * 1024)))

#' Lines with their keys filled in; a key that stands for no line drops its own
#' @noRd
fill_script <- function(lines, values) {
  unlist(lapply(lines, function(line) {
    for (key in intersect(template_keys(line), names(values))) {
      line <- vapply(values[[key]], function(value) {
        gsub(sprintf("\\{\\{ *%s *\\}\\}", key), gsub("\\", "\\\\", value, fixed = TRUE), line)
      }, character(1), USE.NAMES = FALSE)
    }
    line
  }))
}
