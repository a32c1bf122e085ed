#' fatebias: fate bias of gene knock-downs in pooled CRISPRi screens over time
#'
#' Which knock-downs bias cell fate, in which direction, on which day, and how certain is each answer? A
#' pooled CRISPRi screen, measured by single-cell RNA sequencing over several days, gives each cell several
#' guides and a vector of fate probabilities. fatebias fits a hierarchical Bayesian model to these data,
#' checks the fit, shares strength across days with mash, ranks the genes and writes a report.
#'
#' @section Where to start:
#' `vignette("fatebias")` leads from a screen file to the report. [install_fatebias_python()] makes the
#' Python environment, [fatebias_sitrep()] says what is used and what is missing, [check_screen()] what is
#' wrong with a screen. All articles: `vignette(package = "fatebias")`.
#'
#' @section In running order:
#' | step | function |
#' |---|---|
#' | a pipeline in a folder of your own | [use_fatebias_pipeline()], then `targets::tar_make()` |
#' | settings | [fate_settings()], [read_settings()]; every key: [settings_reference] |
#' | screen | [read_screen()] from a file, [fate_screen()] from R objects, [simulate_screen()] to try |
#' | parts from other tools | [assemble_screen()], [read_guides_cellranger()], [read_guides_table()] |
#' | fit | [fit_fate_bias()]; [read_fit()] reads one again, without Python |
#' | QC | [assess_qc()], [assert_qc()] |
#' | mash | [run_mash()]; patterns over days: [day_covariances()], [covariance_family()], [compare_mash()] |
#' | hits | [rank_hits()], [write_hits()] |
#' | report | [render_report()] |
#' | plots of effects | [plot_heatmap()], [plot_effects()], [plot_gene()], [plot_volcano()], [plot_onset()] |
#' | known positives | [plot_roc()] |
#' | plots of screen and fit | [plot_guides()], [plot_burden()], [plot_fates()], [plot_qc()], [plot_loss()] |
#'
#' @section When something goes wrong:
#' Errors have classes, [fatebias_conditions]; `vignette("troubleshooting", "fatebias")` says for each what it
#' means and what to do.
#'
#' @section On a cluster:
#' `execution: slurm` sends the heavy steps as jobs: `vignette("on-sherlock", "fatebias")`.
#'
#' @section What the numbers mean:
#' `vignette("lfsr-and-activity", "fatebias")` on reading the table,
#' `vignette("which-fate", "fatebias")` on contrasts and verdicts,
#' `vignette("model-assumptions", "fatebias")` on what it rests on. `citation("fatebias")` has what to cite.
#'
#' @importFrom data.table .N .SD
#' @importFrom rlang .data
"_PACKAGE"
