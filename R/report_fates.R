# What the report says of all contrasts and of verdicts: words, and the table of verdicts.

verdicts_listed <- 200L # genes in the table of verdicts at most

#' Genes drawn in the picture of contrasts
#' @noRd
contrasts_drawn <- function(x) if (is.null(x)) 10L else min(40L, max(10L, glance(x)$n_called))

#' How many genes are called in which contrast, how many change which fate, and how sure that is
#'
#' @returns paragraphs, markdown.
#' @noRd
contrasts_words <- function(x) {
  g <- glance(x)
  by <- summary(x)
  c(called_in_contrasts(x, g, by), changed_words(x, g))
}

called_in_contrasts <- function(x, g, by) {
  counted <- sprintf("%s: %s", as_markdown(by$contrast), vapply(by$n_genes, count, ""))
  paste0(
    cli::pluralize("**{count(g$n_called)} of {count(g$n)} {cli::qty(g$n)}gene{?s} "),
    cli::pluralize("{cli::qty(g$n_called)}{?is/are} called in some contrast** "),
    sprintf("(%s; %s). ", rule_text(x$call_rule, x$lfsr_thresh), paste(counted, collapse = "; ")),
    if (g$n_calls > 0) {
      sprintf(
        "Expected share of false signs among all %s calls (by gene, contrast and day): %s.", count(g$n_calls),
        show_small(g$expected_false)
      )
    }
  )
}

changed_words <- function(x, g) {
  if (is.null(x$verdicts)) {
    return("There are no verdicts: the fit, of an earlier version, does not have the estimates of all fates.")
  }
  paste0(
    cli::pluralize("**{count(g$n_changed)} {cli::qty(g$n_changed)}gene{?s} change{?s/} "),
    "the share of some fate** by more than ",
    format(x$margin), if (x$margin == 1) " percentage point" else " percentage points",
    ", on the average over days; ",
    cli::pluralize("{count(g$n_sure)} of these verdicts {cli::qty(g$n_sure)}{?has/have} "),
    "a probability of .9 or more."
  )
}

#' Verdicts that are a change, the surest first
#'
#' @param best_day what each gene does on its best day, named by gene, or NULL.
#' @returns data.frame `Knock-down of`, `Verdict, averaged over days`, `P`, and the mean change in percentage
#'   points by fate; of many fates that of the one that gains most and of the one that loses most; at last
#'   `On its best day` where `tells_best_day()`.
#' @noRd
verdict_rows <- function(x, best_day = NULL) {
  told <- utils::head(changed_genes(x), verdicts_listed)
  changes <- as.matrix(told[, paste0("change_", x$fates), with = FALSE])
  colnames(changes) <- paste(x$fates, "(points)")
  if (length(x$fates) > verdict_fates) {
    changes <- cbind(row_largest(changes), -row_largest(-changes))
    colnames(changes) <- c("Most gained (points)", "Most lost (points)")
  }
  points <- apply(changes, 2, function(change) minus_signs(sprintf("%+.1f", change)), simplify = FALSE)
  names(points) <- as_markdown(colnames(changes))
  rows <- data.frame(
    `Knock-down of` = as_markdown(told$gene), `Verdict, averaged over days` = as_markdown(told$verdict),
    P = sub("= ", "", show_probability(told$probability)), points, check.names = FALSE
  )
  if (tells_best_day(x, best_day)) {
    own <- unname(best_day[told$gene])
    rows[["On its best day"]] <- ifelse(is.na(own), "\u2013", own)
  }
  rows
}

#' Is there a best day to tell beside the average over days?
#' @noRd
tells_best_day <- function(x, best_day) !is.null(best_day) && length(x$days) > 1

#' How to read verdicts
#' @noRd
verdict_reading <- function(x, best_day = NULL) {
  paste(c(
    "How to read this: a verdict says which fates' shares a knock-down raises and lowers, by the joint",
    "posterior of its effects on all fates and days; a fate is unchanged where its share moves by less than",
    format(x$margin), "percentage points on the average over days. P is the probability that all of a",
    "verdict is right,", if (length(x$fates) > verdict_fates) {
      "of the two fates that it names."
    } else {
      "with what it says is unchanged."
    }, "Points: the mean change of the fate's share of cells.",
    if (tells_best_day(x, best_day)) {
      c(
        "A change that is there on few days is small on the average. The last column tells the best day of",
        "genes that are called for", paste0(as_markdown(x$contrasts[[1]]), ", by the fit's estimates.")
      )
    }
  ), collapse = " ")
}
