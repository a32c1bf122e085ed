# Doors of what makes a fit, and of what is made of one.

c(
  refused(
    "posterior_draws", "`fit`",
    "NULL" = posterior_draws(NULL),
    "a result" = posterior_draws(result)
  ),
  refused(
    "posterior_draws", "`variables`",
    "another variable" = posterior_draws(whole, "gamma"),
    "none" = posterior_draws(whole, character()),
    "NA" = posterior_draws(whole, NA),
    "a number" = posterior_draws(whole, 1)
  ),
  refused(
    "posterior_draws", "draws",
    "a fit without them" = posterior_draws(fit),
    "a part that is not there" = posterior_draws(
      structure(
        utils::modifyList(unclass(whole), list(out_dir = "gone", files = NULL)), class = "fatebias_fit"
      )
    )
  ),
  refused(
    "posterior_draws", "npz",
    "a file cut" = posterior_draws(
      damaged_whole(function() cut_file("posterior_draws.npz", 5000), signed = TRUE)
    ),
    "a file of texts" = posterior_draws(
      damaged_whole(function() writeLines("x", "posterior_draws.npz"), signed = TRUE)
    ),
    "an archive of something else" = posterior_draws(
      damaged_whole(
        function() file.copy("fate_baseline.npz", "posterior_draws.npz", overwrite = TRUE), signed = TRUE
      )
    ),
    "bytes turned" = posterior_draws(
      damaged_whole(function() turn_bytes("posterior_draws.npz"), signed = TRUE)
    ),
    "arrays that are broken" = posterior_draws(
      damaged_whole(function() file.copy(broken_npz, "posterior_draws.npz", overwrite = TRUE), signed = TRUE)
    )
  ),
  accepted(
    "posterior_draws",
    "one gene" = ncol(posterior_draws(whole[1], "theta")$theta) == 1
  ),
  refused(
    "probability_change", "`fit`",
    "NULL" = probability_change(NULL),
    "a number" = probability_change(1)
  ),
  refused(
    "probability_change", "gene_probability_change",
    "a fit of an earlier version" = probability_change(fit)
  ),
  refused(
    "probability_change", "`genes`|gene '|`i`",
    "a gene that is not there" = probability_change(whole, "none"),
    "NA" = probability_change(whole, NA_character_),
    "no genes" = probability_change(whole, character()),
    "a list" = probability_change(whole, list(1)),
    "a position beyond the end" = probability_change(whole, 1e6),
    "a gene twice" = probability_change(whole, c(1, 1))
  ),
  refused(
    "probability_change", "`effects`",
    "effects a text" = probability_change(whole, effects = "a"),
    "effects a number" = probability_change(whole, effects = 1),
    "effects an empty list" = probability_change(whole, effects = list()),
    "effects of another shape" = probability_change(whole, effects = array(0, c(2, 2, 2))),
    "effects of texts" = probability_change(
      whole, effects = array("a", c(1, 2, 4), list(whole$gene$gene[1], NULL, NULL))
    ),
    "effects without names" = probability_change(whole, effects = array(0, c(40, 2, 4))),
    "one contrast of two" = probability_change(whole, effects = list(run_mash(whole))),
    "effects a function" = probability_change(whole, effects = mean)
  ),
  refused(
    "probability_change", "npz",
    "another archive in place of the cells" = probability_change(
      damaged_whole(function() replace_by("effects_all_fates.npz", "fate_baseline.npz"), signed = TRUE),
      effects = no_effect
    ),
    "cells cut" = probability_change(
      damaged_whole(function() cut_file("fate_baseline.npz", 3000), signed = TRUE), effects = no_effect
    )
  ),
  refused(
    "probability_change", "npz|cells",
    "the cells gone" = {
      again <- damaged_whole(function() NULL)
      unlink("fit/fate_baseline.npz")
      probability_change(again, effects = array(0, c(1, 2, 4), list(again$gene$gene[1], NULL, NULL)))
    }
  ),
  accepted(
    "probability_change",
    "no effect" = all(
      abs(
        probability_change(
          whole, effects = no_effect
        )$change
      ) < 1e-9
    ),
    "effects without end" = all(
      abs(
        probability_change(
          whole, effects = array(800, c(1, 2, 4), list(whole$gene$gene[1], NULL, NULL))
        )$change
      ) <= 1
    )
  ),
  refused(
    "contrast_fit", "`fit`",
    "NULL" = contrast_fit(NULL, "NEU"),
    "a result" = contrast_fit(result, "NEU")
  ),
  refused(
    "contrast_fit", "`contrast`",
    "contrast NULL" = contrast_fit(fit, NULL),
    "NA" = contrast_fit(fit, NA_character_),
    "empty" = contrast_fit(fit, ""),
    "two" = contrast_fit(fit, c("NEU", "MES"))
  ),
  refused(
    "contrast_fit", "effects",
    "a fit of an earlier version" = contrast_fit(fit, "NEU")
  ),
  refused(
    "assess_qc", "`fit`",
    "NULL" = assess_qc(NULL),
    "a table" = assess_qc(table)
  ),
  refused(
    "assess_qc", "setting",
    "settings NULL" = assess_qc(fit, NULL),
    "another setting" = assess_qc(fit, qc_max = 1)
  ),
  refused(
    "assess_qc", "qc_offset_max",
    "a threshold of texts" = assess_qc(fit, qc_offset_max = "a")
  ),
  refused(
    "assert_qc", "`x`",
    "NULL" = assert_qc(NULL),
    "a data frame" = assert_qc(data.frame(pass = TRUE))
  ),
  refused(
    "assert_qc", "`mode`",
    "another mode" = assert_qc(fit, "none"),
    "NA" = assert_qc(fit, NA),
    "a number" = assert_qc(fit, 1)
  ),
  refused(
    "fit_fate_bias", "`screen`",
    "NULL" = fit_fate_bias(NULL),
    "a path" = fit_fate_bias("screen.h5ad"),
    "a fit" = fit_fate_bias(fit)
  ),
  refused(
    "fit_fate_bias", "setting",
    "settings a list" = fit_fate_bias(as_screen(), list()),
    "another setting" = fit_fate_bias(as_screen(), steps = 5, out_dir = "out")
  ),
  refused(
    "fit_fate_bias", "`out_dir`|out_dir",
    "folder empty" = fit_fate_bias(as_screen(), out_dir = ""),
    "folder NA" = fit_fate_bias(as_screen(), out_dir = NA_character_),
    "two folders" = fit_fate_bias(as_screen(), out_dir = c("out", "b")),
    "folder a file" = fit_fate_bias(as_screen(), out_dir = write("x", "file"))
  ),
  refused(
    "fit_fate_bias", "`progress`",
    "progress NA" = fit_fate_bias(as_screen(), out_dir = "out", progress = NA),
    "progress text" = fit_fate_bias(as_screen(), out_dir = "out", progress = "no")
  ),
  refused(
    "fit_fate_bias", "day_key",
    "a wish that comes too late" = fit_fate_bias(as_screen(), day_key = "time", out_dir = "out")
  ),
  refused(
    "fit_fate_bias", "gone.h5ad",
    "a screen whose file is gone" = fit_fate_bias(as_screen(), out_dir = "out", progress = FALSE)
  ),
  refused(
    "fit_controls", "`screen`",
    "NULL" = fit_controls(NULL),
    "a fit" = fit_controls(fit)
  ),
  refused(
    "fit_controls", "`n_splits`",
    "no splits" = fit_controls(as_screen(), n_splits = 0),
    "splits NA" = fit_controls(as_screen(), n_splits = NA)
  ),
  refused(
    "fit_controls", "gone.h5ad",
    "a screen whose file is gone" = fit_controls(as_screen(), n_splits = 1)
  ),
  accepted(
    "tidy",
    "hits without rows" = nrow(tidy(hits[0])) == 0,
    "a fit" = nrow(tidy(fit)) > 0,
    "a result of ash" = nrow(tidy(of_ash)) == 4 * nrow(fit$gene)
  ),
  refused(
    "tidy", "`level`",
    "a table that is none" = tidy(fit, "none"),
    "NA" = tidy(fit, NA),
    "a number" = tidy(fit, 1),
    "NULL" = tidy(fit, NULL)
  ),
  accepted(
    "glance",
    "hits without rows" = glance(hits[0])$n == 0,
    "a fit" = nrow(glance(fit)) == 1,
    "a result of ash" = nrow(glance(of_ash)) == 1,
    "a part of a result" = glance(result[1])$n == 1
  )
)
