# The prior of mash on real estimates: log likelihood of genes held out, on the z scores of a real four-day screen.
#
#   Rscript prior_real.R Z.csv.gz [PROGRAMS]     # columns program, gene, d0.., one z each; 30 programs: 5 minutes
#
# A z score is an estimate with SE 1, times the scale that makes the middle half of its day what noise makes it. Prints the
# mean by program of the held-out log likelihood (5 folds) against that of averaged weights with `day_covariances()`, and its
# standard error over programs.

suppressMessages(library(data.table))
library(fatebias)

arguments <- commandArgs(TRUE)
z <- as.data.table(utils::read.csv(arguments[[1]]))
days <- grep("^d[0-9]+$", names(z), value = TRUE)
programs <- unique(z$program)
if (length(arguments) > 1) programs <- head(programs, as.integer(arguments[[2]]))

specs <- list(
  `averaged, days` = list(covariances = "days", prior = "averaged"),
  `mashr, days` = list(covariances = "days", prior = "mashr"),
  `mashr, walk` = list(covariances = cov_random_walk(), prior = "mashr"),
  `mashr, canonical` = list(covariances = "canonical", prior = "mashr"),
  `mashr, subsets` = list(covariances = cov_day_subsets(), prior = "mashr")
)

held_out <- function(program) {
  mine <- z$program == program # not within z, where `program` is the column
  own <- as.matrix(z[mine, days, with = FALSE])
  scale <- apply(own, 2, function(x) stats::median(abs(x)) / stats::qnorm(0.75))
  x <- list(betahat = own, se = matrix(scale, nrow(own), ncol(own), byrow = TRUE))
  colnames(x$se) <- colnames(x$betahat)
  fold <- withr::with_seed(1, sample(rep_len(1:5, nrow(own))))
  vapply(specs, function(spec) {
    result <- suppressWarnings(run_mash(x, covariances = spec$covariances, prior = spec$prior, n_draws = 1))
    sum(fatebias:::held_out_loglik(result, fold))
  }, numeric(1))
}

found <- do.call(rbind, parallel::mclapply(programs, held_out, mc.cores = 2))
difference <- found - found[, 1]
print(data.table(
  prior = names(specs), difference = round(colMeans(difference), 2),
  se = round(apply(difference, 2, stats::sd) / sqrt(nrow(difference)), 2)
))
