# Extracted from test-report.R:136

# setup ------------------------------------------------------------------------
library(testthat)
test_env <- simulate_test_env(package = "fatebias", path = "..")
attach(test_env, warn.conflicts = FALSE)

# prequel ----------------------------------------------------------------------
fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
odd <- c(
  "<!--<script>", "<img src=x onerror=\"window.hit=1\">", "=1+1", "</script><script>window.hit=1</script>"
)
old <- utils::head(rank_hits(run_mash(fit))$gene, length(odd))
for (name in names(Filter(is.data.frame, unclass(fit)))) {
  at <- match(fit[[name]]$gene, old)
  if ("gene" %in% names(fit[[name]])) fit[[name]]$gene <- ifelse(is.na(at), fit[[name]]$gene, odd[at])
}
live <- "<script>window.hit=1</script><img src=x onerror=\"window.hit=1\">"
for (key in c("fatebias_version", "created", "device")) fit$manifest[[key]] <- live
fit$manifest$screen$path <- paste0("/a/", live)
fit$manifest$convergence$laplace$rule <- fit$manifest$convergence$svi$rule <- live
mash <- run_mash(fit)
hits <- rank_hits(mash)
folder <- withr::local_tempdir()
page <- file.path(folder, "report.html")
render_report(fit, mash, hits, path = page, n_panels = 4)
browser <- chromote::Chromote$new(browser = chromote::Chrome$new(
  args = c("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
))
withr::defer(browser$close())
session <- browser$new_session(width = 1280, height = 1000)
ask <- function(code) session$Runtime$evaluate(code, returnByValue = TRUE, awaitPromise = TRUE)$result$value
wait_for <- function(code, seconds = 15) {
  end <- Sys.time() + seconds
  while (!isTRUE(ask(code))) {
    if (Sys.time() > end) stop("waited in vain for: ", code, call. = FALSE)
    Sys.sleep(0.1)
  }
}
column <- function(n) {
  rows <- "[...document.querySelectorAll('#hits-table tbody tr:not(.page)')].filter(row => row.id)"
  code <- sprintf("%s.map(row => row.children[%d].textContent.replace(/^[\\u25b8\\u25be] /, ''))", rows, n - 1)
  as.character(unlist(ask(code)))
}
headings <- function() {
  code <- "[...document.querySelectorAll('#hits-table thead th')].map(head => head.textContent)"
  sub(" [\u2191\u2193]$", "", as.character(unlist(ask(code))))
}
at <- function(name) match(name, headings())
sort_by <- function(name) {
  ask(sprintf("document.querySelectorAll('#hits-table thead th')[%d].querySelector('button').click()", at(name) - 1))
}
search_for <- function(text) {
  ask(sprintf("(() => {
    const input = document.querySelector('#hits-table input');
    input.value = %s;
    input.dispatchEvent(new Event('input'));
  })()", jsonlite::toJSON(text, auto_unbox = TRUE)))
}
choose <- function(value) {
  ask(sprintf("(() => {
    const choice = document.querySelector('#hits-table select');
    choice.value = '%s';
    choice.dispatchEvent(new Event('change'));
  })()", value))
}
info <- function() ask("document.querySelector('#hits-table .info').textContent")
requests <- character()
faults <- character()
session$Network$enable()
session$Runtime$enable()
session$Network$requestWillBeSent(function(event) requests <<- c(requests, event$request$url))
session$Runtime$exceptionThrown(function(event) faults <<- c(faults, event$exceptionDetails$text))
session$Page$navigate(paste0("file://", page))
wait_for("document.querySelectorAll('#hits-table tbody tr').length > 0")

# test -------------------------------------------------------------------------
gene <- hits$gene[[6]]
ask("document.querySelectorAll('#hits-table tbody th button')[5].click()")
text <- ask("document.querySelector('#hits-table .gene-page').innerText")
expect_match(text, gene, fixed = TRUE)
guides <- fit$guide_estimate[fit$guide_estimate$gene == gene]
for (guide in guides$guide) expect_match(text, guide, fixed = TRUE)
cells <- fit$cells$n_cells_d0[match(guides$guide[[1]], fit$cells$guide)]
expect_match(text, sprintf("%s\\s+[+\u2212]?[0-9.]+ \\(%d\\)", guides$guide[[1]], cells))
marks <- ask("document.querySelectorAll('#hits-table svg.gene path').length")
expect_equal(marks, 4 * (2 + 2 + nrow(guides)))
