# A screen of one time point: read, fitted, shrunk by ash, certified, reported; and the whole pipeline.

one_day_files <- local({
  files <- NULL
  function() {
    if (is.null(files)) {
      folder <- withr::local_tempdir(.local_envir = teardown_env())
      files <<- simulate_screen(
        folder, seed = 3, cells = 3000, genes = 12, guides_per_gene = 3, ntc = 6, concentration = 20, days = 1
      )
    }
    files
  }
})

one_day_fit <- local({
  fit <- NULL
  function() {
    if (is.null(fit)) {
      files <- one_day_files()
      screen <- without_doubts(read_screen(files$screen, files$guide_map, day_key = NULL))
      out_dir <- withr::local_tempdir(.local_envir = teardown_env())
      fit <<- fit_fate_bias(screen, inference = "laplace", out_dir = out_dir, progress = FALSE)
    }
    fit
  }
})

test_that("Python: one level of days is read with a warning, and no column without", {
  files <- one_day_files()
  expect_identical(names(data.table::fread(files$truth)), c("gene", "theta_d0"))
  without_doubts(expect_warning(
    screen <- read_screen(files$screen, files$guide_map),
    "one day, d0: no change over days can be told; is this the column of the day",
    class = "fatebias_warning_screen"
  ))
  expect_identical(unlist(screen$summary$days), "d0")
  none <- facts_of(read_screen(files$screen, files$guide_map, day_key = NULL))
  expect_identical(unlist(none$days), "all")
  expect_no_match(none$warnings, "Days")
  checked <- check_screen(files$screen, files$guide_map, day_key = NULL)
  expect_true(checked$ok)
})

test_that("Python: the fit has one column a day and no scale of changes", {
  fit <- one_day_fit()
  expect_identical(fit$days, "all")
  expect_identical(day_columns(fit$estimate, "betahat"), "betahat_d0")
  text <- capture.output(print(summary(fit)))
  expect_match(text, "sigma_time: none, with one day", all = FALSE)
  expect_identical(unique(scale_table(fit)$Scale), c("tau", as_markdown("sigma_guide")))
  truth <- data.table::fread(one_day_files()$truth)
  z <- (fit$estimate$betahat_d0 - truth$theta_d0[match(fit$estimate$gene, truth$gene)]) / fit$estimate$se_d0
  expect_lt(max(abs(z)), 3.5)
  expect_identical(nrow(tidy(fit)), 12L)
})

test_that("Python: one day is shrunk by ash, with the columns of mash", {
  fit <- one_day_fit()
  result <- run_mash(fit)
  expect_match(format(result)[[1]], "12 genes x one day: ashr on fixed-effect estimates", fixed = TRUE)
  alone <- ashr::ash(fit$estimate$betahat_d0, fit$estimate$se_d0, mixcompdist = "normal")
  expect_equal(result$table$lfsr_d0, ashr::get_lfsr(alone), tolerance = 1e-6)
  expect_equal(result$table$postmean_d0, ashr::get_pm(alone), tolerance = 1e-6)
  expect_identical(result$fallbacks, character())
  of_days <- run_mash(example_fit(), settings = fate_settings())
  expect_setequal(
    unique(sub("_d[0-9]+$", "", names(result$table))), unique(sub("_d[0-9]+$", "", names(of_days$table)))
  )
  expect_identical(result$table$onset_day, rep(0L, 12))
  expect_identical(result$table$p_switch, numeric(12))
  expect_equal(result$table$p_persist, result$table$p_any)
  expect_error(
    compare_mash(fit, list(a = day_covariances())), "there is one day", class = "fatebias_error_mash"
  )
})

methods_words <- function(fit, result) {
  c(terms_words(fit), prior_words(fit), estimand_words(fit), input_words(result, fit), mash_words(result))
}

test_that("Python: plots and report of one day draw and say nothing of changes", {
  fit <- one_day_fit()
  result <- run_mash(fit)
  hits <- rank_hits(result)
  plots <- list(
    plot_heatmap(result), plot_volcano(result), plot_effects(result), plot_gene(result, fit, hits$gene[1:2]),
    plot_fates(fit)
  )
  withr::local_pdf(NULL)
  for (plot in plots) expect_no_condition(print(plot))
  told <- answer_words(fit, result, hits)
  table <- report_table(fit, result, hits)
  words <- c(
    unlist(told), table_words(table, fit, result), no_onset_words(result, hits), methods_words(fit, result)
  )
  expect_no_match(words, "best day|by day|on any day|at least one day|random walk|day to day|first day|Onset")
  expect_match(no_onset_words(result, hits), "There is one day")
  alerts <- vapply(report_alerts(fit, result, hits, assess_qc(fit)), `[[`, "", "text")
  expect_match(alerts, "One day: no change over days can be told", all = FALSE)
  expect_no_match(names(report_table(fit, result, hits)), "^day$|onset|persist")
})

test_that("Python: the certificate says that burden slopes cannot differ by day", {
  certificate <- certify_fit(one_day_fit(), checks = c("fitted", "ntc"), n_splits = 2)
  row <- certificate$checks[certificate$checks$check == "burden"]
  expect_identical(row$verdict, "cannot be checked")
  expect_match(row$sentence, "fewer than two days")
  expect_no_match(certificate$checks$sentence, "departs most\\).*all|the day that departs most")
  expect_true(all(c("rejected at .05", "SD of z") %in% certificate$checks$measure))
})

test_that("Python: the pipeline runs on one day", {
  project <- withr::local_tempdir()
  suppressMessages(use_fatebias_pipeline(project))
  withr::local_dir(project)
  files <- one_day_files()
  settings <- c(
    list(screen = files$screen, guide_map = files$guide_map, mode = "simulation", inference = "laplace"),
    quick[c("num_posterior_draws", "threads")]
  )
  writeLines(c(yaml::as.yaml(settings), "day_key: null"), "config.yaml")
  targets::tar_make(reporter = "silent", callr_arguments = list(show = FALSE))
  expect_true(all(targets::tar_progress(fields = "progress")$progress == "completed"))
  expect_identical(read_fit("results")$days, "all")
  expect_true(file.exists(file.path("results", "report.html")))
})
