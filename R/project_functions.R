# The package's functions as targets is to see them: each with a digest of all that it uses.

#' Functions of the package, for targets to watch
#'
#' In `_targets.R` they stand in the environment of the pipeline under their own names. Each hands its
#' arguments on to the function of fatebias. Its body has a digest of that function and of all in the package
#' that it uses. So a change of the package reruns the targets whose functions it concerns, and no others.
#' `tar_option_set(imports = "fatebias")` does the same, but reads the whole package at every start, which
#' takes longer than most targets.
#'
#' @returns A list of functions by name, one for each that the package exports.
#' @examples
#' list2env(pipeline_functions(), new.env())
#' pipeline_functions()$run_mash
#' @export
pipeline_functions <- function() {
  namespace <- topenv()
  exported <- Filter(function(name) is.function(namespace[[name]]), getNamespaceExports(namespace))
  digests <- code_digests(as.list(namespace, all.names = TRUE), sort(exported, method = "radix"))
  Map(watched_function, names(digests), digests)
}

watched_function <- function(name, digest) {
  own <- call("::", as.name("fatebias"), as.name(name))
  body <- call("{", digest, as.call(list(own, as.name("..."))))
  rlang::new_function(rlang::pairlist2(... = ), body, baseenv())
}

#' Digests of functions with all that they use, by name
#'
#' A name that stands in a function is what it uses, also where it is one of its own variables: rooms call
#' these otherwise.
#' @param objects list by name; environments among them say nothing.
#' @param of names of functions among them.
#' @noRd
code_digests <- function(objects, of) {
  code <- lapply(Filter(Negate(is.environment), objects), code_of)
  own <- vapply(code, cli::hash_obj_sha256, character(1))
  edges <- lapply(code, function(one) {
    if (is.call(one)) unique(stats::na.omit(match(all.names(one), names(code))))
  })
  reached <- lapply(match(of, names(code)), all_reached, edges = edges)
  of_place <- paste(names(own), own)
  digests <- lapply(reached, function(at) cli::hash_obj_sha256(sort(of_place[at], method = "radix")))
  rlang::set_names(unlist(digests), of)
}

#' A function as a call, with its arguments and without the places of its lines; all else as it is
#' @noRd
code_of <- function(object) {
  if (!is.function(object)) {
    return(object)
  }
  if (!is.null(attr(object, "srcref"))) object <- utils::removeSource(object)
  as.call(c(as.name("function"), as.list(formals(object)), body(object)))
}

#' Places that can be reached from one, itself among them
#' @param edges list by place of the places next to it.
#' @noRd
all_reached <- function(from, edges) {
  found <- new <- from
  while (length(new) > 0) {
    new <- setdiff(unlist(edges[new]), found)
    found <- c(found, new)
  }
  found
}
