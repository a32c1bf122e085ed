# Tests of the Python side need Python: they fail where it is missing, never skip.

# A simulated screen, made once a test run
small_screen <- local({
  files <- NULL
  function() {
    if (is.null(files)) {
      folder <- withr::local_tempdir(.local_envir = testthat::teardown_env())
      files <<- simulate_screen(
        folder,
        seed = 3, cells = 3000, genes = 12, guides_per_gene = 3, ntc = 6, concentration = 20
      )
    }
    files
  }
})

# A copy of it whose file says itself what its guides target, in the order of their names
screen_with_map <- function(path) {
  files <- small_screen()
  map <- data.table::fread(files$guide_map)
  file.copy(files$screen, path)
  reticulate::py_run_string(sprintf(
    "import h5py
from anndata.io import read_elem, write_elem
import numpy as np
target = dict(zip(%s, %s))
with h5py.File(%s, 'a') as file:
    names = read_elem(file['uns/guide_names'])
    write_elem(file, 'uns/guide_targets', np.array([target[name] for name in names], dtype=object))",
    to_json(map$guide_name), to_json(ifelse(map$is_ntc == 1, "non-targeting", map$gene_name)), to_json(path)
  ))
  path
}

quick <- list(
  num_steps = 60L, batch_size = 1500L, num_posterior_draws = 50L, likelihood_weight = 21, threads = 1L
)

# A fit of it, made once a test run; few steps: its warning that it has not converged is expected
small_fit <- local({
  fit <- NULL
  function() {
    if (is.null(fit)) {
      files <- small_screen()
      out_dir <- withr::local_tempdir(.local_envir = testthat::teardown_env())
      settings <- do.call(fate_settings, c(quick, mode = "simulation"))
      fit <<- suppressWarnings(
        fit_fate_bias(
          read_screen(files$screen, files$guide_map), settings, out_dir = out_dir, progress = FALSE
        ),
        classes = c("fatebias_warning_fit", "fatebias_warning_screen")
      )
    }
    fit
  }
})

# What describe_screen() answers, for tests of what R does with it
described <- function() {
  list(
    n_cells = 3980L, n_cells_file = 4000L, left_out = list(no_guide = 15L, too_many_guides = 5L),
    days = c("d0", "d2"), day_values = c(0, 2), replicates = c("r1", "r2"), fates = c("EC", "MES", "NEU"),
    n_genes = 40L, n_guides = 116L, n_ntc = 10L, uncarried_guides = list(), dropped_genes = list(),
    cells_by_day_replicate = matrix(c(1000L, 990L, 995L, 995L), 2), guides_per_cell_mean = 4.96,
    fate_means_by_day = matrix(c(0.5, 0.4, 0.3, 0.4, 0.2, 0.2), 2)
  )
}

# A plan by given paths alone: nothing of this machine is looked at
plan <- function(env = "", stored = NULL, found = NULL, installed = NULL, exists = function(path) TRUE,
                 made = NULL, refusal = "no reason") {
  python_plan(env, stored, found, installed, exists, made, refusal)
}
