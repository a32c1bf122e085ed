# Makes inst/extdata/example_fit, the small real fit that examples, articles and tests read. Run at the top,
# with the package installed and Python at hand: Rscript tools/make_example_fit.R
# The same seeds give the same numbers, but for rounding of another machine.
library(fatebias)

screen_arguments <- list(preset = "weak", seed = 1, cells = 6000, genes = 40, concentration = 20)
num_draws <- 400 # enough to show; the whole folder stays below 1.5 MB

# The manifest keeps paths as they were given: relative ones say nothing about this machine.
target <- file.path(getwd(), "inst", "extdata", "example_fit")
folder <- tempfile()
invisible(do.call(simulate_screen, c(folder, screen_arguments)))
back <- setwd(folder)
screen <- read_screen("screen.h5ad", "guide_map.csv")
fit <- fit_fate_bias(
  screen,
  mode = "simulation", save_draws = "contrast", num_posterior_draws = num_draws, out_dir = "example_fit"
)
assert_qc(fit)
print(fit)
print(run_mash(fit))

unlink(target, recursive = TRUE)
invisible(file.copy("example_fit", dirname(target), recursive = TRUE))
setwd(back)
size <- sum(file.size(list.files(target, full.names = TRUE, all.files = TRUE, no.. = TRUE)))
message(sprintf("%s: %.2f MB", target, size / 1e6))
