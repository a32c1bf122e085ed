# NAMESPACE and man/ by roxygen2, where it is installed (it is no part of the set-up).
if (!requireNamespace("roxygen2", quietly = TRUE)) {
  stop("make document needs the R packages roxygen2 and pkgload: install.packages(c(\"roxygen2\", \"pkgload\"))",
       call. = FALSE)
}
roxygen2::roxygenise(".")
