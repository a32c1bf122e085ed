# NAMESPACE and man/ by roxygen2, which is no part of the set-up.
if (!requireNamespace("roxygen2", quietly = TRUE)) {
  stop("make document needs roxygen2: install.packages(c(\"roxygen2\", \"pkgload\"))", call. = FALSE)
}
roxygen2::roxygenise(".")
