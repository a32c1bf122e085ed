# Label sets as R objects: one matrix of fate probabilities, or a named list of several of the same cells.

#' TRUE for a matrix of any class and a data frame; or what is wrong
#' @noRd
check_two_dims <- function(x) {
  if (length(dim(x)) == 2) TRUE else sprintf("Must be a matrix or a data frame, not a %s", class(x)[[1]])
}

#' Are these several label sets? A data frame is one
#' @noRd
are_label_sets <- function(fate_probs) is.list(fate_probs) && !is.data.frame(fate_probs)

#' TRUE for a matrix or data frame, and for a list of two or more with names that differ; or what is wrong
#' @noRd
check_label_sets <- function(x) {
  if (!are_label_sets(x)) {
    return(check_two_dims(x))
  }
  found <- checkmate::check_list(x, min.len = 2, names = "unique", any.missing = FALSE)
  if (!isTRUE(found)) {
    return(paste("As label sets:", found))
  }
  taken <- intersect(names(x), c("guide", "covar"))
  if (length(taken) > 0) {
    return(sprintf("A label set cannot be called '%s', which is another part of the file", taken[[1]]))
  }
  bad <- Filter(Negate(isTRUE), lapply(x, check_two_dims))
  if (length(bad) > 0) paste0("Label set ", names(bad)[[1]], ": ", bad[[1]]) else TRUE
}

#' Label sets as matrices of the same fates, columns in the order of the first; one set has the name
#' `fate_probs`, several are called `fate_probs$name`
#' @noRd
as_label_sets <- function(fate_probs, call = rlang::caller_env()) {
  if (!are_label_sets(fate_probs)) {
    return(list(fate_probs = as_probabilities(fate_probs, call)))
  }
  sets <- lapply(fate_probs, as_probabilities, call = call)
  fates <- colnames(sets[[1]])
  for (name in names(sets)) {
    has <- colnames(sets[[name]])
    if (!setequal(has, fates) || length(has) != length(fates)) {
      abort_screen(c(
        "Label sets must have the same fates, but {.arg fate_probs} has others in {.val {name}}.",
        i = "{.val {names(sets)[[1]]}} has {first_few(fates)}, and {.val {name}} has {first_few(has)}."
      ), call = call)
    }
  }
  rlang::set_names(lapply(sets, function(set) set[, fates, drop = FALSE]), paste0("fate_probs$", names(sets)))
}
