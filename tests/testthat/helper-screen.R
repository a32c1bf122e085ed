# The screens of tests are small: reading one warns of much that a test is not about
without_doubts <- function(code) suppressWarnings(code, classes = "fatebias_warning_screen")

# What is known of a screen, without the times of its files
facts_of <- function(screen) {
  summary <- without_doubts(screen)$summary
  summary[setdiff(names(summary), "fingerprint")]
}

# A screen of 40 cells as R objects, for tests of fate_screen()
screen_parts <- function(n = 40) {
  guides <- Matrix::sparseMatrix(
    i = rep(seq_len(n), 2), j = c(rep(1:4, n / 4), rep(5:6, n / 2)), x = 1, dims = c(n, 6),
    dimnames = list(paste0("c", seq_len(n)), paste0("g", 1:6))
  )
  list(
    n = n, guides = guides,
    map = data.frame(
      guide_name = paste0("g", 1:6), gene_name = c("A", "A", "B", "B", "NTC", "NTC"),
      is_ntc = c(0, 0, 0, 0, 1, 1)
    ),
    probs = matrix(
      c(0.2, 0.3, 0.5), n, 3, byrow = TRUE, dimnames = list(rownames(guides), c("EC", "MES", "NEU"))
    ),
    day = rep(c("d0", "d2"), each = n / 2), replicate = rep(c("r1", "r2"), n / 2)
  )
}
