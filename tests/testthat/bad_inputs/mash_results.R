# Doors of what is made of a result of mash.

c(
  refused(
    "cov_ar1", "`rho`",
    "rho 1" = cov_ar1(1),
    "rho text" = cov_ar1("a"),
    "rho NA" = cov_ar1(NA),
    "no rho" = cov_ar1(numeric())
  ),
  refused(
    "cov_ar1", "`runs`",
    "runs NA" = cov_ar1(runs = NA)
  ),
  refused(
    "rank_hits", "`result`",
    "nothing" = rank_hits(),
    "a fit" = rank_hits(fit),
    "NULL" = rank_hits(NULL),
    "a table" = rank_hits(result$table)
  ),
  refused(
    "rank_hits", "guide",
    "guides" = rank_hits(of_guides)
  ),
  refused(
    "rank_hits", "`randomisation`",
    "randomisation text" = rank_hits(result, "a"),
    "randomisation of other genes" = rank_hits(result, data.frame(gene = "x", day = "d0", p_value = 1)),
    "randomisation a list" = rank_hits(result, list(1)),
    "randomisation NA" = rank_hits(result, NA)
  ),
  refused(
    "rank_hits", "`certificate`",
    "certificate a number" = rank_hits(result, certificate = 1),
    "certificate a list" = rank_hits(result, certificate = list())
  ),
  refused(
    "rank_hits", "G99",
    "a gene that is not there" = hits["G99"],
    "genes that are not there" = hits[c("G01", "G99")]
  ),
  refused(
    "compare_runs", "`a`",
    "nothing" = compare_runs(),
    "NULL" = compare_runs(NULL, result),
    "a number" = compare_runs(1, result),
    "NA" = compare_runs(NA_character_, result),
    "empty" = compare_runs("", result),
    "two folders" = compare_runs(c("a", "b"), result),
    "a list" = compare_runs(list(), result),
    "a table" = compare_runs(result$table, result),
    "guides" = compare_runs(of_guides, result),
    "a folder that is not there" = compare_runs("none", result),
    "a file" = compare_runs(write("x", "file"), result),
    "a folder without results" = compare_runs("out", result),
    "hits without a column" = compare_runs(hits[, -"lfsr_d0"], result)
  ),
  refused(
    "compare_runs", "`b`",
    "one run" = compare_runs(result),
    "a function" = compare_runs(result, mean)
  ),
  refused(
    "compare_runs", "contrast",
    "another contrast" = compare_runs(whole, contrast_fit(whole, "NEU"))
  ),
  refused(
    "compare_runs", "gene_summary_mash_out.csv",
    "an empty table" = {
      file.create("gene_summary_mash_out.csv")
      compare_runs(".", result)
    },
    "a table of something else" = {
      writeLines(c("a,b", "1,2"), "gene_summary_mash_out.csv")
      compare_runs(".", result)
    },
    "a folder in its place" = {
      dir.create("gene_summary_mash_out.csv")
      compare_runs(".", result)
    }
  ),
  accepted(
    "compare_runs",
    "a run and itself" = glance(compare_runs(result, hits))$n_gained == 0L,
    "one gene" = nrow(compare_runs(hits[1], hits)$table) == 1L,
    "days one by one" = inherits(compare_runs(of_ash, result), "fatebias_runs")
  ),
  refused(
    "compare_with_previous", "`out_dir`",
    "NULL" = compare_with_previous(NULL),
    "NA" = compare_with_previous(NA_character_),
    "a number" = compare_with_previous(1),
    "two" = compare_with_previous(c("a", "b"))
  ),
  accepted(
    "compare_with_previous",
    "a folder that is not there" = is.null(compare_with_previous("none")),
    "a damaged table before" = {
      dir.create("previous")
      writeLines("a,b", "previous/gene_summary_mash_out.csv")
      write_mash(result, ".")
      is.null(compare_with_previous("."))
    }
  ),
  refused(
    "write_runs", "`comparison`",
    "NULL" = write_runs(NULL, "out"),
    "hits" = write_runs(hits, "out"),
    "a path" = write_runs("out", "out")
  ),
  refused(
    "write_runs", "`out_dir`",
    "no folder" = write_runs(compare_runs(result, hits), NULL),
    "NA" = write_runs(compare_runs(result, hits), NA_character_),
    "a number" = write_runs(compare_runs(result, hits), 1)
  ),
  refused(
    "day_contrast", "`result`",
    "a fit" = day_contrast(fit, "d2 - d0"),
    "NULL" = day_contrast(NULL, "d2 - d0")
  ),
  refused(
    "day_contrast", "`contrast`",
    "one day" = day_contrast(result, "d0"),
    "the same day" = day_contrast(result, "d0 - d0"),
    "NA" = day_contrast(result, NA_character_),
    "a number" = day_contrast(result, 1),
    "days that are not there" = day_contrast(result, "d8 - d9"),
    "long text" = day_contrast(result, strrep("a", 1e5))
  ),
  refused(
    "day_contrast", "ashr",
    "a result of ash" = day_contrast(of_ash, "d2 - d0")
  ),
  refused(
    "compare_mash", "`x`",
    "x NULL" = compare_mash(NULL, list(a = "days")),
    "x a number" = compare_mash(1, list(a = "days"))
  ),
  refused(
    "compare_mash", "`specs`|specification",
    "specs NULL" = compare_mash(fit, NULL),
    "specs without names" = compare_mash(fit, list("days", "canonical")),
    "specs a number" = compare_mash(fit, 1),
    "no specs" = compare_mash(fit, list()),
    "specs of numbers" = compare_mash(fit, list(a = 1, b = 2)),
    "a spec twice" = compare_mash(fit, list(a = "days", a = "canonical"))
  ),
  refused(
    "compare_mash", "`n_folds`",
    "folds NA" = compare_mash(fit, list(a = "canonical"), n_folds = NA),
    "folds 1" = compare_mash(fit, list(a = "canonical"), n_folds = 1),
    "folds more than rows" = compare_mash(fit, list(a = "canonical"), n_folds = 1000)
  ),
  refused(
    "compare_mash", "`seed`",
    "seed NA" = compare_mash(fit, list(a = "canonical"), seed = NA)
  ),
  refused(
    "compare_covariances", "`result`",
    "a fit" = compare_covariances(fit),
    "NULL" = compare_covariances(NULL)
  ),
  refused(
    "compare_covariances", "`n_folds`|`seed`",
    "folds text" = compare_covariances(result, "a"),
    "seed NA" = compare_covariances(result, seed = NA)
  ),
  refused(
    "compare_contrasts", "`fit`",
    "a result" = compare_contrasts(result),
    "NULL" = compare_contrasts(NULL, NULL, fate_settings())
  ),
  refused(
    "compare_contrasts", "`contrasts`",
    "contrasts NA" = compare_contrasts(fit, NA),
    "contrasts a number" = compare_contrasts(fit, 1),
    "contrasts empty text" = compare_contrasts(fit, "")
  ),
  refused(
    "compare_contrasts", "npz",
    "effects of all fates cut" = compare_contrasts(
      damaged_whole(function() cut_file("effects_all_fates.npz", 4000), signed = TRUE), mash = of_any_fit
    ),
    "another archive in place of effects" = compare_contrasts(
      damaged_whole(function() replace_by("fate_baseline.npz", "effects_all_fates.npz"), signed = TRUE),
      mash = of_any_fit
    ),
    "draws in place of effects" = compare_contrasts(
      damaged_whole(function() replace_by("posterior_draws.npz", "effects_all_fates.npz"), signed = TRUE),
      mash = of_any_fit
    )
  ),
  refused(
    "compare_contrasts", "settings",
    "settings NULL" = compare_contrasts(fit, "MES", settings = NULL)
  ),
  refused(
    "compare_contrasts", "`mash`",
    "mash a number" = compare_contrasts(fit, mash = 1),
    "mash of guides" = compare_contrasts(fit, mash = of_guides),
    "mash of another fit" = compare_contrasts(fit, mash = of_whole)
  ),
  refused(
    "compare_contrasts", "verdict_margin",
    "margin NA" = compare_contrasts(fit, margin = NA),
    "margin -1" = compare_contrasts(fit, margin = -1)
  ),
  refused(
    "compare_contrasts", "`n_draws`|`seed`",
    "draws 0" = compare_contrasts(fit, n_draws = 0),
    "seed NULL" = compare_contrasts(fit, seed = NULL)
  ),
  refused(
    "write_hits", "`hits`",
    "hits a list" = write_hits(list(), "out"),
    "hits NULL" = write_hits(NULL, "out"),
    "hits a result" = write_hits(result, "out")
  ),
  refused(
    "write_hits", "`out_dir`",
    "folder NULL" = write_hits(hits, NULL),
    "folder empty" = write_hits(hits, ""),
    "folder NA" = write_hits(hits, NA_character_)
  ),
  refused(
    "write_hits", "`format`",
    "an unknown format" = write_hits(hits, "out", "xls"),
    "format NA" = write_hits(hits, "out", NA),
    "format a number" = write_hits(hits, "out", 1)
  ),
  refused(
    "explain_columns", "`hits`",
    "hits a text" = explain_columns("hits"),
    "hits a list" = explain_columns(list()),
    "hits a table of something else" = explain_columns(data.frame(a = 1))
  ),
  refused(
    "annotate_anndata", "`fit`|`hits`|`out`|`screen`",
    "no fit" = annotate_anndata(NULL, hits, "out/x.h5ad"),
    "hits a table" = annotate_anndata(fit, as.data.frame(result$table), "out/x.h5ad"),
    "out NA" = annotate_anndata(fit, hits, NA_character_),
    "screen a number" = annotate_anndata(fit, hits, "out/x.h5ad", 1)
  ),
  accepted(
    "as.data.table",
    "hits" = identical(class(as.data.table(hits)), c("data.table", "data.frame")),
    "a fit" = nrow(as.data.table(fit)) > 0,
    "a list" = identical(as.data.table(list(a = 1))$a, 1)
  ),
  refused(
    "write_hits", "out_dir|/proc",
    "folder a file" = write_hits(hits, write("x", "a")),
    "folder in a file" = write_hits(hits, file.path(write("x", "a"), "b")),
    "folder of the system" = write_hits(hits, "/proc/none")
  ),
  refused(
    "write_mash", "`result`",
    "NULL" = write_mash(NULL, "out"),
    "a table" = write_mash(result$table, "out")
  ),
  refused(
    "write_mash", "`out_dir`",
    "two folders" = write_mash(result, c("out", "out"))
  ),
  refused(
    "write_contrasts", "`x`|`contrasts`",
    "NULL" = write_contrasts(NULL, "out"),
    "hits" = write_contrasts(hits, "out"),
    "a result" = write_contrasts(result, "out")
  ),
  refused(
    "write_comparison", "`comparison`",
    "NULL" = write_comparison(NULL, "out"),
    "a list" = write_comparison(list(set = 1), "out"),
    "hits" = write_comparison(hits, "out")
  )
)
