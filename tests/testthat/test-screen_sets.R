# Label sets as R objects: a named list of matrices of the same cells and fates.

n <- 60
fates <- c("EC", "MES", "NEU")
set_of <- function(seed, columns = fates) {
  withr::local_seed(seed)
  probs <- matrix(rexp(3 * n), n, dimnames = list(NULL, columns))
  probs / rowSums(probs)
}

test_that("sets must be named, of the same fates, and no other part of the file", {
  expect_true(check_label_sets(set_of(1)))
  expect_true(check_label_sets(as.data.frame(set_of(1))))
  expect_true(check_label_sets(list(a = set_of(1), b = set_of(2))))
  expect_match(check_label_sets(list(set_of(1), set_of(2))), "As label sets")
  expect_match(check_label_sets(list(a = set_of(1))), "As label sets")
  expect_match(check_label_sets(list(a = set_of(1), guide = set_of(2))), "cannot be called 'guide'")
  expect_match(check_label_sets(list(a = set_of(1), b = 1:3)), "Label set b: Must be a matrix")
  other <- set_of(2, c("EC", "MES", "NPC"))
  expect_error(
    as_label_sets(list(a = set_of(1), b = other)), "same fates.*NPC",
    class = "fatebias_error_screen"
  )
  sets <- as_label_sets(list(a = set_of(1), b = set_of(2)[, 3:1]))
  expect_named(sets, c("fate_probs$a", "fate_probs$b"))
  expect_identical(sets[[2]], set_of(2))
})

test_that("a screen of several sets is written and read back, cells joined by name", {
  cells <- sprintf("cell%d", seq_len(n))
  guides <- matrix(0, n, 6, dimnames = list(cells, paste0("g", 1:6)))
  guides[cbind(rep(seq_len(n), 2), c(rep_len(1:6, n), rep_len(c(3, 4, 5, 6, 1, 2, 5), n)))] <- 1
  map <- data.frame(guide_name = colnames(guides), gene_name = c("A", "A", "B", "B", "NTC", "NTC"),
                    is_ntc = c(0, 0, 0, 0, 1, 1))
  second <- set_of(2)
  rownames(second) <- cells
  path <- withr::local_tempfile(fileext = ".h5ad")
  screen <- suppressWarnings(fate_screen(
    guides, list(k30 = set_of(1), k50 = second[n:1, ]), rep(c("d1", "d2"), n / 2), rep("r1", n), map,
    path = path
  ))
  expect_identical(screen$settings$fate_prob_key, c("k30", "k50"))
  expect_identical(unlist(screen$summary$label_sets), c("k30", "k50"))
  alone <- suppressWarnings(read_screen(path, screen$guide_map, fate_prob_key = "k50"))
  by_day <- rowsum(set_of(2), rep(c("d1", "d2"), n / 2)) / (n / 2)
  expect_equal(unname(alone$summary$fate_means_by_day), unname(by_day))
  expect_match(format(screen), "Label sets k30, k50", fixed = TRUE, all = FALSE)
  bad <- set_of(2)
  bad[5, 1] <- 2
  expect_error(
    fate_screen(guides, list(k30 = set_of(1), k50 = bad), rep(c("d1", "d2"), n / 2), rep("r1", n), map),
    "fate_probs$k50", fixed = TRUE, class = "fatebias_error_screen"
  )
})
