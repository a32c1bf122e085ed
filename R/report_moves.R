# Between which fates genes move cells, in words: the contrast's own direction first, another fate only where
# the fit's estimates are sure which one it is.

several_fates <- "several fates"

#' How many genes raise and lower the contrast, by how much of its fate, and from or to which other fate
#'
#' @returns character; of a fit without changes of the contrast's fate what `direction_words()` returns.
#' @noRd
move_words <- function(fit, hits) {
  called <- hits[called_rows(hits)]
  moves <- contrast_moves(fit, called)
  if (is.null(moves)) {
    return(direction_words(fit, hits))
  }
  direction <- directions(called)
  pair <- contrast_fates(fit)
  told <- lapply(intersect(c("up", "down", "both"), direction), function(word) {
    own <- moves[direction == word]
    told <- direction_text(word, nrow(own), paste(pair, collapse = " against "))
    if (word == "both") return(told) # their points have both signs
    way <- if (word == "up") "from" else "to"
    paste0(told, " (", points_text(own$change, pair[[1]]), ")", partner_text(own, way))
  })
  when <- if (has_one_day(fit)) "" else "on their best days "
  paste0("Knocked down, ", when, paste(told, collapse = "; "), ".")
}

direction_text <- function(word, n, what) {
  switch(word,
    up = cli::pluralize("{count(n)} {cli::qty(n)}raise{?s/} {what}"),
    down = cli::pluralize("{count(n)} {cli::qty(n)}lower{?s/} {what}"),
    both = cli::pluralize("{count(n)} {cli::qty(n)}do{?es/} both, on different days")
  )
}

#' Changes of the contrast's fate, and the other fate that cells come from or go to
#'
#' @param called rows of ranked hits that are called.
#' @returns data.table, one row a gene: `up`, `change`, `low`, `high` (percentage points on the best day),
#'   `partner`, `mostly`, `partner_change`, `partner_low`, `partner_high` (see `partner_fates()`); NULL where
#'   changes of the contrast's fate are not known.
#' @noRd
contrast_moves <- function(fit, called) {
  own <- table_points(fit, called)
  if (is.null(own)) {
    return(NULL)
  }
  told <- tidy(called)
  up <- ifelse(told$direction == "both", told$postmean > 0, told$direction == "up")
  fate <- contrast_pair(fit$manifest$contrast, fit$manifest$fates)[[1]]
  others <- lapply(best_day_changes(fit, called), function(of) of[, colnames(of) != fate, drop = FALSE])
  data.table::data.table(
    up, change = own$points, low = own$points_low, high = own$points_high, partner_fates(others, up)
  )
}

#' Of the other fates those that surely lose where the contrast rises, and gain where it falls: their 90 %
#' intervals exclude zero. One of them alone where its interval reaches that of no other fate
#'
#' @param others list `change`, `low`, `high`: genes x fates, percentage points.
#' @param up logical, one a gene: TRUE where the contrast rises.
#' @returns data.table, one row a gene: `partner` (the fate, "EC and NEU" of two or three that no other is,
#'   `"several fates"` where fewer or more are sure; NA where changes are not known, or where there is but one
#'   other fate, which says nothing new), `mostly` (is it one?), `partner_change`, `partner_low`,
#'   `partner_high` (of one).
#' @noRd
partner_fates <- function(others, up) {
  unknown <- is.na(rowSums(others$change + others$low + others$high)) | ncol(others$change) < 2
  turned <- lapply(others, function(of) ifelse(up, -1, 1) * of) # what is lost, or gained
  least <- pmin(turned$low, turned$high)
  most <- pmax(turned$low, turned$high)
  at <- cbind(seq_along(up), first_row_largest(replace(turned$change, is.na(turned$change), 0)))
  next_most <- row_largest(replace(most, at, -Inf))
  one <- !unknown & least[at] > pmax(0, next_most)
  names <- as_markdown(colnames(others$change))
  fates <- ifelse(one, names[at[, 2]], apply(least > 0, 1, sure_fates, names = names))
  of <- function(name) ifelse(one, others[[name]][at], NA)
  data.table::data.table(
    partner = ifelse(unknown, NA_character_, fates), mostly = one, partner_change = of("change"),
    partner_low = of("low"), partner_high = of("high")
  )
}

#' Two or three fates by name
#' @noRd
sure_fates <- function(sure, names) {
  if (sum(sure) %in% 2:3) and_list(names[which(sure)]) else several_fates
}

#' ", mostly from EC" of all genes, ", 5 mostly from EC, 1 from EC and NEU and 2 from several fates" of some
#' @noRd
partner_text <- function(moves, way) {
  told <- paste0(ifelse(moves$mostly, "mostly ", ""), way, " ", moves$partner)[!is.na(moves$partner)]
  if (length(told) == 0) {
    return(NULL)
  }
  n <- sort(table(told), decreasing = TRUE)
  several <- endsWith(names(n), several_fates)
  n <- c(n[!several], n[several])
  paste0(", ", if (n[[1]] == nrow(moves)) names(n) else and_list(paste(vapply(n, count, ""), names(n))))
}

#' Percentage points of a fate: of one gene, or the median and range of several
#' @noRd
points_text <- function(points, fate) {
  known <- points[!is.na(points)]
  if (length(known) == 0) {
    return(sprintf("points of %s not known", fate))
  }
  told <- if (length(known) == 1) {
    sprintf("%+.1f percentage points of %s", known, fate)
  } else {
    sprintf("%+.1f to %+.1f percentage points of %s, median %+.1f", min(known), max(known), fate,
            stats::median(known))
  }
  n <- length(points) - length(known)
  minus_signs(if (n > 0) sprintf("%s; %d not known", told, n) else told)
}

#' "MES +12.1 (+9.0 to +15.2) points, mostly from EC -9.0 (-11.0 to -7.0)", one a gene; NULL if not known
#' @noRd
change_text <- function(fit, called) {
  moves <- contrast_moves(fit, called)
  if (is.null(moves)) {
    return(NULL)
  }
  interval <- function(x, low, high) sprintf("%+.1f (%+.1f to %+.1f)", x, low, high)
  way <- ifelse(moves$up, "from", "to")
  partner <- paste0(
    ", ", ifelse(moves$mostly, "mostly ", ""), way, " ", moves$partner,
    ifelse(is.na(moves$partner_change), "", paste0(" ", interval(
      moves$partner_change, moves$partner_low, moves$partner_high
    )))
  )
  told <- sprintf("%s %s points", contrast_fates(fit)[[1]], interval(moves$change, moves$low, moves$high))
  ifelse(is.na(moves$change), "points not known", paste0(told, ifelse(is.na(moves$partner), "", partner)))
}

#' What each gene that is called does on its best day, with the day; named by gene, NULL if none is
#' called or nothing is known
#' @noRd
best_day_moves <- function(fit, hits) {
  called <- hits[called_rows(hits)]
  told <- if (nrow(called) > 0) change_text(fit, called)
  if (is.null(told)) {
    return(NULL)
  }
  days <- day_words(tidy(called)$best_day)
  rlang::set_names(minus_signs(paste0(days, ": ", told)), called$gene)
}

#' Directions in log odds, where probabilities are not known
#' @noRd
direction_words <- function(fit, hits) {
  n <- unlist(glance(hits)[, c("n_up", "n_down", "n_both")])
  if (sum(n) == 1) {
    verb <- c("raises", "lowers", "raises and, on other days, lowers")[n == 1]
    return(sprintf("It %s %s.", verb, odds_words(fit)))
  }
  told <- c(
    cli::pluralize("{n[['n_up']]} raise{?s/} them"), cli::pluralize("{n[['n_down']]} lower{?s/} them"),
    cli::pluralize("{n[['n_both']]} do{?es/} both, on different days")
  )
  sprintf("They change %s: %s.", odds_words(fit), and_list(told[n > 0]))
}
