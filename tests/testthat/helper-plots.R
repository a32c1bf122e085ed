# A mash_result whose every number is known: 4 genes, 3 days, one estimate missing.
#   A raises on d0 (call) and lowers on d10 (call); B lowers on d2 and d10 (calls), lfsr 0 on d2;
#   C: small effects, no calls; D: no estimate on d2, where lfsr is small all the same
hand_result <- function() {
  numbers <- function(name, ...) {
    values <- matrix(c(...), 4, byrow = TRUE, dimnames = list(NULL, paste0(name, "_d", 0:2)))
    data.table::as.data.table(values)
  }
  lfsr <- numbers("lfsr", .001, .5, .02, .9, 0, .01, .3, .4, .5, .2, .04, .06)
  table <- data.table::data.table(
    gene = c("A", "B", "C", "D"),
    numbers("betahat", 1, .1, -.6, 0, -2, -1, .1, 0, -.1, .2, NA, .3),
    numbers("se", .2, .2, .2, .1, .1, .1, .3, .3, .3, .1, NA, .1),
    numbers("postmean", .8, .05, -.5, 0, -1.9, -.9, .05, 0, -.02, .1, .2, .25),
    numbers("postsd", .1, .1, .1, .05, .05, .05, .1, .1, .1, .1, .4, .1),
    lfsr,
    lfsr_min = c(.001, 0, .3, .04), best_day = c(0L, 1L, 0L, 1L), hit_anyday = c(TRUE, TRUE, FALSE, TRUE),
    numbers("p_active", 1, .2, .9, .05, 1, .95, .1, .1, .1, .3, .9, .8),
    p_any = c(1, 1, .2, .9), active_set = c("d0+d2", "d1+d2", "none", "d1+d2"),
    p_active_set = c(.8, .9, .8, .6), onset_day = c(0L, 1L, 0L, 1L), p_onset = c(1, .95, .1, .6),
    p_persist = c(.1, .9, .05, .7), p_switch = c(.9, 0, .01, .02),
    numbers("plarge", rep(0, 12)), svalue = lfsr$lfsr_d0
  )
  structure(
    list(
      table = table, days = c("d0", "d2", "d10"), times = c(d0 = 0, d2 = 2, d10 = 10), level = "gene",
      lfsr_thresh = 0.05, discovery_method = "mashr", origin = "hand", covariances = NULL
    ),
    class = "mash_result"
  )
}

# The same genes, with names and days as long as they come, repeated to n rows
wide_result <- function(n = 30L, days = paste("differentiation day", c(0, 1, 2, 4, 6, 8, 10, 12))) {
  x <- hand_result()
  table <- x$table[rep(1:4, length.out = n)]
  table$gene <- sprintf("chr%02d:1234567-2345678_enhancer_of_GATA6", seq_len(n))
  for (name in c("betahat", "se", "postmean", "postsd", "lfsr", "p_active", "plarge")) {
    for (d in seq_along(days) - 1L) {
      data.table::set(table, j = paste0(name, "_d", d), value = table[[paste0(name, "_d", d %% 3)]])
    }
  }
  x$table <- table
  x$days <- days
  x$times <- rlang::set_names(seq_along(days) - 1, days)
  x
}

no_hits <- function(x = hand_result()) {
  for (column in paste0("lfsr_d", 0:2)) data.table::set(x$table, j = column, value = 0.5)
  x$table$lfsr_min <- 0.5
  x$table$hit_anyday <- FALSE
  x
}

# Draws a plot to nowhere: warnings (rows removed, labels lost) and errors fail the test
expect_drawn <- function(plot) {
  expect_s3_class(plot, "ggplot")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_no_warning(ggplot2::ggplotGrob(plot))
}

# The caption of a plot in one line
unwrapped <- function(plot) gsub("\n", " ", plot$labels$caption, fixed = TRUE)

# Pictures are compared on developers' machines only, as snapshots of prints are
expect_picture <- function(title, plot) {
  skip_on_cran()
  skip_if_not_installed("vdiffr")
  vdiffr::expect_doppelganger(title, plot)
}
