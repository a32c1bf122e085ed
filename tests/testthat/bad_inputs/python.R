# Doors of what starts and installs Python, of plans, certificates and simulations.

pythons <- c(
  `a Python that is missing` = "/none/python", `a Python that is a folder` = "/usr",
  `a Python that cannot be run` = "/etc/passwd", `a program that is not Python` = "/bin/true",
  `a device as Python` = "/dev/null"
)

#' In a process whose Python this is: what starts Python must be refused in words, and sitrep tell of it
start_python <- function(python) {
  Sys.setenv(RETICULATE_PYTHON = python)
  found <- fatebias_sitrep()
  stopifnot(inherits(found, "fatebias_sitrep"), length(found$problems) > 0)
  cell <- matrix(1, 1, 1, dimnames = list("x", "y"))
  match_cells(a = cell, b = cell)
}

#' What came of each, in one process for all: none of them starts
came_of_pythons <- function() {
  variables <- c(callr::rcmd_safe_env(), R_LIBS = paste(.libPaths(), collapse = ":"))
  ask <- function(pythons, start) {
    environment(start) <- asNamespace("fatebias")
    lapply(pythons, function(python) tryCatch(start(python), error = identity))
  }
  callr::r(ask, list(pythons, start_python), env = variables, timeout = 120)
}
delayedAssign("came", came_of_pythons())

python_case <- function(id) {
  code <- rlang::expr({
    said <- (!!function() came)()[[!!id]]
    if (inherits(said, "error")) stop(said) else said
  })
  one_case("fatebias_sitrep", id, code, "Python")
}

c(
  lapply(names(pythons), python_case),
  refused(
    "install_fatebias_python", "`path`",
    "NULL" = install_fatebias_python(NULL, "/none", ask = FALSE),
    "NA" = install_fatebias_python(NA_character_, "/none", ask = FALSE),
    "a number" = install_fatebias_python(1, "/none", ask = FALSE),
    "two" = install_fatebias_python(c("out/a", "out/b"), "/none", ask = FALSE),
    "empty" = install_fatebias_python("", "/none", ask = FALSE)
  ),
  refused(
    "install_fatebias_python", "ython",
    "a Python that is missing" = install_fatebias_python("out/v", python = "/none/python", ask = FALSE),
    "a Python that is a folder" = install_fatebias_python("out/v", python = "/usr", ask = FALSE),
    "a program that is not Python" = install_fatebias_python("out/v", python = "/bin/true", ask = FALSE),
    "Python NA" = install_fatebias_python("out/v", python = NA, ask = FALSE),
    "two Pythons" = install_fatebias_python("out/v", python = c("a", "b"), ask = FALSE)
  ),
  refused(
    "install_fatebias_python", "`pip_options`|`overwrite`|`ask`|`quiet`",
    "options a number" = install_fatebias_python("out/v", "/none", pip_options = 1, ask = FALSE),
    "options NA" = install_fatebias_python("out/v", "/none", pip_options = NA, ask = FALSE),
    "overwrite NA" = install_fatebias_python("out/v", "/none", overwrite = NA, ask = FALSE),
    "ask text" = install_fatebias_python("out/v", "/none", ask = "no"),
    "quiet NULL" = install_fatebias_python("out/v", "/none", quiet = NULL, ask = FALSE)
  ),
  refused(
    "install_fatebias_python", "folder|there",
    "a folder of something else" = {
      dir.create("mine")
      write("x", "mine/file")
      tryCatch(install_fatebias_python("mine", "/none", ask = FALSE), error = function(error) {
        if (!file.exists("mine/file")) stop("a file was removed")
        stop(error)
      })
    },
    "a file" = install_fatebias_python(write("x", "file"), "/none", ask = FALSE),
    "below a file" = install_fatebias_python(file.path(write("x", "file"), "v"), "/none", ask = FALSE)
  ),
  refused(
    "plan_screen", "`fit`",
    "fit a number" = plan_screen(1),
    "fit a result" = plan_screen(result),
    "fit a path" = plan_screen("fit")
  ),
  refused(
    "plan_screen", "n_cells",
    "cells NA" = plan_screen(n_cells = NA),
    "cells 0" = plan_screen(n_cells = 0),
    "cells a text" = plan_screen(n_cells = "many"),
    "cells infinite" = plan_screen(n_cells = Inf),
    "two numbers of cells" = plan_screen(n_cells = 1:2)
  ),
  refused(
    "plan_screen", "days|screen",
    "one day" = plan_screen(days = 1),
    "days a text" = plan_screen(days = "a"),
    "days NA" = plan_screen(days = NA),
    "days negative" = plan_screen(days = -2),
    "days of zero" = plan_screen(days = c(0, 0)),
    "days a fraction" = plan_screen(days = 2.5),
    "a billion days" = plan_screen(days = 1e9),
    "days of NA" = plan_screen(days = c(1, NA)),
    "days a list" = plan_screen(days = list(1, 2)),
    "days below zero" = plan_screen(days = c(3, -1))
  ),
  refused(
    "plan_screen", "fate_means|fates|screen",
    "means of texts" = plan_screen(fate_means = c("a", "b")),
    "means of zero" = plan_screen(fate_means = c(0, 1)),
    "means NA" = plan_screen(fate_means = c(NA, 1)),
    "one mean" = plan_screen(fate_means = 1),
    "means infinite" = plan_screen(fate_means = c(1, Inf)),
    "means of other days" = plan_screen(fate_means = matrix(0.5, 7, 2)),
    "means a list" = plan_screen(fate_means = list(1, 1))
  ),
  refused(
    "plan_screen", "contrast|screen",
    "a contrast beyond the fates" = plan_screen(contrast = 5),
    "contrast a fate" = plan_screen(contrast = "MES"),
    "contrast a fraction" = plan_screen(contrast = 1.5)
  ),
  refused(
    "plan_screen", "n_genes|moi|replicates|weight|guides_per_gene|ntc_share|_sd|sigma",
    "genes fewer than guides a cell" = plan_screen(n_genes = 2),
    "moi NA" = plan_screen(moi = NA),
    "moi beyond reason" = plan_screen(moi = 1e8, n_genes = 1e9),
    "replicates text" = plan_screen(replicates = "r1"),
    "weight 0" = plan_screen(weight = 0),
    "share of controls 1" = plan_screen(ntc_share = 1),
    "SD negative" = plan_screen(guide_sd = -1),
    "SD NA" = plan_screen(replicate_sd = NA)
  ),
  refused(
    "plan_screen", "`effects`|`lfsr`|`target`|`active`|effect|`abundance`",
    "effects NA" = plan_screen(effects = NA_real_),
    "no effects" = plan_screen(effects = numeric()),
    "lfsr 1" = plan_screen(lfsr = 1),
    "target 1" = plan_screen(target = 1),
    "active 0" = plan_screen(active = 0),
    "effect SD 0" = plan_screen(effect_sd = 0),
    "abundance 0" = plan_screen(abundance = 0),
    "abundance NA" = plan_screen(abundance = NA)
  ),
  accepted(
    "plan_screen",
    "genes that are all alike" =
      nrow(plan_screen(abundance = Inf, n_genes = 1000, days = 2, effects = 0.5)$needed) > 0,
    "fewer days than the pilot" = nrow(plan_screen(fit, n_genes = 500, days = 3, effects = 0.5)$needed) > 0,
    "more days than the pilot" = nrow(plan_screen(fit, n_genes = 500, days = 5, effects = 0.5)$needed) > 0
  ),
  refused(
    "plan_screen", "[Aa]rgument",
    "another argument" = plan_screen(cells = 5),
    "an argument without name" = plan_screen(NULL, 5)
  ),
  refused(
    "certify_fit", "`fit`",
    "NULL" = certify_fit(NULL),
    "a result" = certify_fit(result)
  ),
  refused(
    "certify_fit", "`checks`",
    "another check" = certify_fit(whole, "none"),
    "checks NA" = certify_fit(whole, NA),
    "no checks" = certify_fit(whole, character()),
    "checks a number" = certify_fit(whole, 1),
    "checks NULL" = certify_fit(whole, NULL)
  ),
  refused(
    "certify_fit", "`n_permutations`|`n_splits`|`n_bootstraps`|`n_seeds`|`cores`|`progress`",
    "no permutations" = certify_fit(whole, n_permutations = 0),
    "splits NA" = certify_fit(whole, n_splits = NA),
    "one bootstrap" = certify_fit(whole, n_bootstraps = 1),
    "seeds text" = certify_fit(whole, n_seeds = "a"),
    "cores 0" = certify_fit(whole, cores = 0),
    "progress NA" = certify_fit(whole, progress = NA)
  ),
  refused(
    "certify_fit", "screen",
    "a screen that is not there" = certify_fit(whole),
    "a screen a path" = certify_fit(whole, screen = "a.h5ad"),
    "another screen" = certify_fit(whole, screen = as_screen())
  ),
  refused(
    "certify_fit", "setting|argument",
    "settings a list" = certify_fit(whole, settings = list()),
    "another argument" = certify_fit(whole, n = 5)
  ),
  refused(
    "run_calibration", "`fit`",
    "NULL" = run_calibration(NULL),
    "a path" = run_calibration("fit")
  ),
  refused(
    "run_calibration", "`checks`|`cores`|`n_splits`",
    "another check" = run_calibration(whole, "none"),
    "cores NA" = run_calibration(whole, cores = NA),
    "splits -1" = run_calibration(whole, n_splits = -1)
  ),
  refused(
    "run_calibration", "screen",
    "a screen that is not there" = run_calibration(fit, "sandwich")
  ),
  refused(
    "randomisation_test", "`fit`",
    "NULL" = randomisation_test(NULL),
    "a result" = randomisation_test(result)
  ),
  refused(
    "randomisation_test", "`genes`|gene",
    "genes NA" = randomisation_test(whole, NA_character_),
    "genes a number" = randomisation_test(whole, 1),
    "a gene twice" = randomisation_test(whole, c("GENE00001", "GENE00001"))
  ),
  refused(
    "randomisation_test", "`n_resamples`",
    "resamples 1" = randomisation_test(whole, "GENE00001", n_resamples = 1),
    "resamples NA" = randomisation_test(whole, "GENE00001", n_resamples = NA)
  ),
  refused(
    "block_jackknife", "`fit`",
    "NULL" = block_jackknife(NULL),
    "a result" = block_jackknife(result, groups = 1)
  ),
  refused(
    "block_jackknife", "coordinates|groups",
    "neither" = block_jackknife(whole),
    "both" = block_jackknife(whole, diag(3), 1:3),
    "coordinates of texts" = block_jackknife(whole, matrix("a", 30, 2)),
    "coordinates NA" = block_jackknife(whole, matrix(NA_real_, 30, 2)),
    "coordinates infinite" = block_jackknife(whole, matrix(Inf, 30, 2)),
    "groups NA" = block_jackknife(whole, groups = NA),
    "groups a list" = block_jackknife(whole, groups = list(1, 2)),
    "groups a matrix" = block_jackknife(whole, groups = mean),
    "coordinates of few cells" = block_jackknife(whole, matrix(1:10, 5, 2)),
    "coordinates all the same" = block_jackknife(whole, matrix(1, 100, 2))
  ),
  refused(
    "block_jackknife", "`n_blocks`|`seed`",
    "blocks 2" = block_jackknife(whole, matrix(1:60, 30, 2), n_blocks = 2),
    "blocks NA" = block_jackknife(whole, matrix(1:60, 30, 2), n_blocks = NA),
    "seed NA" = block_jackknife(whole, matrix(1:60, 30, 2), n_blocks = 10, seed = NA),
    "seed text" = block_jackknife(whole, matrix(1:60, 30, 2), n_blocks = 10, seed = "a")
  ),
  refused(
    "check_contrasts", "`screen`",
    "NULL" = check_contrasts("NEU", NULL),
    "a fit" = check_contrasts("NEU", fit)
  ),
  refused(
    "check_contrasts", "`contrasts`",
    "NA" = check_contrasts(NA_character_, as_screen()),
    "a number" = check_contrasts(1, as_screen()),
    "empty" = check_contrasts("", as_screen())
  ),
  refused(
    "check_contrasts", "contrast",
    "a fate that is not there" = check_contrasts("none", as_screen()),
    "minus nothing" = check_contrasts("NEU - ", as_screen()),
    "a fate against itself" = check_contrasts("NEU - NEU", as_screen()),
    "a mean of one" = check_contrasts("(NEU / 2", as_screen()),
    "a million letters" = check_contrasts(strrep("a", 1e6), as_screen())
  ),
  accepted(
    "check_contrasts",
    "no contrasts" = check_contrasts(NULL, as_screen()),
    "the rest" = check_contrasts("NEU - rest", as_screen())
  ),
  refused(
    "simulate_screen", "`out_dir`|out_dir|folder",
    "NULL" = simulate_screen(NULL),
    "NA" = simulate_screen(NA_character_),
    "a number" = simulate_screen(1),
    "empty" = simulate_screen(""),
    "two" = simulate_screen(c("out", "b")),
    "a file" = simulate_screen(write("x", "file"), cells = 100),
    "below a file" = simulate_screen(file.path(write("x", "file"), "a"), cells = 100)
  ),
  refused(
    "simulate_screen", "preset",
    "another preset" = simulate_screen("out", "none"),
    "preset NA" = simulate_screen("out", NA),
    "preset a number" = simulate_screen("out", 1),
    "two presets" = simulate_screen("out", c("weak", "genome"))
  ),
  refused(
    "simulate_screen", "`seed`",
    "seed NA" = simulate_screen("out", seed = NA),
    "seed text" = simulate_screen("out", seed = "a"),
    "seed negative" = simulate_screen("out", seed = -1),
    "seed a fraction" = simulate_screen("out", seed = 1.5)
  ),
  refused(
    "simulate_screen", "cells|genes|none|argument",
    "no cells" = simulate_screen("out", cells = 0),
    "cells text" = simulate_screen("out", cells = "many"),
    "cells NA" = simulate_screen("out", cells = NA),
    "cells infinite" = simulate_screen("out", cells = Inf),
    "genes a list" = simulate_screen("out", genes = list(1, 2)),
    "another size" = simulate_screen("out", none = 1),
    "cells a function" = simulate_screen("out", cells = mean)
  )
)
