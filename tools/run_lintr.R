# lintr on the package, with the rules of .lintr, and on the R scripts of tools/.
lint_all <- function() {
  found <- c(lintr::lint_package("."), lintr::lint_dir("tools"))
  class(found) <- "lints"
  found
}

found <- lint_all()
if (length(found) > 0) print(found)
message(length(found), " lints")
quit(status = if (length(found) > 0) 1 else 0)
