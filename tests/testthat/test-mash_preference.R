# Effects on one day only, which a random walk cannot have
one_day_effects <- function(n = 40, se = 0.1) {
  withr::with_seed(8, {
    day <- sample(3, n, replace = TRUE)
    truth <- outer(day, 1:3, "==") * rnorm(n, 0, 0.8)
    list(betahat = truth + rnorm(3 * n, 0, se), se = matrix(se, n, 3))
  })
}

test_that("the data prefer what made the effects, and the numbers are those of compare_mash()", {
  x <- one_day_effects()
  used <- run_mash(x, covariances = cov_random_walk(), v = diag(3), n_draws = 1)
  found <- compare_covariances(used)
  expect_named(found, c(
    "set", "used", "n_matrices", "held_out", "difference", "se_difference", "n_rows", "note"
  ))
  expect_identical(found$set[found$used], "own")
  expect_setequal(found$set, c("own", "walk", "canonical", "subsets"))
  expect_equal(found[set == "own", 3:6], found[set == "walk", 3:6]) # the same matrices
  own <- found[found$used]
  expect_gt(-own$difference, 2 * own$se_difference)
  direct <- compare_mash(
    x, list(walk = cov_random_walk(), subsets = cov_day_subsets()), v = diag(3), n_folds = 2, n_draws = 1
  )
  expect_equal(found[set == "walk"]$held_out, direct$table[spec == "walk"]$held_out, tolerance = same_numbers)
  best <- found$set[[1]]
  expect_identical(preferred_set(found), best)
  expect_match(
    preference_words(found), sprintf("the data prefer the covariances `%s` to those used \\(`own`\\)", best)
  )
})

test_that("only a set that is better by more than two standard errors is preferred", {
  table <- function(difference, se) {
    comparison_table(
      data.table::data.table(
        spec = c("walk", "days"), n_matrices = 1:2, held_out = c(0, difference),
        difference = c(0, difference), se_difference = c(0, se)
      ), "days", 50L
    )
  }
  expect_identical(preferred_set(table(-4.1, 2)), "walk")
  expect_null(preferred_set(table(-3.9, 2)))
  expect_null(preferred_set(table(NA, NA)))
  expect_match(preference_words(table(-3.9, 2)), "none of `walk` is clearly better than .* \\(`days`\\)\\.$")
  expect_match(preference_words(table(-4.1, 2)), "log likelihood is higher by 4.1 (SE 2.0).", fixed = TRUE)
  expect_match(preference_words(table(NA, NA)), "need more genes")
  expect_null(preference_words(NULL))
})

test_that("where nothing can be compared the table says why, and is written", {
  x <- one_day_effects()
  few <- run_mash(lapply(x, utils::head, 12), v = diag(3), n_draws = 1)
  by_day <- run_mash(x, discovery_method = "ashr", n_draws = 20)
  one <- run_mash(lapply(x, function(m) m[, 1, drop = FALSE]), n_draws = 20)
  found <- lapply(list(few, by_day, one), compare_covariances)
  expect_identical(vapply(found, nrow, 1L), rep(1L, 3))
  notes <- vapply(found, `[[`, "", "note")
  expect_match(notes[[1]], "fewer than 20 genes")
  expect_match(notes[[2]], "ashr")
  expect_match(notes[[3]], "one day")
  expect_match(preference_words(found[[3]]), "were not compared: there is one day\\.$")
  folder <- withr::local_tempdir()
  path <- write_comparison(found[[1]], folder)
  expect_identical(basename(path), "mash_comparison.csv")
  expect_identical(data.table::fread(path)$note, notes[[1]])
})

test_that("something else is refused", {
  expect_error(compare_covariances(1), class = "fatebias_error_mash")
  guides <- run_mash(one_day_effects(), "guide", discovery_method = "ashr", n_draws = 20)
  expect_error(compare_covariances(guides), "of genes", class = "fatebias_error_mash")
  expect_error(
    write_comparison(data.frame(a = 1), "."), "compare_covariances", class = "fatebias_error_argument"
  )
})
