# A screen with exactly one guide in every cell, as at low multiplicity: cells with controls are the zero.

one_guide <- function(per_guide = 25, controls = TRUE, .local_envir = parent.frame()) {
  names <- c(paste0("g", rep(1:6, each = 2), "_", 1:2), "n1", "n2")
  map <- data.frame(guide_name = names, gene_name = sub("_.*", "", sub("n.", "NTC", names)))
  map$is_ntc <- as.integer(map$gene_name == "NTC")
  guide <- rep(rep(seq_along(names), each = per_guide), 2)
  day <- rep(c("d0", "d3"), each = length(names) * per_guide)
  keep <- if (controls) TRUE else map$is_ntc[guide] == 0
  withr::with_seed(1, {
    odds <- exp(stats::rnorm(length(guide), 0.8 * (guide <= 2), 0.5))
  })
  cells <- paste0("cell", seq_along(guide))[keep]
  presence <- Matrix::sparseMatrix(
    seq_along(cells), guide[keep], x = 1, dims = c(length(cells), length(names)),
    dimnames = list(cells, names)
  )
  probs <- cbind(EC = 1, MES = odds, NEU = 0.7)[keep, ]
  fate_screen(
    presence, probs / rowSums(probs), day[keep], rep(c("r1", "r2"), length.out = length(guide))[keep], map
  )
}

test_that("Python: cells without a control are refused where each has one guide", {
  said <- "every usable cell of d0, d3 carries 1 guide\\(s\\) and none of them is a control.*leave the day"
  expect_error(one_guide(controls = FALSE), said, class = "fatebias_error_screen")
})

test_that("Python: the fit, its certificate and its report do without a burden slope", {
  screen <- one_guide()
  fit <- fit_fate_bias(screen, inference = "laplace", out_dir = withr::local_tempdir(), progress = FALSE)
  odds <- tapply(0.8 * (rep(1:6, each = 2) == 1), rep(1:6, each = 2), mean) # of MES, of the genes
  expect_lt(max(abs(fit$estimate$betahat_d0 - odds)), 0.3)
  expect_false(anyNA(fit$estimate))
  terms <- terms_used(fit)
  expect_identical(terms[c("slope", "burden")], list(slope = FALSE, burden = FALSE))
  expect_no_match(c(terms_words(fit), prior_words(fit)), "slope")
  certificate <- certify_fit(fit, checks = "quick")
  expect_identical(certificate$checks$verdict[certificate$checks$check == "burden"], "cannot be checked")
  file <- render_report(fit, path = withr::local_tempfile(fileext = ".html"), certificate = certificate)
  expect_true(file.exists(file))
})

test_that("days without a control in any cell are told before anything else", {
  fit <- example_fit()
  expect_null(baseline_alert(fit))
  expect_null(baseline_alert(replace(fit, "cells", list(NULL))))
  fit$cells <- data.table::data.table(
    guide = c("a", "n"), gene = c("A", NA), is_ntc = 0:1, n_cells_d0 = 5L, n_cells_d1 = c(5L, 0L),
    n_cells_d2 = 5L, n_cells_d3 = 5L
  )
  expect_match(baseline_alert(fit)[[1]]$text, paste("control guide on", fit$days[[2]]))
  fit$cells <- fit$cells[1]
  expect_match(baseline_alert(fit)[[1]]$text, "No cell carries a control guide:\\*\\* effects are relative")
})
