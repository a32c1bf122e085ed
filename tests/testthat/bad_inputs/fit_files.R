# Folders of results that are damaged in some way.

manifest_keys <- c(
  "days", "files", "settings", "screen", "contrast", "fates", "likelihood_weight", "scales", "convergence",
  "estimates", "seconds", "versions"
)

keys_of_other_types <- function(key) {
  values <- list(
    `is null` = NULL, `is a number` = 7, `is a list of lists` = list(list(1), list("a")), `is a text` = "text"
  )
  fine <- c("contrast is a text", "likelihood_weight is a number")
  lapply(Filter(function(what) !paste(key, what) %in% fine, names(values)), function(what) {
    code <- rlang::expr(edited(!!key, !!values[[what]]))
    one_case("read_fit", paste("in the manifest", key, what), code, "fit")
  })
}

c(
  refused(
    "read_fit", "`out_dir`",
    "nothing" = read_fit(),
    "NULL" = read_fit(NULL),
    "NA" = read_fit(NA_character_),
    "a number" = read_fit(1),
    "two folders" = read_fit(c("a", "b")),
    "a list" = read_fit(list("a"))
  ),
  refused(
    "read_fit", "fit_manifest.json|folder|`out_dir`",
    "missing" = read_fit("nothing"),
    "an empty path" = read_fit(""),
    "an empty folder" = read_fit("out"),
    "a file" = read_fit(write("x", "file")),
    "a long path" = read_fit(strrep("a", 5000)),
    "braces in the path" = read_fit("{x}"),
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
    "an empty manifest" = damaged(function() writeLines(character(), manifest)),
    "a manifest cut" = damaged(function() cut_file(manifest, 500)),
    "a manifest of zeros" = damaged(function() writeBin(raw(100), manifest)),
    "a manifest in UTF-16" = damaged(function() recode(manifest)),
    "a manifest in Latin-1" = damaged(
      function() writeBin(as.raw(c(utf8ToInt("{\"days\": \""), 0xe9, utf8ToInt("\"}"))), manifest)
    ),
    "a manifest of a number" = damaged(function() writeLines("1", manifest)),
    "a manifest of a text" = damaged(function() writeLines("\"a\"", manifest)),
    "a manifest of a list" = damaged(function() writeLines("[1, 2]", manifest)),
    "a manifest of null" = damaged(function() writeLines("null", manifest)),
    "a manifest without keys" = damaged(function() writeLines("{}", manifest)),
    "a manifest nested 100000 deep" = damaged(
      function() writeLines(paste0(strrep("[", 1e5), strrep("]", 1e5)), manifest)
    ),
    "a manifest that is the address of a page" = damaged(
      function() writeLines("http://127.0.0.1:1/x.json", manifest)
    ),
    "a manifest that names a file" = damaged(function() writeLines(manifest, manifest))
  ),
  unlist(lapply(manifest_keys, keys_of_other_types), recursive = FALSE),
  refused(
    "read_fit", "fit",
    "days fewer than in the tables" = edited("days", list("d0", "d2")),
    "days more than in the tables" = edited("days", as.list(sprintf("d%d", 1:9))),
    "days twice" = edited("days", list("d0", "d0", "d2", "d4")),
    "no days" = edited("days", list()),
    "files outside" = edited("files", list("../victim.csv")),
    "files with a path" = edited("files", list("/etc/passwd")),
    "files that are not there" = edited("files", list(genes_csv, "more.csv"))
  ),
  refused(
    "read_fit", "gene_daywise_for_mash.csv",
    "a table missing" = damaged(function() unlink(genes_csv)),
    "a table that is a folder" = damaged(function() {
      unlink(genes_csv)
      dir.create(genes_csv)
    }),
    "a table that is a fifo" = damaged(function() {
      unlink(genes_csv)
      system2("mkfifo", genes_csv)
    }),
    "a table that is empty" = damaged(function() writeLines(character(), genes_csv)),
    "a table of zeros" = damaged(function() writeBin(raw(200), genes_csv)),
    "a table in UTF-16" = damaged(function() recode(genes_csv)),
    "a table cut in the header" = damaged(function() writeLines("gene,betahat", genes_csv)),
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
    "decimal commas" = damaged(
      in_rows(function(x) c(gsub(",", ";", x[1]), gsub("[.]", ",", gsub(",", ";", x[-1]))))
    ),
    "a gene renamed" = damaged(in_rows(function(x) sub("^G03,", "H03,", x))),
    "a gene without name" = damaged(in_rows(function(x) sub("^G03,", ",", x))),
    "quotes not closed" = damaged(in_rows(function(x) sub("^G03,", "\"G03,", x))),
    "a table of another fit" = damaged(
      function() file.copy(file.path(whole$out_dir, genes_csv), ".", overwrite = TRUE)
    ),
    "an address of a page" = damaged(function() writeLines("http://127.0.0.1:1/x.csv", genes_csv))
  ),
  refused(
    "read_fit", "gene_daywise_for_mash.csv|changed",
    "one digit of a file of the present version" = damaged_whole(in_rows(function(x) sub("1", "2", x))),
    "a file cut of the present version" = damaged_whole(in_rows(function(x) x[1:5])),
    "a folder in place of a file of the present version" = damaged_whole(function() {
      unlink(genes_csv)
      dir.create(genes_csv)
    })
  ),
  refused(
    "read_fit", "csv",
    "an estimate of texts" = damaged(
      function() lines_in("gene_daywise_likelihood.csv", function(x) sub("^(G03),[^,]*", "\\1,abc", x))
    ),
    "a covariance of texts" = damaged(
      function() lines_in("gene_daywise_cov.csv", function(x) sub("[^,]*$", "abc", x))
    ),
    "a covariance of a day that is not there" = damaged(
      function() lines_in("gene_daywise_cov.csv", function(x) sub(",3,", ",9,", x))
    ),
    "a covariance of another gene" = damaged(
      function() lines_in("gene_daywise_cov.csv", function(x) sub("^G03,", "H03,", x))
    ),
    "a table of QC of texts" = damaged(
      function() lines_in("qc_delta_mean_by_gene.csv", function(x) sub("[^,]*$", "abc", x))
    ),
    "guides of another gene" = damaged(
      function() lines_in("guide_daywise_for_mash.csv", function(x) sub(",G03,", ",H03,", x))
    ),
    "a guide twice" = damaged(function() lines_in("guide_daywise_for_mash.csv", function(x) c(x, x[2]))),
    "cells of texts" = damaged(
      function() lines_in("qc_cells_by_guide.csv", function(x) sub("[^,]*$", "abc", x))
    )
  ),
  accepted(
    "read_fit",
    "a number that is missing" = is.na(
      damaged(in_rows(function(x) sub("^(G03),[^,]*", "\\1,", x)))$gene$betahat_d0[3]
    ),
    "ends of lines of Windows" = {
      again <- damaged(function() rewrite(genes_csv, ends = "\r\n"))
      identical(again$gene, fit$gene)
    },
    "a byte order mark" = {
      again <- damaged(function() rewrite(genes_csv, mark = TRUE))
      identical(again$gene, fit$gene)
    },
    "a manifest with a byte order mark" = {
      again <- damaged(function() rewrite(manifest, mark = TRUE))
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
  )
)
