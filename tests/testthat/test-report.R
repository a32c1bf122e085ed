skip_if_not(rmarkdown::pandoc_available("2.0"), "pandoc")

fit <- example_fit()
mash <- run_mash(fit)
hits <- rank_hits(mash)
report_file <- withr::local_tempfile(fileext = ".html")
seconds <- system.time(render_report(fit, mash, hits, path = report_file, n_panels = 2))[["elapsed"]]
html <- paste(readLines(report_file, warn = FALSE), collapse = "\n")

test_that("one file, with the sections in order", {
  at <- function(id) regexpr(sprintf("id=\"%s\"", id), html)
  sections <- c(
    "answer", "hits", "heatmap", "onset", "volcano", "qc", "fit", "methods", "reproduce"
  )
  positions <- vapply(sections, at, integer(1))
  expect_true(all(positions > 0))
  expect_false(is.unsorted(positions))
  expect_lt(file.size(report_file), 3e6)
})

test_that("nothing is loaded from a network", {
  loading <- gregexpr("<(script|img|link|iframe)[^>]*(src|href)=\"[^\"]{0,60}", html)
  loaded <- regmatches(html, loading)[[1]]
  expect_gt(length(loaded), 5)
  expect_false(any(grepl("(src|href)=\"(https?:)?//", loaded)))
  expect_false(grepl("url\\(['\"]?https?:", html))
})

test_that("words and numbers of the result are on the page", {
  expect_match(html, "8 of 40 genes are called.", fixed = TRUE)
  expect_match(html, "3,980 of 4,000 cells were used", fixed = TRUE)
  expect_match(html, "download=\"hits_ranked.csv\"", fixed = TRUE)
  expect_match(html, "\"pages\":{\"n\":2,", fixed = TRUE)
})

test_that("a bad fit without hits is rendered, and says so", {
  none <- mash
  lfsr <- grep("^lfsr_d", names(none$table), value = TRUE)
  none$table <- data.table::copy(mash$table)[, (lfsr) := 1]
  none$table$call_anyday <- FALSE
  none$table$lfsr_min <- 1
  none$table$hit_anyday <- FALSE
  bad <- fit
  bad$manifest$convergence$converged <- FALSE
  bad$manifest$losses <- list()
  bad$cells <- NULL
  qc <- assess_qc(bad, qc_offset_max = 1e-300)
  file <- withr::local_tempfile(fileext = ".html")
  render_report(bad, none, rank_hits(none), qc, file, n_panels = 1)
  text <- paste(readLines(file, warn = FALSE), collapse = "\n")
  expect_match(text, "No gene is called.", fixed = TRUE)
  expect_match(text, "QC failed:", fixed = TRUE)
  expect_match(text, "The fit has not converged.", fixed = TRUE)
})

test_that("parts of different analyses are refused, and no file is left", {
  file <- file.path(withr::local_tempdir(), "report.html")
  refuse <- function(what, ..., class = "fatebias_error_report") {
    expect_error(render_report(..., path = file), what, class = class)
  }
  refuse("not the ranking", fit, mash, hits[-1])
  refuse("not the ranking", fit, mash, rank_hits(run_mash(fit, lfsr_thresh = 0.5, seed = 2)))
  refuse("rank_hits", fit, mash, as.data.frame(hits))
  other <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
  refuse("different", other, mash, hits)
  moved <- fit
  moved$gene$betahat_d0 <- moved$estimate$betahat_d0 <- moved$gene$betahat_d0 + 0.1
  refuse("other estimates", moved, mash, hits)
  refuse("guides", fit, run_mash(fit, "guide"), hits)
  refuse("read_fit", list(), mash, hits)
  other <- mash
  other$days <- rev(mash$days)
  refuse("different days", fit, other, hits)
  expect_error(render_report(fit, mash, hits, path = "report.pdf"), "path")
  broken <- fit
  broken$manifest$scales <- list(tau = list(mean = "none", sd = 1))
  refuse("cannot be rendered", broken, mash, hits)
  expect_identical(list.files(dirname(file), all.files = TRUE, no.. = TRUE), character())
})

test_that("names and a title with signs of their own are shown as they are", {
  odd <- fit
  odd$manifest$fates <- c("E<u>C", "M_E_S", "N*E*U")
  odd$manifest$contrast <- "M_E_S"
  file <- withr::local_tempfile(fileext = ".html")
  render_report(odd, mash, hits, path = file, n_panels = 1, title = "My \"best\" <b>screen</b> *x*: 1")
  text <- paste(readLines(file, warn = FALSE), collapse = "\n")
  shown <- gsub("\\s+", " ", text)
  has <- function(what) grepl(what, shown, fixed = TRUE)
  expect_true(has(">My \"best\" &lt;b&gt;screen&lt;/b&gt; *x*: 1</h1>"))
  expect_true(has("M_E_S against E&lt;u&gt;C"))
  expect_true(has("<td style=\"text-align: left;\">N*E*U</td>"))
  expect_false(has("<u>"))
})

test_that("names of genes with signs of their own are shown as they are", {
  odd <- c('a,"b"1', "<script>alert(1)</script>", "x|y [z] $1$", "line\nbreak")
  old <- utils::head(hits$gene, length(odd))
  rename <- function(names) replace(names, names %in% old, odd[match(names[names %in% old], old)])
  renamed <- fit
  for (name in names(Filter(function(part) "gene" %in% names(part), unclass(fit)))) {
    if (is.data.frame(fit[[name]])) {
      renamed[[name]] <- data.table::copy(fit[[name]])
      renamed[[name]]$gene <- rename(fit[[name]]$gene)
    }
  }
  found <- run_mash(renamed)
  file <- withr::local_tempfile(fileext = ".html")
  render_report(renamed, found, path = file, n_panels = 4)
  lines <- readLines(file, warn = FALSE)
  lines <- lines[!grepl("application/json", lines, fixed = TRUE)] # the table's
  text <- gsub("\\s+", " ", paste(lines, collapse = "\n"))
  has <- function(what) grepl(what, text, fixed = TRUE)
  names <- c("a,\"b\"1", "&lt;script&gt;alert(1)&lt;/script&gt;", "x|y [z] $1$", "line break")
  for (name in names) expect_true(has(sprintf("<strong>%s</strong>", name)), info = name)
  expect_false(has("<script>alert"))
})

test_that("a comparison of something else is refused", {
  expect_error(
    render_report(fit, mash, hits, path = report_file, comparison = data.frame(a = 1)),
    "compare_covariances", class = "fatebias_error_argument"
  )
})

test_that("a certificate of something else is refused", {
  refuse <- function(certificate, what) {
    expect_error(
      render_report(fit, mash, hits, path = report_file, certificate = certificate), what,
      class = "fatebias_error_report"
    )
  }
  refuse(list(), "certify_fit")
  refuse(structure(list(days = "d7"), class = "fatebias_certificate"), "different days")
})

test_that("a missing pandoc is said before work starts", {
  local_mocked_bindings(pandoc_available = function(...) FALSE, .package = "rmarkdown")
  expect_error(render_report(fit, mash, hits, path = report_file), "pandoc", class = "fatebias_error_report")
})

test_that("a fit with estimates by guide and replicate has a section on them", {
  expect_false(grepl("id=\"guides\"", html, fixed = TRUE))
  new <- fit_with_guides()
  found <- run_mash(new, settings = fate_settings())
  file <- withr::local_tempfile(fileext = ".html")
  compared <- comparison_table(data.table::data.table(spec = "days"), "days", 0L, "there are few genes")
  render_report(new, found, path = file, qc = assess_qc(new), n_panels = 1, comparison = compared)
  text <- paste(readLines(file, warn = FALSE), collapse = " ") # pandoc breaks lines where it likes
  expect_match(text, "id=\"guides\"", fixed = TRUE)
  expect_match(text, "8 hits, 6 of them robust", fixed = TRUE)
  expect_match(text, "other guides of the gene and other cultures would show", fixed = TRUE)
  expect_match(text, guide_kinds[["own"]], fixed = TRUE)
  expect_match(text, "Sets of covariances were not compared: there are few genes.", fixed = TRUE)
})

# The example's fit with the genes called so, the strongest first
with_genes <- function(odd) {
  old <- utils::head(hits$gene, length(odd))
  rename <- function(names) replace(names, names %in% old, odd[match(names[names %in% old], old)])
  renamed <- fit
  for (name in names(Filter(is.data.frame, unclass(fit)))) {
    if (!"gene" %in% names(fit[[name]])) next
    renamed[[name]] <- data.table::copy(fit[[name]])
    renamed[[name]]$gene <- rename(fit[[name]]$gene)
  }
  renamed
}

test_that("nothing that a foreign manifest or screen says is live on the page, and all sections are there", {
  skip_if_not_installed("xml2")
  payload <- paste0(
    "<img src=x onerror=alert(1)><script>window.hit = 1</script>[a](javascript:alert(1))",
    "\n\n```\n~~~\n:::\n\n# Heading\n\n<b>bold</b>\n\n<!--<script>"
  )
  hostile <- function(x) {
    if (is.character(x)) return(paste0(x, payload))
    if (is.list(x)) x[] <- lapply(x, hostile)
    x
  }
  bad <- with_genes(c(
    "<!--<script>", "</script><script>window.hit = 1</script>", "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))", "=1+1", "]]>", "\u2028x"
  ))
  engine <- bad$manifest$convergence$engine
  bad$manifest <- hostile(bad$manifest)
  bad$manifest$convergence$engine <- engine
  bad$manifest$contrast <- bad$manifest$fates[[2]]
  bad$manifest$screen$left_out <- rlang::set_names(list(1, 2), hostile(c("one", "two")))
  names(bad$manifest$versions)[[2]] <- payload
  bad$out_dir <- payload
  bad$manifest$convergence$laplace$rule <- hostile("rule")
  found <- run_mash(bad)
  file <- withr::local_tempfile(fileext = ".html")
  render_report(bad, found, path = file, n_panels = 4, title = payload)
  html <- paste(readLines(file, warn = FALSE), collapse = "\n")
  page <- xml2::read_html(html)
  n_of <- function(xpath) length(xml2::xml_find_all(page, xpath))
  expect_identical(n_of("//script[not(@type='application/json')][contains(., 'window.hit')]"), 0L)
  expect_identical(n_of("//*[@onerror]"), 0L)
  expect_identical(n_of("//a[starts-with(@href, 'javascript')]"), 0L)
  expect_identical(n_of("//b[. = 'bold']"), 0L)
  expect_identical(n_of("//h1[. = 'Heading']"), 0L)
  sections <- c("answer", "hits", "heatmap", "onset", "volcano", "qc", "fit", "methods", "reproduce")
  for (id in sections) {
    expect_identical(n_of(sprintf("//*[@id='%s']", id)), 1L, info = id)
  }
  json <- xml2::xml_text(xml2::xml_find_all(page, "//script[@type='application/json']"))
  expect_gt(sum(lengths(lapply(json, function(one) grep("u003c!--", one)))), 0)
  expect_false(any(grepl("<", json, fixed = TRUE)))
  expect_false(grepl("<!--<script>", html, fixed = TRUE))
  expect_false(grepl("<script>window", html, fixed = TRUE))
  values <- lapply(json, jsonlite::fromJSON, simplifyVector = FALSE)
  shown <- unlist(lapply(values, function(one) unlist(one$rows$gene)))
  expect_true(all(c("<!--<script>", "=1+1") %in% shown))
})

test_that("mash of another contrast is refused with the fit to give; an earlier ranking is taken", {
  other <- mash
  other$contrast <- "MES - {NEU}"
  other$table <- data.table::copy(mash$table)
  data.table::set(other$table, j = "betahat_d0", value = 9)
  expect_error(render_report(fit, other, hits), "contrast_fit(fit, \"MES - {NEU}\")", fixed = TRUE)
  earlier <- data.table::copy(hits)
  data.table::set(earlier, j = "verdict", value = NULL)
  expect_silent(validate_report_parts(fit, mash, earlier, assess_qc(fit)))
  expect_error(validate_report_parts(fit, mash, hits[-1], assess_qc(fit)), "is not the ranking")
})
