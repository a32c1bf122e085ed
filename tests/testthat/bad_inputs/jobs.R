# Doors of jobs and of what jobs, reports and projects write.

slurm_at <- quote(fate_settings(execution = "slurm", slurm = list(log_dir = "logs")))
record <- function(text, name = "fit.job") {
  rlang::expr({
    dir.create("logs")
    dir.create("precious")
    writeLines(!!text, file.path("logs", !!name))
    tryCatch(cancel_jobs(!!slurm_at), error = function(error) {
      if (!dir.exists("precious")) stop("a folder was removed")
      stop(error)
    })
  })
}
good <- '{"job_name":"fatebias-fit-abc1","host":"nowhere","pid":5,"started":"x"}'
with_name <- function(name) sub("fatebias-fit-abc1", name, good, fixed = TRUE)
records <- list(
  `a record that is empty` = "", `a record of a word` = "job", `a record of null` = "null",
  `a record of a list` = "[1]", `a record cut` = substr(good, 1, 30),
  `a record without host` = sub('"host":"nowhere",', "", good), `a job outside` = with_name("../precious"),
  `a job without name` = with_name(""), `a job that is the folder` = with_name("."),
  `a job of blanks` = with_name("fatebias-fit-a b"), `a job of a star` = with_name("fatebias-fit-*"),
  `a job of another name` = with_name("fatebias-mash-abc1"),
  `a job with a line more` = with_name("fatebias-fit-abc1\\nx"),
  `a job that is a list` = sub('"fatebias-fit-abc1"', '["fatebias-fit-abc1"]', good, fixed = TRUE),
  `a process of text` = sub('"pid":5', '"pid":"5"', good),
  `a process below zero` = sub('"pid":5', '"pid":-1', good),
  `a process of many digits` = sub('"pid":5', paste0('"pid":', strrep("9", 400)), good),
  `a start that is null` = sub('"started":"x"', '"started":null', good),
  `a record of a million letters` = paste0('{"a":"', strrep("b", 1e6), '"}'),
  `a record nested deep` = paste0(strrep("[", 4000), strrep("]", 4000)),
  `a record of an address` = "http://127.0.0.1:1/x.json"
)

c(
  lapply(names(records), function(id) one_case("cancel_jobs", id, record(records[[id]]), "fit.job")),
  list(
    one_case("cancel_jobs", "a record with a star in its name", record(good, "*.job"), "record"),
    one_case("cancel_jobs", "a record without name", record(good, ".job"), "record")
  ),
  refused(
    "cancel_jobs", "record",
    "a record that is a folder" = {
      dir.create("logs/fit.job", recursive = TRUE)
      cancel_jobs(fate_settings(slurm = list(log_dir = "logs")))
    },
    "a record that is a fifo" = {
      dir.create("logs")
      system2("mkfifo", "logs/fit.job")
      cancel_jobs(fate_settings(slurm = list(log_dir = "logs")))
    },
    "a record in UTF-16" = {
      dir.create("logs")
      bytes(iconv("{\"job_name\":1}", "UTF-8", "UTF-16", toRaw = TRUE)[[1]], "logs/fit.job")
      cancel_jobs(fate_settings(slurm = list(log_dir = "logs")))
    },
    "a record of zeros" = {
      dir.create("logs")
      bytes(raw(30), "logs/fit.job")
      cancel_jobs(fate_settings(slurm = list(log_dir = "logs")))
    }
  ),
  refused(
    "cancel_jobs", "`settings`",
    "NULL" = cancel_jobs(NULL),
    "a list" = cancel_jobs(list(slurm = 1)),
    "a path" = cancel_jobs("config.yaml")
  ),
  accepted(
    "cancel_jobs",
    "no log folder" = length(cancel_jobs(fate_settings(slurm = list(log_dir = "none")))) == 0
  ),
  refused(
    "run_job", "`fun`",
    "a text" = run_job("sum", name = "a", settings = fate_settings()),
    "NULL" = run_job(NULL, name = "a", settings = fate_settings())
  ),
  refused(
    "run_job", "`name`",
    "no name" = run_job(sum, settings = fate_settings()),
    "name NA" = run_job(sum, name = NA_character_, settings = fate_settings()),
    "name empty" = run_job(sum, name = "", settings = fate_settings()),
    "name outside" = run_job(sum, name = "../a", settings = fate_settings()),
    "name of blanks" = run_job(sum, name = "a b", settings = fate_settings()),
    "name of two lines" = run_job(sum, name = "a\nb", settings = fate_settings()),
    "name a number" = run_job(sum, name = 1, settings = fate_settings()),
    "two names" = run_job(sum, name = c("a", "b"), settings = fate_settings()),
    "name of 5000 letters" = run_job(sum, name = strrep("a", 5000), settings = fate_settings())
  ),
  refused(
    "run_job", "`node`",
    "another node" = run_job(sum, name = "a", node = "tpu", settings = fate_settings()),
    "node NA" = run_job(sum, name = "a", node = NA, settings = fate_settings())
  ),
  refused(
    "run_job", "`settings`|config",
    "settings NULL" = run_job(sum, name = "a", settings = NULL),
    "no configuration" = withr::with_envvar(c(FATEBIAS_CONFIG = NA), run_job(sum, name = "a"))
  ),
  refused(
    "run_job", "sbatch|clustermq|Slurm",
    "slurm on a machine without" = withr::with_path(
      "out", run_job(sum, name = "a", settings = fate_settings(execution = "slurm")), action = "replace"
    )
  ),
  refused(
    "job_script", "`node`",
    "another node" = job_script("tpu"),
    "NA" = job_script(NA),
    "NULL" = job_script(NULL)
  ),
  refused(
    "job_script", "`settings`",
    "settings a list" = job_script("cpu", list())
  ),
  refused(
    "job_script", "log",
    "log NULL" = job_script("cpu", log_file = NULL),
    "log NA" = job_script("cpu", log_file = NA),
    "log of two lines" = job_script("cpu", log_file = "a\nb"),
    "log with marks" = job_script("cpu", log_file = "{{ auth }}"),
    "two logs" = job_script("cpu", log_file = c("a", "b")),
    "log a number" = job_script("cpu", log_file = 1),
    "log empty" = job_script("cpu", log_file = "")
  ),
  refused(
    "job_script", "template",
    "no template" = job_script("cpu", fate_settings(slurm = list(cpu = list(template = "none.tmpl")))),
    "a template that is a folder" = job_script(
      "cpu", fate_settings(slurm = list(cpu = list(template = "out")))
    ),
    "a template of nothing" = job_script(
      "cpu", fate_settings(slurm = list(cpu = list(template = write(character(), "t.tmpl"))))
    ),
    "a template of zeros" = job_script(
      "cpu", fate_settings(slurm = list(cpu = list(template = bytes(raw(50), "t.tmpl"))))
    )
  ),
  refused(
    "pipeline_controller", "`settings`",
    "NULL" = pipeline_controller(NULL),
    "a list" = pipeline_controller(list(execution = "local")),
    "a word" = pipeline_controller("local")
  ),
  refused(
    "pipeline_controller", "config",
    "no configuration" = withr::with_envvar(c(FATEBIAS_CONFIG = NA), pipeline_controller())
  ),
  accepted(
    "pipeline_controller",
    "of the stage mash alone" = is.null(pipeline_controller(settings_for(fate_settings(), "mash")))
  ),
  refused(
    "run_call", "`folder`|call",
    "NULL" = run_call(NULL),
    "NA" = run_call(NA_character_),
    "no folder" = run_call("none"),
    "a number" = run_call(1),
    "an empty folder" = run_call("out"),
    "a call of texts" = {
      dir.create("job")
      write("x", "job/call.rds")
      run_call("job")
    },
    "a call of something else" = {
      dir.create("job")
      saveRDS(1, "job/call.rds")
      run_call("job")
    }
  ),
  refused(
    "use_fatebias_pipeline", "`path`",
    "NULL" = use_fatebias_pipeline(NULL),
    "NA" = use_fatebias_pipeline(NA_character_),
    "two folders" = use_fatebias_pipeline(c("out", "b")),
    "a number" = use_fatebias_pipeline(1),
    "empty" = use_fatebias_pipeline("")
  ),
  refused(
    "use_fatebias_pipeline", "overwrite",
    "overwrite NA" = use_fatebias_pipeline("out", NA),
    "overwrite text" = use_fatebias_pipeline("out", "yes")
  ),
  refused(
    "use_fatebias_pipeline", "`slurm`",
    "slurm NULL" = use_fatebias_pipeline("out", slurm = NULL)
  ),
  refused(
    "use_fatebias_pipeline", "folder|already",
    "a file" = use_fatebias_pipeline(write("x", "file")),
    "below a file" = use_fatebias_pipeline(file.path(write("x", "file"), "a")),
    "a folder that has a folder of that name" = {
      dir.create("there/config.yaml", recursive = TRUE)
      use_fatebias_pipeline("there")
    },
    "a folder that has one" = {
      dir.create("there")
      write("seed: 1", "there/config.yaml")
      use_fatebias_pipeline("there")
    }
  ),
  accepted(
    "pipeline_functions",
    "every function that is exported" = {
      exported <- getNamespaceExports("fatebias")
      of_package <- asNamespace("fatebias")
      setequal(names(pipeline_functions()), Filter(function(name) is.function(of_package[[name]]), exported))
    },
    "hands its arguments on" = pipeline_functions()$fate_settings(seed = 3)$seed == 3,
    "the same every time" = identical(pipeline_functions(), pipeline_functions())
  ),
  accepted(
    "python_sources",
    "all are there" = all(file.exists(python_sources())),
    "no folder among them" = !any(dir.exists(python_sources())),
    "none twice" = anyDuplicated(python_sources()) == 0
  ),
  refused(
    "render_report", "`fit`",
    "NULL" = render_report(NULL, result, hits, assess_qc(fit), "out/r.html"),
    "a path" = render_report("fit", result, hits, assess_qc(fit), "out/r.html")
  ),
  refused(
    "render_report", "`path`",
    "path NULL" = render_report(fit, result, hits, path = NULL),
    "path NA" = render_report(fit, result, hits, path = NA_character_),
    "path empty" = render_report(fit, result, hits, path = ""),
    "path of another ending" = render_report(fit, result, hits, path = "out/r.pdf"),
    "two paths" = render_report(fit, result, hits, path = c("out/a.html", "out/b.html")),
    "path a number" = render_report(fit, result, hits, path = 1)
  ),
  refused(
    "render_report", "html|file",
    "path a folder" = render_report(fit, result, hits, path = {
      dir.create("r.html")
      "r.html"
    }),
    "path below a file" = render_report(fit, result, hits, path = file.path(write("x", "file"), "r.html"))
  ),
  refused(
    "render_report", "`mash`|`hits`|`qc`",
    "mash NULL" = render_report(fit, NULL, hits, path = "out/r.html"),
    "mash of guides" = render_report(fit, of_guides, hits, path = "out/r.html"),
    "mash of another fit" = render_report(fit, of_whole, hits, path = "out/r.html"),
    "hits of another result" = render_report(fit, result, rank_hits(of_ash), path = "out/r.html"),
    "hits NULL" = render_report(fit, result, NULL, path = "out/r.html"),
    "qc NULL" = render_report(fit, result, hits, NULL, path = "out/r.html"),
    "hits a part" = render_report(fit, result, hits[1:2], path = "out/r.html"),
    "qc a part" = render_report(fit, result, hits, unclass(assess_qc(fit))[1], path = "out/r.html")
  ),
  refused(
    "render_report", "`n_panels`",
    "panels NA" = render_report(fit, result, hits, path = "out/r.html", n_panels = NA),
    "panels text" = render_report(fit, result, hits, path = "out/r.html", n_panels = "a"),
    "panels negative" = render_report(fit, result, hits, path = "out/r.html", n_panels = -1)
  ),
  refused(
    "render_report", "`title`",
    "title NULL" = render_report(fit, result, hits, path = "out/r.html", title = NULL),
    "title NA" = render_report(fit, result, hits, path = "out/r.html", title = NA_character_),
    "two titles" = render_report(fit, result, hits, path = "out/r.html", title = c("a", "b"))
  ),
  refused(
    "render_report", "`certificate`|`comparison`|`contrasts`",
    "certificate a list" = render_report(fit, result, hits, path = "out/r.html", certificate = list()),
    "comparison a number" = render_report(fit, result, hits, path = "out/r.html", comparison = 1),
    "contrasts a result" = render_report(fit, result, hits, path = "out/r.html", contrasts = result)
  ),
  accepted(
    "last_python_trace",
    "a text or nothing" = is.null(last_python_trace()) || is.character(last_python_trace()),
    "asked twice" = identical(last_python_trace(), last_python_trace()),
    "after an error of R" = {
      before <- last_python_trace()
      tryCatch(run_mash(1), error = identity)
      identical(before, last_python_trace())
    }
  )
)
