# Draws growth.csv, written by growth.py. Usage: Rscript plot_growth.R growth.csv growth.png
paths <- commandArgs(trailingOnly = TRUE)
growth <- read.csv(paths[1])
png(paths[2], width = 1000, height = 450, res = 110)
par(mfrow = c(1, 2), mar = c(4.5, 4.5, 2, 1))
for (what in unique(growth$what)) {
  rows <- growth[growth$what == what, ]
  slope <- coef(lm(log(seconds) ~ log(n), rows))[[2]]
  plot(rows$n, rows$seconds, log = "xy", pch = 19, type = "b", xlab = what, ylab = "seconds (engine laplace)",
       main = sprintf("slope %.2f", slope), las = 1)
  lines(rows$n, rows$seconds[1] * rows$n / rows$n[1], lty = 2)
  legend("topleft", c("measured", "linear"), lty = c(1, 2), pch = c(19, NA), bty = "n")
}
invisible(dev.off())
