# The report in a real browser (Chromium, without a window): it sorts, filters, opens the pages of genes and
# downloads, loads nothing from a network, raises no error, fits a telephone, and is quick with many genes.
# Run by `make test-browser`.

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
unknown <- utils::tail(rank_hits(mash)$gene, 1) # a gene whose replicates are not known
mash$table$replicates_agree[mash$table$gene == unknown] <- NA
hits <- rank_hits(mash)
folder <- withr::local_tempdir()
page <- file.path(folder, "report.html")
render_report(fit, mash, hits, path = page)

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

# Texts of the n-th column, genes without the sign of a page that can be opened
column <- function(n) {
  rows <- "[...document.querySelectorAll('#hits-table tbody tr:not(.page)')].filter(row => row.id)"
  texts <- as.character(unlist(ask(sprintf("%s.map(row => row.children[%d].textContent)", rows, n - 1))))
  sub("^[\u25b8\u25be] ", "", texts)
}

headings <- function() {
  code <- "[...document.querySelectorAll('#hits-table thead th')].map(head => head.textContent)"
  sub(" [\u2191\u2193]$", "", as.character(unlist(ask(code))))
}

at <- function(name) match(name, headings())

sort_by <- function(name) {
  heads <- "document.querySelectorAll('#hits-table thead th')"
  ask(sprintf("%s[%d].querySelector('button').click()", heads, at(name) - 1))
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

test_that("the table shows the ranked genes", {
  expect_identical(column(2), head(hits$gene, 15))
})

test_that("nothing that a name or the manifest says is live, and all sections are there", {
  Sys.sleep(0.5) # an image that does not load says so a little later
  expect_null(ask("window.hit"))
  ids <- unlist(ask("[...document.querySelectorAll('[id]')].map(node => node.id)"))
  sections <- c("answer", "hits", "heatmap", "onset", "volcano", "qc", "fit", "methods", "reproduce")
  expect_identical(setdiff(sections, ids), character())
})

test_that("a click on a heading sorts, a second one turns the order, a third undoes it", {
  number <- function() as.numeric(sub("\u2212", "-", sub(" .*", "", column(at("Log odds"))), fixed = TRUE))
  effects <- as.matrix(as.data.frame(hits)[paste0("postmean_d", 0:3)])
  best <- effects[cbind(seq_len(nrow(hits)), hits$best_day + 1)]
  sort_by("Log odds")
  expect_lte(max(abs(number() - head(sort(best), 15))), 0.0051)
  sort_by("Log odds")
  expect_lte(max(abs(number() - head(sort(best, decreasing = TRUE), 15))), 0.0051)
  sort_by("Log odds")
  expect_identical(column(2), head(hits$gene, 15))
})

test_that("a gene without a share stands last, whichever way its column is sorted", {
  rows <- "[...document.querySelectorAll('#hits-table select')][1]"
  show <- function(k) {
    ask(sprintf("(() => {
      const size = %s;
      size.value = %d;
      size.dispatchEvent(new Event('change'));
    })()", rows, k))
  }
  show(50)
  for (turn in 1:2) {
    sort_by("Replicates agree")
    expect_identical(utils::tail(column(2), 1), unknown)
    expect_identical(utils::tail(column(at("Replicates agree")), 1), "")
  }
  sort_by("Replicates agree")
  show(15)
})

test_that("robust only leaves the genes that hold, also together with a search", {
  verdicts <- fatebias:::gene_verdicts(hits)
  choose("robust")
  expect_setequal(column(2), hits$gene[verdicts == "robust"])
  choose("weak")
  expect_setequal(column(2), hits$gene[!verdicts %in% c("", "robust")])
  expect_true(all(grepl("^[\u25d0\u25cb] ", column(at("Verdict"))))) # told by signs, not by colours
  choose("called")
  search_for(hits$gene[[2]])
  expect_identical(column(2), hits$gene[[2]])
  search_for("")
  choose("all")
  expect_match(info(), "of 40 genes$")
})

test_that("a row opens the page of its gene, with guides and their cells", {
  sixth <- hits$gene[[6]]
  ask("document.querySelectorAll('#hits-table tbody th button')[5].click()")
  text <- ask("document.querySelector('#hits-table .gene-page').innerText")
  expect_match(text, sixth, fixed = TRUE)
  guides <- fit$guide_estimate[fit$guide_estimate$gene == sixth]
  for (guide in guides$guide) expect_match(text, guide, fixed = TRUE)
  cells <- fit$cells$n_cells_d0[match(guides$guide[[1]], fit$cells$guide)]
  expect_match(text, sprintf("%s\\s+[+\u2212]?[0-9.]+ \\(%d\\)", guides$guide[[1]], cells))
  marks <- ask("document.querySelectorAll('#hits-table svg.gene path').length")
  expect_equal(marks, 4 * (2 + 2 + nrow(guides))) # a day: estimate, posterior, two replicates, guides
  ask("document.querySelectorAll('#hits-table tbody th button')[5].click()")
  expect_null(ask("document.querySelector('#hits-table .gene-page')?.innerText"))
})

test_that("a link of the answer opens the page of its gene", {
  ask("document.querySelector('#answer a[href=\"#gene-3\"]').click()")
  wait_for("document.querySelectorAll('#hits-table .gene-page').length == 1")
  text <- ask("document.querySelector('#hits-table .gene-page').innerText")
  expect_match(text, hits$gene[[3]], fixed = TRUE)
  ask("document.querySelector('#gene-3 button').click()")
})

test_that("a link opens the page of its gene under a filter and a search, and when it is clicked again", {
  choose("weak")
  search_for("no such gene")
  expect_length(column(2), 0)
  for (turn in 1:2) {
    ask("document.querySelector('#answer a[href=\"#gene-3\"]').click()")
    wait_for("document.querySelectorAll('#hits-table .gene-page').length == 1")
    ask("document.querySelector('#gene-3 button').click()")
  }
  expect_match(info(), "of 40 genes$")
  expect_identical(ask("document.querySelector('#hits-table select').value"), "all")
  expect_identical(ask("document.querySelector('#hits-table input').value"), "")
  ask("history.replaceState(null, '', location.pathname)")
})

test_that("on paper stand all genes called and what is closed, and the screen is as before after it", {
  before <- info()
  ask("window.dispatchEvent(new Event('beforeprint'))")
  expect_identical(column(2), hits$gene[hits$call_anyday])
  expect_identical(ask("document.querySelectorAll('details:not([open])').length"), 0L)
  buttons <- ask("document.querySelectorAll('#hits-table thead button').length")
  expect_identical(buttons, 0L) # browsers do not repeat them on each page
  ask("window.dispatchEvent(new Event('afterprint'))")
  expect_identical(info(), before)
  expect_gt(ask("document.querySelectorAll('details:not([open])').length"), 0)
})

test_that("what scrolls can be reached by the keyboard", {
  code <- "[...document.querySelectorAll('main *')].filter(node =>
    ['auto', 'scroll'].includes(getComputedStyle(node).overflowX) &&
    node.scrollWidth > node.clientWidth + 1 && node.tabIndex < 0).length"
  session$Emulation$setDeviceMetricsOverride(390, height = 800, deviceScaleFactor = 1, mobile = FALSE)
  wait_for("window.innerWidth == 390")
  expect_identical(ask(code), 0L)
  session$Emulation$setDeviceMetricsOverride(1280, height = 1000, deviceScaleFactor = 1, mobile = FALSE)
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

test_that("the filtered rows can be downloaded, as they stand in hits_ranked.csv", {
  choose("called")
  file <- download("document.querySelector('#download-rows').click()")
  written <- data.table::fread(write_hits(hits, folder))
  expect_identical(data.table::fread(file), written[written$call_anyday])
  choose("all")
})

test_that("nothing came from a network, and no error was raised", {
  expect_false(any(grepl("^(https?|wss?):", requests)))
  expect_identical(faults, character())
})

test_that("the page fits wide and narrow windows without scrolling sideways", {
  for (width in c(1280, 768, 390)) {
    session$Emulation$setDeviceMetricsOverride(width, height = 800, deviceScaleFactor = 1, mobile = FALSE)
    ask("document.querySelectorAll('#hits-table tbody th button')[0].click()") # opened and closed in turn
    wait_for(sprintf("window.innerWidth == %d", width))
    expect_lte(ask("document.documentElement.scrollWidth"), width)
  }
})

test_that("every picture was drawn and is described", {
  expect_true(ask("[...document.images].every(image => image.naturalWidth > 0 && image.alt.length > 5)"))
  expect_gt(ask("document.images.length"), 5)
})

# Rules of the Web Content Accessibility Guidelines as code; FATEBIAS_AXE names axe.min.js
axe <- Sys.getenv("FATEBIAS_AXE")

test_that("the page has no serious fault of accessibility, light and dark, wide and narrow", {
  skip_if(!nzchar(axe), "FATEBIAS_AXE names no axe.min.js")
  ask(paste(readLines(axe, warn = FALSE), collapse = "\n"))
  for (scheme in c("light", "dark")) {
    session$Emulation$setEmulatedMedia(features = list(list(name = "prefers-color-scheme", value = scheme)))
    for (width in c(1280, 390)) {
      session$Emulation$setDeviceMetricsOverride(width, height = 800, deviceScaleFactor = 1, mobile = FALSE)
      wait_for(sprintf("window.innerWidth == %d", width))
      found <- ask("axe.run().then(found => JSON.stringify(found.violations
        .filter(fault => ['serious', 'critical'].includes(fault.impact))
        .map(fault => fault.id + ': ' + fault.nodes[0].html)))")
      expect_identical(found, "[]", info = paste(scheme, width))
    }
  }
})

# The same genes again and again, under other names
repeated <- function(x, n) {
  rows <- rep(seq_along(mash$table$gene), length.out = n)
  repeat_table <- function(table) {
    if (!"gene" %in% names(table) || any(table$is_ntc %in% 1)) return(table)
    own <- split(seq_len(nrow(table)), factor(table$gene, mash$table$gene))[rows]
    out <- table[unlist(own)]
    data.table::set(out, j = "gene", value = rep(sprintf("N%05d", seq_len(n)), lengths(own)))
    out
  }
  for (name in names(Filter(is.data.frame, unclass(x)))) x[[name]] <- repeat_table(x[[name]])
  x
}

test_that("18,000 genes open and sort, in a file of 5 MB", {
  many <- list(fit = repeated(fit, 18000), mash = repeated(mash, 18000))
  file <- file.path(folder, "many.html")
  render_report(many$fit, many$mash, path = file)
  expect_lt(file.size(file), 5e6)
  session$Page$navigate(paste0("file://", file))
  wait_for("document.querySelector('#hits-table .info')?.textContent.includes('18,000')")
  genes <- function() column(2)[1:3]
  sort_by("Gene")
  expect_identical(genes(), sprintf("N%05d", 1:3))
  sort_by("Gene")
  expect_identical(genes(), sprintf("N%05d", 18000:17998))
})
