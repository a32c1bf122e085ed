# NAMESPACE and man/ by roxygen2, which is no part of the set-up; lifecycle gives help pages their badges.
needed <- c("roxygen2", "pkgload", "lifecycle")
missing <- needed[!vapply(needed, requireNamespace, logical(1), quietly = TRUE)]
if (length(missing) > 0) {
  install <- sprintf("install.packages(c(%s))", paste0("\"", missing, "\"", collapse = ", "))
  stop("make document needs ", paste(missing, collapse = ", "), ": ", install, call. = FALSE)
}
roxygen2::roxygenise(".")
