test_that("control pseudo-genes come in the panel's group size, with estimates near 0", {
  files <- simulate_screen(withr::local_tempdir(), cells = 3000, genes = 12, ntc = 24, seed = 3)
  screen <- without_doubts(read_screen(files$screen, files$guide_map, threads = 1L))
  found <- fit_controls(screen, n_splits = 2)
  expect_identical(names(found), c("gene", paste0("betahat_d", 0:3), paste0("se_d", 0:3)))
  # half of 24 controls in groups of 6, twice
  expect_setequal(found$gene, c("control_1_1", "control_1_2", "control_2_1", "control_2_2"))
  z <- as.matrix(found[, 2:5]) / as.matrix(found[, 6:9])
  expect_lt(max(abs(z)), 4)
  expect_identical(fit_controls(screen, n_splits = 2), found)
  expect_error(fit_controls("screen"), class = "fatebias_error_fit")
})
