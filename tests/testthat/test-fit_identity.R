fit_folder <- function(env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  made <- system.file("extdata", "example_fit", package = "fatebias")
  file.copy(list.files(made, full.names = TRUE), folder)
  folder
}

# The same estimates, but another fit: a guide is in one cell more
other_fit <- function(env = parent.frame()) {
  folder <- fit_folder(env)
  path <- file.path(folder, "qc_cells_by_guide.csv")
  cells <- data.table::fread(path)
  data.table::set(cells, 1L, "n_cells_d0", cells$n_cells_d0[[1]] + 1L)
  data.table::fwrite(cells, path)
  sign_again(folder)
  read_fit(folder)
}

without_identity <- function(fit) {
  fit$manifest$format <- NULL
  fit
}

few <- function(fit) fit[fit$gene$gene[1:12]]

listed <- function(folder) jsonlite::read_json(file.path(folder, "made_from.json"))

example_id <- "f0a62b711ea80ef2" # test_folder.py has the same

test_that("the identity is that of the files' digests, as an independent program finds them", {
  folder <- fit_folder()
  fit <- read_fit(folder)
  expect_identical(identity_of(fit), example_id)
  skip_if(Sys.which("sha256sum") == "", "sha256sum")
  files <- sort(setdiff(list.files(folder), "fit_manifest.json"), method = "radix")
  digests <- sub(" .*", "", system2("sha256sum", shQuote(file.path(folder, files)), stdout = TRUE))
  lines <- withr::local_tempfile()
  writeLines(paste(files, digests), lines, sep = "\n")
  expect_identical(substr(system2("sha256sum", shQuote(lines), stdout = TRUE), 1, 16), example_id)
  expect_false(identity_of(other_fit()) == example_id)
})

test_that("when a fit was made, and tables of further contrasts, do not change its identity", {
  folder <- fit_folder()
  path <- file.path(folder, "fit_manifest.json")
  manifest <- jsonlite::read_json(path)
  manifest$created <- "2020-01-01T00:00:00+00:00"
  expect_identical(fit_id(manifest), example_id)
  manifest$contents[["gene_daywise_cov.NEU-rest.csv"]] <- list(bytes = 1, sha256 = strrep("0", 64))
  expect_identical(fit_id(manifest), example_id)
  manifest$contents[["gene_daywise_cov.csv"]]$sha256 <- strrep("0", 64)
  expect_false(identical(fit_id(manifest), example_id))
  manifest$format <- NULL
  expect_null(fit_id(manifest))
})

test_that("what is made from a fit, and parts of it, know of which", {
  fit <- few(read_fit(fit_folder()))
  mash <- run_mash(fit)
  hits <- rank_hits(mash)
  made <- list(
    fit, mash, mash[1:3], run_mash(fit, "guide"), hits, hits[1:3], hits[hits$hit_anyday], assess_qc(fit),
    compare_covariances(mash), compare_contrasts(fit, mash = mash, n_draws = 20)
  )
  for (one in made) expect_identical(identity_of(one), example_id)
  expect_null(identity_of(run_mash(fit$estimate)))
})

test_that("things of different fits are refused together, though their estimates are the same", {
  fit <- few(read_fit(fit_folder()))
  other <- few(other_fit())
  mash <- run_mash(fit)
  of_other <- run_mash(other)
  expect_equal(mash$table, of_other$table)
  said <- "are of different fits"
  expect_error(compare_contrasts(other, mash = mash), said, class = "fatebias_error_mash")
  certificate <- structure(list(checks = data.frame(check = "x", pass = TRUE), fit_id = identity_of(other)),
                           class = "fatebias_certificate")
  expect_error(rank_hits(mash, certificate = certificate), said, class = "fatebias_error_mash")
  randomisation <- with_identity(data.table::data.table(gene = "x", day = "d0", p_value = 1), other)
  expect_error(rank_hits(mash, randomisation), said, class = "fatebias_error_mash")
  skip_if_not(rmarkdown::pandoc_available("2.0"), "pandoc")
  hits <- rank_hits(mash)
  report <- function(...) render_report(fit, path = withr::local_tempfile(fileext = ".html"), ...)
  expect_error(report(mash = of_other), said, class = "fatebias_error_report")
  expect_error(report(mash = mash, hits = rank_hits(of_other)), said, class = "fatebias_error_report")
  expect_error(report(mash = mash, hits = hits, qc = assess_qc(other)), said, class = "fatebias_error_report")
  other_sets <- compare_covariances(of_other)
  expect_error(
    report(mash = mash, hits = hits, comparison = other_sets), said, class = "fatebias_error_report"
  )
})

test_that("what has no identity, of an earlier version, is taken, and told", {
  fit <- few(read_fit(fit_folder()))
  mash <- run_mash(without_identity(fit))
  expect_null(identity_of(mash))
  said <- "mash.* does not say of which fit"
  expect_message(compared <- compare_contrasts(fit, mash = mash, n_draws = 20), said)
  expect_identical(identity_of(compared), example_id)
  expect_no_message(rank_hits(mash))
  path <- expect_no_message(write_hits(rank_hits(mash), fit$out_dir))
  expect_true(file.exists(path) && length(listed(fit$out_dir)) == 0)
})

test_that("files in the folder of the fit are listed, and are the same bytes as elsewhere", {
  folder <- fit_folder()
  fit <- few(read_fit(folder))
  mash <- run_mash(fit)
  elsewhere <- withr::local_tempdir()
  write <- function(to) {
    c(
      write_mash(mash, to), write_mash(run_mash(fit, "guide"), to), write_hits(rank_hits(mash), to),
      write_comparison(compare_covariances(mash), to),
      write_contrasts(compare_contrasts(fit, mash = mash, n_draws = 20), to)
    )
  }
  paths <- write(folder)
  again <- write(elsewhere)
  expect_identical(basename(paths), basename(again))
  expect_identical(cli::hash_file_sha256(paths), cli::hash_file_sha256(again))
  expect_false(file.exists(file.path(elsewhere, "made_from.json")))
  entries <- listed(folder)
  expect_setequal(names(entries), basename(paths))
  expect_identical(unique(vapply(entries, `[[`, "", "fit_id", USE.NAMES = FALSE)), example_id)
  sizes <- vapply(entries[basename(paths)], `[[`, 1L, "bytes", USE.NAMES = FALSE)
  expect_identical(sizes, as.integer(file.size(paths)))
  expect_identical(unname(vapply(entries[basename(paths)], `[[`, "", "sha256")), cli::hash_file_sha256(paths))
  expect_s3_class(read_fit(folder), "fatebias_fit")
})

test_that("nothing is written into the folder of another fit", {
  fit <- few(read_fit(fit_folder()))
  other <- other_fit()
  mash <- run_mash(fit)
  before <- list.files(other$out_dir)
  said <- "holds another fit"
  for (write in list(
    function(to) write_mash(mash, to), function(to) write_hits(rank_hits(mash), to),
    function(to) write_comparison(compare_covariances(mash), to),
    function(to) write_contrasts(compare_contrasts(fit, mash = mash, n_draws = 20), to)
  )) {
    expect_error(write(other$out_dir), said, class = "fatebias_error_export")
  }
  skip_if_not(rmarkdown::pandoc_available("2.0"), "pandoc")
  expect_error(
    render_report(fit, mash, path = file.path(other$out_dir, "report.html")), said,
    class = "fatebias_error_report"
  )
  expect_identical(list.files(other$out_dir), before)
})

test_that("a damaged list is begun anew", {
  folder <- fit_folder()
  hits <- rank_hits(run_mash(few(read_fit(folder))))
  for (text in c("", "{", "[1]", "null")) {
    writeLines(text, file.path(folder, "made_from.json"))
    write_hits(hits, folder)
    expect_identical(listed(folder)$hits_ranked.csv$fit_id, example_id, info = text)
  }
})

test_that("the report shows the identity, to readers and to programs", {
  skip_if_not(rmarkdown::pandoc_available("2.0"), "pandoc")
  folder <- fit_folder()
  path <- render_report(few(read_fit(folder)))
  lines <- readLines(path, warn = FALSE)
  tag <- sprintf('<meta name="fatebias-fit" content="%s"', example_id)
  expect_match(lines, tag, all = FALSE, fixed = TRUE)
  expect_match(paste(lines, collapse = " "), paste("fit", example_id), fixed = TRUE)
  expect_identical(listed(folder)$report.html$sha256, cli::hash_file_sha256(path))
})

test_that("Python: a fit of another screen leaves no report of the first beside its tables", {
  out <- withr::local_tempdir()
  settings <- fate_settings(inference = "laplace", threads = 1L, num_posterior_draws = 50L)
  of_screen <- function(...) {
    files <- simulate_screen(withr::local_tempdir(.local_envir = parent.frame(2)), cells = 400, genes = 6,
                             guides_per_gene = 2, ntc = 2, days = 2, ...)
    suppressWarnings(read_screen(files$screen, files$guide_map))
  }
  first <- of_screen(seed = 1)
  fit <- fit_fate_bias(first, settings, out_dir = out, progress = FALSE)
  write_hits(rank_hits(run_mash(fit)), out)
  expect_no_message(again <- fit_fate_bias(first, settings, out_dir = out, progress = FALSE))
  expect_identical(identity_of(again), identity_of(fit))
  expect_true(file.exists(file.path(out, "hits_ranked.csv")))
  expect_message(
    other <- fit_fate_bias(of_screen(seed = 2), settings, out_dir = out, progress = FALSE),
    "previous now: hits_ranked.csv"
  )
  expect_false(identity_of(other) == identity_of(fit))
  expect_false(file.exists(file.path(out, "hits_ranked.csv")))
  expect_identical(listed(file.path(out, "previous"))$hits_ranked.csv$fit_id, identity_of(fit))
  hits <- rank_hits(run_mash(fit))
  expect_error(write_hits(hits, out), "holds another fit", class = "fatebias_error_export")
})

test_that("Python: a folder that another fit holds is refused with who that is, by class", {
  skip_on_os(c("mac", "windows", "solaris"))
  files <- small_screen()
  out <- withr::local_tempdir()
  parent <- sub(".*[)] . ([0-9]+) .*", "\\1", readLines("/proc/self/stat", 1, warn = FALSE))
  stat <- strsplit(sub(".*[)] ", "", readLines(sprintf("/proc/%s/stat", parent), 1, warn = FALSE)), " ")[[1]]
  jsonlite::write_json(list(
    token = strrep("a", 16), host = Sys.info()[["nodename"]],
    machine = paste(readLines("/proc/sys/kernel/random/boot_id"), Sys.readlink("/proc/self/ns/pid")),
    pid = as.integer(parent), started = stat[[20]], user = "ada", since = "2026-01-01T00:00:00+00:00"
  ), file.path(out, ".fit.lock"), auto_unbox = TRUE)
  screen <- without_doubts(read_screen(files$screen, files$guide_map))
  expect_error(
    fit_fate_bias(screen, inference = "laplace", threads = 1L, out_dir = out, progress = FALSE),
    paste("process", parent, "of ada on"), class = "fatebias_error_export"
  )
  expect_identical(list.files(out, all.files = TRUE, no.. = TRUE), ".fit.lock")
})
