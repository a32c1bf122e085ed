# The library that set-up installs into: the first that can be written to, else the user's own, which is made.
choose_library <- function() {
  writable <- .libPaths()[file.access(.libPaths(), 2) == 0]
  if (length(writable) > 0) return(writable[1])
  own <- path.expand(strsplit(Sys.getenv("R_LIBS_USER"), .Platform$path.sep, fixed = TRUE)[[1]][1])
  if (!dir.create(own, recursive = TRUE, showWarnings = FALSE)) stop("cannot create ", own, call. = FALSE)
  .libPaths(c(own, .libPaths()))
  own
}
