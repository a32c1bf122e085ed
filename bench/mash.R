# The benchmark of mash on the screens that mash_screens.py has laid out; called by mash.py.
#
#   Rscript mash.R FOLDER OUT.csv
#
# OUT.csv has one number a line: what, measured. A call (gene, day) is false when the truth is 0 or has the
# other sign; power: true calls of all effects; false sign rate: false calls of all calls.
library(fatebias)

lfsr_thresh <- 0.05
z_90 <- 1.645

# ---- screens ----------------------------------------------------------------------------------------------

folders <- function(root, kind) {
  sort(dirname(dirname(Sys.glob(file.path(root, kind, "*", "calibrated", "fit_manifest.json")))))
}

truth_of <- function(folder, genes) {
  truth <- data.table::fread(file.path(folder, "truth.csv"))
  truth <- as.matrix(truth[match(genes, truth$gene), grep("^theta_d", names(truth)), with = FALSE])
  if (basename(dirname(folder)) == "permuted") 0 * truth else truth
}

by_day <- function(table, name) as.matrix(table[, grep(paste0("^", name, "_d"), names(table)), with = FALSE])

on_cores <- function(x, f) {
  found <- parallel::mclapply(x, f, mc.cores = parallel::detectCores())
  failed <- Filter(function(one) inherits(one, "try-error"), found)
  if (length(failed) > 0) stop(failed[[1]])
  found
}

# ---- methods: a screen's folder in, calls, mean and sd out ---------------------------------------

of_result <- function(result) {
  t <- result$table
  list(
    genes = t$gene, call = by_day(t, "lfsr") < lfsr_thresh & !is.na(by_day(t, "betahat")),
    mean = by_day(t, "postmean"), sd = by_day(t, "postsd"), large = by_day(t, "plarge"), result = result
  )
}

methods <- list(
  fatebias = function(folder) of_result(run_mash(read_fit(file.path(folder, "calibrated")))),
  `mash alone` = function(folder) {
    of_result(run_mash(read_fit(file.path(folder, "calibrated")), no_effects_prior = 0))
  },
  `canonical covariances` = function(folder) {
    of_result(run_mash(read_fit(file.path(folder, "calibrated")), covariances = "canonical", no_effects_prior = 0))
  },
  ashr = function(folder) of_result(run_mash(read_fit(file.path(folder, "calibrated")), discovery_method = "ashr")),
  `Benjamini-Hochberg` = function(folder) {
    table <- read_fit(file.path(folder, "calibrated"))$estimate
    mean <- by_day(table, "betahat")
    sd <- by_day(table, "se")
    q <- stats::p.adjust(2 * stats::pnorm(-abs(mean / sd)), "BH") # NA where there is no estimate
    list(genes = table$gene, call = array(!is.na(q) & q < 0.05, dim(mean)), mean = mean, sd = sd)
  },
  plain = function(folder) {
    where <- file.path(folder, "plain")
    if (file.exists(file.path(where, "fit_manifest.json"))) suppressWarnings(of_result(run_mash(read_fit(where))))
  }
)

# ---- scores ------------------------------------------------------------------------------------------------

score <- function(found, folder) {
  truth <- truth_of(folder, found$genes)
  right <- sign(found$mean) == sign(truth) & truth != 0
  error <- found$mean - truth
  covered <- abs(error) < z_90 * found$sd
  data.table::data.table(
    calls = sum(found$call), right = sum(found$call & right, na.rm = TRUE), effects = sum(truth != 0),
    rmse = sqrt(mean(error^2, na.rm = TRUE)), coverage = mean(covered, na.rm = TRUE),
    false_large = if (is.null(found$large)) NA else sum(found$call & found$large >= 0.9 & !right)
  )
}

summarise_scores <- function(scores) {
  s <- data.table::rbindlist(scores)
  c(
    "power" = sum(s$right) / sum(s$effects), "false sign rate" = 1 - sum(s$right) / max(1, sum(s$calls)),
    "RMSE" = mean(s$rmse), "coverage" = mean(s$coverage), "screens with a call" = sum(s$calls > 0),
    "false calls that are large" = sum(s$false_large), "screens" = nrow(s)
  )
}

measure_kind <- function(root, kind, method) {
  scores <- on_cores(folders(root, kind), function(folder) {
    found <- methods[[method]](folder)
    if (!is.null(found)) score(found, folder)
  })
  if (length(unlist(scores)) == 0) return(NULL) # fits under preset plain are made on request only
  values <- summarise_scores(scores)
  data.table::data.table(what = paste(kind, method, names(values), sep = " | "), measured = unname(values))
}

# ---- reliability of probabilities ----------------------------------------------------------------------------

true_events <- function(truth, result) {
  t <- result$table
  on <- truth != 0
  days <- paste0("d", seq_len(ncol(truth)) - 1L)
  set <- apply(on, 1, function(x) if (any(x)) paste(days[x], collapse = "+") else "none")
  first <- ifelse(rowSums(on) > 0, max.col(on, ties.method = "first") - 1L, -1L)
  persist <- apply(on, 1, function(x) any(x) && all(x[which(x)[[1]]:length(x)]))
  given <- !is.na(by_day(t, "betahat"))
  right <- sign(by_day(t, "postmean")) == sign(truth)
  event <- function(name, p, happened) data.table::data.table(event = name, p = c(p), happened = c(happened))
  rbind(
    event("active on a day", by_day(t, "p_active"), on), event("active on any day", t$p_any, rowSums(on) > 0),
    event("set of active days", t$p_active_set, set == t$active_set),
    event("onset day", t$p_onset, first == t$onset_day), event("persistence", t$p_persist, persist),
    event("sign switch", t$p_switch, rowSums(truth > 0) > 0 & rowSums(truth < 0) > 0),
    event("effect larger than 0.2", by_day(t, "plarge"), abs(truth) > 0.2),
    event("sign is right (1 - lfsr)", 1 - by_day(t, "lfsr")[given], right[given])
  )
}

reliability <- function(root, kind) {
  events <- data.table::rbindlist(on_cores(folders(root, kind), function(folder) {
    result <- run_mash(read_fit(file.path(folder, "calibrated")))
    true_events(truth_of(folder, result$table$gene), result)
  }))
  events[, bin := pmin(9, floor(10 * p)) / 10]
  table <- events[, .(n = .N, p = mean(p), frequency = mean(happened)), keyby = .(event, bin)]
  table[, error := sqrt(pmax(frequency * (1 - frequency), 0.25 / n) / n)] # binomial standard error
  data.table::data.table(kind = kind, table)
}

# ---- time ----------------------------------------------------------------------------------------------------

simulated_estimates <- function(rows, days) {
  b <- matrix(stats::rbinom(rows * days, 1, 0.1) * stats::rnorm(rows * days, 0, 0.5), rows)
  se <- matrix(stats::runif(rows * days, 0.05, 0.1), rows)
  list(betahat = b + se * stats::rnorm(rows * days), se = se)
}

measure_time <- function(what, rows, days) {
  x <- withr::with_seed(1, simulated_estimates(rows, days))
  seconds <- min(replicate(3, system.time(run_mash(x, v = diag(days)))[["elapsed"]]))
  data.table::data.table(what = paste("time", what, "s", sep = " | "), measured = seconds)
}

# ---- all -----------------------------------------------------------------------------------------------------

main <- function(root, out) {
  kinds <- setdiff(list.files(root), c("events", "events_normal", "events_walk"))
  grid <- expand.grid(kind = kinds, method = names(methods), stringsAsFactors = FALSE)
  rows <- Map(function(kind, method) measure_kind(root, kind, method), grid$kind, grid$method)
  times <- list(
    measure_time("300 genes x 4 days", 300, 4), measure_time("2,000 guides x 4 days", 2000, 4),
    measure_time("300 genes x 12 days", 300, 12)
  )
  data.table::fwrite(data.table::rbindlist(c(times, unname(rows))), out)
  tables <- lapply(intersect(list.files(root), c("events", "events_normal", "events_walk")), reliability, root = root)
  data.table::fwrite(data.table::rbindlist(tables), sub("[.]csv$", "_reliability.csv", out))
}

arguments <- commandArgs(trailingOnly = TRUE)
main(arguments[[1]], arguments[[2]])
