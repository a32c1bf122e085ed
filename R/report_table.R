# The table of hits in the report: its columns, its numbers as JSON, and the links that download it. Scripts
# of the page (inst/report/gene.js, table.js) draw it.

table_level <- 0.9 # of intervals in the table
largest_csv <- 1e6 # bytes of hits_ranked.csv up to which it is embedded for download

#' What the table of the report shows
#'
#' @returns data.table, one row a gene in the order of `hits`: `gene`, `verdict` (of genes called, see
#'   `gene_verdicts()`; else ""), `points`, `points_low`, `points_high` (change of the contrast's fate on the
#'   best day by the fit's estimates, percentage points, with a 90 % interval; where the fit knows them),
#'   `effect`, `low`, `high` (mash's posterior mean there, log odds, with its 90 % interval), `day` (label of
#'   the best day), `lfsr`, `q` (of the gene; where the fit has p-values), `guides_agree`, `n_guides`,
#'   `without_guide` (what is left of the effect without the guide that helps it most), `replicates_agree`,
#'   `n_replicates` (where they are known), `onset`. What is not known of any gene is left out; so are `day`
#'   and `onset` with one day.
#' @noRd
report_table <- function(fit, mash, hits) {
  told <- tidy(hits)
  half <- half_width(table_level) * told$postsd
  table <- data.table::data.table(
    gene = told$gene, verdict = gene_verdicts(hits), table_points(fit, hits), effect = told$postmean,
    low = told$postmean - half, high = told$postmean + half, day = told$best_day, lfsr = told$lfsr,
    q = told$q_gene, agreeing_guides(fit, hits), without_guide = sign(told$postmean) * told$loo_effect_min,
    replicates_agree = told$replicates_agree, n_replicates = told$n_replicates,
    onset = onset_of_hits(hits, doubt = "")
  )
  known <- names(table)[!vapply(table, function(column) all(is.na(column)), logical(1))]
  if (has_one_day(mash)) known <- setdiff(known, c("day", "onset"))
  table[, known, with = FALSE]
}

#' Percentage points of the fate that the contrast is about; NULL where it is about several, or not known
#' @noRd
table_points <- function(fit, hits) {
  fate <- contrast_pair(fit$manifest$contrast, fit$manifest$fates)[[1]]
  changes <- best_day_changes(fit, hits)
  if (is.null(changes) || !fate %in% colnames(changes$change)) {
    return(NULL)
  }
  points <- lapply(changes, function(of) of[, fate])
  data.table::data.table(points = points$change, points_low = points$low, points_high = points$high)
}

#' Guides whose own estimate has the sign of the effect on the best day, and all of the gene; of a fit without
#' such estimates those whose posterior mean has the sign of the gene's estimate
#' @noRd
agreeing_guides <- function(fit, hits) {
  marks <- guide_marks(hits)
  if (!anyNA(marks$guides_agree)) {
    return(marks[, c("guides_agree", "n_guides")])
  }
  day <- hits$best_day + 1L
  row <- match(fit$guide$gene, hits$gene)
  guide <- fit$guide[!is.na(row)]
  row <- row[!is.na(row)]
  posterior <- day_matrix(guide, "betahat")[cbind(seq_along(row), day[row])]
  estimate <- day_matrix(hits, "betahat")[cbind(row, day[row])]
  same <- which(sign(posterior) == sign(estimate))
  data.table::data.table(
    guides_agree = tabulate(row[same], nrow(hits)), n_guides = tabulate(row, nrow(hits))
  )
}

#' Columns as the page's script needs them: which are there, how they are called and drawn
#'
#' Kinds: `text`, `verdict`, `interval` (with `_low`, `_high` or `low`, `high`), `rate`, `share` (k `of` n),
#' `number` with `digits`, `bars` (effects by day).
#' @noRd
table_columns <- function(table, fit, mash) {
  column <- function(key, name, kind, title, ...) {
    list(key = key, name = name, kind = kind, title = title, ...)
  }
  points <- sprintf("Points (%s)", contrast_pair(fit$manifest$contrast, fit$manifest$fates)[[1]])
  all <- list(
    column("gene", "Gene", "text", "Open the gene's page"),
    column("verdict", "Verdict", "verdict", verdict_asks(fit, mash)),
    column("bars", if (has_one_day(mash)) "Size" else "By day", "bars", "Posterior mean, filled if called"),
    column("points", points, "interval", "Change of the fate's share, percentage points, 90 % interval",
           digits = 1, low = "points_low", high = "points_high"),
    column("effect", "Log odds", "interval", "Posterior mean of the effect, 90 % interval", digits = 2,
           low = "low", high = "high"),
    column("day", "Best day", "text", "The day with the smallest lfsr, which effect and lfsr are of"),
    column("lfsr", "lfsr", "rate", "Local false sign rate"),
    column("q", "q", "rate", "False discovery rate of the gene, by p-values of all its days"),
    column("guides_agree", "Guides agree", "share", "Guides whose own effect has the sign of the gene's",
           of = "n_guides"),
    column("without_guide", "Without one guide", "number",
           "The estimate without the guide that helps it most", digits = 2),
    column("replicates_agree", "Replicates agree", "share", "Replicates whose own effect has that sign",
           of = "n_replicates"),
    column("onset", "Onset", "text", "The first day of the effect")
  )
  Filter(function(one) one$key %in% c("bars", names(table)), all)
}

#' What the heading of verdicts asks
#' @noRd
verdict_asks <- function(fit, mash) {
  paste0(
    if (rule_of(mash) == "lfsr") "Does the call hold" else "Does the lfsr stay below the threshold",
    " without any one guide", if (replicates_compared(fit)) " and in every replicate", "?"
  )
}

#' The table, and the pages of genes, as JSON without any `<`
#'
#' @param pages what `gene_pages()` returned.
#' @noRd
table_json <- function(table, pages, fit, mash, hits) {
  levels <- unique(table$verdict)
  rows <- rounded_columns(table)
  rows$verdict <- match(table$verdict, levels) - 1L
  data <- list(
    columns = table_columns(table, fit, mash), days = kept_array(day_title(mash$days)),
    verdicts = kept_array(levels),
    sign = kept_array(verdict_signs(levels)), rows = lapply(rows, kept_array),
    effects = kept_array(flat_rows(round(day_matrix(hits, "postmean"), 3))),
    called = kept_array(as.integer(flat_rows(called_matrix(hits, mash$lfsr_thresh)))),
    pages = kept_arrays(pages)
  )
  json <- jsonlite::toJSON(data, digits = I(5), na = "null", null = "null", auto_unbox = TRUE)
  gsub("<", "\\u003c", json, fixed = TRUE)
}

#' The columns with as many decimals as anyone can see: most of the room is numbers of genes without an effect
#' @noRd
rounded_columns <- function(table) {
  decimals <- c(
    points = 1, points_low = 1, points_high = 1, effect = 4, low = 4, high = 4, without_guide = 4
  )
  columns <- as.list(table)
  for (name in intersect(names(decimals), names(columns))) {
    columns[[name]] <- round(columns[[name]], decimals[[name]])
  }
  for (name in intersect(c("lfsr", "q"), names(columns))) columns[[name]] <- signif(columns[[name]], 3)
  columns
}

#' A vector that stays an array where it has one entry
#' @noRd
kept_array <- function(x) if (is.null(x)) NULL else I(unname(x))

kept_arrays <- function(pages) {
  several <- function(x) if (is.list(x)) lapply(x, several) else kept_array(x)
  single <- c("n", "kind")
  lapply(rlang::set_names(names(pages)), function(name) {
    if (name %in% single) return(pages[[name]])
    out <- several(pages[[name]])
    if ("kind" %in% names(out)) out$kind <- pages[[name]]$kind
    out
  })
}

#' The table's place on the page, its downloads, its numbers and the scripts that draw it, as lines of HTML
#' @noRd
table_html <- function(json, hits, scripts) {
  c(
    "<div id=\"hits-table\">",
    "<noscript>The table needs JavaScript; hits_ranked.csv has all genes.</noscript></div>",
    sprintf("<div class=\"buttons\">%s", as.character(csv_link(hits))),
    "<button class=\"button\" id=\"download-rows\" type=\"button\">Download filtered rows</button></div>",
    paste0("<script type=\"application/json\" id=\"hits-data\">", json, "</script>"),
    "<script>(() => {", "\"use strict\";", unlist(lapply(scripts, readLines, encoding = "UTF-8")), "})();",
    "</script>"
  )
}

html_text <- function(text) as.character(htmltools::htmlEscape(text))

#' A link that downloads hits_ranked.csv, embedded in the page; where it is too large, the file's name
#' @noRd
csv_link <- function(hits) {
  file <- tempfile(fileext = ".csv")
  on.exit(unlink(file))
  data.table::fwrite(guarded(labelled_hits(hits)), file)
  if (file.size(file) > largest_csv) {
    return(htmltools::p("All genes and columns: write_hits(), and results/hits_ranked.csv of a pipeline."))
  }
  data <- jsonlite::base64_enc(readBin(file, "raw", file.size(file)))
  htmltools::a(
    id = "download-hits", class = "button", download = "hits_ranked.csv",
    href = paste0("data:text/csv;base64,", gsub("\n", "", data, fixed = TRUE)), "Download all as CSV"
  )
}

#' What the columns of the table, and the pages of genes, say
#'
#' @returns sentences, markdown.
#' @noRd
table_words <- function(table, fit, mash) {
  by <- if (has_one_day(mash)) c("ash", "") else c("mash", " by day")
  has <- function(key) !is.null(table[[key]])
  c(
    if (!has_one_day(mash)) {
      "The best day of a gene has the smallest lfsr; columns but q and Onset are of this day."
    },
    verdict_meanings(table$verdict, rule_of(mash), mash$lfsr_thresh, replicates_compared(fit)),
    sprintf("Bars show %s's posterior mean of the effect%s, filled where called.", by[[1]], by[[2]]),
    if (has("points")) {
      sprintf(
        "Points: what a guide of the gene in place of a control guide adds to the mean share of %s, %s.",
        contrast_fates(fit)[[1]], "by the fit's estimates, with a 90 % interval"
      )
    },
    "Log odds: the posterior mean with its 90 % interval.",
    if (has("q")) p_value_words(fit, mash),
    "Guides agree, replicates agree: those whose own effect has the sign of the gene's.",
    if (has("without_guide")) "Without one guide: the estimate without the guide that helps it most.",
    if (has("onset")) "Onset: the most probable first day; where another day is the first one called, both.",
    "Would be called, on the page of a gene: the least effect that would be called with probability .8.",
    "p, randomisation, where there is one: as p, by resampling; it does not share the model."
  )
}

#' What p and q are
#' @noRd
p_value_words <- function(fit, mash) {
  day <- if (has_one_day(mash)) "" else " on that day"
  days <- if (has_one_day(mash)) "its p" else "the p-values of all its days together"
  paste0(
    sprintf("p is the p-value%s, if %s; how far out the gene lies is told by where its ",
            if (has_one_day(mash)) "" else " of a day", null_hypothesis(fit, day)),
    "guides could have lain (other cells of the same day, replicate and burden), not by the model's noise. ",
    sprintf("q is the expected share of false ones among all genes with so small a p, by %s.", days)
  )
}
