# Doors of fits: folders of results that are damaged in some way, and what is made of a fit.

c(
  refused("read_fit", "`out_dir`", "nothing" = read_fit(), "NULL" = read_fit(NULL), "NA" = read_fit(NA_character_), "a number" = read_fit(1), "two folders" = read_fit(c("a", "b")), "a list" = read_fit(list("a"))),
  refused("read_fit", "fit_manifest.json|folder|`out_dir`",
    "missing" = read_fit("nothing"), "an empty path" = read_fit(""), "an empty folder" = read_fit("out"), "a file" = read_fit(write("x", "file")),
    "a long path" = read_fit(strrep("a", 5000)), "braces in the path" = read_fit("{x}"),
    "a link to itself" = {
      file.symlink("loop", "loop")
      read_fit("loop")
    },
    "a manifest that is a folder" = {
      dir.create("fit/fit_manifest.json", recursive = TRUE)
      read_fit("fit")
    },
    "a manifest that is a fifo" = {
      dir.create("fit")
      system2("mkfifo", "fit/fit_manifest.json")
      read_fit("fit")
    },
    "an empty manifest" = damaged(function() writeLines(character(), "fit_manifest.json")),
    "a manifest cut" = damaged(function() writeLines(substr(paste(readLines("fit_manifest.json"), collapse = ""), 1, 500), "fit_manifest.json")),
    "a manifest of zeros" = damaged(function() writeBin(raw(100), "fit_manifest.json")),
    "a manifest in UTF-16" = damaged(function() writeBin(iconv(paste(readLines("fit_manifest.json"), collapse = "\n"), "UTF-8", "UTF-16", toRaw = TRUE)[[1]], "fit_manifest.json")),
    "a manifest in Latin-1" = damaged(function() writeBin(as.raw(c(utf8ToInt("{\"days\": \""), 0xe9, utf8ToInt("\"}"))), "fit_manifest.json")),
    "a manifest of a number" = damaged(function() writeLines("1", "fit_manifest.json")),
    "a manifest of a text" = damaged(function() writeLines("\"a\"", "fit_manifest.json")),
    "a manifest of a list" = damaged(function() writeLines("[1, 2]", "fit_manifest.json")),
    "a manifest of null" = damaged(function() writeLines("null", "fit_manifest.json")),
    "a manifest without keys" = damaged(function() writeLines("{}", "fit_manifest.json")),
    "a manifest nested 100000 deep" = damaged(function() writeLines(paste0(strrep("[", 1e5), strrep("]", 1e5)), "fit_manifest.json")),
    "a manifest that is the address of a page" = damaged(function() writeLines("http://127.0.0.1:1/x.json", "fit_manifest.json")),
    "a manifest that names a file" = damaged(function() writeLines("fit_manifest.json", "fit_manifest.json"))
  ),
  unlist(lapply(c("days", "files", "settings", "screen", "contrast", "fates", "likelihood_weight", "scales", "convergence", "estimates", "seconds", "versions"), function(key) {
    values <- list(`is null` = NULL, `is a number` = 7, `is a list of lists` = list(list(1), list("a")), `is a text` = "text")
    fine <- c("contrast is a text", "likelihood_weight is a number")
    lapply(Filter(function(what) !paste(key, what) %in% fine, names(values)), function(what) {
      list(
        door = "read_fit", id = paste("in the manifest", key, what), want = "error", about = "fit_manifest.json|fit",
        code = rlang::expr(edited(!!key, !!values[[what]]))
      )
    })
  }), recursive = FALSE),
  refused("read_fit", "fit",
    "days fewer than in the tables" = edited("days", list("d0", "d2")),
    "days more than in the tables" = edited("days", as.list(sprintf("d%d", 1:9))),
    "days twice" = edited("days", list("d0", "d0", "d2", "d4")),
    "no days" = edited("days", list()),
    "files outside" = edited("files", list("../victim.csv")),
    "files with a path" = edited("files", list("/etc/passwd")),
    "files that are not there" = edited("files", list("gene_daywise_for_mash.csv", "more.csv"))
  ),
  refused("read_fit", "gene_daywise_for_mash.csv",
    "a table missing" = damaged(function() unlink("gene_daywise_for_mash.csv")),
    "a table that is a folder" = damaged(function() {
      unlink("gene_daywise_for_mash.csv")
      dir.create("gene_daywise_for_mash.csv")
    }),
    "a table that is a fifo" = damaged(function() {
      unlink("gene_daywise_for_mash.csv")
      system2("mkfifo", "gene_daywise_for_mash.csv")
    }),
    "a table that is empty" = damaged(function() writeLines(character(), "gene_daywise_for_mash.csv")),
    "a table of zeros" = damaged(function() writeBin(raw(200), "gene_daywise_for_mash.csv")),
    "a table in UTF-16" = damaged(function() writeBin(iconv(paste(readLines("gene_daywise_for_mash.csv"), collapse = "\n"), "UTF-8", "UTF-16", toRaw = TRUE)[[1]], "gene_daywise_for_mash.csv")),
    "a table cut in the header" = damaged(function() writeLines("gene,betahat", "gene_daywise_for_mash.csv")),
    "a table of the header" = damaged(in_rows(function(x) x[1])),
    "a table without header" = damaged(in_rows(function(x) x[-1])),
    "a column missing" = damaged(in_rows(function(x) sub(",[^,]*$", "", x))),
    "a column renamed" = damaged(in_rows(function(x) sub("se_d0", "sd_d0", x))),
    "a column twice" = damaged(in_rows(function(x) sub("betahat_d1", "betahat_d0", x))),
    "a row missing" = damaged(in_rows(function(x) x[-3])),
    "a row twice" = damaged(in_rows(function(x) x[c(1, 2, 2, seq(4, length(x)))])),
    "a row cut" = damaged(in_rows(function(x) replace(x, 5, substr(x[5], 1, 12)))),
    "a row with a field more" = damaged(in_rows(function(x) replace(x, 5, paste0(x[5], ",1")))),
    "a number that is a text" = damaged(in_rows(function(x) sub("^(G03),[^,]*", "\\1,abc", x))),
    "a number that is a date" = damaged(in_rows(function(x) sub("^(G03),[^,]*", "\\1,2026-01-01", x))),
    "a number that is NaN" = damaged(in_rows(function(x) sub("^(G03),[^,]*", "\\1,NaN", x))),
    "a number that is infinite" = damaged(in_rows(function(x) sub("^(G03),[^,]*", "\\1,Inf", x))),
    "decimal commas" = damaged(in_rows(function(x) c(gsub(",", ";", x[1]), gsub("[.]", ",", gsub(",", ";", x[-1]))))),
    "a gene renamed" = damaged(in_rows(function(x) sub("^G03,", "H03,", x))),
    "a gene without name" = damaged(in_rows(function(x) sub("^G03,", ",", x))),
    "quotes not closed" = damaged(in_rows(function(x) sub("^G03,", "\"G03,", x))),
    "a table of another fit" = damaged(function() file.copy(file.path(whole$out_dir, "gene_daywise_for_mash.csv"), ".", overwrite = TRUE)),
    "an address of a page" = damaged(function() writeLines("http://127.0.0.1:1/x.csv", "gene_daywise_for_mash.csv"))
  ),
  refused("read_fit", "gene_daywise_for_mash.csv|changed",
    "one digit of a file of the present version" = damaged_whole(in_rows(function(x) sub("1", "2", x))),
    "a file cut of the present version" = damaged_whole(in_rows(function(x) x[1:5])),
    "a folder in place of a file of the present version" = damaged_whole(function() {
      unlink("gene_daywise_for_mash.csv")
      dir.create("gene_daywise_for_mash.csv")
    })
  ),
  refused("read_fit", "csv",
    "an estimate of texts" = damaged(function() lines_in("gene_daywise_likelihood.csv", function(x) sub("^(G03),[^,]*", "\\1,abc", x))),
    "a covariance of texts" = damaged(function() lines_in("gene_daywise_cov.csv", function(x) sub("[^,]*$", "abc", x))),
    "a covariance of a day that is not there" = damaged(function() lines_in("gene_daywise_cov.csv", function(x) sub(",3,", ",9,", x))),
    "a covariance of another gene" = damaged(function() lines_in("gene_daywise_cov.csv", function(x) sub("^G03,", "H03,", x))),
    "a table of QC of texts" = damaged(function() lines_in("qc_delta_mean_by_gene.csv", function(x) sub("[^,]*$", "abc", x))),
    "guides of another gene" = damaged(function() lines_in("guide_daywise_for_mash.csv", function(x) sub(",G03,", ",H03,", x))),
    "a guide twice" = damaged(function() lines_in("guide_daywise_for_mash.csv", function(x) c(x, x[2]))),
    "cells of texts" = damaged(function() lines_in("qc_cells_by_guide.csv", function(x) sub("[^,]*$", "abc", x)))
  ),
  accepted("read_fit",
    "a number that is missing" = is.na(damaged(in_rows(function(x) sub("^(G03),[^,]*", "\\1,", x)))$gene$betahat_d0[3]),
    "ends of lines of Windows" = {
      again <- damaged(function() writeBin(charToRaw(paste0(readLines("gene_daywise_for_mash.csv"), "\r\n", collapse = "")), "gene_daywise_for_mash.csv"))
      identical(again$gene, fit$gene)
    },
    "a byte order mark" = {
      again <- damaged(function() writeBin(c(as.raw(c(0xef, 0xbb, 0xbf)), charToRaw(paste0(readLines("gene_daywise_for_mash.csv"), "\n", collapse = ""))), "gene_daywise_for_mash.csv"))
      identical(again$gene, fit$gene)
    },
    "a manifest with a byte order mark" = {
      again <- damaged(function() writeBin(c(as.raw(c(0xef, 0xbb, 0xbf)), charToRaw(paste0(readLines("fit_manifest.json"), "\n", collapse = ""))), "fit_manifest.json"))
      identical(again$days, fit$days)
    },
    "a column more" = {
      again <- damaged(in_rows(function(x) paste0(x, c(",more", rep(",1", length(x) - 1)))))
      identical(again$gene$se_d3, fit$gene$se_d3)
    },
    "genes in another order" = {
      again <- damaged(in_rows(function(x) x[c(1, length(x):2)]))
      identical(again$gene[order(gene)]$se_d3, fit$gene[order(gene)]$se_d3)
    },
    "a link to a folder" = {
      file.symlink(fit$out_dir, "link")
      identical(read_fit("link")$gene, fit$gene)
    },
    "a slash at the end" = identical(read_fit(paste0(fit$out_dir, "/"))$gene, fit$gene)
  ),
  refused("posterior_draws", "`fit`", "NULL" = posterior_draws(NULL), "a result" = posterior_draws(result)),
  refused("posterior_draws", "`variables`", "another variable" = posterior_draws(whole, "gamma"), "none" = posterior_draws(whole, character()), "NA" = posterior_draws(whole, NA), "a number" = posterior_draws(whole, 1)),
  refused("posterior_draws", "draws", "a fit without them" = posterior_draws(fit), "a part that is not there" = posterior_draws(structure(utils::modifyList(unclass(whole), list(out_dir = "gone", files = NULL)), class = "fatebias_fit"))),
  refused("posterior_draws", "npz",
    "a file cut" = posterior_draws(damaged_whole(function() writeBin(readBin("posterior_draws.npz", "raw", 5000), "posterior_draws.npz"), signed = TRUE)),
    "a file of texts" = posterior_draws(damaged_whole(function() writeLines("x", "posterior_draws.npz"), signed = TRUE)),
    "an archive of something else" = posterior_draws(damaged_whole(function() file.copy("fate_baseline.npz", "posterior_draws.npz", overwrite = TRUE), signed = TRUE)),
    "bytes turned" = posterior_draws(damaged_whole(function() turn_bytes("posterior_draws.npz"), signed = TRUE)),
    "arrays that are broken" = posterior_draws(damaged_whole(function() file.copy(broken_npz, "posterior_draws.npz", overwrite = TRUE), signed = TRUE))
  ),
  accepted("posterior_draws", "one gene" = ncol(posterior_draws(whole[1], "theta")$theta) == 1),
  refused("probability_change", "`fit`", "NULL" = probability_change(NULL), "a number" = probability_change(1)),
  refused("probability_change", "gene_probability_change", "a fit of an earlier version" = probability_change(fit)),
  refused("probability_change", "`genes`|gene '|`i`", "a gene that is not there" = probability_change(whole, "none"), "NA" = probability_change(whole, NA_character_), "no genes" = probability_change(whole, character()), "a list" = probability_change(whole, list(1)), "a position beyond the end" = probability_change(whole, 1e6), "a gene twice" = probability_change(whole, c(1, 1))),
  refused("probability_change", "`effects`",
    "effects a text" = probability_change(whole, effects = "a"), "effects a number" = probability_change(whole, effects = 1), "effects an empty list" = probability_change(whole, effects = list()),
    "effects of another shape" = probability_change(whole, effects = array(0, c(2, 2, 2))), "effects of texts" = probability_change(whole, effects = array("a", c(1, 2, 4), list(whole$gene$gene[1], NULL, NULL))),
    "effects without names" = probability_change(whole, effects = array(0, c(40, 2, 4))), "one contrast of two" = probability_change(whole, effects = list(run_mash(whole))), "effects a function" = probability_change(whole, effects = mean)
  ),
  refused("probability_change", "npz|cells", "the cells gone" = {
    again <- damaged_whole(function() NULL)
    unlink("fit/fate_baseline.npz")
    probability_change(again, effects = array(0, c(1, 2, 4), list(again$gene$gene[1], NULL, NULL)))
  }),
  accepted("probability_change",
    "no effect" = all(abs(probability_change(whole, effects = array(0, c(1, 2, 4), list(whole$gene$gene[1], NULL, NULL)))$change) < 1e-12),
    "effects without end" = all(abs(probability_change(whole, effects = array(800, c(1, 2, 4), list(whole$gene$gene[1], NULL, NULL)))$change) <= 1)
  ),
  refused("contrast_fit", "`fit`", "NULL" = contrast_fit(NULL, "NEU"), "a result" = contrast_fit(result, "NEU")),
  refused("contrast_fit", "`contrast`", "NULL" = contrast_fit(fit, NULL), "NA" = contrast_fit(fit, NA_character_), "empty" = contrast_fit(fit, ""), "two" = contrast_fit(fit, c("NEU", "MES"))),
  refused("contrast_fit", "effects", "a fit of an earlier version" = contrast_fit(fit, "NEU")),
  refused("assess_qc", "`fit`", "NULL" = assess_qc(NULL), "a table" = assess_qc(table)),
  refused("assess_qc", "setting", "settings NULL" = assess_qc(fit, NULL), "another setting" = assess_qc(fit, qc_max = 1)),
  refused("assess_qc", "qc_offset_max", "a threshold of texts" = assess_qc(fit, qc_offset_max = "a")),
  refused("assert_qc", "`x`", "NULL" = assert_qc(NULL), "a data frame" = assert_qc(data.frame(pass = TRUE))),
  refused("assert_qc", "`mode`", "another mode" = assert_qc(fit, "none"), "NA" = assert_qc(fit, NA), "a number" = assert_qc(fit, 1)),
  refused("fit_fate_bias", "`screen`", "NULL" = fit_fate_bias(NULL), "a path" = fit_fate_bias("screen.h5ad"), "a fit" = fit_fate_bias(fit)),
  refused("fit_fate_bias", "setting", "settings a list" = fit_fate_bias(as_screen(), list()), "another setting" = fit_fate_bias(as_screen(), steps = 5, out_dir = "out")),
  refused("fit_fate_bias", "`out_dir`|out_dir", "folder empty" = fit_fate_bias(as_screen(), out_dir = ""), "folder NA" = fit_fate_bias(as_screen(), out_dir = NA_character_), "two folders" = fit_fate_bias(as_screen(), out_dir = c("out", "b")), "folder a file" = fit_fate_bias(as_screen(), out_dir = write("x", "file"))),
  refused("fit_fate_bias", "`progress`", "progress NA" = fit_fate_bias(as_screen(), out_dir = "out", progress = NA), "progress text" = fit_fate_bias(as_screen(), out_dir = "out", progress = "no")),
  refused("fit_fate_bias", "day_key", "a wish that comes too late" = fit_fate_bias(as_screen(), day_key = "time", out_dir = "out")),
  refused("fit_fate_bias", "gone.h5ad", "a screen whose file is gone" = fit_fate_bias(as_screen(), out_dir = "out", progress = FALSE)),
  refused("fit_controls", "`screen`", "NULL" = fit_controls(NULL), "a fit" = fit_controls(fit)),
  refused("fit_controls", "`n_splits`", "no splits" = fit_controls(as_screen(), n_splits = 0), "splits NA" = fit_controls(as_screen(), n_splits = NA)),
  refused("fit_controls", "gone.h5ad", "a screen whose file is gone" = fit_controls(as_screen(), n_splits = 1)),
  accepted("tidy", "hits without rows" = nrow(tidy(hits[0])) == 0, "a fit" = nrow(tidy(fit)) > 0, "a result of ash" = nrow(tidy(of_ash)) == 4 * nrow(fit$gene)),
  refused("tidy", "`level`", "a table that is none" = tidy(fit, "none"), "NA" = tidy(fit, NA), "a number" = tidy(fit, 1), "NULL" = tidy(fit, NULL)),
  accepted("glance", "hits without rows" = glance(hits[0])$n == 0, "a fit" = nrow(glance(fit)) == 1, "a result of ash" = nrow(glance(of_ash)) == 1, "a part of a result" = glance(result[1])$n == 1)
)
