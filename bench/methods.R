# What else a user could do: the table of all methods on all screens that methods.py made.
#
#   Rscript methods.R FOLDER
#
# Calls: Benjamini-Hochberg (BH) at .05 over genes and days; for mash lfsr < .05, which bounds every call, and beside it
# two rules that bound the share of false ones among the calls, as BH does: BH on the estimates that mash was given, and
# an average lfsr of .05. A call is false when the truth is 0 or of the other sign. Power: share of true effects called.
# Coverage: of 90 % intervals (posterior mean +- 1.645 SD for mash). Seconds (of all cores) and memory are of whole
# processes. Every screen and method is shown; "not run" where there is none.

library(data.table)

folder <- commandArgs(TRUE)[[1]]
labels <- c(
  fatebias = "fatebias", autonormal = "AutoNormal, weight 1", least_squares = "least squares",
  limma = "limma", rank_sums = "rank-sum", dirichlet_regression = "Dirichlet regression"
)

rules <- list( # AutoNormal calls as it was specified
  fatebias = c("lfsr < .05", "average lfsr < .05", "BH"), autonormal = "lfsr < .05", least_squares = "BH", limma = "BH",
  rank_sums = "BH", dirichlet_regression = "BH"
)
columns <- unlist(lapply(names(labels), function(method) paste(labels[[method]], rules[[method]], sep = ", ")))

# TRUE for the largest set of smallest lfsr whose mean is below `rate` (Stephens 2017)
average_below <- function(lfsr, rate) {
  ordered <- sort(lfsr)
  most <- sum(cumsum(ordered) / seq_along(ordered) < rate)
  rank(lfsr, ties.method = "first", na.last = TRUE) <= most
}

read_truth <- function(where) {
  truth <- melt(fread(file.path(where, "truth.csv")), id.vars = "gene", value.name = "truth", variable.name = "day")
  truth[, day := as.integer(sub("theta_d", "", day))]
}

rows_of <- function(where, method) {
  screen <- basename(where)
  if (!file.exists(file.path(where, paste0(method, ".json")))) {
    return(data.table(screen = screen, method = paste(labels[[method]], rules[[method]], sep = ", ")))
  }
  cost <- jsonlite::read_json(file.path(where, paste0(method, ".json")))
  found <- merge(fread(file.path(where, paste0(method, ".csv"))), read_truth(where), by = c("gene", "day"))
  rbindlist(lapply(rules[[method]], function(rule) {
    called <- switch(rule,
      BH = p.adjust(found$p, "BH") < 0.05,
      "lfsr < .05" = found$lfsr < 0.05,
      "average lfsr < .05" = average_below(found$lfsr, 0.05)
    )
    data.table(
      screen = screen, method = paste(labels[[method]], rule, sep = ", "), scores(found, called),
      seconds = cost$cpu_seconds, memory = cost$peak_gb
    )
  }))
}

scores <- function(found, called) {
  called <- called & !is.na(called)
  wrong <- called & (found$truth == 0 | sign(found$estimate) != sign(found$truth))
  true <- found$truth != 0
  data.table(
    calls = sum(called), false = sum(wrong), power = if (any(true)) sum(called & !wrong) / sum(true) else NA_real_,
    false_sign_rate = sum(wrong) / max(1, sum(called)),
    coverage = mean(abs(found$estimate - found$truth) <= 1.645 * found$se, na.rm = TRUE)
  )
}

screens <- sort(dirname(Sys.glob(file.path(folder, "*", "truth.csv"))))
rows <- rbindlist(lapply(screens, function(where) {
  rbindlist(lapply(names(labels), rows_of, where = where), fill = TRUE)
}), fill = TRUE)
fwrite(rows, file.path(folder, "methods.csv"))

# ---- two tables: what each method found on each screen, and what it took ----

print_table <- function(rows) {
  lines <- do.call(paste, c(as.list(rows), sep = " | "))
  head <- c(paste(names(rows), collapse = " | "), paste(rep("---", ncol(rows)), collapse = " | "))
  cat(paste("|", c(head, lines), "|"), "", sep = "\n")
}
number <- function(x) ifelse(is.na(x), "-", sub("^0[.]", ".", sprintf("%.2f", x)))

rows[, cell := sprintf("%s, %d/%d, %s", number(power), false, calls, number(coverage))]
rows[is.na(calls), cell := "not run"]
rows[, method := factor(method, columns)]
cat("power, false/calls, coverage of 90 % intervals\n\n")
print_table(dcast(rows, screen ~ method, value.var = "cell"))

rows[, size := sub("_.*", "", screen)]
took <- rows[!is.na(calls), list(cell = sprintf("%.1f s, %.2f GB", mean(seconds), max(memory))), by = c("size", "method")]
took[, method := factor(sub(", [^,]*$", "", method), labels)]
cat("mean CPU seconds and largest memory of a whole process\n\n")
print_table(dcast(unique(took), size ~ method, value.var = "cell", fill = "not run"))
