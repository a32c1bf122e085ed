# Constants that R and Python share: inst/python/fatebias/base/constants.yaml says what each is and where it
# comes from. Defaults of exported functions are written out as well, since help pages show them; a test holds
# them equal.

#' A constant by its name; lists of words or numbers are vectors, blocks are named lists
#' @noRd
shared_constant <- function(name) {
  if (is.null(constants_session$values)) {
    file <- file.path("python", "fatebias", "base", "constants.yaml")
    constants_session$values <- yaml::read_yaml(system.file(file, package = "fatebias", mustWork = TRUE))
  }
  stopifnot(name %in% names(constants_session$values))
  constants_session$values[[name]]
}

constants_session <- new.env(parent = emptyenv())
