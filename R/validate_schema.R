# The part of JSON Schema (draft 2020-12) that the schemas of this package use. R has no JSON Schema library
# without a JavaScript engine; a keyword that is not known here is an error, so that none goes unchecked.

#' The schema of fit_manifest.json, which lies with the Python that writes by it
#' @noRd
manifest_schema <- function() {
  place <- file.path("python", "fatebias", "results", "manifest.schema.json")
  path <- system.file(place, package = "fatebias", mustWork = TRUE)
  jsonlite::read_json(path, simplifyVector = FALSE)
}

#' What first breaks a schema
#'
#' @param value JSON as lists, read without simplification.
#' @param schema a schema, read likewise.
#' @param place where the value stands, for the message.
#' @returns one sentence, or NULL.
#' @noRd
schema_problem <- function(value, schema, place = "the manifest") {
  unknown <- setdiff(names(schema), c(names(schema_checks), schema_words))
  if (length(unknown) > 0) stop("unknown keyword of a schema: ", toString(unknown), call. = FALSE)
  for (keyword in intersect(names(schema_checks), names(schema))) {
    problem <- schema_checks[[keyword]](value, schema[[keyword]], place, schema)
    if (!is.null(problem)) {
      return(problem)
    }
  }
  NULL
}

schema_words <- c("$schema", "title", "description") # for readers

json_type <- function(value) {
  if (is.null(value)) {
    return("null")
  }
  if (is.list(value)) {
    return(if (is.null(names(value)) && length(value) > 0 || identical(value, list())) "array" else "object")
  }
  switch(class(value)[[1]],
    logical = "boolean",
    character = "string",
    integer = "integer",
    numeric = if (value == round(value)) "integer" else "number"
  )
}

#' Each keyword: a function of the value, what the keyword says, the place and the schema; a sentence, or NULL
#' @noRd
schema_checks <- list(
  type = function(value, types, place, schema) {
    found <- json_type(value)
    types <- unlist(types)
    # an empty object and an empty array look alike in R
    fits <- found %in% types || found == "integer" && "number" %in% types ||
      identical(value, list()) && "object" %in% types
    if (!fits) sprintf("%s must be %s, not %s", place, paste(types, collapse = " or "), found)
  },
  const = function(value, wanted, place, schema) {
    if (!isTRUE(all.equal(value, wanted))) sprintf("%s must be %s", place, format(wanted))
  },
  enum = function(value, words, place, schema) {
    if (!is.character(value) || !value %in% unlist(words)) {
      sprintf("%s must be %s", place, paste(unlist(words), collapse = " or "))
    }
  },
  minimum = function(value, least, place, schema) {
    if (is.numeric(value) && value < least) sprintf("%s must be at least %s", place, format(least))
  },
  maximum = function(value, most, place, schema) {
    if (is.numeric(value) && value > most) sprintf("%s must be at most %s", place, format(most))
  },
  pattern = function(value, pattern, place, schema) {
    if (is.character(value) && !grepl(pattern, value)) sprintf("%s must match %s", place, pattern)
  },
  minItems = function(value, least, place, schema) {
    too_few <- json_type(value) == "array" && length(value) < least
    if (too_few) sprintf("%s must have %d or more entries", place, least)
  },
  propertyNames = function(value, part, place, schema) {
    first_problem(names(value), function(name) schema_problem(name, part, paste0(place, "/", name)))
  },
  required = function(value, keys, place, schema) {
    absent <- setdiff(unlist(keys), names(value))
    if (is.list(value) && length(absent) > 0) sprintf("%s lacks %s", place, toString(absent))
  },
  properties = function(value, parts, place, schema) {
    first_problem(intersect(names(parts), names(value)), function(name) {
      schema_problem(value[[name]], parts[[name]], paste0(place, "/", name))
    })
  },
  additionalProperties = function(value, part, place, schema) {
    first_problem(setdiff(names(value), names(schema$properties)), function(name) {
      schema_problem(value[[name]], part, paste0(place, "/", name))
    })
  },
  items = function(value, part, place, schema) {
    if (is.list(value) && is.null(names(value))) {
      first_problem(seq_along(value), function(k) {
        schema_problem(value[[k]], part, sprintf("%s/%d", place, k - 1L))
      })
    }
  }
)

#' The first of some findings that is not NULL
#' @noRd
first_problem <- function(keys, find) {
  for (key in keys) {
    problem <- find(key)
    if (!is.null(problem)) {
      return(problem)
    }
  }
  NULL
}
