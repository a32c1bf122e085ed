# The report in a real browser (Chromium, without a window): it sorts, filters and downloads, loads nothing
# from a network, raises no error, and fits a telephone. Run by `make test-browser`.

fit <- read_fit(system.file("extdata", "example_fit", package = "fatebias"))
# names that would be live, swallow the page or run in a spreadsheet
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

# Waits until the page says so; an answer that never comes is an error of the test
wait_for <- function(code, seconds = 15) {
  end <- Sys.time() + seconds
  while (!isTRUE(ask(code))) {
    if (Sys.time() > end) stop("waited in vain for: ", code, call. = FALSE)
    Sys.sleep(0.1)
  }
}

column <- function(n) {
  rows <- "[...document.querySelectorAll('#hits-table .rt-tbody .rt-tr')]"
  cells <- as.character(unlist(ask(sprintf("%s.map(row => row.children[%d].innerText.trim())", rows, n - 1))))
  cells[nzchar(cells)]
}

set_filter <- function(n, text) {
  code <- "(() => {
    const cells = document.querySelectorAll('#hits-table .rt-thead .rt-tr-filters > *');
    const input = cells[%d].querySelector('input');
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, '%s');
    input.dispatchEvent(new Event('input', { bubbles: true }));
  })()"
  ask(sprintf(code, n - 1, text))
}

sort_by <- function(n) {
  ask(sprintf("document.querySelectorAll('#hits-table .rt-thead .rt-tr-header > *')[%d].click()", n - 1))
  Sys.sleep(0.3)
}

requests <- character()
faults <- character()
session$Network$enable()
session$Runtime$enable()
session$Network$requestWillBeSent(function(event) requests <<- c(requests, event$request$url))
session$Runtime$exceptionThrown(function(event) faults <<- c(faults, event$exceptionDetails$text))
session$Page$navigate(paste0("file://", page))
wait_for("document.querySelectorAll('#hits-table .rt-tbody .rt-tr').length > 0")

test_that("the table shows the ranked genes", {
  expect_identical(column(2), head(hits$gene, 15))
})

test_that("nothing that a name or the manifest says is live, and all sections are there", {
  Sys.sleep(0.5) # an image that does not load says so a little later
  expect_null(ask("window.hit"))
  ids <- unlist(ask("[...document.querySelectorAll('[id]')].map(node => node.id)"))
  sections <- c("answer", "hits", "heatmap", "genes", "onset", "volcano", "qc", "fit", "methods", "reproduce")
  expect_identical(setdiff(sections, ids), character())
})

test_that("a click on a heading sorts", {
  sort_by(7)
  up <- as.numeric(column(7))
  effects <- as.matrix(as.data.frame(hits)[paste0("postmean_d", 0:3)])
  best <- effects[cbind(seq_len(nrow(hits)), hits$best_day + 1)]
  expect_equal(up, head(sort(round(best, 2)), 15))
  sort_by(7)
  expect_equal(as.numeric(column(7)), head(sort(round(best, 2), decreasing = TRUE), 15))
})

test_that("a filter leaves the rows that match, also together with another", {
  set_filter(3, "hit")
  wait_for("document.querySelector('#hits-table .rt-page-info').innerText.includes('of 15 rows')")
  expect_setequal(column(2), hits$gene[hits$hit_anyday])
  set_filter(2, hits$gene[[2]])
  wait_for("document.querySelectorAll('#hits-table .rt-tbody .rt-tr-group').length == 1")
  expect_identical(column(2), hits$gene[[2]])
  set_filter(2, "")
  set_filter(3, "")
})

download <- function(click) {
  into <- tempfile("download-", folder)
  dir.create(into)
  browser$Browser$setDownloadBehavior(behavior = "allow", downloadPath = into)
  ask(click)
  end <- Sys.time() + 15
  repeat {
    files <- list.files(into, "\\.csv$", full.names = TRUE)
    if (length(files) == 1) {
      return(files)
    }
    if (Sys.time() > end) stop("no file was downloaded", call. = FALSE)
    Sys.sleep(0.2)
  }
}

test_that("the download is hits_ranked.csv byte by byte", {
  file <- download("document.querySelector('#download-hits').click()")
  expect_identical(basename(file), "hits_ranked.csv")
  written <- write_hits(hits, folder)
  expect_identical(unname(tools::md5sum(file)), unname(tools::md5sum(written)))
})

test_that("the filtered rows can be downloaded", {
  set_filter(3, "hit")
  wait_for("document.querySelector('#hits-table .rt-page-info').innerText.includes('of 15 rows')")
  shown <- readLines(download("[...document.querySelectorAll('button.button')].at(-1).click()"))
  all <- readLines(write_hits(hits, folder))
  expect_identical(shown[[1]], all[[1]]) # the same columns; no name of this screen has an end of line
  expect_setequal(shown[-1], all[-1][hits$hit_anyday])
  set_filter(3, "")
})

test_that("nothing came from a network, and no error was raised", {
  expect_false(any(grepl("^(https?|wss?):", requests)))
  expect_identical(faults, character())
})

test_that("the page fits wide and narrow windows without scrolling sideways", {
  for (width in c(1280, 768, 390)) {
    session$Emulation$setDeviceMetricsOverride(width, height = 800, deviceScaleFactor = 1, mobile = FALSE)
    Sys.sleep(0.3)
    expect_lte(ask("document.documentElement.scrollWidth"), width)
  }
})

test_that("every picture was drawn and is described", {
  expect_true(ask("[...document.images].every(image => image.naturalWidth > 0 && image.alt.length > 5)"))
  expect_gt(ask("document.images.length"), 10)
})
