# plan_screen() against simulation: SE by day, and power at lfsr < .05 by size of the effect with the standard
# error of what was found (over screens); and against pilots.
#
#   Rscript plan.R FIRST_SEED N [size ..]

library(fatebias)

arguments <- as.integer(commandArgs(TRUE)[1:2])
seeds <- arguments[[1]] + seq_len(arguments[[2]])
effect_bins <- c(0.1, 0.2, 0.3, 0.5, 0.7, 1, 3)
uniform <- list(active_effects = seq(0.3, 1, 0.05)) # what the simulator's sparse effects are
normal <- list(effect_sd = 0.5)
sizes <- list(
  weak = list(plan = c(n_cells = 6000, weight = 7, uniform)),
  "weak, 12,000 cells" = list(cells = 12000, plan = c(n_cells = 12000, weight = 7, uniform)),
  "weak, one-hot, 12,000 cells" = list(
    cells = 12000, labels = "onehot", plan = c(n_cells = 12000, weight = 1, uniform)
  ),
  strong = list(preset = "strong", plan = c(n_cells = 25000, weight = 51, moi = 4, uniform)),
  "weak, normal effects" = list(effects = "sparse_normal", plan = c(n_cells = 6000, weight = 7, normal)),
  "weak, normal effects, 12,000 cells" = list(
    cells = 12000, effects = "sparse_normal", plan = c(n_cells = 12000, weight = 7, normal)
  )
)

simulated_fit <- function(seed, ...) {
  files <- simulate_screen(tempfile(), seed = seed, ...)
  screen <- read_screen(files$screen, files$guide_map)
  fit <- fit_fate_bias(screen, inference = "laplace", threads = 1L, out_dir = tempfile(), progress = FALSE)
  list(files = files, screen = screen, fit = fit)
}

by_day <- function(table, column) as.matrix(as.data.frame(table)[paste0(column, "_d", 0:3)])

median_se <- function(fit) apply(by_day(fit$estimate, "se"), 2, stats::median, na.rm = TRUE)

# One screen: SEs by day, and each true effect with its call and the power planned at its very size
one <- function(name, seed) {
  size <- sizes[[name]]
  made <- do.call(simulated_fit, c(list(seed), size[setdiff(names(size), "plan")]))
  summary <- made$screen$summary
  planned <- do.call(plan_screen, c(size$plan, list(
    n_genes = 100, guides_per_gene = 5.9, effects = 0.5,
    days = rowSums(summary$cells_by_day_replicate), fate_means = summary$fate_means_by_day
  )))
  mash <- run_mash(made$fit)
  truth <- data.table::fread(made$files$truth)
  truth <- as.matrix(truth[match(mash$table$gene, truth$gene), -1])
  effects <- data.frame(
    seed = seed, day = as.vector(col(truth)), effect = as.vector(truth),
    found = as.vector(by_day(mash$table, "lfsr") < 0.05)
  )
  effects$planned <- fatebias:::power_by_day(effects, planned$genes, planned$begins)
  list(se = planned$se$se / median_se(made$fit), effects = effects[effects$effect != 0, ])
}

# Of each bin: screens differ as wholes, so the standard error of what was found is that over screens
by_bin <- function(effects) {
  effects$bin <- cut(abs(effects$effect), effect_bins)
  do.call(rbind, lapply(split(effects, effects$bin, drop = TRUE), function(bin) {
    surplus <- tapply(bin$found - mean(bin$found), bin$seed, sum)
    data.frame(
      effect = bin$bin[[1]], n = nrow(bin), planned = mean(bin$planned), found = mean(bin$found),
      se_found = sqrt(sum(surplus^2)) / nrow(bin)
    )
  }))
}

chosen <- intersect(c(names(sizes), "pilot"), commandArgs(TRUE)[-(1:2)])
if (length(chosen) == 0) chosen <- c(names(sizes), "pilot")

for (name in setdiff(chosen, "pilot")) {
  screens <- lapply(seeds, one, name = name)
  se <- do.call(rbind, lapply(screens, `[[`, "se"))
  days <- sprintf("%.3f", colMeans(se))
  cat(sprintf(
    "\n%s, %d screens: planned SE / median SE %.3f (by day %s; one screen and day: SD %.3f)\n",
    name, length(seeds), mean(se), paste(days, collapse = " "), stats::sd(se)
  ))
  print(by_bin(do.call(rbind, lapply(screens, `[[`, "effects"))), digits = 2, row.names = FALSE)
}

# a pilot of 6,000 cells, for a screen of 12,000
if ("pilot" %in% chosen) {
  pilots <- vapply(seeds, function(seed) {
    fits <- lapply(c(6000, 12000), function(cells) simulated_fit(seed, cells = cells)$fit)
    mean(plan_screen(fits[[1]], n_cells = 12000, effects = 0.5)$se$se) / mean(median_se(fits[[2]]))
  }, numeric(1))
  cat("pilot of 6,000 cells: planned SE / SE at 12,000 cells:", sprintf("%.2f", pilots), "\n")
}
