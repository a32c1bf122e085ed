fit <- example_fit()
result <- run_mash(fit, settings = fate_settings())

spec <- cov_day_subsets() + cov_ar1() + cov_random_walk()
by_mashr <- run_mash(fit, settings = fate_settings(mash_prior = "mashr"), covariances = spec)

test_that("tidy has one row a gene and day, glance one row", {
  long <- tidy(result)
  expect_identical(dim(long), c(160L, 28L))
  one <- long[long$gene == "G05" & long$day == "d4"]
  row <- result$table[result$table$gene == "G05"]
  expect_identical(one$postmean, row$postmean_d2)
  expect_identical(one$std.error, row$se_d2)
  expect_identical(one$time, 4)
  short <- glance(result)
  expect_identical(nrow(short), 1L)
  expect_identical(short$n_hits, sum(result$table$hit_anyday))
  expect_identical(short$loglik, result$fit$loglik)
})

test_that("tidy: the estimate is what mash was given, from the file of that name", {
  folder <- system.file("extdata", "example_fit", package = "fatebias")
  shipped <- read_fit(folder)
  given <- function(file) data.table::fread(file.path(folder, file))
  of_day <- function(x) tidy(x)[day == x$days[[2]], list(gene, estimate, std.error)]
  columns <- c("gene", "betahat_d1", "se_d1")
  files <- c(likelihood = "gene_daywise_likelihood.csv", posterior = "gene_daywise_for_mash.csv")
  results <- lapply(rlang::set_names(names(files)), function(input) {
    run_mash(shipped, input = input, v = "simple")
  })
  for (input in names(files)) {
    expect_equal(
      of_day(results[[input]]), given(files[[input]])[, columns, with = FALSE],
      ignore_attr = TRUE, tolerance = 1e-12
    )
  }
  expect_identical(results$likelihood$origin, "fixed-effect estimates")
  expect_identical(results$posterior$origin, "posterior mean and SD")
  guides <- run_mash(shipped, "guide", covariances = "canonical", gridmult = 2)
  expect_identical(guides$origin, "posterior mean and SD")
  by_guide <- tidy(guides)[day == guides$days[[2]]]
  expect_equal(by_guide$estimate, given("guide_daywise_for_mash.csv")$betahat_d1, tolerance = 1e-12)
})

test_that("tidy: postmean and postsd are mash's own, and no estimate is", {
  expect_lt(by_mashr$no_effects$posterior, 1e-12) # else mash's answer would be mixed with zero
  third <- tidy(by_mashr)[day == result$days[[3]]]
  direct <- by_mashr$fit$result
  expect_equal(third$postmean, unname(direct$PosteriorMean[, 3]), tolerance = 1e-8)
  expect_equal(third$postsd, unname(direct$PosteriorSD[, 3]), tolerance = 1e-8)
  expect_gt(max(abs(third$postmean - third$estimate)), 0.01)
})

test_that("weights by family are sums of mashr's", {
  families <- summary(by_mashr)$families
  direct <- mashr::get_estimated_pi(by_mashr$fit)
  expect_equal(sum(families$pi) + by_mashr$null_pi, 1)
  in_family <- startsWith(names(direct), "subsets.")
  expect_equal(families$pi[families$family == "subsets"], sum(direct[in_family]))
  expect_identical(families$n_matrices, c(15L, 6L, 2L))
  averaged <- summary(result)$families
  expect_identical(averaged$n_matrices, c(15L, 6L, 2L, 15L, 6L))
  expect_equal(sum(averaged$pi) + result$null_pi, 1)
})

test_that("the summary counts hits and expected activity by day", {
  s <- summary(result)
  lfsr <- as.matrix(as.data.frame(result$table)[paste0("lfsr_d", 0:3)])
  expect_identical(s$days$n_hits, unname(colSums(lfsr < 0.05)))
  expect_equal(s$days$expected_active[3], sum(result$table$p_active_d2))
  expect_identical(sum(s$sets$n), 40L)
  expect_output(print(s), "Most probable sets of active days")
})

test_that("ashr's result has the same manners", {
  by_day <- run_mash(fit, discovery_method = "ashr")
  expect_identical(names(glance(by_day)), names(glance(result)))
  expect_identical(names(tidy(by_day)), names(tidy(result)))
  expect_output(print(summary(by_day)), "ashr")
})

test_that("print says what to do next", {
  expect_snapshot(result)
})

test_that("mashr's own functions work on the fit", {
  found <- mashr::get_significant_results(by_mashr$fit)
  expect_setequal(found, which(by_mashr$table$hit_anyday))
  again <- mashr::mash_compute_posterior_matrices(by_mashr$fit, by_mashr$model$data)
  expect_equal(again$PosteriorMean, by_mashr$fit$result$PosteriorMean)
})

test_that("as.data.table() is there after library(fatebias) alone, as the prints say", {
  script <- "library(fatebias); x <- as.data.table(fate_settings()); cat(inherits(x, 'data.table'))"
  said <- callr::r(function(script) capture.output(eval(parse(text = script), globalenv())), list(script))
  expect_identical(said, "TRUE")
})
