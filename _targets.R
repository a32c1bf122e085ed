# The fatebias pipeline: screen -> fit -> QC -> mash -> ranked hits -> report. Settings are in config.yaml,
# or in the file that the environment variable FATEBIAS_CONFIG names. Run with targets::tar_make().
library(targets)

# Targets run in this process, but heavy ones under `execution: crew`, which the controller's processes make
# (any controller of crew may stand here), and under `execution: slurm`, where each is a Slurm job. Several
# may be in flight.
tar_option_set(packages = "fatebias", deployment = "main", controller = fatebias::pipeline_controller())

# a change of the package reruns what uses the changed functions
list2env(fatebias::pipeline_functions(), environment())

config <- Sys.getenv("FATEBIAS_CONFIG")
if (!nzchar(config)) config <- "config.yaml"
sources <- fatebias::python_sources()

list(
  # input; settings by stage, so that a change reruns only what it concerns
  tar_target(config_file, !!config, format = "file"),
  tar_target(settings, read_settings(config_file)),
  tar_target(settings_screen, settings_for(settings, "screen")),
  tar_target(settings_fit, settings_for(settings, "fit")),
  tar_target(settings_qc, settings_for(settings, "qc")),
  tar_target(settings_mash, settings_for(settings, "mash")),
  tar_target(settings_contrasts, settings_for(settings, "contrasts")),
  tar_target(settings_calibration, settings_for(settings, "calibration")),
  tar_target(settings_report, settings_for(settings, "report")),
  tar_target(out_dir, settings$out_dir),
  tar_target(screen_file, existing_input(settings, "screen"), format = "file"),
  tar_target(guide_map_file, existing_input(settings, "guide_map"), format = "file"),
  tar_target(python_files, c(!!!sources), format = "file"),

  # screen and fit
  tar_target(screen, {
    python_files # does the reading: a change reruns it
    run_job(read_screen, screen_file, guide_map_file, settings_screen, name = "screen")
  }, deployment = "worker"),
  tar_target(contrasts_known, check_contrasts(settings_contrasts$contrasts, screen)),
  tar_target(fit_files, {
    contrasts_known # before work starts
    list(python_files, screen_file, guide_map_file) # what the fit is made from
    fitted <- run_job(
      fit_fate_bias, screen, settings_fit,
      out_dir = out_dir, name = "fit", node = "gpu"
    )
    unname(fitted$files)
  }, format = "file", deployment = "worker"),
  tar_target(fit, read_fit(unique(dirname(fit_files)))),
  tar_target(qc, assert_qc(assess_qc(fit, settings_qc))),

  # mash and hits, of a fit that passed its QC; estimates of controls only where V is taken from them
  tar_target(mash_v, settings_mash$mash_v),
  tar_target(controls, {
    list(python_files, screen_file, guide_map_file)
    if (mash_v == "ntc") {
      run_job(fit_controls, screen, settings_fit, name = "controls", node = "gpu")
    }
  }, deployment = "worker"),
  tar_target(mash_gene, {
    qc
    run_job(run_mash, fit, "gene", settings_mash, ntc = controls, name = "mash_gene")
  }, deployment = "worker"),
  tar_target(mash_guide, {
    qc
    run_job(run_mash, fit, "guide", settings_mash, name = "mash_guide")
  }, deployment = "worker"),
  tar_target(mash_gene_file, write_mash(mash_gene, out_dir), format = "file"),
  tar_target(mash_guide_file, write_mash(mash_guide, out_dir), format = "file"),

  # what has changed since the fit before, whose results lie in previous/; NULL where there are none
  tar_target(runs, {
    fit # another fit may give the same table
    compare_with_previous(unique(dirname(mash_gene_file)))
  }),
  tar_target(runs_file, if (!is.null(runs)) write_runs(runs, out_dir), format = "file"),

  # which covariances the data prefer
  tar_target(mash_comparison, if (settings_mash$mash_comparison) compare_covariances(mash_gene)),
  tar_target(
    mash_comparison_file,
    if (!is.null(mash_comparison)) write_comparison(mash_comparison, out_dir),
    format = "file"
  ),

  # all contrasts beside each other, and what each gene does to every fate
  tar_target(contrasts, run_job(
    compare_contrasts, fit, settings_contrasts$contrasts, settings_mash, mash_gene,
    settings_contrasts$verdict_margin, name = "contrasts"
  ), deployment = "worker"),
  tar_target(contrasts_files, write_contrasts(contrasts, out_dir), format = "file"),

  # under `calibration: quick` or `full` what the certificate rests on, check by check, and its verdicts;
  # under `full` a second opinion on the hits as well
  tar_target(calibrate, settings_calibration$calibration),
  tar_target(check, switch(calibrate,
    full = c("fitted", "permutation", "regroup", "ntc", "bootstrap", "heldout"),
    "quick"
  )),
  tar_target(calibration, {
    list(python_files, screen_file, guide_map_file)
    if (calibrate != "none") {
      run_job(
        run_calibration, fit, check, screen,
        n_permutations = settings_calibration$calibration_permutations,
        n_splits = settings_calibration$calibration_splits,
        n_bootstraps = settings_calibration$calibration_bootstraps,
        name = paste0("calibration_", check), node = "gpu"
      )
    }
  }, pattern = map(check), deployment = "worker"),
  tar_target(certificate, {
    calibration
    if (calibrate != "none") {
      run_job( # `settings` of run_job() are those of the job; those of mash go by position
        function(fit, checks, screen, mash, ...) {
          fatebias::certify_fit(fit, checks, screen, settings = mash, ...)
        },
        fit, calibrate, screen, settings_mash,
        n_permutations = settings_calibration$calibration_permutations,
        n_splits = settings_calibration$calibration_splits,
        n_bootstraps = settings_calibration$calibration_bootstraps, name = "certificate"
      )
    }
  }, deployment = "worker"),
  tar_target(randomisation, {
    list(python_files, screen_file, guide_map_file)
    if (calibrate == "full") {
      called <- mash_gene$table$gene[mash_gene$table$call_anyday]
      resamples <- settings_calibration$calibration_resamples
      run_job(randomisation_test, fit, called, screen, resamples, name = "randomisation", node = "gpu")
    }
  }, deployment = "worker"),

  tar_target(hits, rank_hits(mash_gene, randomisation, certificate)),
  tar_target(hits_file, write_hits(hits, out_dir), format = "file"),
  tar_target(
    page, list.files(system.file("report", package = "fatebias"), full.names = TRUE), format = "file"
  ),
  tar_target(report, {
    page
    list(mash_gene_file, mash_guide_file, mash_comparison_file, contrasts_files) # the report is the last
    file <- render_report(
      fit, mash_gene, hits, qc, file.path(out_dir, "report.html"),
      certificate = certificate, comparison = mash_comparison, contrasts = contrasts, runs = runs,
      genes = settings_report$genes
    )
    message("The report is ", normalizePath(file), "\nThe ranked table is ", normalizePath(hits_file))
    file
  }, format = "file")
)
