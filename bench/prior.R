# The prior of mash against the truth, on estimates that were drawn directly: estimates of 100 genes on 4 days around
# effects that no component of the prior describes exactly, SE .12.
#
#   Rscript prior.R [SEEDS [FIRST_SEED]]      # 30 seeds a truth; 10 minutes on two cores
#
# Prints: by truth the power and the false share of three rules, under averaged weights and under mashr's, beside
# Benjamini-Hochberg (BH) on the same estimates; RMSE and coverage of 90 % intervals; reliability of probabilities, all truths
# together; and screens without effects that have a call. A call is false when the truth is 0 or of the other sign.
# Power: share of the effects (where all genes have one, of those above .2) that is called.

suppressMessages(library(data.table))
library(fatebias)

n_genes <- 100L
n_days <- 4L
correlation <- 0.15
level <- 0.05

# ---- truths: genes x days ------------------------------------------------------------------------------------

signs <- function(n) sample(c(-1, 1), n, replace = TRUE)
empty <- function() matrix(0, n_genes, n_days)

a_tenth_by_day <- function(size) {
  theta <- empty()
  for (d in seq_len(n_days)) {
    active <- sample(n_genes, n_genes / 10)
    theta[active, d] <- size(length(active))
  }
  theta
}

lasting <- function(share, days_on) { # days_on: genes x days, -1, 0 or 1
  active <- sample(n_genes, round(share * n_genes))
  theta <- empty()
  theta[active, ] <- stats::runif(length(active), 0.3, 1) * signs(length(active)) * days_on(length(active))
  theta
}

from_day <- function(n, before, after) {
  onset <- sample(seq_len(n_days - 1), n, replace = TRUE)
  ifelse(outer(onset, seq_len(n_days) - 1, "<="), after, before)
}

truths <- list(
  `U(.3, 1)` = function() a_tenth_by_day(function(n) stats::runif(n, 0.3, 1) * signs(n)),
  `N(0, .5)` = function() a_tenth_by_day(function(n) stats::rnorm(n, 0, 0.5)),
  t3 = function() a_tenth_by_day(function(n) 0.3 * stats::rt(n, 3)),
  persistent = function() lasting(0.2, function(n) matrix(1, n, n_days)),
  late = function() lasting(0.2, function(n) from_day(n, 0, 1)),
  switching = function() lasting(1 / 6, function(n) from_day(n, 1, -1)),
  dense = function() {
    theta <- matrix(stats::rnorm(n_genes, 0, 0.1), n_genes, n_days) + stats::rnorm(n_genes * n_days, 0, 0.03)
    active <- sample(n_genes, n_genes / 10)
    theta[active, ] <- theta[active, ] + stats::runif(length(active), 0.4, 1) * signs(length(active))
    theta
  },
  `random walk` = function() {
    steps <- matrix(stats::rnorm(n_genes * n_days), n_genes) * rep(c(0.3, 0.25, 0.15, 0.2), each = n_genes)
    t(apply(steps, 1, cumsum))
  },
  none = empty
)

draw <- function(truth, seed) {
  withr::with_seed(seed, {
    theta <- truths[[truth]]()
    se <- 0.12 * exp(matrix(stats::rnorm(length(theta), 0, 0.15), n_genes))
    v <- (1 - correlation) * diag(n_days) + correlation
    noise <- matrix(stats::rnorm(length(theta)), n_genes) %*% chol(v)
    list(theta = theta, betahat = theta + se * noise, se = se, v = v)
  })
}

# ---- calls -----------------------------------------------------------------------------------------------------

by_day <- function(table, name) as.matrix(table[, grep(paste0("^", name, "_d"), names(table)), with = FALSE])

calls_of <- function(drawn, priors) {
  z <- drawn$betahat / drawn$se
  bh <- matrix(stats::p.adjust(2 * stats::pnorm(-abs(z)), "BH"), n_genes) < level
  found <- list(BH = list(BH = list(call = bh, estimate = drawn$betahat)))
  for (prior in priors) {
    result <- suppressWarnings(run_mash(drawn[c("betahat", "se")], v = drawn$v, prior = prior))
    lfsr <- by_day(result$table, "lfsr")
    mean <- by_day(result$table, "postmean")
    called <- lfsr < level
    found[[prior]] <- list(
      lfsr = list(call = called, estimate = mean),
      svalue = list(call = matrix(ashr::qval.from.lfdr(lfsr), n_genes) < level, estimate = mean),
      either = list(call = called | bh, estimate = ifelse(called, mean, drawn$betahat)),
      result = result
    )
  }
  found
}

score <- function(one, theta) {
  wrong <- one$call & (theta == 0 | sign(one$estimate) != sign(theta))
  wanted <- abs(theta) > (if (mean(theta != 0) > 0.5) 0.2 else 0)
  data.table(calls = sum(one$call), false = sum(wrong), found = sum(one$call & !wrong & wanted), effects = sum(wanted))
}

events_of <- function(theta, table) {
  on <- theta != 0
  first <- ifelse(rowSums(on) > 0, max.col(on, ties.method = "first") - 1L, -1L)
  event <- function(name, p, happened) data.table(event = name, p = c(p), happened = c(happened))
  rbind(
    event("active on a day", by_day(table, "p_active"), on), event("onset day", table$p_onset, first == table$onset_day),
    event("sign switch", table$p_switch, rowSums(theta > 0) > 0 & rowSums(theta < 0) > 0),
    event("larger than 0.2", by_day(table, "plarge"), abs(theta) > 0.2)
  )
}

work <- function(truth, seed, priors) {
  drawn <- draw(truth, seed)
  found <- calls_of(drawn, priors)
  rules <- rbindlist(lapply(names(found), function(prior) {
    rbindlist(lapply(setdiff(names(found[[prior]]), "result"), function(rule) {
      data.table(truth = truth, seed = seed, prior = prior, rule = rule, score(found[[prior]][[rule]], drawn$theta))
    }))
  }))
  moments <- rbindlist(lapply(priors, function(prior) {
    table <- found[[prior]]$result$table
    error <- by_day(table, "postmean") - drawn$theta
    covered <- abs(error) <= stats::qnorm(0.95) * by_day(table, "postsd") + 1e-9
    data.table(truth = truth, prior = prior, square = mean(error^2), coverage = mean(covered))
  }))
  events <- rbindlist(lapply(priors, function(prior) {
    data.table(truth = truth, prior = prior, events_of(drawn$theta, found[[prior]]$result$table))
  }))
  list(rules = rules, moments = moments, events = events)
}

# ---- tables ----------------------------------------------------------------------------------------------------

print_table <- function(rows) {
  lines <- do.call(paste, c(lapply(rows, as.character), sep = " | "))
  head <- c(paste(names(rows), collapse = " | "), paste(rep("---", ncol(rows)), collapse = " | "))
  cat(paste("|", c(head, lines), "|"), "", sep = "\n")
}
number <- function(x) sub("^(-?)0[.]", "\\1.", sprintf("%.3f", x))

tell <- function(done) {
  all <- rbindlist(lapply(done, `[[`, "rules"))[truth != "none"]
  pooled <- copy(all)[, truth := "all"]
  rules <- rbind(all, pooled)[, list(
    shown = sprintf("%s, %s", number(sum(found) / sum(effects)), number(sum(false) / max(1, sum(calls))))
  ), by = c("truth", "prior", "rule")]
  rules[, column := ifelse(prior == "BH", "BH", paste(prior, rule))]
  cat("Power, false share of calls\n\n")
  print_table(dcast(rules, factor(truth, c(names(truths), "all")) ~ factor(column, unique(column)), value.var = "shown"))
  moments <- rbindlist(lapply(done, `[[`, "moments"))[
    , list(shown = sprintf("%.4f, %s", sqrt(mean(square)), number(mean(coverage)))), by = c("truth", "prior")
  ]
  cat("RMSE and coverage of 90 % intervals\n\n")
  print_table(dcast(moments, factor(truth, names(truths)) ~ prior, value.var = "shown"))
  events <- rbindlist(lapply(done, `[[`, "events"))
  events[, bin := pmin(9, floor(10 * p)) / 10]
  for (part in list(names(truths), setdiff(names(truths), c("dense", "random walk")))) {
    bins <- events[truth %in% part, list(
      shown = sprintf("%.2f: %.2f (%.2f; %d)", mean(p), mean(happened), sqrt(max(var(happened), 0.25 / .N) / .N), .N)
    ), by = c("event", "prior", "bin")]
    cat("Mean probability: frequency (SE; number), by bins of the probability;", paste(part, collapse = ", "), "\n\n")
    print_table(dcast(bins, event + prior ~ bin, value.var = "shown", fill = "-"))
  }
  null <- rbindlist(lapply(done, `[[`, "rules"))[truth == "none", list(with = sum(calls > 0), screens = .N), by = c("prior", "rule")]
  cat("Screens without effects that have a call\n\n")
  print_table(null)
}

arguments <- as.integer(commandArgs(TRUE))
seeds <- if (length(arguments) > 0) arguments[[1]] else 30L
first <- if (length(arguments) > 1) arguments[[2]] else 7001L
jobs <- CJ(truth = names(truths), k = seq_len(max(seeds, 1L)), sorted = FALSE)
if (seeds >= 30) jobs <- rbind(jobs, data.table(truth = "none", k = seeds + seq_len(10)))
done <- parallel::mclapply(seq_len(nrow(jobs)), function(i) {
  seed <- first + 1000L * (match(jobs$truth[[i]], names(truths)) - 1L) + jobs$k[[i]] - 1L
  work(jobs$truth[[i]], seed, c("averaged", "mashr"))
}, mc.cores = 2)
failed <- Filter(function(one) inherits(one, "try-error"), done)
if (length(failed) > 0) stop(failed[[1]])
tell(done)
