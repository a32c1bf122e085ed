# plan_screen() against simulation: SE by day, and power at lfsr < .05, by size of the effect; and against a pilot.
#
#   Rscript plan.R FIRST_SEED N [size ..]

library(fatebias)

arguments <- as.integer(commandArgs(TRUE)[1:2])
effect_bins <- c(0.3, 0.5, 0.7, 1)
sizes <- list(
  weak = list(plan = list(n_cells = 6000, weight = 7)),
  "weak, 12,000 cells" = list(cells = 12000, plan = list(n_cells = 12000, weight = 7)),
  "weak, one-hot, 12,000 cells" = list(
    cells = 12000, labels = "onehot", plan = list(n_cells = 12000, weight = 1)
  ),
  strong = list(preset = "strong", plan = list(n_cells = 25000, weight = 51, moi = 4))
)

one <- function(name, seed) {
  size <- sizes[[name]]
  simulation <- c(list(out_dir = tempfile(), seed = seed), size[setdiff(names(size), "plan")])
  files <- do.call(simulate_screen, simulation)
  screen <- read_screen(files$screen, files$guide_map)
  fit <- fit_fate_bias(screen, inference = "laplace", threads = 1L, out_dir = tempfile(), progress = FALSE)
  given <- c(size$plan, list(
    n_genes = 100, guides_per_gene = 5.9, effects = c(0.4, 0.6, 0.85), active = 0.1, effect_sd = 0.68,
    days = rowSums(screen$summary$cells_by_day_replicate), fate_means = screen$summary$fate_means_by_day
  ))
  planned <- do.call(plan_screen, given)
  se <- vapply(paste0("se_d", 0:3), function(d) stats::median(fit$likelihood[[d]], na.rm = TRUE), numeric(1))
  mash <- run_mash(fit)
  truth <- data.table::fread(files$truth)
  truth <- as.matrix(truth[match(mash$table$gene, truth$gene), -1])
  called <- as.matrix(as.data.frame(mash$table)[paste0("lfsr_d", 0:3)]) < 0.05
  bin <- cut(abs(truth), effect_bins)
  power <- tapply(called, bin, mean)
  # the power planned at the very effects of the screen
  expected <- matrix(NA_real_, nrow(truth), 4)
  for (d in 1:4) {
    expected[, d] <- fatebias:::power_at(truth[, d], planned$se$se[[d]], planned$call_at[[d]])
  }
  data.frame(
    size = name, se_ratio = mean(planned$se$se / se), se_worst = max(abs(planned$se$se / se - 1)),
    t(c(measured = power, planned = tapply(expected, bin, mean))), check.names = FALSE
  )
}

chosen <- intersect(names(sizes), commandArgs(TRUE)[-(1:2)])
rows <- do.call(rbind, lapply(if (length(chosen) > 0) chosen else names(sizes), function(name) {
  do.call(rbind, lapply(arguments[[1]] + seq_len(arguments[[2]]), one, name = name))
}))
means <- stats::aggregate(rows[-1], rows["size"], mean)
print(means, digits = 3)

# a pilot of 6,000 cells, for a screen of 12,000
pilots <- vapply(arguments[[1]] + seq_len(arguments[[2]]), function(seed) {
  fitted <- lapply(c(6000, 12000), function(cells) {
    files <- simulate_screen(tempfile(), seed = seed, cells = cells)
    screen <- read_screen(files$screen, files$guide_map)
    fit_fate_bias(screen, inference = "laplace", threads = 1L, out_dir = tempfile(), progress = FALSE)
  })
  planned <- plan_screen(fitted[[1]], n_cells = 12000)$se$se
  found <- vapply(paste0("se_d", 0:3), function(d) stats::median(fitted[[2]]$likelihood[[d]], na.rm = TRUE), 1)
  mean(planned) / mean(found)
}, numeric(1))
cat(sprintf("pilot of 6,000 cells: planned SE / SE at 12,000 cells: %s\n", paste(round(pilots, 3), collapse = " ")))
