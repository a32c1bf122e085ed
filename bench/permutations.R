# The permutation null: in how many of N permutations of one screen does mash call anything?
#
#   Rscript permutations.R SEED N [preset]
#
# Screens with sparse and with no effects; guides shuffled within day, replicate and burden, the whole fit made again.

library(fatebias)

arguments <- commandArgs(TRUE)
seed <- as.integer(arguments[[1]])
n <- as.integer(arguments[[2]])
preset <- if (length(arguments) > 2) arguments[[3]] else "weak"

for (effects in c("sparse", "none")) {
  files <- simulate_screen(tempfile(), preset = preset, seed = seed, effects = effects)
  screen <- read_screen(files$screen, files$guide_map)
  fit <- fit_fate_bias(screen, inference = "laplace", threads = 1L, out_dir = tempfile(), progress = FALSE)
  certificate <- certify_fit(fit, "permutation", n_permutations = n, progress = FALSE)
  cat(sprintf(
    "%s, %s effects: %d of %d permutations with a call, %d calls in all\n", preset, effects, sum(certificate$calls > 0),
    n, sum(certificate$calls)
  ))
  print(certificate$rejection)
}
