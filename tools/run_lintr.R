# lintr on the package and on the R scripts of tools/, with the rules of .lintr.
found <- c(lintr::lint_package("."), lintr::lint_dir("tools"))
if (length(found) > 0) print(structure(found, class = "lints"))
message(length(found), " lints")
quit(status = if (length(found) > 0) 1 else 0)
